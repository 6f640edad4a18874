"""Amounts are whole minor units, texts round-trip, and every rounding goes the named way."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fx.money import (
    CURRENCIES,
    MINOR_UNITS_MAX,
    Currency,
    Money,
    MoneyError,
    Rate,
    Rounding,
    currency,
    divide,
)
from tests.fx.fx_strategies import amounts, currencies, exact

KHR, THB, VND, JPY = (currency(code) for code in ("KHR", "THB", "VND", "JPY"))


@pytest.mark.parametrize(
    ("numerator", "denominator", "down", "up", "half_up"),
    [
        (0, 7, 0, 0, 0),
        (6, 3, 2, 2, 2),
        (1, 3, 0, 1, 0),
        (2, 3, 0, 1, 1),
        (1, 2, 0, 1, 1),
        (3, 2, 1, 2, 2),
        (5, 2, 2, 3, 3),
        (10**30 + 1, 10**15, 10**15, 10**15 + 1, 10**15),
    ],
)
def test_division_goes_the_named_way(
    numerator: int, denominator: int, down: int, up: int, half_up: int
) -> None:
    assert down == divide(numerator, denominator, Rounding.DOWN)
    assert up == divide(numerator, denominator, Rounding.UP)
    assert half_up == divide(numerator, denominator, Rounding.HALF_UP)


@given(st.integers(0, 10**30), st.integers(1, 10**20))
def test_division_is_within_one_of_the_exact_quotient(numerator: int, denominator: int) -> None:
    quotient = Fraction(numerator, denominator)

    assert 0 <= quotient - divide(numerator, denominator, Rounding.DOWN) < 1
    assert 0 <= divide(numerator, denominator, Rounding.UP) - quotient < 1
    assert -Fraction(1, 2) < divide(numerator, denominator, Rounding.HALF_UP) - quotient
    assert divide(numerator, denominator, Rounding.HALF_UP) - quotient <= Fraction(1, 2)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 0), (1, -1), (-1, 1)])
def test_division_of_what_is_no_amount_is_a_bug(numerator: int, denominator: int) -> None:
    with pytest.raises(AssertionError):
        divide(numerator, denominator, Rounding.DOWN)


@pytest.mark.parametrize(
    ("code", "numeric", "exponent", "cash_step"),
    [
        ("KHR", "116", 2, 100),
        ("USD", "840", 2, 1),
        ("THB", "764", 2, 1),
        ("VND", "704", 0, 1),
        ("JPY", "392", 0, 1),
        ("KRW", "410", 0, 1),
        ("LAK", "418", 2, 100),
    ],
)
def test_currency_has_its_iso_facts_under_both_codes(
    code: str, numeric: str, exponent: int, cash_step: int
) -> None:
    assert Currency(code, numeric, exponent, cash_step) == currency(code)
    assert currency(code) is currency(numeric)
    assert 10**exponent == currency(code).minor_per_major


@pytest.mark.parametrize("code", ["XXX", "khr", "", "999", "KHR "])
def test_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(MoneyError) as caught:
        currency(code)

    assert caught.value.code == "currency_unknown"


def test_numeric_codes_are_unique() -> None:
    assert len(CURRENCIES) == len({unit.numeric for unit in CURRENCIES.values()})


@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("345.00", "THB", 34_500),
        ("345", "THB", 34_500),
        ("345.5", "THB", 34_550),
        ("0.01", "THB", 1),
        ("0", "THB", 0),
        ("007", "THB", 700),
        ("41250", "KHR", 4_125_000),
        ("41250.00", "116", 4_125_000),
        ("300", "JPY", 300),
        ("10000", "VND", 10_000),
        ("10000000000000.00", "THB", MINOR_UNITS_MAX),
    ],
)
def test_amount_text_is_read(text: str, code: str, minor: int) -> None:
    assert Money(minor, currency(code)) == Money.parse(text, code)


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("345.000", "THB", "amount_decimals"),
        ("1.5", "KHR", "amount_decimals"),
        ("1.01", "KHR", "amount_decimals"),
        ("10000.00", "VND", "amount_decimals"),
        ("100.0", "JPY", "amount_decimals"),
        ("-1", "THB", "amount_malformed"),
        ("+1", "THB", "amount_malformed"),
        ("1e3", "THB", "amount_malformed"),
        ("1,000", "THB", "amount_malformed"),
        (".5", "THB", "amount_malformed"),
        ("5.", "THB", "amount_malformed"),
        (" 5", "THB", "amount_malformed"),
        ("5\n", "THB", "amount_malformed"),
        ("", "THB", "amount_malformed"),
        ("NaN", "THB", "amount_malformed"),
        ("٣", "THB", "amount_malformed"),
        ("1" * 16, "THB", "amount_malformed"),
        (345, "THB", "amount_malformed"),
        (Decimal(345), "THB", "amount_malformed"),
        ("10000000000000.01", "THB", "amount_too_large"),
        ("1", "XXX", "currency_unknown"),
    ],
)
def test_bad_amount_text_is_refused_with_its_reason(text: str, code: str, reason: str) -> None:
    with pytest.raises(MoneyError) as caught:
        Money.parse(text, code)

    assert caught.value.code == reason


@pytest.mark.parametrize(
    ("minor", "reason"),
    [
        (-1, "amount_too_large"),
        (MINOR_UNITS_MAX + 1, "amount_too_large"),
        (1.0, "amount_malformed"),
        (True, "amount_malformed"),
        ("1", "amount_malformed"),
    ],
)
def test_money_of_what_is_no_count_cannot_exist(minor: int, reason: str) -> None:
    with pytest.raises(MoneyError) as caught:
        Money(minor, THB)

    assert caught.value.code == reason


@given(currencies.flatmap(lambda unit: amounts(unit, 0)))
def test_amount_survives_its_text_long_and_short(money: Money) -> None:
    assert money == Money.parse(str(money), money.currency.code)
    assert money == Money.parse(money.short(), money.currency.code)


@pytest.mark.parametrize(
    ("money", "full", "short"),
    [
        (Money(34_500, THB), "345.00", "345.00"),
        (Money(5, THB), "0.05", "0.05"),
        (Money(4_125_000, KHR), "41250.00", "41250"),
        (Money(300, JPY), "300", "300"),
        (Money(0, VND), "0", "0"),
    ],
)
def test_amount_is_written_with_the_decimals_of_its_currency(
    money: Money, full: str, short: str
) -> None:
    assert full == str(money)
    assert short == money.short()


def test_zero_is_an_amount_but_not_a_positive_one() -> None:
    with pytest.raises(MoneyError) as caught:
        Money(0, THB).positive()

    assert caught.value.code == "amount_zero"
    assert Money(1, THB) == Money(1, THB).positive()


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    small, large = Money(100, THB), Money(250, THB)

    assert Money(350, THB) == small + large
    assert Money(150, THB) == large - small
    assert small < large
    assert small <= large
    assert small <= Money(100, currency("764"))
    assert large > small
    assert large >= small


def test_an_equal_currency_object_is_the_same_currency() -> None:
    assert Money(3, THB) == Money(1, THB) + Money(2, Currency("THB", "764", 2, 1))


def test_a_difference_below_zero_is_no_amount() -> None:
    with pytest.raises(MoneyError) as caught:
        Money(1, THB) - Money(2, THB)

    assert caught.value.code == "amount_too_large"


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_two_currencies_are_never_combined(operation: str) -> None:
    with pytest.raises(MoneyError) as caught:
        getattr(Money(1, THB), operation)(Money(1, KHR))

    assert caught.value.code == "currency_mismatch"


@pytest.mark.parametrize("text", ["118.84", "1", "0.0084146751", "12345678901", "118.20"])
def test_rate_keeps_the_text_it_was_given(text: str) -> None:
    assert text == str(Rate.parse(text, "THB", "KHR"))


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "1e2", "", "1.", ".1", "NaN", "Infinity", "1.12345678901", "123456789012",
     "1234567.12345", " 1", "1\n", 118, Decimal(1)],
)  # fmt: skip
def test_bad_rate_text_is_refused(text: str) -> None:
    with pytest.raises(MoneyError) as caught:
        Rate.parse(text, "THB", "KHR")

    assert caught.value.code == "rate_malformed"


@pytest.mark.parametrize(
    "value", [Decimal("Infinity"), Decimal("NaN"), Decimal(-1), Decimal(0), Decimal("1E+2")]
)
def test_rate_of_an_unusable_decimal_cannot_exist(value: Decimal) -> None:
    with pytest.raises(MoneyError) as caught:
        Rate(value, THB, KHR)

    assert caught.value.code == "rate_malformed"


def test_conversion_refuses_a_third_currency() -> None:
    with pytest.raises(MoneyError) as caught:
        Rate.parse("118.84", "THB", "KHR").convert(Money(1, JPY), Rounding.UP)

    assert caught.value.code == "currency_mismatch"


def test_conversion_of_the_worked_example_ends_on_whole_riel() -> None:
    rate = Rate.parse("118.84", "THB", "KHR")

    assert Money.parse("41000", "KHR") == rate.convert(Money.parse("345.00", "THB"), Rounding.UP)
    assert Money.parse("40999", "KHR") == rate.convert(Money.parse("345.00", "THB"), Rounding.DOWN)
    assert Money.parse("345.00", "THB") == rate.convert(Money.parse("41000", "KHR"), Rounding.DOWN)


@given(
    st.data(),
    currencies,
    currencies,
    st.integers(1, 10**11 - 1),
    st.integers(0, 10),
    st.sampled_from(list(Rounding)),
)
def test_conversion_is_within_one_step_of_exact_in_the_named_direction(
    data: st.DataObject,
    unit: Currency,
    quoted: Currency,
    mantissa: int,
    decimals: int,
    rounding: Rounding,
) -> None:
    assume(unit != quoted)
    rate = Rate(Decimal(mantissa).scaleb(-decimals), unit, quoted)
    amount = data.draw(st.one_of(amounts(unit, 0), amounts(quoted, 0)))
    ideal = exact(rate, amount)
    if ideal >= MINOR_UNITS_MAX + 1:
        with pytest.raises(MoneyError) as caught:
            rate.convert(amount, rounding)

        assert caught.value.code == "amount_too_large"
        return
    converted = rate.convert(amount, rounding)
    step = converted.currency.cash_step
    distance = (converted.minor - ideal) / step

    assert converted.minor % step == 0
    assert {
        Rounding.DOWN: -1 < distance <= 0,
        Rounding.UP: 0 <= distance < 1,
        Rounding.HALF_UP: -Fraction(1, 2) < distance <= Fraction(1, 2),
    }[rounding]
