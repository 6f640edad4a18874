"""Every planted fault is found by the plan kept beside it, and the product itself passes them all.

``make soak`` hunts for each of them anew, from the first seed on; here the kept plans are played.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from switch.simulation.plan import read_plan
from switch.simulation.trial import Simulator
from tests.mutants.mutant_rig import (
    MISHAPS_MAX,
    PAYMENTS_MAX,
    ROOT,
    SEEDS,
    Mutant,
    PatchLost,
    found_by,
    mutants,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL: Final = mutants()
LEAST: Final = 25
SIMULATOR: Final = cache(Simulator)
EACH: Final = pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)


def test_there_are_enough() -> None:
    assert len(ALL) >= LEAST


@EACH
def test_a_patch_applies_and_leaves_a_program(mutant: Mutant, tmp_path: Path) -> None:
    for part in mutant.text.split("--- a/")[1:]:
        name = part.partition("\n")[0].strip()
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    mutant.applied(tmp_path)

    # One that only ends by a name that is missing would be found for that.
    names = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F",
        "--ignore",
        "F401,F841",
    ]
    checked = subprocess.run(
        [*names, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_a_patch_whose_lines_are_gone_fails(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("three = 3\n")
    lost = Mutant("lost", "", "--- a/some.py\n+++ b/some.py\n@@ -1 +1 @@\n-one = 1\n+one = 2\n")

    with pytest.raises(PatchLost):
        lost.applied(tmp_path)


@EACH
def test_the_product_passes_the_plan_that_shows_a_mutant(mutant: Mutant) -> None:
    plan = read_plan(mutant.plan.read_text("utf-8"))

    assert [str(finding) for finding in SIMULATOR().run(plan).findings] == []
    assert len(plan.payments) <= PAYMENTS_MAX
    assert len(plan.mishaps) <= MISHAPS_MAX
    assert 1 <= plan.seed <= SEEDS


@pytest.mark.timeout(600)
@EACH
def test_a_mutant_is_found(mutant: Mutant) -> None:
    report, said = found_by(mutant, "--replay", str(mutant.plan), "--no-shrink")

    assert report["failed_seed"] is not None, f"python -m tests.mutants.mutant_rig {mutant.name}"
    assert said
