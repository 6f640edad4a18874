"""Each row of the state table leaves money, answer and timer as the state says that it leads to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from switch.model import Flow
from switch.states import MOVES, STATES, Stand, Timer
from tests.switch_core.every_move import Taken, walked

if TYPE_CHECKING:
    from tests.switch_core.core_world import World


def reserved(world: World) -> bool:
    """Whether anything is reserved in any account."""
    return any(sums for *_, owed, due in world.balances().values() for sums in (owed, due))


def posted(world: World) -> bool:
    """Whether anything is posted."""
    return any(sums for *both, _, _ in world.balances().values() for sums in both)


@pytest.mark.parametrize("flow", list(Flow))
def test_every_row_of_a_flow_can_be_taken(flow: Flow) -> None:
    assert [taken.move for taken in walked(flow)] == list(MOVES[flow])


@pytest.mark.parametrize("flow", list(Flow))
def test_money_stands_where_the_state_says(flow: Flow) -> None:
    wrong = [taken.move for taken in walked(flow) if not stands(taken)]

    assert wrong == []


def stands(taken: Taken) -> bool:
    """Whether reservations and postings are those of the state."""
    stand = STATES[taken.payment.state].stand
    if taken.flow is Flow.RECALLED:
        return not reserved(taken.world)  # it asks for money and holds none
    if reserved(taken.world) is not (stand is Stand.RESERVED):
        return False
    return stand is not Stand.POSTED or posted(taken.world)


@pytest.mark.parametrize("flow", list(Flow))
def test_every_phase_is_balanced_in_each_currency(flow: Flow) -> None:
    for taken in walked(flow):
        sums: Counter[tuple[str, str]] = Counter()
        for entry in taken.world.entries:
            sign = 1 if entry.line.side.value == "debit" else -1
            sums[str(entry.phase), entry.line.currency] += sign * entry.line.minor
        assert set(sums.values()) <= {0}, taken.move


@pytest.mark.parametrize("flow", list(Flow))
def test_a_timer_runs_exactly_where_the_state_has_one(flow: Flow) -> None:
    wrong = [
        taken.move
        for taken in walked(flow)
        if (taken.payment.next_at is not None)
        is not (STATES[taken.payment.state].timer is not Timer.NONE)
    ]

    assert wrong == []
