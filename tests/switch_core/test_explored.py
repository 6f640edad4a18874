"""The table against the worst channel: every order of loss, repeat, delay, crash and clock.

A payment and its counterparty are explored together to the last reachable state, within bounds on
how many messages travel. Whatever happens, a payment that ended agrees with what the counterparty
has booked and will ever book; one that nobody can know of stays open with its money reserved.
"""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.lifecycle import STATES, TABLE, Event, Stand, Timer, Verdict
from switch.model import Flow, State

if TYPE_CHECKING:
    from collections.abc import Iterator

COPIES_MAX: Final = 2
"""Copies of the instruction on their way at a time: the sent one and a repeat by the channel."""

ENQUIRIES_MAX: Final = 2
CANCELS_MAX: Final = 2
STATES_MIN: Final = 100

UNSEEN, BOOKED, KEPT, REFUSED, BURIED = "unseen", "booked", "kept", "refused", "buried"
"""``kept`` was booked, and a cancel was told that it stays so; ``buried`` never will be."""
ASK, CANCEL = "ask", "cancel"


@dataclass(frozen=True)
class World:
    """Both sides and what is between them; ``alive`` is the process that sent the instruction."""

    state: State
    disputed: bool = False
    far: str = UNSEEN
    sent: bool = False
    alive: bool = True
    copies: int = 0
    asked: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    enquiries: int = 0
    cancels: int = 0


SAID: Final = {BOOKED: BOOKED, KEPT: BOOKED, REFUSED: REFUSED, BURIED: REFUSED}

START: Final = {Flow.OUTBOUND: State.SENDING, Flow.INBOUND: State.CREDITING}
GUARDED: Final = (State.SENDING, State.CREDITING)


def told(world: World, flow: Flow, event: Event) -> World | None:
    """The world after an event was concluded; None where the table says that it cannot be."""
    decision = TABLE[flow, world.state, event]
    if decision.verdict is Verdict.IMPOSSIBLE:
        return None
    if decision.verdict is Verdict.DISPUTE:
        return replace(world, disputed=True)
    return replace(world, state=decision.target)


def steps(world: World, flow: Flow) -> Iterator[World]:
    """Every world that may come next."""
    yield from far_side(world)
    yield from channel(world)
    yield from ours(world, flow)


def far_side(world: World) -> Iterator[World]:
    """What the counterparty does with what arrived; a promise of "never seen" is kept."""
    if world.copies:
        left = replace(world, copies=world.copies - 1)
        if world.far is UNSEEN:
            for far in (BOOKED, REFUSED):
                yield replace(left, far=far, answers=added(world, f"pay {far}"))
        else:
            # The same key gets the same answer; a tombstone refuses for ever.
            yield replace(left, answers=added(world, f"pay {SAID[world.far]}"))
    for place, question in enumerate(world.asked):
        left = replace(world, asked=world.asked[:place] + world.asked[place + 1 :])
        if question is ASK:
            far = BURIED if world.far is UNSEEN else world.far
            said = "never" if far is BURIED else SAID[far]
            yield replace(left, far=far, answers=added(world, f"ask {said}"))
        elif world.far is BOOKED:
            # It may be undone, or it may be too late for that.
            yield replace(left, far=KEPT, answers=added(world, "cancel late"))
            yield replace(left, far=BURIED, answers=added(world, "cancel done"))
        elif world.far is KEPT:
            yield replace(left, answers=added(world, "cancel late"))
        else:
            yield replace(left, far=BURIED, answers=added(world, "cancel done"))


def added(world: World, answer: str) -> tuple[str, ...]:
    return tuple(sorted({*world.answers, answer}))


def channel(world: World) -> Iterator[World]:
    """Losses, repeats and any order."""
    if world.copies:
        yield replace(world, copies=world.copies - 1)
        if world.copies < COPIES_MAX:
            yield replace(world, copies=world.copies + 1)
    for place in range(len(world.asked)):
        yield replace(world, asked=world.asked[:place] + world.asked[place + 1 :])
    for place in range(len(world.answers)):
        yield replace(world, answers=world.answers[:place] + world.answers[place + 1 :])


