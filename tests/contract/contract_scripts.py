"""Scripts of commands as an honest shell could make them, for tests that compare engines.

They are made against a model that executes them singly, so that they hold real versions and stale
ones, repeats, clashes and refusals.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from switch.commands import Attempt, Command, Conclude, Done, Forget, Known, Result, Sealed, Stale
from switch.leaves import sealed_digest
from switch.lifecycle import STATES, TABLE, Event, Timer, Verdict
from switch.model import Direction, Finality, Funding, Kind, State
from switch.operators import Action, Approve, Propose
from switch.proposals import actions_for, proposal_id
from switch.reasons import Reason
from switch.store.memory import MemoryEngine
from switch.suspense import Way, item_claim, suspended_of
from tests.contract.contract_engines import AnyEngine, MemoryPlace, comparable
from tests.switch_core.core_items import approved, claimed, ending, proposed
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    EXPIRY,
    HOLDER_THB,
    MEMBER,
    MEMBER_KHR,
    NOW,
    POOL_KHR,
    buried,
    capped,
    concluded,
    direct,
    enquired,
    erased,
    opened,
    payment,
    posted,
    received,
    refused,
    rewrapped,
    salt,
    uetr,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.model import Payment

NUMBERS = st.integers(1, 5)
QUOTES = st.sampled_from(["quote-1", "quote-2", "quote-3"])
CONTENTS = st.sampled_from([{}, {}, {}, {"amount": "a1"}, {"creditor": "c1"}])
OPENING = (
    Event.RECALLED,
    *(Event.OPENED, Event.ORDERED, Event.HELD_READY, Event.FUNDS_AWAITED, Event.BOOKED),
    *(Event.CHECK_FAILED, Event.UNASKED),
)
CONCLUDING = [event for event in Event if event not in OPENING]
CAPS = st.sampled_from([None, 0, 4_125_000, 2 * 4_125_000, 10**12])
CAPPED = st.sampled_from([MEMBER_KHR, HOLDER_THB, POOL_KHR])
KINDS = [
    "open",
    "about",
    "about",
    "decide",
    "decide",
    "refuse",
    "bury",
    "money",
    "item",
    "funds",
    "cap",
    "rate",
    "key",
    "forget",
]


PAYS_BACK: Final = {Direction.INBOUND: State.ACCEPTED, Direction.OUTBOUND: State.UNWINDING}
"""How a payment stands to which one of a direction is linked."""


def linked_to(draw: st.DrawFn, model: AnyEngine, direction: Direction) -> str:
    """The UETR of a payment that can be given back, where the model holds one."""
    wished = uetr(draw(NUMBERS))
    held = [model.payment(uetr(number)) for number in range(1, 6)]
    fitting = [each.uetr for each in held if each and each.state is PAYS_BACK[direction]]
    return fitting[0] if fitting else wished


def fresh(draw: st.DrawFn, number: int, model: AnyEngine) -> Payment:
    """Payment ``number`` as some request would open it; its direction is its number's parity."""
    direction = Direction.INBOUND if number % 2 else Direction.OUTBOUND
    quote = draw(QUOTES)
    held = payment(number, direction=direction, quote=quote)
    original = linked_to(draw, model, direction)
    held = shaped(draw, held, original)
    if held.original:
        return fitted(held, model.payment(original)) if draw(st.integers(0, 9)) else held
    if draw(st.booleans()):
        held = replace(held, terms=direct(direction, quote, draw(st.sampled_from(["r-1", "r-2"]))))
    return replace(held, opened_at=EXPIRY if draw(st.integers(0, 9)) == 0 else NOW)


def shaped(draw: st.DrawFn, held: Payment, original: str) -> Payment:
    """The payment as one of the flows of its direction opens it; mostly as the most usual one."""
    if draw(st.booleans()):
        return held
    if held.direction is Direction.INBOUND:
        shapes = [
            waiting(held, State.LOOKED_UP),
            waiting(held, State.READY, finality=Finality.ADVICE),
            waiting(held, State.ACCEPTED, kind=Kind.RETURN, original=original),
            unmatched(held, original),
            waiting(held, State.PUT, kind=Kind.RECALL, original=original),
        ]
    else:
        gross = replace(held, institutions=replace(held.institutions, sponsor=held.network))
        shapes = [
            replace(held, finality=Finality.THREE_LEG),
            waiting(gross, State.AWAITING_FUNDS, funding=Funding.GROSS),
            replace(held, kind=Kind.REFUND, funding=Funding.HELD, original=original),
            replace(held, kind=Kind.RECALL, original=original),
        ]
    return draw(st.sampled_from(shapes))


