"""A quote that does not add up cannot exist, and its terms are read back whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from fx.board import Board
from fx.market_file import read_market
from fx.money import Money, Rate, currency
from fx.quotes import Hop, Quote
from fx.refusals import QuoteError
from fx.sheets import Direction, RateSheet
from tests.fx.fx_strategies import ISSUED_AT, QUOTE_ID, amounts, ask, board, sheets

KHR, THB = currency("KHR"), currency("THB")
SHIPPED = Board.open(
    read_market(Path(__file__).parents[2] / "config" / "providers.toml"), ISSUED_AT
)


def khr(text: str) -> Money:
    return Money.parse(text, "KHR")


def thb(text: str) -> Money:
    return Money.parse(text, "THB")


EXAMPLE = ask(SHIPPED, thb("345.00"), (KHR, THB)).best()


def test_worked_example_is_frozen_whole() -> None:
    hop = Hop(
        provider="acleda",
        liquidity_holder="ACLBKHPPXXX",
        rate=Rate.parse("118.84", "THB", "KHR"),
        rate_version="khr-thb-1",
        spread_bp=0,
        source=khr("41000"),
        destination=thb("345.00"),
        residue=Money(20, KHR),
    )
    expected = Quote(
        quote_id=QUOTE_ID,
        corridor="bakong-thailand",
        direction=Direction.OUTBOUND,
        provider=hop.provider,
        liquidity_holder=hop.liquidity_holder,
        rate=hop.rate,
        rate_version=hop.rate_version,
        debit=khr("41250"),
        fee=khr("250"),
        source=hop.source,
        destination=hop.destination,
        issued_at=ISSUED_AT,
        expires_at=ISSUED_AT + timedelta(seconds=600),
        hops=(hop,),
    )

    assert expected == EXAMPLE
    assert EXAMPLE.effective_rate == "119.565217"


def test_quote_without_hops_is_one_hop_without_residue() -> None:
    quote = replace(EXAMPLE, hops=())

    assert (replace(EXAMPLE.hops[0], residue=Money(0, KHR)),) == quote.hops


@given(sheets(), st.data())
def test_quote_survives_its_terms(of: RateSheet, data: st.DataObject) -> None:
    quote = drawn(of, data)

    assert quote == Quote.from_terms(quote.to_terms())


@given(sheets(), st.data())
def test_effective_rate_is_debit_per_credit_to_six_decimals(
    of: RateSheet, data: st.DataObject
) -> None:
    quote = drawn(of, data)
    debit, paid = Decimal(str(quote.debit)), Decimal(str(quote.credit))
    ideal = debit / paid if of.payer_per_payee else paid / debit

    assert abs(Decimal(quote.effective_rate) - ideal) <= Decimal("0.000001")


def drawn(of: RateSheet, data: st.DataObject) -> Quote:
    quotes = ask(board(of), data.draw(amounts(of.payee, most=10**6)), (of.payer, of.payee)).quotes
    if not quotes:
        reject()
    return quotes[0]


def test_quote_is_expired_from_its_expiry_on() -> None:
    before = EXAMPLE.expires_at - timedelta(microseconds=1)

    assert (EXAMPLE.expired(before), EXAMPLE.expired(EXAMPLE.expires_at)) == (False, True)


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
        {"rate": Rate.parse("118.83", "THB", "KHR")},
        {"payee_fee": thb("345.00")},
        {"payee_fee": khr("1")},
        {"hops": EXAMPLE.hops * 2},
        {"hops": EXAMPLE.hops * 3},
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
        ("payee_fee", -1),
        ("hops", []),
        ("hops", [[]]),
        ("hops", [EXAMPLE.hops[0].to_terms()[:-1]]),
        ("hops", [[*EXAMPLE.hops[0].to_terms()[:-1], "20"]]),
        ("alarms", [1]),
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


@pytest.mark.parametrize(
    "change",
    [
        {"source": khr("40999")},
        {"destination": thb("0")},
        {"destination": khr("345")},
        {"rate": Rate.parse("118.85", "THB", "KHR")},
        {"rate": Rate.parse("1", "USD", "KHR")},
        {"residue": Money.parse("0.20", "USD")},
    ],
)
def test_hop_that_does_not_add_up_cannot_exist(change: dict[str, Any]) -> None:
    with pytest.raises(QuoteError) as caught:
        replace(EXAMPLE.hops[0], **change)

    assert caught.value.code == "quote_inconsistent"
