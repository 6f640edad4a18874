"""A million simulated payments, and every planted fault hunted anew: for ``make soak``.

One process for each processor plays its part of the seeds. ``BAKONG_SWITCH_SOAK_SEEDS`` plays
fewer or more of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any, Final

import pytest

from switch.simulation.plan import Kind, Place
from tests.mutants.mutant_rig import MISHAPS_MAX, PAYMENTS_MAX, ROOT, Mutant, hunted, mutants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(24 * 3600),
    pytest.mark.skipif(
        os.environ.get("BAKONG_SWITCH_SOAK") != "1", reason="takes hours: make soak"
    ),
]
FIRST: Final = 1_001
"""Seeds of before are played in every run of the tests."""

PAYMENTS: Final = 50
SEEDS: Final = int(os.environ.get("BAKONG_SWITCH_SOAK_SEEDS", "20000"))


def test_a_million_payments() -> None:
    parts = os.cpu_count() or 1
    each = -(-SEEDS // parts)
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "switch", "simulate", "--json"),
                *("--seed", str(FIRST + part * each), "--seeds", str(each)),
                *("--payments", str(PAYMENTS)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for part in range(parts)
    ]
    reports: list[dict[str, Any]] = [json.loads(one.communicate()[0]) for one in running]
    faults: Counter[str] = Counter()
    crashes: Counter[str] = Counter()
    for report in reports:
        faults.update(report["faults"])
        crashes.update(report["crashes"])
        sys.stderr.write(json.dumps(report) + "\n")

    payments = sum(report["payments"] for report in reports)
    assert [report["failed_seed"] for report in reports] == [None] * parts
    assert payments >= SEEDS * PAYMENTS
    assert sum(report["unresolved"] for report in reports) <= payments // 100
    assert [kind for kind in Kind if not faults[kind.value]] == []
    assert [place for place in Place if not crashes[place.value]] == []


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_from_the_first_seed_on(mutant: Mutant) -> None:
    row = hunted(mutant, keep=False)
    sys.stderr.write(row + "\n")

    assert "NOT FOUND" not in row
    payments, mishaps = (int(column) for column in row.split("|")[3:5])
    assert payments <= PAYMENTS_MAX
    assert mishaps <= MISHAPS_MAX
