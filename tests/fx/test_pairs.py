"""Eight pairs with the riel, both directions and modes: worked to the unit, recomputed exactly.

Each base rate is worsened by 50 basis points. The figures stand here as they would be worked on
paper; a second test recomputes them with fractions, without any of the engine's arithmetic.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Final

import pytest

from fx.money import Money, Rate, currency
from fx.sheets import RateSheet
from tests.fx.fx_strategies import ISSUED_AT, ask, board

SPREAD_BP: Final = 50
Row = tuple[str, str, str, str, str, str, str, str, str, str, str]
WORKED: Final[tuple[Row, ...]] = (
    # payer, payee, unit, base, the amount asked for, applied rate, debit, credit, residue
    ("KHR", "THB", "THB", "118.84", "THB", "345.00", "119.4342", "41205", "345.00", "0.20", "KHR"),
    ("KHR", "THB", "THB", "118.84", "KHR", "41000", "119.4342", "41000", "343.28", "0.00", "THB"),
    ("THB", "KHR", "THB", "118.84", "THB", "345.00", "118.2458", "345.00", "40794", "0.80", "KHR"),
    ("THB", "KHR", "THB", "118.84", "KHR", "41000", "118.2458", "346.74", "41000", "0.00", "THB"),
    ("KHR", "MYR", "MYR", "944.50", "MYR", "45.90", "949.2225", "43570", "45.90", "0.68", "KHR"),
    ("KHR", "MYR", "MYR", "944.50", "KHR", "41000", "949.2225", "41000", "43.19", "0.00", "MYR"),
    ("MYR", "KHR", "MYR", "944.50", "MYR", "45.90", "939.7775", "45.90", "43135", "0.78", "KHR"),
    ("MYR", "KHR", "MYR", "944.50", "KHR", "41000", "939.7775", "43.63", "41000", "0.00", "MYR"),
    ("KHR", "VND", "KHR", "6.3412", "VND", "125000", "6.309494", "19812", "125000", "0.58", "KHR"),
    ("KHR", "VND", "KHR", "6.3412", "KHR", "41000", "6.309494", "41000", "258689", "0", "VND"),
    ("VND", "KHR", "KHR", "6.3412", "VND", "125000", "6.372906", "125000", "19614", "0.28", "KHR"),
    ("VND", "KHR", "KHR", "6.3412", "KHR", "41000", "6.372906", "261290", "41000", "0", "VND"),
    ("KHR", "CNY", "CNY", "562.35", "CNY", "68.50", "565.16175", "38714", "68.50", "0.42", "KHR"),
    ("KHR", "CNY", "CNY", "562.35", "KHR", "41000", "565.16175", "41000", "72.54", "0.00", "CNY"),
    ("CNY", "KHR", "CNY", "562.35", "CNY", "68.50", "559.53825", "68.50", "38328", "0.37", "KHR"),
    ("CNY", "KHR", "CNY", "562.35", "KHR", "41000", "559.53825", "73.28", "41000", "0.00", "CNY"),
    ("KHR", "JPY", "JPY", "26.1180", "JPY", "1480", "26.24859", "38848", "1480", "0.08", "KHR"),
    ("KHR", "JPY", "JPY", "26.1180", "KHR", "41000", "26.24859", "41000", "1561", "0", "JPY"),
    ("JPY", "KHR", "JPY", "26.1180", "JPY", "1480", "25.98741", "1480", "38461", "0.36", "KHR"),
    ("JPY", "KHR", "JPY", "26.1180", "KHR", "41000", "25.98741", "1578", "41000", "0", "JPY"),
    ("KHR", "USD", "USD", "4012.50", "USD", "12.34", "4032.5625", "49762", "12.34", "0.17", "KHR"),
    ("KHR", "USD", "USD", "4012.50", "KHR", "41000", "4032.5625", "41000", "10.16", "0.00", "USD"),
    ("USD", "KHR", "USD", "4012.50", "USD", "12.34", "3992.4375", "12.34", "49266", "0.67", "KHR"),
    ("USD", "KHR", "USD", "4012.50", "KHR", "41000", "3992.4375", "10.27", "41000", "0.00", "USD"),
    ("KHR", "LAK", "KHR", "5.4035", "LAK", "215000", "5.3764825", "39989", "215000", "0.02", "KHR"),
    ("KHR", "LAK", "KHR", "5.4035", "KHR", "41000", "5.3764825", "41000", "220435", "0.78", "LAK"),
    ("LAK", "KHR", "KHR", "5.4035", "LAK", "215000", "5.4305175", "215000", "39591", "0.07", "KHR"),
    ("LAK", "KHR", "KHR", "5.4035", "KHR", "41000", "5.4305175", "222652", "41000", "0.78", "LAK"),
    ("KHR", "INR", "INR", "45.2780", "INR", "799.50", "45.50439", "36381", "799.50", "0.24", "KHR"),
    ("KHR", "INR", "INR", "45.2780", "KHR", "41000", "45.50439", "41000", "901.01", "0.00", "INR"),
    ("INR", "KHR", "INR", "45.2780", "INR", "799.50", "45.05161", "799.50", "36018", "0.76", "KHR"),
    ("INR", "KHR", "INR", "45.2780", "KHR", "41000", "45.05161", "910.07", "41000", "0.00", "INR"),
)  # fmt: skip


def named(row: Row) -> str:
    return f"{row[0]}-{row[1]}-by-{row[4]}"


@pytest.mark.parametrize("row", WORKED, ids=named)
def test_pair_is_quoted_to_the_unit(row: Row) -> None:
    payer, payee, unit, base, code, amount, rate, debit, credit, residue, of = row
    sides = (currency(payer), currency(payee))
    sheet = RateSheet(
        provider="acleda",
        payer=sides[0],
        payee=sides[1],
        rate=Rate.parse(base, unit, payer if unit == payee else payee),
        version="v-1",
        effective_at=ISSUED_AT - timedelta(days=1),
        spread_bp=SPREAD_BP,
    )
    quote = ask(board(sheet), Money.parse(amount, code), sides).best()

    assert (rate, debit, credit, residue, of) == (
        str(quote.rate),
        quote.debit.short(),
        quote.credit.short(),
        str(quote.residues[0]),
        quote.residues[0].currency.code,
    )


@pytest.mark.parametrize("row", WORKED, ids=named)
def test_figures_of_the_pair_follow_from_its_base_in_fractions(row: Row) -> None:
    payer, payee, unit, base, code, _, rate, debit, credit, residue, of = row
    sign = 1 if unit == payee else -1
    applied = Fraction(base) * (10_000 + sign * SPREAD_BP) / 10_000
    cost = applied if unit == payee else 1 / applied
    steps = {each: Fraction(currency(each).cash_step, 10 ** currency(each).exponent)
             for each in (payer, payee)}  # fmt: skip
    unit_of = {each: Fraction(1, 10 ** currency(each).exponent) for each in (payer, payee)}
    if code == payee:
        exact = Fraction(credit) * cost
        found = ceil(exact / steps[payer]) * steps[payer]
        left = found - ceil(exact / unit_of[payer]) * unit_of[payer]
        expected = (found, Fraction(credit), left, payer)
    else:
        exact = Fraction(debit) / cost
        found = floor(exact / steps[payee]) * steps[payee]
        left = floor(exact / unit_of[payee]) * unit_of[payee] - found
        expected = (Fraction(debit), found, left, payee)

    assert applied == Fraction(rate)
    assert expected == (Fraction(debit), Fraction(credit), Fraction(residue), of)
