"""One table for both legs: whatever ends a payment, what it bought and what it paid end alike.

Every row of the outbound flows is taken with one conversion and with two, and then told the
opposite by an answer that is late. No line of a conversion may stand otherwise than the lines of
the payment, and a quote is free again only where provably nothing was sent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.commands import Declined, Done
from switch.ledger import Phase
from switch.lifecycle import STATES, Event, is_final
from switch.model import Flow, State
from switch.postings import lines_of
from switch.reasons import Reason
from switch.states import MOVES, Stand
from tests.switch_core.core_values import SECOND, bridged, concluded, direct, opened, payment, uetr
from tests.switch_core.core_world import World
from tests.switch_core.every_move import SHAPES, way_to, went

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.states import Move

FLOWS: Final = (Flow.OUTBOUND, Flow.OUTBOUND_THREE_LEG)
NOTHING_SENT: Final = (Event.NOT_SENT,)
ENDS: Final = {
    Stand.RESERVED: {frozenset({Phase.PENDING})},
    Stand.POSTED: {frozenset({Phase.PENDING, Phase.POSTED})},
}
RELEASED: Final = {
    frozenset({Phase.PENDING, Phase.VOIDED}),
    frozenset({Phase.PENDING, Phase.EXPIRED}),
}


def converting(number: int, flow: Flow, *, twice: bool) -> Payment:
    """A payment that converts once, or over dollars at a second holder."""
    _, funding, finality, _ = SHAPES[flow]
    held = replace(payment(number), funding=funding, finality=finality)
    if not twice:
        return replace(held, terms=direct())
    return replace(
        held, terms=bridged(), institutions=replace(held.institutions, second_holder=SECOND)
    )


def taken(flow: Flow, move: Move, *, twice: bool) -> tuple[World, Payment]:
    """A world in which a converting payment has taken a row."""
    world = World()
    first, *others = (*way_to(flow, move[0]), move)
    held = converting(1, flow, twice=twice)
    held = world.done(opened(replace(held, state=first[2])))
    for _, event, _ in others:
        held = went(world, held, event)
    return world, held


def sent_rows(flow: Flow) -> list[Move]:
    """The rows whose payment reserved its money when it set out."""
    begins = (State.RECEIVED, Event.OPENED, State.SENDING)
    assert begins in MOVES[flow]
    ways = [(move, (*way_to(flow, move[0]), move)) for move in MOVES[flow]]
    return [move for move, way in ways if way[0] == begins]


def phases(world: World, held: Payment) -> set[frozenset[Phase]]:
    """What became of each line of a payment; one member where all legs went alike."""
    found: dict[tuple[str, str, int], set[Phase]] = defaultdict(set)
    for entry in world.entries:
        if entry.uetr == held.uetr:
            line = entry.line
            found[line.account, line.side.value, line.minor].add(entry.phase)
    lines = lines_of(held)
    twice = bool(held.institutions.second_holder)
    assert {line.currency for line in lines} == {"KHR", "THB"} | ({"USD"} if twice else set())
    return {frozenset(found[line.account, line.side.value, line.minor]) for line in lines}


CASES: Final = [(flow, move) for flow in FLOWS for move in sent_rows(flow)]
ENDED: Final = [(flow, move) for flow, move in CASES if STATES[move[2]].final]


@pytest.mark.parametrize("twice", [False, True], ids=["one conversion", "two conversions"])
@pytest.mark.parametrize(("flow", "move"), CASES)
def test_both_legs_stand_alike_after_every_row(flow: Flow, move: Move, *, twice: bool) -> None:
    """Lesson 11: the conversion shares every time-out, abort and answer with the payment."""
    world, held = taken(flow, move, twice=twice)
    stand = STATES[held.state].stand

    (alike,) = phases(world, held)
    assert alike in ENDS.get(stand, RELEASED)


@pytest.mark.parametrize("twice", [False, True], ids=["one conversion", "two conversions"])
@pytest.mark.parametrize("late", [Event.ACCEPTED, Event.REFUSED])
@pytest.mark.parametrize(("flow", "move"), ENDED)
def test_a_late_answer_parts_no_legs(flow: Flow, move: Move, late: Event, *, twice: bool) -> None:
    """Lesson 11: what comes after the end is a dispute and moves neither leg."""
    world, held = taken(flow, move, twice=twice)
    before, entries = phases(world, held), len(world.entries)
    assert is_final(held)
    after = world.done(concluded(held, late))

    assert phases(world, after) == before
    assert len(world.entries) == entries
    posted = STATES[held.state].stand is Stand.POSTED
    assert after.disputed is (posted is (late is Event.REFUSED))


@pytest.mark.parametrize(("flow", "move"), CASES)
def test_a_quote_is_free_again_only_where_nothing_was_sent(flow: Flow, move: Move) -> None:
    """Lesson 11: the price is given back with the money, or is used up."""
    world, _ = taken(flow, move, twice=False)
    again = replace(converting(9, flow, twice=False), uetr=uetr(9))
    result = world.do(opened(again))

    if move[1] in NOTHING_SENT:
        assert isinstance(result, Done)
    else:
        assert result == Declined(Reason.QUOTE_USED)