MEANS: Final = {
    "pay booked": Event.ACCEPTED,
    "pay refused": Event.REFUSED,
    "ask booked": Event.ACCEPTED,
    "ask refused": Event.REFUSED,
    "ask never": Event.NEVER_SEEN,
    "cancel done": Event.CANCELLED,
    "cancel late": Event.TOO_LATE,
}


def ours(world: World, flow: Flow) -> Iterator[World]:
    """What we send, read, lose by a crash, and do by our clock."""
    after: World | None
    if world.state in GUARDED and world.alive and not world.sent:
        yield replace(world, sent=True, copies=1)
        # Past send_by nothing is sent any more, and the sender says so.
        after = told(replace(world, alive=False), flow, Event.NOT_SENT)
        assert after is not None
        yield after
    for answer in world.answers:
        after = told(world, flow, MEANS[answer])
        if after is not None:
            left = tuple(other for other in world.answers if other != answer)
            yield replace(after, answers=left)
    if world.state in GUARDED:
        # A crash, or an answer that does not come: the sender may still live, or be gone.
        for alive in {world.alive and world.sent, False}:
            for event in (Event.LOST, Event.OVERDUE):
                after = told(replace(world, alive=alive), flow, event)
                assert after is not None
                yield after
    timer = STATES[world.state].timer
    if timer in (Timer.LADDER, Timer.POLL):
        if world.enquiries < ENQUIRIES_MAX:
            asked = tuple(sorted((*world.asked, ASK)))
            yield replace(world, enquiries=world.enquiries + 1, asked=asked)
        if TABLE[flow, world.state, Event.GIVEN_UP].verdict is Verdict.MOVE:
            after = told(world, flow, Event.GIVEN_UP)
            assert after is not None
            yield replace(after, cancels=1, asked=tuple(sorted((*world.asked, CANCEL))))
    if timer is Timer.CANCEL and world.cancels < CANCELS_MAX:
        asked = tuple(sorted((*world.asked, CANCEL)))
        yield replace(world, cancels=world.cancels + 1, asked=asked)
    if timer in (Timer.LADDER, Timer.POLL, Timer.CANCEL):
        after = told(world, flow, Event.SPENT)
        assert after is not None
        yield after


def explored(flow: Flow, start: World) -> set[World]:
    """Every world that can be reached."""
    seen, waiting = {start}, deque([start])
    while waiting:
        world = waiting.popleft()
        for after in steps(world, flow):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return seen


def agrees(world: World) -> bool:
    """Whether what we ended is what the other side has, or will ever have, or is disputed."""
    facts = STATES[world.state]
    if not facts.final or world.disputed:
        return True
    if facts.stand is Stand.POSTED:
        return world.far in (BOOKED, KEPT)
    if world.far in (BOOKED, KEPT):
        return False
    return not (world.far is UNSEEN and (world.copies or (world.alive and not world.sent)))


@pytest.mark.parametrize("flow", list(START))
def test_no_order_of_events_ends_a_payment_against_its_counterpartys_books(flow: Flow) -> None:
    worlds = explored(flow, World(START[flow]))
    wrong = [world for world in worlds if not agrees(world)]

    assert len(worlds) > STATES_MIN
    assert wrong == []


@pytest.mark.parametrize("flow", list(START))
def test_every_open_payment_can_still_end(flow: Flow) -> None:
    worlds = explored(flow, World(START[flow]))
    for world in worlds:
        ways = [event for event in Event if TABLE[flow, world.state, event].verdict is Verdict.MOVE]
        assert STATES[world.state].final or ways, world


def test_the_explorer_finds_a_time_out_that_is_taken_for_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check can fail: with one row wrong it does."""
    wrong = dict(TABLE)
    refused = TABLE[Flow.OUTBOUND, State.SENDING, Event.REFUSED]
    wrong[Flow.OUTBOUND, State.SENDING, Event.LOST] = refused
    monkeypatch.setattr(sys.modules[__name__], "TABLE", wrong)
    worlds = explored(Flow.OUTBOUND, World(State.SENDING))

    assert not all(agrees(world) for world in worlds)
