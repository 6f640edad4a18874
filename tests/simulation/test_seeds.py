"""Whatever fails, nothing is lost, doubled or unbalanced: 10,000 payments over 200 seeds.

Each part of the seeds is a test and a process of its own. Whoever of them comes last adds up what
all have reported: every kind of mishap struck, every place was died at, and every row of the state
table was taken. The surprise: rows that no partner of the configuration can lead to are taken by
the core alone, and those that need days of silence or people are named here with who takes them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from switch.model import Flow, State
from switch.states import MOVES, Event
from tests.conftest import ROOT
from tests.mutants.mutant_rig import PAYMENTS, SEEDS
from tests.simulation import chunks
from tests.simulation.chunks import assert_held, moves_of, played, together
from tests.switch_core.every_move import walked

if TYPE_CHECKING:
    from pathlib import Path

    from switch.states import Move
    from tests.simulation.chunks import Report

PARTS: Final = 8
EACH: Final = SEEDS // PARTS
PAYMENTS_LEAST: Final = 10_000

SIMULATED: Final = (Flow.OUTBOUND, Flow.INBOUND, Flow.INBOUND_BOUND)
"""Flows of what members pay partners of the configuration and are paid by them."""

CORE: Final = "tests/switch_core/test_every_move.py::test_money_stands_where_the_state_says"
UNDONE: Final = (
    "tests/shell/test_cancelling.py::test_a_confirmed_cancel_ends_a_payment_and_releases_its_money"
)
CANCELLING: Final = "tests/shell/test_cancelling.py::test_a_cancel_is_sent_until_it_is_answered"
TOO_LATE: Final = "tests/shell/test_cancelling.py::test_after_the_cancel_window_people_decide"
SPENT: Final = (
    "tests/shell/test_sweeper.py::"
    "test_a_spent_budget_ends_in_the_hands_of_people_once_and_stays_reserved"
)
PEOPLE: Final = (
    "tests/api/test_casework.py::test_two_operators_end_a_payment_that_was_left_to_people"
)
AMISS: Final = "tests/shell/test_orders.py::test_another_amount_than_was_held_is_refused"
HELD: Final = (
    "tests/shell/test_screening_town.py::"
    "test_two_operators_let_a_held_payment_go_and_it_ends_like_any_other"
)
BLOCKED: Final = (
    "tests/shell/test_screening_town.py::"
    "test_what_is_blocked_is_frozen_and_pending_for_ever_until_the_authority_orders_otherwise"
)
TAKEN: Final = (
    "tests/shell/test_orders.py::test_an_order_is_taken_back_before_it_is_paid_and_not_after"
)
OWED: Final = (
    "tests/shell/test_given_back_once.py::test_what_is_owed_is_owed_once_and_nothing_more_goes_back"
)
ELSEWHERE: Final[tuple[tuple[State | None, Event | None, str], ...]] = (
    # Partners that can cancel are seldom away for so long that one is tried.
    (None, Event.GIVEN_UP, UNDONE),
    (None, Event.CANCELLED, UNDONE),
    (State.CANCELLING, None, CANCELLING),
    (State.CANCEL_MANUAL, None, TOO_LATE),
    # Only transfers are accepted before they are posted, and members pay merchants here.
    (None, Event.UNPOSTED, CORE),
    (State.ACCEPTED_UNPOSTED, None, CORE),
    # Takes a day without any answer, and then people.
    (None, Event.SPENT, SPENT),
    (State.MANUAL, None, PEOPLE),
    # Nobody is listed in a run.
    (None, Event.HIT, HELD),
    (None, Event.OWED, OWED),
    (State.HELD, None, HELD),
    (State.BLOCKED, None, BLOCKED),
    # Partners here keep their word: they pay what was ordered and remember what they have.
    (None, Event.PAID_AMISS, AMISS),
    (None, Event.TAKEN_BACK, TAKEN),
    (State.PENDING_FAR, Event.NEVER_SEEN, CORE),
    (State.CREDIT_PENDING, Event.NEVER_SEEN, CORE),
    # Bakong takes a transfer and says later that it is done; advices are checked when ordered.
    (State.CREDITING, Event.ACCEPTED, CORE),
    (State.RECEIVED, Event.CHECK_FAILED, CORE),
    # Needs two things to meet that meet in few of 10,000 payments.
    (None, Event.OVERDUE, CORE),
    (None, Event.NOT_SENT, CORE),
    (State.PENDING_FAR, Event.REFUSED, CORE),
    (State.UNKNOWN, Event.REFUSED, CORE),
    (State.CREDIT_UNKNOWN, Event.PENDING, CORE),
)
"""Rows that hardly any run takes, by state and event, and who takes them."""


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_doubled_or_unbalanced(
    part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    report = played(1 + part * EACH, EACH)
    assert report["payments"] == EACH * PAYMENTS
    assert report["seeds"] == EACH

    shared = shared_by_all(tmp_path_factory)
    written = shared / f"{part}.part"
    written.write_text(json.dumps(report), "utf-8")
    written.replace(shared / f"{part}.json")
    paths = sorted(shared.glob("*.json"))
    if len(paths) == PARTS:
        assert_all([json.loads(path.read_text("utf-8")) for path in paths])


def test_a_chunk_that_was_played_is_not_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def play(first: int, seeds: int, payments: int) -> Report:
        assert payments == PAYMENTS
        asked.append(first)
        return {"seed": first, "seeds": seeds}

    monkeypatch.setattr(chunks, "played", play)
    reports = [chunks.kept(tmp_path / "new", first, 2) for first in (1, 3, 1)]

    assert asked == [1, 3]
    assert reports[0] == reports[2] == {"seed": 1, "seeds": 2}


def test_a_long_run_says_how_far_it_is() -> None:
    clock = iter((0.0, 5.0, 10.0))
    progress = chunks.Progress(1_000, lambda: next(clock))

    assert progress.add(100, played=False) == "100 of 1000 payments"
    assert progress.add(300, played=True) == "400 of 1000 payments, 30/s, 0 minutes left"


def test_a_long_run_is_summed_up() -> None:
    report = {"payments": 200, "seeds": 4, "lost": 0, "duplicated": 0, "unbalanced": 0,
              "unresolved": 1, "played": {"dispute": 1},
              "moves": {"outbound received opened sending": 200},
              "faults": {"network_lost": 3}, "crashes": {"in a hop": 2}}  # fmt: skip
    lines = chunks.told(chunks.together([report, report])).splitlines()

    assert lines == [
        "400 payments over 8 seeds",
        "lost 0, duplicated 0, unbalanced 0",
        "ended without an operator: 99.500 %",
        "rows of the state table taken: 1",
        "faults: network_lost 6",
        "crashes: in a hop 4",
    ]


def shared_by_all(factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, whichever worker asks."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "simulated"
    folder.mkdir(exist_ok=True)
    return folder


def assert_all(reports: list[Report]) -> None:
    """What holds for all seeds together."""
    report = together(reports)
    assert report["payments"] >= PAYMENTS_LEAST
    assert_held(report)
    taken = moves_of(report)
    core = {(flow, *each.move) for flow in Flow for each in walked(flow)}
    missed = [
        " ".join((flow, *move))
        for flow in Flow
        for move in MOVES[flow]
        if (flow, *move) not in taken
        and not ((flow, *move) in core and (flow not in SIMULATED or elsewhere(move)))
    ]
    assert missed == []


def elsewhere(move: Move) -> bool:
    """Whether a row is taken by a test of its own."""
    return any(
        state in (None, move[0]) and event in (None, move[1]) for state, event, _ in ELSEWHERE
    )


@pytest.mark.parametrize("named", sorted({each[2] for each in ELSEWHERE}))
def test_who_takes_a_rare_row_is_there(named: str) -> None:
    path, _, test = named.partition("::")

    assert f"def {test}(" in (ROOT / path).read_text("utf-8")