def unmatched(held: Payment, original: str) -> Payment:
    """Money that came back and fits nothing: it waits for two operators."""
    flat = replace(held.terms, debit=held.terms.source, fee=held.terms.source - held.terms.source)
    return replace(
        waiting(held, State.ACCEPTED, kind=Kind.RETURN, original=original),
        funding=Funding.HELD,
        terms=replace(flat, destination=flat.source, hops=(), residues=()),
        disputed=True,
    )


def decided(draw: st.DrawFn, model: AnyEngine) -> Propose | Approve | None:
    """What one operator proposes for a payment as it stands, or another approves."""
    found = [model.payment(uetr(number)) for number in range(1, 6)]
    held = next((each for each in found if each is not None and actions_for(each)), None)
    if held is None:
        return None
    action = draw(st.sampled_from(actions_for(held)))
    case = (held.uetr, held.version, action, None)
    number = held.payment_id + 900 + held.version + 1_000 * list(Action).index(action)
    record = Sealed(number, held.uetr, "evidence", b"sealed %d" % number)
    propose = Propose(*case, "one", record, NOW, salt(held.payment_id, number))
    assert isinstance(model, MemoryEngine), "scripts are made against the model"
    if proposal_id(propose) not in model.tables.claims:
        return propose
    event = {Action.ACCEPTED: Event.ACCEPTED, Action.REFUSED: Event.REFUSED}.get(action)
    if event is not None and held.state is State.CANCEL_MANUAL and action is Action.ACCEPTED:
        event = Event.TOO_LATE
    opens, missing = None, [n for n, each in enumerate(found, 1) if each is None]
    if action is Action.MATCH and missing:
        free = payment(missing[0], direction=Direction.INBOUND, quote=draw(QUOTES))
        back = waiting(free, State.ACCEPTED, kind=Kind.RETURN, original=held.original)
        back = fitted(back, model.payment(held.original))
        opens = opened(back, f"match-{held.version}")
    conclude = None if event is None else concluded(held, event)
    second, at = draw(st.sampled_from(["one", "two", "two"])), salt(held.payment_id, number + 50)
    seen = sealed_digest(record)
    return Approve(*case, "one", second, conclude, NOW, at, opens=opens, proposal=seen)


def about(draw: st.DrawFn, held: Payment) -> Attempt | Conclude | None:
    """An enquiry or a conclusion about a payment, possible in its state; sometimes stale."""
    chosen = draw(st.sampled_from(CONCLUDING))
    repeats = (Timer.POLL, Timer.LADDER, Timer.CANCEL, Timer.CONFIRM)
    sends = STATES[held.state].timer in repeats and not held.disputed
    command: Attempt | Conclude | None
    if chosen is Event.RUNG and STATES[held.state].timer is not Timer.CHILD:
        command = enquired(held) if sends else None
    elif chosen is Event.GIVEN_UP:
        moves = TABLE[held.flow, held.state, chosen].verdict is Verdict.MOVE
        command = replace(enquired(held), event=chosen) if moves else None
    elif TABLE[held.flow, held.state, chosen].verdict is Verdict.IMPOSSIBLE:
        command = None
    else:
        command = concluded(held, chosen)
    if command is not None and held.version > 1 and draw(st.integers(0, 5)) == 0:
        command = replace(command, version=held.version - 1)
    return command


def about_item(draw: st.DrawFn, model: AnyEngine, place: int) -> Command:
    """An item put down, proposed for, or approved by whoever: as it stands, or as it stood."""
    item = draw(st.sampled_from(["item-1", "line/thailand/1", "line/thailand/2"]))
    name = item_claim(item)
    held = model.claimed(name, name).get(name)
    if held is None:
        pool = item == "item-1"
        return received(item) if pool else claimed(item, draw(st.sampled_from([700, -700])))
    now = suspended_of(held)
    stale = draw(st.integers(0, 5)) == 0
    if now.ending is None or draw(st.booleans()):
        end = ending(draw(st.sampled_from(Way)), pool=item == "item-1")
        end = replace(end, reference=f"letter {place}")
        return proposed(item, now.version - 1 if stale and now.version else now.version, end)
    seen = replace(now.seen, version=now.version + 1) if stale else now.seen
    return approved(item, seen, by=draw(st.sampled_from(["one", "two", "two"])), turn=place)


