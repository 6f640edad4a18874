"""What an exploration does: every step that any side of a payment may take next, in any order.

The channel loses, repeats, delays and reorders; processes die at any point; the clock passes
``send_by`` and every budget at any time. The far side is honest: it keeps its promises, and says
what it did. People go by its book, once nothing can change that any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.lifecycle import STATES, Event, Timer, Verdict
from switch.model import Flow, State
from tests.switch_core.explorer_world import (
    ARRIVED,
    ASIDE,
    ASK,
    BOOKED,
    BURIED,
    CANCEL,
    CHILDREN_MAX,
    DONE,
    GIVEN,
    IN_VAIN,
    KEPT,
    LATE_ASK,
    NEVER,
    NONE,
    NOT_YET,
    OPEN,
    OUTBOUND,
    REFUSED,
    THREE_LEG,
    TOLD_OF,
    UNDER_WAY,
    UNDONE,
    UNPOSTED,
    UNSEEN,
    WAITS,
    WORD,
    WORDS_MAX,
    Rules,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SAID: Final = {
    WAITS: "waits",
    ASIDE: "ready",
    UNPOSTED: "unposted",
    BOOKED: "booked",
    KEPT: "booked",
    REFUSED: "refused",
    BURIED: "refused",
    UNDONE: "cancelled",
}
MEANS: Final = {
    "pay waits": Event.PENDING,
    "pay ready": Event.READY,
    "pay unposted": Event.UNPOSTED,
    "pay booked": Event.ACCEPTED,
    "pay refused": Event.REFUSED,
    "pay cancelled": Event.CANCELLED,
    "ask waits": Event.PENDING,
    "ask ready": Event.READY,
    "ask unposted": Event.UNPOSTED,
    "ask booked": Event.ACCEPTED,
    "ask refused": Event.REFUSED,
    "ask cancelled": Event.CANCELLED,
    "ask never": Event.NEVER_SEEN,
    "ask nothing": Event.LOST,
    "cancel done": Event.CANCELLED,
    "cancel late": Event.TOO_LATE,
    "word booked": Event.ACKNOWLEDGED,
    "word refused": Event.REFUSED,
}

SENT_FROM: Final = (State.SENDING, State.CREDITING)
HOP: Final = (Event.OPENED, Event.CLEARED, Event.FUNDED, Event.PAID)
"""Events whose commit holds the intent of the hop, so that its process may send from then on."""


def added(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    """A set with one more, in order."""
    return tuple(sorted({*items, item}))


def more(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    """A bag with one more, in order."""
    return tuple(sorted((*items, item)))


def without(items: tuple[str, ...], place: int) -> tuple[str, ...]:
    """All but one."""
    return items[:place] + items[place + 1 :]


Step = tuple[Event | None, World]
"""What happened of the table (nothing, where only other sides did something), and what is then."""


class Steps:
    """Every step that may come next."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._flow = rules.flow
        self._pulls = rules.flow in OUTBOUND

    def of(self, world: World) -> Iterator[Step]:
        """Every step from a world; what can make no difference any more is left out of the next."""
        for event, after in self._all(world):
            yield event, self._plain(after)

    def _plain(self, world: World) -> World:
        waits = world.alive and not world.sent
        late = world.late or (self._rules.promises and not waits)
        return world._replace(alive=waits, late=late)

    def _all(self, world: World) -> Iterator[Step]:
        yield from self._far_side(world)
        yield from self._channel(world)
        yield from self._payer(world)
        yield from self._opened(world)
        yield from self._sender(world)
        yield from self._heard(world)
        yield from self._timers(world)
        yield from self._people(world)
        yield from self._going_back(world)

    def takes(self, world: World, event: Event) -> bool:
        """Whether the table moves here."""
        return self._rules.table[self._flow, world.state, event].verdict is Verdict.MOVE

    def told(self, world: World, event: Event, **then: object) -> Iterator[Step]:
        """What comes of an event: a move, a dispute or nothing; no step that cannot be."""
        decision = self._rules.table[self._flow, world.state, event]
        after = world._replace(**then)  # type: ignore[arg-type]
        match decision.verdict:
            case Verdict.IMPOSSIBLE:
                return
            case Verdict.DISPUTE:
                yield event, after._replace(disputed=True)
            case Verdict.IGNORE:
                yield None, after
            case _:
                begins = event in HOP and decision.target in SENT_FROM
                after = after._replace(state=decision.target)
                yield event, after._replace(alive=True, late=False) if begins else after

    # -- the other sides ---------------------------------------------------------------------------

    def _far_side(self, world: World) -> Iterator[Step]:
        """What the counterparty does with what arrived, and of itself."""
        if world.copies:
            left = world._replace(copies=world.copies - 1)
            # The same key gets the same answer; a tombstone refuses for ever.
            for far in self._first() if world.far is UNSEEN else (world.far,):
                yield from self._answered(left, far, f"pay {SAID[far]}")
        for place, question in enumerate(world.asked):
            left = world._replace(asked=without(world.asked, place))
            for far, said in self._replies(question, world.far):
                yield from self._answered(left, far, said)
        if world.far in OPEN:
            for far in self._next(world.far):
                yield None, world._replace(far=far)
                # It may also tell us at once, unasked.
                yield from self._answered(world, far, f"pay {SAID[far]}")

    def _first(self) -> tuple[str, ...]:
        # One that can wait for our word may also carry out at once.
        aside = (ASIDE,) if self._flow in THREE_LEG else ()
        unposted = (UNPOSTED,) if self._pulls else ()
        return BOOKED, REFUSED, WAITS, *unposted, *aside

    def _next(self, far: str) -> tuple[str, ...]:
        """What it decides of itself; in three legs it waits for our word for a time alone."""
        if far is ASIDE:
            return (REFUSED,)
        if far is UNPOSTED:
            return BOOKED, REFUSED
        first = (each for each in self._first() if each is not WAITS)
        return (*first, UNDONE) if self._pulls else tuple(first)

    def _replies(self, question: str, far: str) -> Iterator[tuple[str, str]]:
        if question is WORD:
            # What was set aside is carried out; what was given up stays so.
            far = BOOKED if far is ASIDE else far
            yield far, "word booked" if far in DONE else "word refused"
        elif question is not CANCEL:
            if far is UNSEEN and self._rules.promises:
                yield BURIED, "ask never"
            elif far is UNSEEN:
                yield far, "ask never" if question is LATE_ASK else "ask nothing"
            else:
                yield far, f"ask {'never' if far is BURIED else SAID[far]}"
        elif far is KEPT:
            yield far, "cancel late"
        else:
            yield UNDONE, "cancel done"
            if far in (BOOKED, UNPOSTED):
                yield KEPT, "cancel late"

    def _answered(self, world: World, far: str, answer: str) -> Iterator[Step]:
        answers = added(world.answers, answer)
        if len(answers) <= self._rules.answers:
            yield None, world._replace(far=far, answers=answers)
        else:
            yield None, world._replace(far=far)

    def _channel(self, world: World) -> Iterator[Step]:
        """Losses, repeats and any order."""
        if world.copies:
            yield None, world._replace(copies=world.copies - 1)
            if world.copies < self._rules.copies:
                yield None, world._replace(copies=world.copies + 1)
        for place in range(len(world.asked)):
            yield None, world._replace(asked=without(world.asked, place))
        for place in range(len(world.answers)):
            yield None, world._replace(answers=without(world.answers, place))

    def _payer(self, world: World) -> Iterator[Step]:
        """The payer's side: money that is pushed or taken from a payer, then told until heard."""
        waited = world.state in (State.AWAITING_FUNDS, State.LOOKED_UP, State.READY)
        if waited and world.payer is NOT_YET:
            for amiss in (False, True):
                yield None, world._replace(payer=TOLD_OF, amiss=amiss)
        if world.payer is not TOLD_OF:
            return
        event = Event.FUNDED if self._pulls else Event.PAID
        if world.amiss or not self.takes(world, event):
            event = Event.PAID_AMISS
        if self.takes(world, event):
            yield from self.told(world, event, payer=ARRIVED)
        elif self._flow is not Flow.INBOUND_BOUND:
            # It becomes a payment of its own, or the network hears that its payer pays nothing.
            yield None, world._replace(payer=NOT_YET)

    # -- our side ----------------------------------------------------------------------------------

    def _opened(self, world: World) -> Iterator[Step]:
        """How a payment begins, and what ends it before anything is sent."""
        if world.state is State.RECEIVED:
            for event in Event:
                if self.takes(world, event):
                    came = ARRIVED if event in (Event.UNASKED, Event.BOOKED) else NOT_YET
                    yield from self.told(world, event, payer=came)
        elif STATES[world.state].timer is Timer.EXPIRY:
            for event in (Event.EXPIRED, Event.TAKEN_BACK):
                if self.takes(world, event):
                    yield from self.told(world, event)

    def _sender(self, world: World) -> Iterator[Step]:
        """The process that sends, and whoever finds that it is gone."""
        if not world.late:
            yield None, world._replace(late=True)
        if world.alive and not world.sent and not world.late:
            yield None, world._replace(sent=True, copies=1)
        if world.alive and not world.sent:
            # Nothing leaves after send_by, or to a network that is away; its sender says so.
            yield from self.told(world, Event.NOT_SENT, alive=False)
        if world.alive:
            yield None, world._replace(alive=False)
        if world.state in SENT_FROM:
            # An answer does not come, or who waited for it is gone.
            for event in (Event.LOST, Event.OVERDUE):
                yield from self.told(world, event)

    def _heard(self, world: World) -> Iterator[Step]:
        """An answer is read; what nobody waits for changes nothing."""
        for place, answer in enumerate(world.answers):
            left = without(world.answers, place)
            yield from self.told(world, MEANS[answer], answers=left)

    def _timers(self, world: World) -> Iterator[Step]:
        timer = STATES[world.state].timer
        if world.disputed:
            if timer is Timer.CONFIRM:
                # A dispute stops every timer; people may have our word told once more.
                yield None, world._replace(disputed=False, words=0)
            return
        if timer in (Timer.LADDER, Timer.POLL):
            if world.enquiries < self._rules.enquiries:
                asked = more(world.asked, self._question(world))
                yield from self.told(world, Event.RUNG, enquiries=world.enquiries + 1, asked=asked)
            if self._rules.cancels and self.takes(world, Event.GIVEN_UP):
                asked = more(world.asked, CANCEL)
                yield from self.told(world, Event.GIVEN_UP, cancels=1, asked=asked)
        if timer is Timer.CANCEL and world.cancels < self._rules.cancels:
            asked = more(world.asked, CANCEL)
            yield from self.told(world, Event.RUNG, cancels=world.cancels + 1, asked=asked)
        if timer is Timer.CONFIRM and world.words < WORDS_MAX:
            asked = added(world.asked, WORD)
            yield from self.told(world, Event.RUNG, words=world.words + 1, asked=asked)
        if timer in (Timer.LADDER, Timer.POLL, Timer.CANCEL, Timer.CONFIRM):
            yield from self.told(world, Event.SPENT)

    def _question(self, world: World) -> str:
        """An enquiry; one that is made when nothing can arrive any more says so."""
        return ASK if self._rules.promises or not self._is_quiet(world) else LATE_ASK

    def _is_quiet(self, world: World) -> bool:
        """Whether nothing is sent any more, and nothing that was is under way."""
        return world.late and not world.copies

    # -- people ------------------------------------------------------------------------------------

    def _people(self, world: World) -> Iterator[Step]:
        """Two operators go by the far side's book, once nothing can change that any more."""
        match world.state:
            case State.HELD:
                for event in (Event.CLEARED, Event.BLOCKED, Event.REFUSED):
                    yield from self.told(world, event)
            case State.BLOCKED:
                for event in Event:
                    if self.takes(world, event):
                        yield from self.told(world, event)
            case State.PUT:
                for event in (Event.ACCEPTED, Event.REFUSED):
                    yield from self.told(world, event, fresh=True)
            case State.MANUAL if self._flow is Flow.RECALLED:
                yield from self.told(world, Event.ACCEPTED, fresh=True)
                if world.child not in (UNDER_WAY, GIVEN):
                    yield from self.told(world, Event.REFUSED)
            case State.MANUAL | State.CANCEL_MANUAL:
                yield from self._by_the_book(world)

    def _by_the_book(self, world: World) -> Iterator[Step]:
        if not self._is_quiet(world) or CANCEL in world.asked or world.far in (WAITS, UNPOSTED):
            return
        if world.far is ASIDE:
            if self.takes(world, Event.READY):
                yield from self.told(world, Event.READY)
            return
        cancelled = world.state is State.CANCEL_MANUAL
        kept = Event.TOO_LATE if cancelled else Event.ACCEPTED
        yield from self.told(world, kept if world.far in DONE else Event.REFUSED)

    # -- what goes back ----------------------------------------------------------------------------

    def _going_back(self, world: World) -> Iterator[Step]:
        """The payment that gives money back, and what its looks and people make of it."""
        if world.child is UNDER_WAY:
            for child in (GIVEN, IN_VAIN, NEVER):
                yield None, world._replace(child=child, gifts=world.gifts + (child is GIVEN))
        if STATES[world.state].timer is not Timer.CHILD:
            return
        if world.disputed:
            if world.state is not State.GIVING_BACK and world.child in (NONE, IN_VAIN, NEVER):
                yield from self.told(world, Event.OWED, owed=True, disputed=False)
            yield None, world._replace(disputed=False, fresh=True)
            return
        if world.child is GIVEN:
            yield from self.told(world, Event.GIVEN_BACK)
        elif world.child is UNDER_WAY:
            yield from self.told(world, Event.RUNG, fresh=False)
        elif world.child in (NONE, NEVER) or world.fresh:
            if world.children < CHILDREN_MAX:
                made = world._replace(child=UNDER_WAY, children=world.children + 1)
                yield None, made
                yield from self.told(made, Event.RUNG, fresh=False)
            else:
                yield from self.told(world, Event.SPENT)
        else:
            yield from self.told(world, Event.SPENT)
