"""Seeds played in chunks by the command itself, each chunk in a process of its own.

So a run is what a user gets, and costs no coverage of lines. What a chunk reported can be kept in a
folder of its own for one state of the sources: whoever asks for it again is given what is there, so
that a long run goes on where it stopped. The surprise: what is kept is keyed by every file that the
simulation runs, so a change of one letter plays everything anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from switch.simulation.contradictions import ENTERED
from switch.simulation.operators import Act
from switch.simulation.plan import Kind, Place
from tests.mutants.mutant_rig import COPIED, PAYMENTS, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Report = dict[str, Any]
Move = tuple[str, str, str, str]

WITHIN_S: Final = 3_600
SMALLER_WITHIN_S: Final = 60
AGAIN: Final = re.compile(r"^again: .* --seed ([0-9]+) ", re.MULTILINE)
SUMS: Final = ("lost", "duplicated", "unbalanced")
PLAYED: Final = (
    *Act,
    *(f"approved {end}" for end in ("accepted", "refused", "book", "send_back")),
    *(
        "proposal replaced",
        "proposal refused",
        "approval refused",
        "dispute",
        "statement",
        "notice",
    ),
    *(f"refund {funding} accepted" for funding in ("capped", "held", "gross")),
    *("refund capped refused", "return capped accepted", "return held accepted"),
    *("recall capped accepted", "recall capped refused"),
    *("approved block", "item assigned"),
)
"""What operators do, how disputes and cases end, and what follows a payment: all of it happens."""

ENTERED_MIN_PERCENT: Final = 95
"""Of what is planned so much at least comes to stand in the books, or it is no run of so many."""

UNRESOLVED_MAX: Final = 100
"""One payment in so many at most waits for people after a day in which all were healthy."""


def played(first: int, seeds: int, payments: int = PAYMENTS) -> Report:
    """Play seeds; raises :class:`AssertionError` with what the command says where it finds any.

    The seed that failed is then made smaller, as far as that goes in a minute.
    """
    each = ("--payments", str(payments))
    ended = _command(
        "--json",
        "--no-shrink",
        "--seed",
        str(first),
        "--seeds",
        str(seeds),
        *each,
        within_s=WITHIN_S,
    )
    if ended.returncode:
        again = AGAIN.search(ended.stderr)
        smaller = "" if again is None else _smaller("--seed", again[1], *each)
        raise AssertionError(f"{ended.stderr[-4_000:]}\n{smaller}")
    report: Report = json.loads(ended.stdout)
    return report


def _command(*words: str, within_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "switch", "simulate", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def _smaller(*words: str) -> str:
    """What the command makes of a seed that failed; a plan that is smaller is written down."""
    try:
        ended = _command("--keep", str(ROOT / "var" / "failed"), *words, within_s=SMALLER_WITHIN_S)
    except subprocess.TimeoutExpired:
        return "not made smaller in time; the command above does it"
    return ended.stderr[-4_000:]


def place_of(folder: Path, first: int, seeds: int, payments: int = PAYMENTS) -> Path:
    """Where the report of a chunk is kept: seeds from the first on, of so many payments each."""
    return folder / f"seeds-{first}-{seeds}-of-{payments}.json"


def kept(folder: Path, first: int, seeds: int, payments: int = PAYMENTS) -> Report:
    """What a chunk reported before, or else play it and keep that."""
    path = place_of(folder, first, seeds, payments)
    if not path.exists():
        report = played(first, seeds, payments)
        folder.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".part")
        written.write_text(json.dumps(report), "utf-8")
        written.replace(path)
    return dict(json.loads(path.read_text("utf-8")))


def sources() -> str:
    """A name for the present state of everything that a run consists of."""
    digest = hashlib.sha256()
    for name in COPIED:
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def together(reports: Iterable[Report]) -> Report:
    """Sums of several reports."""
    reports = list(reports)
    found: Report = {
        name: sum((Counter(report[name]) for report in reports), Counter())
        for name in ("faults", "crashes", "played", "moves")
    }
    for name in (*SUMS, "payments", "seeds", "unresolved"):
        found[name] = sum(report[name] for report in reports)
    return found


def assert_held(report: Report) -> None:
    """Nothing is lost, doubled or unbalanced, hardly anything waits, and everything went wrong."""
    assert {name: report[name] for name in SUMS} == dict.fromkeys(SUMS, 0)
    entered = report["played"].get(ENTERED, 0)
    assert 100 * entered >= ENTERED_MIN_PERCENT * report["payments"], entered
    assert report["unresolved"] <= report["payments"] // UNRESOLVED_MAX
    assert [kind for kind in Kind if not report["faults"].get(kind.value)] == []
    assert [what for what in PLAYED if not report["played"].get(what)] == []
    assert [place for place in Place if not report["crashes"].get(place.value)] == []


def told(report: Report) -> str:
    """The sums of a long run as a table that a note can hold."""
    payments = report["payments"]
    alone = 100 - 100 * report["unresolved"] / payments
    lines = [
        f"{payments} payments planned over {report['seeds']} seeds",
        f"{report['played'].get(ENTERED, 0)} entered, and what followed from them",
        ", ".join(f"{name} {report[name]}" for name in SUMS),
        f"ended without an operator: {alone:.3f} %",
        f"rows of the state table taken: {len(moves_of(report))}",
    ]
    for name in ("faults", "crashes"):
        counts = ", ".join(f"{what} {count}" for what, count in sorted(report[name].items()))
        lines.append(f"{name}: {counts}")
    return "\n".join(lines)


@dataclass
class Progress:
    """How far a long run is. ``now_s`` counts seconds; what was kept before is no work of this."""

    wanted: int
    now_s: Callable[[], float]
    done: int = 0
    _played: int = 0
    _began_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count."""
        self._began_s = self.now_s()

    def add(self, payments: int, *, played: bool) -> str:
        """Count a chunk; says how far it is, how fast, and how long the rest takes."""
        self.done += payments
        self._played += payments * played
        took_s = self.now_s() - self._began_s
        said = f"{self.done} of {self.wanted} payments"
        if self._played and took_s > 0:
            rate = self._played / took_s
            said += f", {rate:.0f}/s, {(self.wanted - self.done) / rate / 60:.0f} minutes left"
        return said


def moves_of(report: Report) -> set[Move]:
    """The rows of the state table that were taken: flow, state, event, state."""
    return {
        (flow, before, event, after)
        for flow, before, event, after in map(str.split, report["moves"])
    }
