"""Makes a failing plan smaller while it still fails: fewer payments, fewer mishaps.

Halves, quarters and so on are left out as long as some finding of the first kinds is still made;
then single ones, until none can be spared or the bound on runs is reached. A payment that is only
needed for what goes wrong beside it is left out too, and another carries that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switch.simulation.plan import Plan

RUNS_MAX: Final = 400
"""Most runs of one shrinking."""

ALONE_MAX: Final = 60
"""Payments that are tried alone, before pieces are left out."""


def shrunk(plan: Plan, fails: Callable[[Plan], bool], *, runs_max: int = RUNS_MAX) -> Plan:
    """The smallest plan found that still fails; ``fails`` runs one."""
    runs = 0

    def still(smaller: Plan) -> bool:
        nonlocal runs
        runs += 1
        return runs <= runs_max and fails(smaller)

    plan = _alone(plan, still)
    before = None
    while before != plan and runs < runs_max:
        before = plan
        for part in ("payments", "mishaps", "carriers", "copies"):
            plan = _fewer(plan, part, still)
    return plan


def _alone(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    """One payment with its own mishaps, where one is enough; those with mishaps first."""
    armed = {mishap.payment for mishap in plan.mishaps}
    places = sorted(
        range(len(plan.payments)), key=lambda place: plan.payments[place].number not in armed
    )
    for place in places[:ALONE_MAX]:
        smaller = plan.without([each for each in places if each != place], ())
        if still(smaller):
            return smaller
    return plan


def _fewer(plan: Plan, part: str, still: Callable[[Plan], bool]) -> Plan:
    """Leave parts of one kind out, large pieces first."""
    if part == "copies":
        return _calmer(plan, still)
    size = _size(plan, part)
    while size:
        place = 0
        while place < _size(plan, part):
            chosen = range(place, min(place + size, _size(plan, part)))
            smaller = _without(plan, part, chosen)
            if smaller is not None and still(smaller):
                plan = smaller
            else:
                place += size
        size //= 2
    return plan


def _size(plan: Plan, part: str) -> int:
    return len(plan.mishaps if part == "mishaps" else plan.payments)


def _without(plan: Plan, part: str, chosen: range) -> Plan | None:
    """The plan without these; None where nobody would be left."""
    if part == "mishaps":
        return plan.without((), chosen)
    if len(chosen) == len(plan.payments):
        return None
    return plan.carried(chosen) if part == "carriers" else plan.without(chosen, ())


def _calmer(plan: Plan, still: Callable[[Plan], bool]) -> Plan:
    """Let each say once what it said several times, where that is enough."""
    for smaller in _said_once(plan):
        if still(smaller):
            return smaller
    return plan


def _said_once(plan: Plan) -> Iterator[Plan]:
    if any(payment.copies > 1 for payment in plan.payments):
        calm = tuple(replace(payment, copies=1) for payment in plan.payments)
        yield replace(plan, payments=calm)
