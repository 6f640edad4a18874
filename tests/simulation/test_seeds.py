"""Whatever fails, nothing is lost, doubled or unbalanced: 10,000 payments over 200 seeds.

Each part of the seeds is a test and a process of its own. Whoever of them comes last adds up what
all have reported: every kind of mishap struck, every place was died at, and each row of the state
table that is said to be taken by runs was. The surprise: any other row has a test of its own that
is named for it, and what that commits is recorded, so a name alone is not believed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from switch.model import Flow
from switch.states import MOVES
from tests.conftest import ROOT
from tests.mutants.mutant_rig import PAYMENTS, SEEDS
from tests.simulation import chunks
from tests.simulation.chunks import assert_held, moves_of, played, together
from tests.simulation.rows_taken import BY_RUNS, ELSEWHERE, rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.chunks import Report

PARTS: Final = 8
EACH: Final = SEEDS // PARTS
PAYMENTS_LEAST: Final = 10_000


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
              "unresolved": 1, "played": {"dispute": 1, "payment entered": 199},
              "moves": {"outbound received opened sending": 200},
              "faults": {"network_lost": 3}, "crashes": {"in a hop": 2}}  # fmt: skip
    lines = chunks.told(chunks.together([report, report])).splitlines()

    assert lines == [
        "400 payments planned over 8 seeds",
        "398 entered, and what followed from them",
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
    taken = {(flow, before, event) for flow, before, event, _ in moves_of(report)}
    assert sorted(" ".join(row) for row in rows(BY_RUNS) - taken) == []


@pytest.mark.parametrize("flow", list(Flow))
def test_each_row_of_a_flow_is_taken_by_runs_or_by_a_test_that_is_named(flow: Flow) -> None:
    there = Counter((flow.value, state.value, event.value) for state, event, _ in MOVES[flow])
    placed = Counter(row for text in (BY_RUNS, *ELSEWHERE.values()) for row in rows(text))

    assert there == Counter({row: n for row, n in placed.items() if row[0] == flow})


def test_who_is_named_takes_the_rows_that_no_run_does(tmp_path: Path) -> None:
    """Their own shells, committing by the core: the recorder sees what each of them takes."""
    noted = tmp_path / "rows.json"
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"),
            *("-p", "tests.simulation.row_recorder", *ELSEWHERE),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ROWS_TO": str(noted)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2_000:]
    taken = json.loads(noted.read_text("utf-8"))
    missed = {
        named: sorted(rows(text) - {tuple(row.split()) for row in taken.get(named, ())})
        for named, text in ELSEWHERE.items()
    }

    assert {named: those for named, those in missed.items() if those} == {}