def funds(draw: st.DrawFn, held: Payment | None, new: Payment) -> Command | None:
    """Money that was pushed: for a payment that waits for it, or for none."""
    item = draw(st.sampled_from(["item-1", "item-2"]))
    if held is not None and held.state is State.AWAITING_FUNDS:
        event = draw(st.sampled_from([Event.FUNDED, Event.PAID_AMISS]))
        return concluded(held, event, paid=held.terms.debit, item_hash=item)
    if held is not None:
        return None
    gross = replace(new.institutions, sponsor=new.network)
    back = replace(
        new,
        state=State.RETURNING,
        funding=Funding.GROSS,
        institutions=gross,
        reason=Reason.NOT_AWAITED,
    )
    return replace(opened(back), item_hash=item)


def forgotten(draw: st.DrawFn, place: int) -> Forget:
    """Retention of some payments and tombstones, of which some are old enough."""
    before = [NOW + timedelta(days=draw(st.integers(0, 1))) for _ in range(2)]
    return Forget(
        bindings=tuple(uetr(number) for number in draw(st.lists(NUMBERS, max_size=3, unique=True))),
        tombstones=tuple(
            (origin, uetr(number))
            for number in draw(st.lists(NUMBERS, max_size=2, unique=True))
            for origin in ("thailand", MEMBER)
        ),
        ended_before=before[0],
        buried_before=before[1],
        at=NOW,
        salt=salt(place, 9),
    )


def drawn(draw: st.DrawFn, model: AnyEngine, place: int) -> Command | None:
    """A command that an honest shell could make of what the model holds; None where there is none.

    ``place`` counts the commands of a script.
    """
    number = draw(NUMBERS)
    held = model.payment(uetr(number))
    command: Command | None
    match draw(st.sampled_from(KINDS)):
        case "about" if held is not None:
            command = about(draw, held)
        case "decide":
            command = decided(draw, model)
        case "refuse":
            command = refused(fresh(draw, number, model), Reason.TOO_OLD, **draw(CONTENTS))
        case "key" if held is not None:
            wrapped = model.wrapped_key(held.uetr) or b""
            possible: list[Command] = [erased(held), rewrapped(held, wrapped)]
            command = draw(st.sampled_from(possible))
        case "bury":
            command = buried(number, fresh(draw, number, model).origin)
            if draw(st.booleans()):
                command = replace(command, scope="thailand", named=payment(draw(NUMBERS)).reference)
        case "forget":
            command = forgotten(draw, place)
        case "money":
            command = received(draw(st.sampled_from(["item-1", "item-2"])))
        case "item":
            command = about_item(draw, model, place)
        case "funds":
            command = funds(draw, held, payment(number, quote=draw(QUOTES)))
        case "cap":
            command = capped(draw(CAPS), draw(CAPPED), f"c-{place}")
        case "rate":
            version = draw(st.sampled_from(["r-1", "r-2"]))
            rate = draw(st.sampled_from(["118.84", "118.85"]))
            command = posted(version, rate, withdrawn=draw(st.booleans()), second=place)
        case _:
            key = draw(st.sampled_from([None, "k"]))
            command = opened(fresh(draw, number, model), key, **draw(CONTENTS))
            if draw(st.integers(0, 3)) == 0:
                command = replace(command, named=True, order=uetr(draw(NUMBERS)))
    return command


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[Command], list[int]]:
    """Commands that an honest shell could make, and where to cut them into batches."""
    model = MemoryPlace().open()
    commands: list[Command] = []
    for place in range(draw(st.integers(1, 24))):
        command = drawn(draw, model, place)
        if command is not None:
            model.execute([command])
            commands.append(command)
    cuts = draw(st.lists(st.integers(0, len(commands)), max_size=6))
    # What retention lets go of ended long before the batch that does.
    cuts += [place for place, command in enumerate(commands) if isinstance(command, Forget)]
    return commands, sorted({0, len(commands), *cuts})


def plain(result: Result) -> Result:
    """A result without the number of the reservation."""
    match result:
        case Done(payment=held):
            return Done(comparable(held))
        case Known(payment=held, answer=stored):
            return Known(comparable(held), stored, result.binding)
        case Stale(payment=held):
            return Stale(comparable(held) or held)
        case _:
            return result


def run(engine: Any, commands: Sequence[Command], cuts: Sequence[int]) -> list[Result]:
    """Execute the commands in batches between the cuts."""
    results: list[Result] = []
    for start, end in pairwise(cuts):
        results += engine.execute(commands[start:end])
    return [plain(result) for result in results]
