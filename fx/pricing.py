"""The arithmetic of one sheet: applied rates by tier, and what an amount buys or costs.

A ladder is a sheet at one improvement, worked out once when it is posted: per tier the applied rate
and the exact price in minor units, so that a quote is a few integer operations. Two things are
certain of a ladder: more in never gives less out, and :func:`cost` is the least source whose
:func:`buy` pays for the amount. The surprise is between two tiers: an amount too dear at one tier's
rate and too cheap at the next one's costs exactly the threshold, at the rate that this makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from fx.money import (
    RATE_DECIMALS_MAX,
    RATE_DIGITS_MAX,
    Currency,
    MoneyError,
    Rate,
    Rounding,
    divide,
)
from fx.sheets import BASIS, RateSheet

_DIGITS: Final = 10**RATE_DIGITS_MAX


@dataclass(frozen=True, slots=True)
class Step:
    """One tier: from ``at_least`` minor units of the payer's currency on, at ``rate``.

    One minor unit of the payee's costs exactly ``num / den`` minor units of the payer's.
    ``spread_bp`` is how far ``rate`` is from the base, rounded up.
    """

    at_least: int
    rate: Rate
    spread_bp: int
    num: int
    den: int


Ladder: TypeAlias = tuple[Step, ...]
"""The tiers of a sheet by amount; the first is from zero on."""


class Leg(NamedTuple):
    """One conversion in minor units; ``residue`` is in the currency of the side that was not fixed.

    It is what rounding to the cash step leaves to the holder, after the exact amount was rounded
    against nobody but the payer (up) or the payee (down) to a whole minor unit.
    """

    step: Step
    source: int
    destination: int
    residue: int


def price(rate: Rate, payer: Currency) -> tuple[int, int]:
    """Return ``(num, den)``: payer's minor units for one minor unit of the payee's, exactly."""
    mantissa, scale = rate.value.as_integer_ratio()
    if rate.quoted.code == payer.code:
        return (mantissa * payer.minor_per_major, scale * rate.unit.minor_per_major)
    return (scale * payer.minor_per_major, mantissa * rate.quoted.minor_per_major)


def rounded(num: int, den: int, rounding: Rounding) -> Decimal:
    """Return ``num / den`` as a rate's value: eleven digits and ten decimals at most.

    Raises :class:`MoneyError` ``rate_malformed`` where twelve digits stand before the point.
    """
    for decimals in range(RATE_DECIMALS_MAX, -1, -1):
        scaled = divide(num * 10**decimals, den, rounding)
        if scaled < _DIGITS:
            while decimals and scaled % 10 == 0:
                scaled, decimals = scaled // 10, decimals - 1  # noqa: PLW2901  same number
            return Decimal(scaled).scaleb(-decimals)
    raise MoneyError("rate_malformed", "the rate has more than eleven digits before its point")


def applied(sheet: RateSheet, net_bp: int) -> Rate:
    """Return the base rate worsened by ``net_bp``, rounded against the payer.

    Nothing or less than nothing to worsen by is the base itself, untouched.
    """
    if net_bp <= 0:
        return sheet.rate
    mantissa, scale = sheet.rate.value.as_integer_ratio()
    if sheet.payer_per_payee:
        value = rounded(mantissa * (BASIS + net_bp), scale * BASIS, Rounding.UP)
    else:
        value = rounded(mantissa * (BASIS - net_bp), scale * BASIS, Rounding.DOWN)
    return Rate(value, sheet.rate.unit, sheet.rate.quoted)


def ladder(sheet: RateSheet, improvement_bp: int) -> Ladder:
    """Work out the tiers of a sheet for a member with this improvement."""
    starts = [(tier.at_least.minor, tier.improvement_bp) for tier in sheet.tiers]
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, 0))
    steps = []
    for at_least, tier_bp in starts:
        net_bp = max(sheet.spread_bp - tier_bp - improvement_bp, 0)
        rate = applied(sheet, net_bp)
        steps.append(Step(at_least, rate, net_bp, *price(rate, sheet.payer)))
    return tuple(steps)


def cheaper(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether the first price ``(num, den)`` is below the second."""
    return one[0] * other[1] < other[0] * one[1]


def buy(steps: Ladder, source: int, cash_step: int) -> Leg:
    """What a source buys, rounded down to the payee's cash step; both in minor units."""
    step = steps[0]
    for each in steps:
        if each.at_least > source:
            break
        step = each
    whole = source * step.den // step.num
    residue = whole % cash_step
    return Leg(step, source, whole - residue, residue)


def cost(steps: Ladder, destination: int, cash_step: int) -> Leg:
    """The least source that pays for a destination, in steps of the payer's; minor units."""
    before: Step | None = None
    last = len(steps) - 1
    for place, step in enumerate(steps):
        whole = -(-destination * step.num // step.den)
        source = whole + -whole % cash_step
        if place < last and source >= steps[place + 1].at_least:
            before = step
            continue
        if before is not None and source < step.at_least:
            return _at_threshold(before, step, destination, cash_step)
        return Leg(step, source, destination, source - whole)
    raise AssertionError("the last tier of a ladder has no upper end")


def _at_threshold(before: Step, step: Step, destination: int, cash_step: int) -> Leg:
    """An amount between two tiers costs the threshold itself, never more than the lower tier's."""
    source = step.at_least
    if destination * before.num <= source * before.den:
        return _charged(before, source, destination)
    # The rate that makes the threshold: one tier's rate times its price over the wanted price.
    numerator, denominator = before.rate.value.as_integer_ratio()
    wanted, priced = source * before.den, destination * before.num
    if before.rate.value > step.rate.value:  # a larger number is worse: it counts the payer's
        payer = before.rate.quoted
        value = rounded(numerator * wanted, denominator * priced, Rounding.DOWN)
    else:
        payer = before.rate.unit
        value = rounded(numerator * priced, denominator * wanted, Rounding.UP)
    rate = Rate(value, before.rate.unit, before.rate.quoted)
    between = Step(source, rate, before.spread_bp, *price(rate, payer))
    leg = _charged(between, source, destination)
    assert leg.residue < cash_step, "the rate between two tiers meets the threshold to the step"
    return leg


def _charged(step: Step, source: int, destination: int) -> Leg:
    whole = -(-destination * step.num // step.den)
    return Leg(step, source, destination, source - whole)


def best_price(steps: Ladder) -> tuple[int, int]:
    """The lowest price of a ladder, ``(num, den)``."""
    return (steps[-1].num, steps[-1].den)
