"""A bridge of tiny amounts is had in both modes or in neither: no rounding of a step shuts it out.

A hop of one cent costs as much as a whole cent, so two hops of almost nothing are far from what
their two rates make; what is quoted stands at the rates then, and is never better than they are.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fx.money import CURRENCIES, MINOR_UNITS_MAX, Currency, Money, Rate
from fx.pricing import price
from fx.quotes import Quote
from fx.refusals import LeftOut
from fx.sheets import RateSheet
from tests.fx.fx_strategies import ISSUED_AT, ask, board, sheets

KHR, THB, JPY = (CURRENCIES[code] for code in ("KHR", "THB", "JPY"))
OUT = (KHR, THB)


def sheet(provider: str, value: str, unit: str, payer: Currency, payee: Currency) -> RateSheet:
    """A sheet without spread."""
    quoted = payee if unit == payer.code else payer
    rate = Rate.parse(value, unit, quoted.code)
    return RateSheet(provider, payer, payee, rate, "v-1", ISSUED_AT - timedelta(days=1))


def test_what_cannot_be_written_by_its_amounts_stands_at_its_rates() -> None:
    """0.01 THB costs a whole yen, and that 10,000,000,000 riel: twelve digits for one baht."""
    on = board(
        sheet("one", "10000000000", "JPY", KHR, JPY),
        sheet("two", "35", "JPY", JPY, THB),
        bridge=JPY,
    )
    [by_credit] = ask(on, Money(1, THB), OUT).quotes
    [by_debit] = ask(on, by_credit.debit, OUT).quotes

    assert by_credit.debit == by_debit.debit == Money(10**12, KHR)
    assert [by_credit.credit, by_debit.credit] == [Money(1, THB), Money(3_500, THB)]
    # 10,000,000,000 / 35: what the sheets make, rounded so that the payer is not shown less.
    assert [str(by_credit.rate), str(by_debit.rate)] == ["285714285.71"] * 2
    assert by_credit.effective_rate == "1000000000000.000000"


@given(
    st.tuples(sheets(KHR, JPY, "one"), sheets(JPY, THB, "two")),
    st.integers(1, 200),
    st.booleans(),
)
def test_both_modes_agree_on_whether_there_is_a_bridge(
    of: tuple[RateSheet, RateSheet], steps: int, far: bool
) -> None:
    on = board(*of, bridge=JPY)
    by_credit = ask(on, Money(steps * THB.cash_step * (1 if far else 50), THB), OUT)
    too_long = LeftOut.AMOUNT_TOO_LARGE in dict(by_credit.left_out).values()
    if too_long:
        assert _long(of) or _dear(of)
        return
    [costs] = by_credit.quotes
    by_debit = ask(on, costs.debit, OUT)
    [buys] = by_debit.quotes

    assert buys.debit == costs.debit
    assert costs.credit <= buys.credit
    for quote in (costs, buys):
        assert_covered(quote)
    again = ask(on, buys.credit, OUT)
    assert [each.debit for each in again.quotes] == [min(again.quotes[0].debit, buys.debit)]


def _long(of: tuple[RateSheet, RateSheet]) -> bool:
    """Whether two rates make one that has more than ten digits in its larger direction."""
    first, second = (price(each.rate, each.payer) for each in of)
    num = first[0] * second[0] * THB.minor_per_major
    den = first[1] * second[1] * KHR.minor_per_major
    return max(num, den) * 2 > 10**10 * min(num, den)


def _dear(of: tuple[RateSheet, RateSheet]) -> bool:
    """Whether 200 times 0.50 baht, or a yen, may cost more than can be written."""
    first, second = (price(each.rate, each.payer) for each in of)
    yen = 10_000 * second[0] // second[1] + 2
    return max(yen, yen * first[0] // first[1]) * 2 > MINOR_UNITS_MAX


def assert_covered(quote: Quote) -> None:
    """The rate that is shown is never worse for the payer than what is paid."""
    num, den = price(quote.rate, quote.source.currency)
    assert quote.destination.minor * num <= quote.source.minor * den
