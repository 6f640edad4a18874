"""Runs the cases that apply to a network, one after the other, and notes what came of each.

What a network's facts rule out does not apply, with the fact's source as its reason; what its plan
rules out does not apply with the plan's reason; what the far side cannot be steered to is not run.
The surprise: a case that does not apply by the plan must exist and must not already be ruled out by
the facts, so that an excuse cannot outlive its cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from adapters.conformance.case import CaseFailed, NotRun
from adapters.conformance.cases import CASES
from adapters.conformance.plan import PlanError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from adapters.conformance.bench import Bench
    from adapters.conformance.case import Case

TEXT_MAX: Final = 200
"""Longest text of a failure that is not one of ours."""


class Verdict(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Result:
    """One case, what came of it, and why where that is not "passed"."""

    case: Case
    verdict: Verdict
    why: str = ""


async def run(bench: Bench, only: Collection[str] = ()) -> tuple[Result, ...]:
    """Run the cases (``only``: those named). Raises :class:`PlanError` for an idle excuse."""
    excuses = bench.plan.not_applicable
    numbers = {case.number for case in CASES}
    for number in sorted(excuses.keys() - numbers):
        raise PlanError(f"not_applicable.{number}: there is no such case")
    results: list[Result] = []
    for case in sorted(CASES, key=lambda case: case.last):
        if only and case.number not in only:
            continue
        ruled_out = _ruled_out(case, bench)
        if ruled_out and case.number in excuses:
            raise PlanError(f"not_applicable.{case.number}: the facts say so already")
        excuse = ruled_out or excuses.get(case.number, "")
        if excuse:
            results.append(Result(case, Verdict.NOT_APPLICABLE, excuse))
            continue
        bench.begun.clear()
        result = await _result(case, bench)
        results.append(result)
        if result.verdict is not Verdict.PASSED:
            bench.reported.update(bench.begun)
    return tuple(sorted(results, key=lambda result: result.case.number))


def _ruled_out(case: Case, bench: Bench) -> str:
    """Why the facts of a network rule a case out, or nothing."""
    facts = bench.facts
    missing = [each.value for each in case.needs if each not in facts.operations]
    if missing:
        return f"facts: operations: no {', '.join(missing)}"
    if case.promise is not None and case.promise is not facts.never_seen_is_promise:
        word = "a promise" if facts.never_seen_is_promise else "no promise"
        return f"facts: never_seen_is_promise: never seen is {word} here"
    calls = hasattr(bench.adapter, "translate")
    if case.inbound and not calls:
        return "the adapter: nothing comes in from this network"
    if case.asked and calls:
        return "the adapter: what is refunded there came in from there; AC-32 to AC-35 are about it"
    return ""


async def _result(case: Case, bench: Bench) -> Result:
    try:
        await case.run(bench)
    except NotRun as why:
        return Result(case, Verdict.NOT_RUN, str(why))
    except CaseFailed as why:
        return Result(case, Verdict.FAILED, str(why))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # A far side may answer anything; what an adapter makes of it must not end the whole check.
        return Result(case, Verdict.FAILED, f"{type(error).__name__}: {str(error)[:TEXT_MAX]}")
    return Result(case, Verdict.PASSED)


def failed(results: Sequence[Result]) -> list[str]:
    """The numbers of the cases that failed."""
    return [each.case.number for each in results if each.verdict is Verdict.FAILED]
