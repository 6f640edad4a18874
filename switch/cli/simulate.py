"""``simulate``: the switch and its partners in one deterministic run, with everything going wrong.

One seed is one run, byte for byte; ``trace`` is its digest. Status 0 only if nothing is lost,
duplicated or unbalanced, every caller's answer held, and every payment ended or waits for people
with its money reserved. A run that fails is made smaller and written down, with the command that
plays it again.
"""

from __future__ import annotations

import gc
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from switch.cli.options import say, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switch.simulation.plan import Plan
    from switch.simulation.trial import Outcome

SEEDS_MAX = 1_000_000
SAID_EVERY = 10_000
"""Payments after which a long run says how far it is."""


@click.command("simulate")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the run.")
@click.option("--payments", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--seeds", type=click.IntRange(1, SEEDS_MAX), default=1, help="Runs, seed by seed.")
@click.option(
    "--replay", "kept", type=click.Path(path_type=Path), help="Play a plan that was written down."
)
@click.option(
    "--keep", "folder", type=click.Path(path_type=Path), help="Where a failing plan is written."
)
@click.option("--shrink/--no-shrink", default=True, help="Make a failing plan smaller.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def command(
    seed: int,
    payments: int,
    seeds: int,
    kept: Path | None,
    folder: Path | None,
    *,
    shrink: bool,
    as_json: bool,
) -> None:
    """Play payments while networks, processes, disks and clocks fail; judge what is left."""
    from switch.simulation.trial import Simulator

    run = Simulator().run
    totals = _Totals(seed)
    for plan in _plans(seed, payments, seeds, kept):
        # What a run leaves is thrown away before the next; what all share is not looked through.
        gc.collect()
        gc.freeze()
        outcome = run(plan)
        totals.add(outcome)
        if outcome.findings:
            totals.failed = outcome.plan.seed
            for finding in outcome.findings:
                _tell(f"seed {plan.seed}: {finding}")
            if kept is None:
                _tell(_again(plan))
            if shrink:
                _smaller(run, outcome, folder)
            break
    if as_json:
        say(totals.view())
    else:
        totals.show()
    click.get_current_context().exit(0 if totals.failed is None else 1)


def _plans(seed: int, payments: int, seeds: int, kept: Path | None) -> Iterator[Plan]:
    from switch.simulation.choices import CHOICES
    from switch.simulation.plan import plan_of, read_plan

    if kept is not None:
        try:
            yield read_plan(kept.read_text("utf-8"))
        except (OSError, ValueError) as error:
            stop(f"{kept}: {error}")
        return
    yield from (plan_of(each, payments, CHOICES) for each in range(seed, seed + seeds))


def _again(plan: Plan) -> str:
    return f"again: bakong-switch simulate --seed {plan.seed} --payments {len(plan.payments)}"


def _smaller(run: Callable[[Plan], Outcome], outcome: Outcome, folder: Path | None) -> None:
    """Shrink, print and write down a plan that failed."""
    from switch.simulation.shrink import shrunk

    kinds = {finding.kind for finding in outcome.findings}
    plan = outcome.plan
    small = shrunk(plan, lambda each: any(f.kind in kinds for f in run(each).findings))
    _tell(f"smaller: {len(small.payments)} payments, {len(small.mishaps)} mishaps")
    _tell(small.text().rstrip())
    for finding in run(small).findings:
        _tell(f"  {finding}")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{plan.seed}.json"
        path.write_text(small.text(), "utf-8")
        _tell(f"again: bakong-switch simulate --replay {path}")


def _tell(line: str) -> None:
    click.echo(line, err=True)


class _Totals:
    """What several runs showed."""

    def __init__(self, seed: int) -> None:
        self.failed: int | None = None
        self._seed = seed
        self._runs = 0
        self._payments = 0
        self._faults: Counter[str] = Counter()
        self._crashes: Counter[str] = Counter()
        self._played: Counter[str] = Counter()
        self._findings: Counter[str] = Counter()
        self._unresolved = 0
        self._moves: Counter[str] = Counter()
        self._trace = ""
        self._digest = sha256()

    def add(self, outcome: Outcome) -> None:
        """Count a run."""
        self._runs += 1
        before = self._payments
        self._payments += len(outcome.plan.payments)
        self._faults += outcome.faults
        self._crashes += outcome.crashes
        self._played += outcome.played
        self._findings.update(finding.kind for finding in outcome.findings)
        self._unresolved += outcome.unresolved
        self._moves.update({" ".join(move): n for move, n in outcome.moves.items()})
        self._trace = outcome.trace
        self._digest.update(outcome.trace.encode())
        if self._payments // SAID_EVERY > before // SAID_EVERY:
            _tell(f"{self._payments} payments up to seed {outcome.plan.seed}: {self._words()}")

    def _words(self) -> str:
        found = ", ".join(f"{kind} {self._findings[kind]}" for kind in _COUNTED)
        return f"{found}, unresolved {self._unresolved}"

    def view(self) -> dict[str, object]:
        """As JSON; the trace of one run, or the digest of all."""
        trace = self._trace if self._runs == 1 else self._digest.hexdigest()
        found = self._findings
        others = {kind: n for kind, n in sorted(found.items()) if kind not in _COUNTED}
        return {
            "seed": self._seed,
            "seeds": self._runs,
            "payments": self._payments,
            "faults": dict(sorted(self._faults.items())),
            "crashes": dict(sorted(self._crashes.items())),
            "played": dict(sorted(self._played.items())),
            "moves": dict(sorted(self._moves.items())),
            **{kind: found[kind] for kind in _COUNTED},
            "unresolved": self._unresolved,
            "other_findings": others,
            "failed_seed": self.failed,
            "trace": trace,
        }

    def show(self) -> None:
        """As sentences on standard error."""
        view = self.view()
        _tell(f"{self._payments} payments in {self._runs} runs from seed {self._seed} on")
        for name in ("faults", "crashes", "played", "other_findings"):
            counts = view[name]
            assert isinstance(counts, dict)
            for what, count in counts.items():
                _tell(f"  {name}: {what} {count}")
        for name in (*_COUNTED, "unresolved", "trace"):
            _tell(f"  {name}: {view[name]}")


_COUNTED = ("lost", "duplicated", "unbalanced")
