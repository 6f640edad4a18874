"""A million simulated payments, and every planted fault hunted anew: for ``make soak``.

One process for each processor plays a chunk of the seeds at a time; each says how far the run is,
how fast, and when it will end. What a chunk showed is kept below ``var/soak`` for the present state
of the sources, so a run that was stopped goes on with the chunks that are left, and the sums of all
are written there as ``report.txt``. ``BAKONG_SWITCH_SOAK_SEEDS`` plays fewer or more.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final

import pytest

from tests.mutants.mutant_rig import MISHAPS_MAX, PAYMENTS_MAX, ROOT, Mutant, hunted, mutants
from tests.simulation.chunks import (
    SUMS,
    Progress,
    Report,
    assert_held,
    kept,
    place_of,
    sources,
    together,
    told,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7 * 24 * 3600),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes hours: make soak"
    ),
]
FIRST: Final = 1_001
"""Seeds of before are played in every run of the tests."""

EACH: Final = 250
"""Payments of a seed: more of them share a start, and meet each other."""

CHUNK: Final = 10
"""Seeds of a chunk: 2,500 payments, so that little is lost when a run is stopped."""

SEEDS: Final = int(os.environ.get("BAKONG_SWITCH_SOAK_SEEDS", "4000"))


def test_a_million_payments(capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "var" / "soak" / sources()
    reports: list[Report] = []
    progress = Progress(SEEDS * EACH, time.monotonic)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        chunks = {}
        for first in range(FIRST, FIRST + SEEDS, CHUNK):
            count = min(CHUNK, FIRST + SEEDS - first)
            was_kept = place_of(folder, first, count, EACH).exists()
            chunks[pool.submit(kept, folder, first, count, EACH)] = was_kept
        try:
            for each in as_completed(chunks):
                reports.append(each.result())
                line = progress.add(reports[-1]["payments"], played=not chunks[each])
                with capsys.disabled():
                    sys.stderr.write(f"{line}: {sums_of(together(reports))}\n")
        finally:
            # After a chunk that failed no other begins.
            pool.shutdown(cancel_futures=True)

    report = together(reports)
    (folder / "report.txt").write_text(told(report) + "\n", "utf-8")
    with capsys.disabled():
        sys.stderr.write(told(report) + "\n")
    assert report["payments"] == SEEDS * EACH
    assert_held(report)


def sums_of(so_far: Report) -> str:
    """What must be zero, and what waits for people, so far."""
    return ", ".join(f"{name} {so_far[name]}" for name in (*SUMS, "unresolved"))


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_from_the_first_seed_on(mutant: Mutant) -> None:
    row = hunted(mutant, keep=False)
    sys.stderr.write(row + "\n")

    assert "NOT FOUND" not in row
    payments, mishaps = (int(column) for column in row.split("|")[3:5])
    assert payments <= PAYMENTS_MAX
    assert mishaps <= MISHAPS_MAX
