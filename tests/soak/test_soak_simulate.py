"""A million simulated payments, and every planted fault hunted anew: for ``make soak``.

One process for each processor plays a chunk of the seeds at a time and says a line for it. What a
chunk showed is kept below ``var/soak`` for the present state of the sources, so a run that was
stopped goes on with the chunks that are left. ``BAKONG_SWITCH_SOAK_SEEDS`` plays fewer or more.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.mutants.mutant_rig import (
    MISHAPS_MAX,
    PAYMENTS,
    PAYMENTS_MAX,
    ROOT,
    Mutant,
    hunted,
    mutants,
)
from tests.simulation.chunks import SUMS, Report, assert_held, kept, sources, together

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7 * 24 * 3600),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes hours: make soak"
    ),
]
FIRST: Final = 1_001
"""Seeds of before are played in every run of the tests."""

CHUNK: Final = 200
"""Seeds of a chunk: 10,000 payments."""

SEEDS: Final = int(os.environ.get("BAKONG_SWITCH_SOAK_SEEDS", "20000"))


def test_a_million_payments(capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "var" / "soak" / sources()
    firsts = range(FIRST, FIRST + SEEDS, CHUNK)
    reports: list[Report] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in pool.map(lambda first: kept(folder, first, CHUNK), firsts):
            reports.append(report)
            with capsys.disabled():
                sys.stderr.write(said(report, together(reports)) + "\n")

    report = together(reports)
    assert report["payments"] >= SEEDS * PAYMENTS
    assert_held(report)


def said(chunk: Report, so_far: Report) -> str:
    """A chunk and the sums so far in one line."""
    sums = ", ".join(f"{name} {so_far[name]}" for name in (*SUMS, "unresolved"))
    seeds = f"{chunk['seed']}-{chunk['seed'] + chunk['seeds'] - 1}"
    return f"{so_far['payments']} payments, last seeds {seeds}: {sums}"


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_from_the_first_seed_on(mutant: Mutant) -> None:
    row = hunted(mutant, keep=False)
    sys.stderr.write(row + "\n")

    assert "NOT FOUND" not in row
    payments, mishaps = (int(column) for column in row.split("|")[3:5])
    assert payments <= PAYMENTS_MAX
    assert mishaps <= MISHAPS_MAX
