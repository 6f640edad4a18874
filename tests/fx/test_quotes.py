"""A quote adds up, never undercharges, and is never a whole step above the exact price."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from fx.money import MINOR_UNITS_MAX, Money, Rate, Rounding, currency
from fx.providers import Direction, Fee, QuoteError, StandingRate, read_providers
from fx.quotes import Quote, quote_destination, quote_source
from tests.fx.fx_strategies import ISSUED_AT, QUOTE_ID, amounts, exact, standing_rates

KHR, THB = currency("KHR"), currency("THB")
RATES = read_providers(Path(__file__).parents[2] / "config" / "providers.toml")
OUTBOUND = RATES.find("bakong", "thailand", KHR, THB)
INBOUND = RATES.find("thailand", "bakong", THB, KHR)


def khr(text: str) -> Money:
    return Money.parse(text, "KHR")


def thb(text: str) -> Money:
    return Money.parse(text, "THB")


def of_destination(standing: StandingRate, amount: Money, *limits: datetime) -> Quote:
    return quote_destination(
        standing, amount, quote_id=QUOTE_ID, issued_at=ISSUED_AT, expires_by=limits
    )


def of_source(standing: StandingRate, amount: Money, *limits: datetime) -> Quote:
    return quote_source(standing, amount, quote_id=QUOTE_ID, issued_at=ISSUED_AT, expires_by=limits)


def possible(quoting: Any, standing: StandingRate, amount: Money) -> Quote:
    """Return the quote; an example whose amount has none is passed over."""
    try:
        quote: Quote = quoting(standing, amount)
    except QuoteError as error:
        if error.code not in {"amount_too_small", "amount_too_large"}:
            raise
        reject()
    return quote


EXAMPLE = of_destination(OUTBOUND, thb("345.00"))


def test_worked_example_comes_out_to_the_riel() -> None:
    expected = Quote(
        quote_id=QUOTE_ID,
        corridor="bakong-thailand",
        direction=Direction.OUTBOUND,
        provider="acleda",
        liquidity_holder="ACLBKHPPXXX",
        rate=Rate.parse("118.84", "THB", "KHR"),
        rate_version="khr-thb-1",
        debit=khr("41250"),
        fee=khr("250"),
        source=khr("41000"),
        destination=thb("345.00"),
        issued_at=ISSUED_AT,
        expires_at=ISSUED_AT + timedelta(seconds=600),
    )

    assert expected == EXAMPLE
    assert EXAMPLE.effective_rate == "119.565217"


def test_payer_total_of_the_worked_example_buys_the_same_amount() -> None:
    quote = of_source(OUTBOUND, khr("41250"))

    assert (khr("41250"), khr("250"), khr("41000")) == (quote.debit, quote.fee, quote.source)
    assert thb("345.00") == quote.destination


def test_inbound_merchant_amount_in_riel_is_charged_in_baht_rounded_up() -> None:
    quote = of_destination(INBOUND, khr("41000"))

    assert (thb("346.87"), thb("0")) == (quote.debit, quote.fee)
    assert (quote.direction, quote.corridor) == (Direction.INBOUND, "thailand-bakong")
    assert quote.effective_rate == "118.199902"


def test_inbound_payer_total_in_baht_pays_riel_rounded_down() -> None:
    assert khr("11820") == of_source(INBOUND, thb("100.00")).destination
    assert khr("1") == of_source(INBOUND, thb("0.01")).destination


@given(st.data(), standing_rates())
def test_fixed_merchant_amount_is_paid_out_exactly_and_charged_up_to_one_step_above_exact(
    data: st.DataObject, standing: StandingRate
) -> None:
    asked = data.draw(amounts(standing.merchant_currency))
    ideal = exact(standing.rate, asked)
    if ideal * 2 > MINOR_UNITS_MAX - 10**6:
        return
    quote = of_destination(standing, asked)

    assert asked == quote.destination
    assert quote.debit == quote.source + quote.fee
    assert quote.fee == standing.fee.on(quote.source)
    assert ideal <= quote.source.minor < ideal + standing.payer_currency.cash_step


@given(st.data(), standing_rates())
def test_fixed_payer_total_is_debited_exactly_and_never_overpays_the_merchant(
    data: st.DataObject, standing: StandingRate
) -> None:
    given_total = data.draw(amounts(standing.payer_currency))
    quote = possible(of_source, standing, given_total)
    ideal = exact(standing.rate, quote.source)

    assert given_total == quote.debit == quote.source + quote.fee
    assert ideal - standing.merchant_currency.cash_step < quote.destination.minor <= ideal


@given(st.data(), standing_rates())
def test_quotes_of_both_sides_agree(data: st.DataObject, standing: StandingRate) -> None:
    """Giving the total that an amount costs buys at least that amount."""
    asked = data.draw(amounts(standing.merchant_currency, most=10**6))
    forward = possible(of_destination, standing, asked)

    assert asked <= of_source(standing, forward.debit).destination


@given(standing_rates(), st.data())
def test_quote_survives_its_terms(standing: StandingRate, data: st.DataObject) -> None:
    quote = possible(of_destination, standing, data.draw(amounts(standing.merchant_currency)))

    assert quote == Quote.from_terms(quote.to_terms())


@given(st.data(), standing_rates())
def test_effective_rate_is_debit_per_destination_to_six_decimals(
    data: st.DataObject, standing: StandingRate
) -> None:
    quote = possible(of_destination, standing, data.draw(amounts(standing.merchant_currency)))
    debit = Decimal(str(quote.debit))
    paid = Decimal(str(quote.destination))
    ideal = debit / paid if standing.rate.quoted == standing.payer_currency else paid / debit

    assert abs(Decimal(quote.effective_rate) - ideal) <= Decimal("0.000001")


def test_expiry_is_the_least_of_all_limits() -> None:
    sooner, later = (ISSUED_AT + timedelta(seconds=s) for s in (90, 900))

    assert sooner == of_destination(OUTBOUND, thb("1.00"), later, sooner).expires_at
    assert sooner == of_source(OUTBOUND, khr("1000"), sooner, later).expires_at
    assert ISSUED_AT + timedelta(seconds=600) == of_source(OUTBOUND, khr("1000"), later).expires_at


def test_quote_is_expired_from_its_expiry_on() -> None:
    before = EXAMPLE.expires_at - timedelta(microseconds=1)

    assert (EXAMPLE.expired(before), EXAMPLE.expired(EXAMPLE.expires_at)) == (False, True)


@pytest.mark.parametrize(
    ("quoting", "standing", "amount", "code"),
    [
        (of_destination, OUTBOUND, thb("0"), "amount_too_small"),
        (of_destination, OUTBOUND, khr("100"), "currency_mismatch"),
        (of_destination, INBOUND, Money(150, KHR), "amount_decimals"),
        (of_destination, OUTBOUND, Money(MINOR_UNITS_MAX, THB), "amount_too_large"),
        (of_source, OUTBOUND, khr("0"), "amount_too_small"),
        (of_source, OUTBOUND, thb("100"), "currency_mismatch"),
        (of_source, OUTBOUND, Money(150, KHR), "amount_decimals"),
        (of_source, OUTBOUND, khr("249"), "amount_too_small"),
        (of_source, OUTBOUND, khr("250"), "amount_too_small"),
        (of_source, OUTBOUND, khr("251"), "amount_too_small"),
        (of_source, INBOUND, Money(MINOR_UNITS_MAX, THB), "amount_too_large"),
    ],
)
def test_unusable_amount_is_refused_with_its_reason(
    quoting: Any, standing: StandingRate, amount: Money, code: str
) -> None:
    with pytest.raises(QuoteError) as caught:
        quoting(standing, amount)

    assert code == caught.value.code


def test_smallest_payable_totals_are_quoted() -> None:
    assert thb("0.01") == of_source(OUTBOUND, khr("252")).destination


@pytest.mark.parametrize("seconds", [0, -1])
def test_code_that_has_expired_gets_no_quote(seconds: int) -> None:
    with pytest.raises(QuoteError) as caught:
        of_destination(OUTBOUND, thb("1.00"), ISSUED_AT + timedelta(seconds=seconds))

    assert caught.value.code == "expired"


@pytest.mark.parametrize(
    "change",
    [
        {"quote_id": "not-a-uuid"},
        {"quote_id": QUOTE_ID.upper()},
        {"debit": khr("41249")},
        {"debit": thb("412.50")},
        {"fee": khr("249")},
        {"fee": thb("2.50")},
        {"source": khr("40999"), "fee": khr("251")},
        {"source": khr("0"), "fee": khr("41250")},
        {"destination": thb("0")},
        {"destination": thb("345.01")},
        {"destination": Money.parse("345.00", "USD")},
        {"destination": khr("345")},
        {"rate": Rate.parse("118.85", "THB", "KHR")},
        {"issued_at": ISSUED_AT.replace(tzinfo=None)},
        {"expires_at": EXAMPLE.expires_at.astimezone(timezone(timedelta(hours=7)))},
        {"expires_at": ISSUED_AT},
    ],
)
def test_quote_that_does_not_add_up_cannot_exist(change: dict[str, Any]) -> None:
    with pytest.raises(QuoteError) as caught:
        replace(EXAMPLE, **change)

    assert caught.value.code == "quote_inconsistent"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("debit", "4125000"),
        ("debit", True),
        ("debit", -1),
        ("debit", None),
        ("direction", "sideways"),
        ("payer_currency", "XXX"),
        ("rate", "1e9"),
        ("rate", 118),
        ("issued_at", "yesterday"),
    ],
)
def test_altered_terms_are_refused_without_repeating_them(name: str, value: object) -> None:
    with pytest.raises(QuoteError) as caught:
        Quote.from_terms({**EXAMPLE.to_terms(), name: value})

    assert caught.value.code == "terms_malformed"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", sorted(EXAMPLE.to_terms()))
def test_terms_with_a_key_missing_renamed_or_added_are_refused(name: str) -> None:
    terms = EXAMPLE.to_terms()
    value = terms.pop(name)
    for altered in (terms, {**terms, "other": value}, {**EXAMPLE.to_terms(), "other": value}):
        with pytest.raises(QuoteError) as caught:
            Quote.from_terms(altered)

        assert caught.value.code == "terms_malformed"


def test_terms_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(QuoteError) as caught:
        Quote.from_terms({**EXAMPLE.to_terms(), "debit": 1})

    assert caught.value.code == "quote_inconsistent"


def test_percentage_fee_within_bounds_is_part_of_the_debit() -> None:
    fee = Fee(khr("100"), 150, khr("300"), khr("1000"))
    standing = replace(OUTBOUND, fee=fee)

    assert khr("300") == of_destination(standing, thb("10.00")).fee
    assert khr("715") == of_destination(standing, thb("345.00")).fee
    assert khr("1000") == of_destination(standing, thb("3450.00")).fee


def test_rounding_is_up_for_the_payer_and_down_for_the_merchant() -> None:
    tiny = of_destination(replace(OUTBOUND, fee=Fee(khr("0"), 0, khr("0"), None)), thb("0.01"))

    assert khr("2") == tiny.debit == OUTBOUND.rate.convert(thb("0.01"), Rounding.UP)
