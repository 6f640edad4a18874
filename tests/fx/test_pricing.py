"""A ladder never gives less out for more in, and what an amount costs is what buys it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, Rate, Rounding, currency
from fx.pricing import Ladder, applied, buy, cost, ladder, price, rounded
from fx.sheets import RateSheet, Tier
from tests.fx.fx_strategies import ISSUED_AT, sheets

KHR, THB = currency("KHR"), currency("THB")


def khr_thb(*tiers: tuple[str, int], spread_bp: int = 100, rate: str = "100") -> RateSheet:
    return RateSheet(
        provider="acleda",
        payer=KHR,
        payee=THB,
        rate=Rate.parse(rate, "THB", "KHR"),
        version="v-1",
        effective_at=ISSUED_AT,
        spread_bp=spread_bp,
        tiers=tuple(Tier(Money.parse(start, "KHR"), better) for start, better in tiers),
    )


TIERED = khr_thb(("0", 0), ("10000", 50), ("50000", 100))


def steps_of(sheet: RateSheet) -> Ladder:
    return ladder(sheet, 0)


def test_spread_makes_the_payers_number_larger_and_each_tier_gives_some_back() -> None:
    assert [str(step.rate) for step in steps_of(TIERED)] == ["101", "100.5", "100"]
    assert [step.spread_bp for step in steps_of(TIERED)] == [100, 50, 0]


def test_spread_makes_the_payees_number_smaller() -> None:
    sheet = RateSheet("acleda", THB, KHR, Rate.parse("118.20", "THB", "KHR"), "v-1", ISSUED_AT, 50)

    assert str(applied(sheet, 50)) == "117.609"


def test_improvement_of_the_member_never_betters_the_base() -> None:
    assert [str(step.rate) for step in ladder(TIERED, 80)] == ["100.2", "100", "100"]


def test_applied_rate_is_rounded_against_the_payer_at_eleven_digits() -> None:
    sheet = khr_thb(rate="118.84123456", spread_bp=33)

    assert str(applied(sheet, 33)) == "119.23341064"
    assert Fraction("118.84123456") * Fraction(10_033, 10_000) <= Fraction("119.23341064")


def test_amount_between_two_tiers_costs_the_threshold() -> None:
    """99.20 THB is 10,019.20 KHR at the first tier and 9,969.60 at the second."""
    leg = cost(steps_of(TIERED), 9_920, KHR.cash_step)

    assert (leg.source, leg.destination) == (1_000_000, 9_920)
    assert str(leg.step.rate) == "100.80645161"
    assert buy(steps_of(TIERED), 1_000_000, 1).destination == 9_950


def test_sheet_without_tiers_is_one_step() -> None:
    assert [step.at_least for step in steps_of(khr_thb())] == [0]
    assert [step.at_least for step in steps_of(khr_thb(("10000", 50)))] == [0, 1_000_000]


def test_largest_rate_keeps_eleven_digits() -> None:
    assert Decimal("26315.789473") == rounded(500_000, 19, Rounding.DOWN)
    assert Decimal(7) == rounded(7, 1, Rounding.UP)


@given(sheets(), st.integers(0, 3_000), st.data())
def test_more_in_never_gives_less_out(
    sheet: RateSheet, improvement: int, data: st.DataObject
) -> None:
    steps = ladder(sheet, improvement)
    around = [tier.at_least.minor // sheet.payer.cash_step for tier in sheet.tiers] or [0]
    near = st.sampled_from(around).flatmap(lambda at: st.integers(max(at - 2, 0), at + 2))
    less, more = sorted(data.draw(st.one_of(near, st.integers(0, 10**8))) for _ in range(2))
    out = [
        buy(steps, each * sheet.payer.cash_step, sheet.payee.cash_step).destination
        for each in (less, more)
    ]

    assert out == sorted(out)


@given(sheets(), st.integers(0, 3_000), st.integers(1, 10**9))
def test_cost_is_the_least_source_that_buys_the_amount(
    sheet: RateSheet, improvement: int, asked: int
) -> None:
    steps = ladder(sheet, improvement)
    step, unit = sheet.payer.cash_step, sheet.payee.cash_step
    leg = cost(steps, asked * unit, step)

    assert buy(steps, leg.source, unit).destination >= asked * unit
    assert leg.source == step or (buy(steps, leg.source - step, unit).destination < asked * unit)


@given(sheets(), st.integers(1, 10**9))
def test_leg_is_within_a_step_of_its_own_rate_and_the_rest_is_its_residue(
    sheet: RateSheet, asked: int
) -> None:
    step = sheet.payer.cash_step
    leg = cost(ladder(sheet, 0), asked * sheet.payee.cash_step, step)
    exact = leg.destination * Fraction(*price(leg.step.rate, sheet.payer))

    assert exact <= leg.source < exact + step
    assert leg.source - leg.residue == -(-exact.numerator // exact.denominator)


@given(sheets(), st.integers(1, 10**9))
def test_bought_amount_is_within_a_step_of_its_rate_and_the_rest_is_its_residue(
    sheet: RateSheet, given_steps: int
) -> None:
    step = sheet.payee.cash_step
    leg = buy(ladder(sheet, 0), given_steps * sheet.payer.cash_step, step)
    exact = leg.source / Fraction(*price(leg.step.rate, sheet.payer))

    assert exact - step < leg.destination <= exact
    assert leg.destination + leg.residue == exact.numerator // exact.denominator


@given(sheets(), st.integers(0, 3_000), st.integers(1, 10**9))
def test_applied_price_is_never_better_than_base_nor_worse_than_the_whole_spread(
    sheet: RateSheet, improvement: int, asked: int
) -> None:
    leg = cost(ladder(sheet, improvement), asked, sheet.payer.cash_step)
    base = Fraction(*price(sheet.rate, sheet.payer))
    worst = Fraction(*price(applied(sheet, sheet.spread_bp), sheet.payer))

    assert base <= Fraction(*price(leg.step.rate, sheet.payer)) <= worst
