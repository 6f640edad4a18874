"""The table against the worst channel: every order of loss, repeat, delay, crash and clock.

A payment of each flow and its other sides are explored together to the last reachable world,
within bounds on what is under way. Whatever happens, a payment that ended agrees with what its
counterparty has booked and will ever book, money that has come went on or back exactly once, and
from every world an end can be reached: by answers, timers or people, never by a repeat alone.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from switch.lifecycle import TABLE, Decision, Event, Verdict
from switch.model import Flow, State
from switch.states import MOVES
from tests.conftest import ROOT
from tests.switch_core.explorer import Steps
from tests.switch_core.explorer_world import GROSS, OUTBOUND, Rules, World, agrees, is_over

if TYPE_CHECKING:
    from switch.states import Move

pytestmark = pytest.mark.xdist_group("explored")  # one worker explores, once for all

PAGE: Final = ROOT / "docs" / "developer" / "simulation.md"

FORGETFUL: Final = Event.NEVER_SEEN
"""Only a far side that breaks its word says so of what it has taken: the core takes that row
(``test_every_move``), and no honest world does."""


class Explored(NamedTuple):
    """Every world that can be reached, the rows that were taken, and what each came from."""

    worlds: frozenset[World]
    rows: frozenset[Move]
    before: dict[World, list[World]]


def explored(rules: Rules) -> Explored:
    """Every world that can be reached from a payment that was just received."""
    steps, start = Steps(rules), World()
    seen, waiting = {start}, deque([start])
    rows: set[Move] = set()
    before: dict[World, list[World]] = {}
    while waiting:
        world = waiting.popleft()
        for event, after in steps.of(world):
            before.setdefault(after, []).append(world)
            if event is not None:
                rows.add((world.state, event, after.state))
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return Explored(frozenset(seen), frozenset(rows), before)


def stuck(found: Explored) -> set[World]:
    """Worlds from which no end can be reached, whoever does what."""
    ends = [world for world in found.worlds if is_over(world)]
    can, waiting = set(ends), deque(ends)
    while waiting:
        for world in found.before.get(waiting.popleft(), ()):
            if world not in can:
                can.add(world)
                waiting.append(world)
    return set(found.worlds) - can


def rules_of(flow: Flow) -> tuple[Rules, ...]:
    """How a flow is explored: with a network that remembers for ever, and with one that does not.

    Outbound, also with one that has no cancel. What is funded in advance has two sides more, so
    less is under way at a time; the hop itself is that of the other flows.
    """
    if flow in GROSS:
        some = Rules(flow, enquiries=1, answers=2, copies=1)
        most = some._replace(copies=2) if flow is Flow.OUTBOUND_GROSS else some
        return most, forgets(some), some._replace(cancels=0)
    if flow in OUTBOUND:
        some = Rules(flow, enquiries=1, answers=2)
        return Rules(flow), forgets(some), some._replace(cancels=0)
    return Rules(flow), forgets(Rules(flow))


def forgets(rules: Rules) -> Rules:
    """The same with a network that keeps no tombstone: its word counts once time has passed."""
    return rules._replace(promises=False)


@cache
def all_of(flow: Flow) -> tuple[Explored, ...]:
    """What is explored of a flow."""
    return tuple(explored(rules) for rules in rules_of(flow))


@pytest.mark.parametrize("flow", list(Flow))
def test_no_order_of_events_ends_a_payment_against_its_counterpartys_books(flow: Flow) -> None:
    """Lesson 11: failures are explored before they happen."""
    for found in all_of(flow):
        wrong = [world for world in found.worlds if not agrees(world, flow)]

        assert wrong[:3] == []


@pytest.mark.parametrize("flow", list(Flow))
def test_every_open_payment_can_still_end(flow: Flow) -> None:
    for found in all_of(flow):
        assert list(stuck(found))[:3] == []


@pytest.mark.parametrize("flow", list(Flow))
def test_every_row_is_taken_in_some_order_of_events(flow: Flow) -> None:
    """So no row is explored in name alone, and none is there for nothing."""
    taken = frozenset[tuple[State, Event, State]]().union(*(found.rows for found in all_of(flow)))
    missed = [move for move in MOVES[flow] if move not in taken]
    waits = State.PENDING_FAR if flow in OUTBOUND else State.CREDIT_PENDING

    assert missed == [move for move in MOVES[flow] if move[:2] == (waits, FORGETFUL)]


def test_the_page_says_how_many_worlds_there_are() -> None:
    said = PAGE.read_text("utf-8")
    rows = [
        f"| `{flow}` | {len(MOVES[flow])} | "
        + " + ".join(f"{len(found.worlds):,}" for found in all_of(flow))
        + " |"
        for flow in Flow
    ]

    assert [row for row in rows if row not in said] == []


def spoilt(flow: Flow, state: State, event: Event, target: State | None) -> Rules:
    """The rules with one row wrong; without a target it is no row at all."""
    verdict = Verdict.IGNORE if target is None else Verdict.MOVE
    wrong = {**TABLE, (flow, state, event): Decision(verdict, target or state)}
    return Rules(flow, wrong, enquiries=1, answers=2, copies=1)


S, E = State, Event
WRONG: Final = (
    # A time-out that is taken for a failure.
    (Flow.OUTBOUND, S.SENDING, E.LOST, S.REFUSED),
    (Flow.INBOUND, S.CREDITING, E.OVERDUE, S.REFUSED),
    # What was only set aside is called paid.
    (Flow.OUTBOUND_THREE_LEG, S.UNKNOWN, E.READY, S.ACCEPTED),
    # Money has come, and is kept.
    (Flow.OUTBOUND_GROSS, S.AWAITING_FUNDS, E.PAID_AMISS, S.REFUSED),
    (Flow.OUTBOUND_GROSS_THREE_LEG, S.MANUAL, E.REFUSED, S.REFUSED),
    (Flow.INBOUND_BOUND, S.CREDIT_UNKNOWN, E.REFUSED, S.LAPSED),
    (Flow.GIVEN_BACK, S.RECEIVED, E.BOOKED, S.REFUSED),
    # It is told that it went back, and it did not.
    (Flow.RECALLED, S.GIVING_BACK, E.SPENT, S.ACCEPTED),
)
DEAD_ENDS: Final = (
    (Flow.OUTBOUND, S.CANCELLING, E.SPENT),
    (Flow.OUTBOUND_THREE_LEG, S.CANCELLING, E.SPENT),
    (Flow.INBOUND, S.MANUAL, E.REFUSED),
    (Flow.INBOUND_BOUND, S.LAPSED, E.PAID_AMISS),
    (Flow.OUTBOUND_GROSS, S.RETURNING, E.GIVEN_BACK),
    (Flow.OUTBOUND_GROSS_THREE_LEG, S.CANCEL_MANUAL, E.REFUSED),
    (Flow.RECALLED, S.GIVING_BACK, E.GIVEN_BACK),
)


@pytest.mark.parametrize(("flow", "state", "event", "target"), WRONG)
def test_one_wrong_row_is_found(flow: Flow, state: State, event: Event, target: State) -> None:
    """The check can fail, in every flow."""
    found = explored(spoilt(flow, state, event, target))

    assert not all(agrees(world, flow) for world in found.worlds)


@pytest.mark.parametrize(("flow", "state", "event"), DEAD_ENDS)
def test_one_missing_row_is_found_where_nothing_else_ends_it(
    flow: Flow, state: State, event: Event
) -> None:
    assert stuck(explored(spoilt(flow, state, event, None)))
