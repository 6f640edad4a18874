"""Whatever fails, nothing is lost, doubled or unbalanced: 10,000 payments over 200 seeds.

Each part of the seeds is a test and a process of its own. Whoever of them comes last adds up what
all have reported: every kind of mishap struck, every place was died at, and every row of the state
table was taken. The surprise: rows that no partner of the configuration can lead to are taken by
the core alone, and those that need days of silence or people are named here with who takes them.
"""

from __future__ import annotations

import json
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pytest

from switch.lifecycle import MOVES
from switch.model import Flow
from tests.conftest import ROOT
from tests.mutants.mutant_rig import PAYMENTS, SEEDS
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
"""Flows that partners of the configuration pay in; the others are met by the core alone."""

CANCELLING: Final = "tests/shell/test_cancelling.py"
PEOPLE: Final = "tests/api/test_casework.py"
ELSEWHERE: Final = MappingProxyType({})
"""Who takes what hardly any run takes, by state or event."""


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_doubled_or_unbalanced(
    part: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    report = played(1 + part * EACH, EACH)
    assert report["payments"] == EACH * PAYMENTS
    assert report["seeds"] == EACH

    shared = shared_by_all(tmp_path_factory)
    (shared / f"{part}.json").write_text(json.dumps(report), "utf-8")
    paths = sorted(shared.glob("*.json"))
    if len(paths) == PARTS:
        assert_all([json.loads(path.read_text("utf-8")) for path in paths])


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
    missed = [
        f"{flow}: {before} {event} {after}"
        for flow in SIMULATED
        for before, event, after in MOVES[flow]
        if (flow, before, event, after) not in taken and not named((before, event, after))
    ]
    assert missed == []
    core = {(flow, *move) for flow in Flow for move in (each.move for each in walked(flow))}
    table = {(flow, *move) for flow in Flow for move in MOVES[flow]}
    assert table - taken - core == set()


def named(move: Move) -> bool:
    """Whether a row is taken by a test of its own."""
    before, event, _ = move
    return before in ELSEWHERE or event in ELSEWHERE


@pytest.mark.parametrize("path", sorted(set(ELSEWHERE.values())))
def test_who_takes_a_rare_row_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
