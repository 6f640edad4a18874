"""Mutants: known faults, planted by patches in a copy of the product, that a simulation must find.

A patch says in its first line what is wrong and changes files of ``switch`` or ``adapters``. Beside
it stands the smallest plan that was found to show it. ``python -m tests.mutants.mutant_rig`` hunts
for all of them (or those named) from the first seed on and prints the table; ``--keep`` renews the
plans, ``--known`` prints the table of those that are kept. The surprise: a patch is applied by the
text of its lines alone, so that it holds while other lines of a file move, and fails as soon as its
own lines are gone or stand there twice.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from switch.simulation.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
COPIED: Final = ("adapters", "config", "fx", "iso20022", "switch")
SEEDS: Final = 200
PAYMENTS: Final = 50
PAYMENTS_MAX, MISHAPS_MAX = 3, 5
"""What a shrunk plan may hold."""

_HUNK: Final = re.compile(r"^@@ .* @@.*\n", re.MULTILINE)


class PatchLost(Exception):  # noqa: N818  the name says what happened
    """A patch does not fit the product any more."""


@dataclass(frozen=True)
class Mutant:
    """A planted fault."""

    name: str
    what: str
    text: str

    @property
    def plan(self) -> Path:
        """The smallest plan that is known to show it."""
        return HERE / f"{self.name}.json"

    def applied(self, tree: Path) -> None:
        """Change a copy of the product. Raises :class:`PatchLost`."""
        for part in self.text.split("--- a/")[1:]:
            head, _, hunks = part.partition("\n")
            path = tree / head.strip()
            changed = path.read_text("utf-8")
            for hunk in _HUNK.split(hunks)[1:]:
                old, new = ("".join(_lines(hunk, kept)) for kept in "-+")
                if changed.count(old) != 1:
                    raise PatchLost(f"{self.name}: {changed.count(old)} places in {path.name}")
                changed = changed.replace(old, new)
            path.write_text(changed, "utf-8")


def _lines(hunk: str, kept: str) -> Iterator[str]:
    for line in hunk.splitlines(keepends=True):
        if line[:1] in (" ", kept):
            yield line[1:]


def mutants() -> list[Mutant]:
    """Every patch, by name."""
    found = []
    for path in sorted(HERE.glob("*.patch")):
        text = path.read_text("utf-8")
        found.append(Mutant(path.stem, text.partition("\n")[0], text))
    return found


def copied(folder: Path) -> Path:
    """A copy of the product below a folder."""
    tree = folder / "tree"
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name)
    return tree


def simulate(tree: Path, *arguments: str, within_s: int = 3600) -> tuple[dict[str, Any], str]:
    """Run ``simulate`` of a copy; what it reports, and what it says."""
    ended = subprocess.run(
        [sys.executable, "-m", "switch", "simulate", "--json", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    if ended.returncode not in (0, 1) or not ended.stdout:
        raise RuntimeError(ended.stderr[-2_000:])
    report: dict[str, Any] = json.loads(ended.stdout)
    return report, ended.stderr


def found_by(mutant: Mutant | None, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run a copy with a fault planted in it, or without any."""
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        if mutant is not None:
            mutant.applied(tree)
        return simulate(tree, *arguments)


def hunted(mutant: Mutant, *, keep: bool) -> str:
    """Look for a mutant from the first seed on; a row of the table.

    A seed that shows it by more than a person reads at once is passed over, as long as another one
    shows it by less; else the last that did is told.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        mutant.applied(tree)
        row, first = f"| {mutant.name} | NOT FOUND | | | {mutant.what} |", 1
        while first <= SEEDS:
            report, said = simulate(
                tree,
                *("--seed", str(first), "--seeds", str(SEEDS + 1 - first)),
                *("--payments", str(PAYMENTS), "--keep", str(Path(folder) / "kept")),
            )
            failed = report["failed_seed"]
            if failed is None:
                break
            plan = (Path(folder) / "kept" / f"{failed}.json").read_text("utf-8")
            payments, mishaps = plan.count('{"payment"'), plan.count('{"mishap"')
            why = [line for line in said.splitlines() if line.startswith("  ")][:1]
            finding = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "...", why[0].strip() if why else "")
            row = f"| {mutant.name} | {failed} | {payments} | {mishaps} | {finding} |"
            if payments <= PAYMENTS_MAX and mishaps <= MISHAPS_MAX:
                if keep:
                    mutant.plan.write_text(plan, "utf-8")
                break
            first = failed + 1
        return row


def known(mutant: Mutant) -> str:
    """A row of the table from the plan that is kept, without hunting."""
    plan = read_plan(mutant.plan.read_text("utf-8"))
    place = f"{plan.seed} | {len(plan.payments)} | {len(plan.mishaps)}"
    return f"| {mutant.name} | {place} | {mutant.what} |"


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    keep = "--keep" in arguments
    row = known if "--known" in arguments else partial(hunted, keep=keep)
    names = [name for name in arguments if not name.startswith("-")]
    sys.stdout.write(
        "| mutant | seed | payments | mishaps | what was found |\n|---|---|---|---|---|\n"
    )
    for mutant in mutants():
        if not names or mutant.name in names:
            sys.stdout.write(row(mutant) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
