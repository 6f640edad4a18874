"""Quotes hold what they promise: to the unit, best first, in both modes, over a bridge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from fx.board import Board
from fx.fees import Fee, FeeMode
from fx.market import CorridorFees
from fx.market_file import read_market
from fx.money import MINOR_UNITS_MAX, Money, Rate, currency
from fx.pricing import buy, cost, ladder, price
from fx.quotes import Quote
from fx.refusals import LeftOut, QuoteError
from fx.requests import Quoted
from fx.sheets import Provider, RateSheet, Relationship
from tests.fx.fx_strategies import CORRIDOR, ISSUED_AT, amounts, ask, board, fees, market, sheets

KHR, THB, USD = currency("KHR"), currency("THB"), currency("USD")
SHIPPED = Board.open(
    read_market(Path(__file__).parents[2] / "config" / "providers.toml"), ISSUED_AT
)
OUT = (KHR, THB)
IN = (THB, KHR)


def khr(text: str) -> Money:
    return Money.parse(text, "KHR")


def thb(text: str) -> Money:
    return Money.parse(text, "THB")


def sheet(provider: str, rate: str, payer: str = "KHR", payee: str = "THB") -> RateSheet:
    """A sheet without a spread; the unit is the one that is worth more."""
    unit, quoted = (payer, payee) if payer == "USD" else (payee, payer)
    return RateSheet(
        provider, currency(payer), currency(payee), Rate.parse(rate, unit, quoted), "v-1",
        ISSUED_AT - timedelta(hours=1),
    )  # fmt: skip


def best(on: Board, amount: Money, sides: Any = OUT, **more: Any) -> Quote:
    """The best quote; an example whose amount has none is passed over."""
    try:
        return ask(on, amount, sides, **more).best()
    except QuoteError as error:
        if error.code not in {"amount_too_small", "amount_too_large"}:
            raise
        reject()


def test_worked_example_comes_out_to_the_unit_with_its_residue() -> None:
    quote = ask(SHIPPED, thb("345.00"), OUT).best()

    assert (khr("41250"), khr("250")) == (quote.debit, quote.fee)
    assert (khr("41000"), thb("345.00")) == (quote.source, quote.credit)
    assert (Money(20, KHR),) == quote.residues
    assert (
        quote.provider, quote.rate_version, str(quote.rate),
    ) == ("acleda", "khr-thb-1", "118.84")  # fmt: skip
    assert quote.effective_rate == "119.565217"


def test_payer_total_of_the_worked_example_buys_the_same_amount() -> None:
    quote = ask(SHIPPED, khr("41250"), OUT).best()

    assert (khr("41250"), khr("250"), khr("41000")) == (quote.debit, quote.fee, quote.source)
    assert (thb("345.00"), (Money(0, THB),)) == (quote.destination, quote.residues)


def test_inbound_payer_total_pays_whole_riel_and_the_rest_is_residue() -> None:
    on = board(RateSheet("acleda", THB, KHR, Rate.parse("118.29", "THB", "KHR"), "v", ISSUED_AT))
    quote = ask(on, thb("100.00"), IN).best()

    assert (khr("11829"), (Money(0, KHR),)) == (quote.destination, quote.residues)
    quote = ask(on, thb("0.01"), IN).best()
    assert (khr("1"), (Money(18, KHR),)) == (quote.destination, quote.residues)


@given(sheets(), st.data())
def test_fixed_credit_costs_its_rate_to_within_one_cash_step(
    of: RateSheet, data: st.DataObject
) -> None:
    charged = CorridorFees(data.draw(fees(of.payer)), data.draw(fees(of.payee)))
    on = board(of, fees=charged)
    asked = data.draw(amounts(of.payee, most=10**6))
    if charged.payee is not None and charged.payee.basis_points > 5_000:
        reject()
    quote = best(on, asked, (of.payer, of.payee))
    ideal = quote.destination.minor * Fraction(*price(quote.rate, of.payer))

    assert asked == quote.credit
    assert quote.debit == quote.source + quote.fee
    assert ideal <= quote.source.minor < ideal + of.payer.cash_step
    assert charged.payer is None or charged.payer.on(quote.source) == quote.fee


@given(sheets(), st.data())
def test_fixed_debit_pays_its_rate_to_within_one_cash_step(
    of: RateSheet, data: st.DataObject
) -> None:
    on = board(of, fees=CorridorFees(data.draw(fees(of.payer)), data.draw(fees(of.payee))))
    total = data.draw(amounts(of.payer))
    quote = best(on, total, (of.payer, of.payee))
    ideal = quote.source.minor / Fraction(*price(quote.rate, of.payer))

    assert total == quote.debit == quote.source + quote.fee
    assert ideal - of.payee.cash_step < quote.destination.minor <= ideal
    assert quote.credit <= quote.destination


@given(sheets(), st.data())
def test_both_modes_agree(of: RateSheet, data: st.DataObject) -> None:
    """What an amount costs buys at least that amount, and one step less does not."""
    on = board(of, fees=CorridorFees(data.draw(fees(of.payer))))
    asked = data.draw(amounts(of.payee, most=10**6))
    sides = (of.payer, of.payee)
    quote = best(on, asked, sides)

    assert asked <= ask(on, quote.debit, sides).best().credit
    less = quote.debit - Money(of.payer.cash_step, of.payer)
    cheaper = ask(on, less, sides).quotes if less.minor > quote.fee.minor else ()
    assert all(each.credit < asked for each in cheaper)


@given(sheets(), st.data())
def test_more_in_never_yields_less_out(of: RateSheet, data: st.DataObject) -> None:
    on = board(of, fees=CorridorFees(data.draw(fees(of.payer))))
    sides = (of.payer, of.payee)
    less, more = sorted(data.draw(amounts(of.payer)).minor for _ in range(2))

    assert best(on, Money(less, of.payer), sides).credit <= (
        best(on, Money(more, of.payer), sides).credit
    )


def possible(quoted: Quoted) -> Quote:
    """The best quote; an example that goes beyond what the switch can hold is passed over."""
    if not quoted.quotes or LeftOut.AMOUNT_TOO_LARGE in dict(quoted.left_out).values():
        reject()
    return quoted.quotes[0]


@given(
    st.tuples(
        sheets(KHR, THB, "direct"),
        sheets(KHR, THB, "other"),
        sheets(KHR, USD, "one"),
        sheets(USD, THB, "two"),
    ),
    st.data(),
)
def test_best_of_several_and_the_bridge_never_yields_less_for_more_and_costs_what_buys_it(
    of: tuple[RateSheet, ...], data: st.DataObject
) -> None:
    on = board(*of, bridge=USD)
    less, more = sorted(data.draw(amounts(KHR, most=10**6)).minor for _ in range(2))
    by_debit, above = (ask(on, Money(each, KHR), OUT) for each in (less, more))
    low, high = (possible(each) for each in (by_debit, above))
    by_credit = ask(on, low.credit, OUT)
    cost_of_low = possible(by_credit)

    assert low.credit <= high.credit
    assert cost_of_low.debit <= low.debit
    assert best(on, cost_of_low.debit).credit == low.credit
    for quoted in (by_credit, by_debit):
        assert quoted.quotes[0].debit == min(each.debit for each in quoted.quotes)
        assert quoted.quotes[0].credit == max(each.credit for each in quoted.quotes)


@given(sheets(KHR, USD, "one"), sheets(USD, THB, "two"), st.data())
def test_bridged_quote_is_its_two_legs_in_order_to_the_unit(
    first: RateSheet, second: RateSheet, data: st.DataObject
) -> None:
    on = board(first, second, bridge=USD)
    asked = data.draw(amounts(THB, most=10**6))
    quote = best(on, asked)
    last = cost(ladder(second, 0), asked.minor, USD.cash_step)
    start = cost(ladder(first, 0), last.source, KHR.cash_step)

    assert (quote.source.minor, quote.destination) == (start.source, asked)
    assert [start.destination, last.source] == [quote.hops[0].destination.minor] * 2
    assert (Money(start.residue, KHR), Money(last.residue, USD)) == quote.residues
    assert (quote.provider, quote.rate_version) == ("one+two", "v-1+v-1")
    assert quote == Quote.from_terms(quote.to_terms())


@given(sheets(KHR, USD, "one"), sheets(USD, THB, "two"), st.data())
def test_bridged_total_is_its_two_legs_in_order_to_the_unit(
    first: RateSheet, second: RateSheet, data: st.DataObject
) -> None:
    on = board(first, second, bridge=USD)
    total = data.draw(amounts(KHR))
    quote = best(on, total)
    start = buy(ladder(first, 0), total.minor, USD.cash_step)
    last = buy(ladder(second, 0), start.destination, THB.cash_step)

    assert (total, last.destination) == (quote.debit, quote.destination.minor)
    assert (Money(start.residue, USD), Money(last.residue, THB)) == quote.residues


def test_every_willing_provider_is_quoted_best_first_and_the_others_have_a_reason() -> None:
    on = board(sheet("dear", "119"), sheet("cheap", "118"), sheet("also_cheap", "118"))
    names = ["also_cheap", "cheap", "dear"]

    assert names == [quote.provider for quote in ask(on, thb("345.00"), OUT).quotes]
    assert names == [quote.provider for quote in ask(on, khr("41250"), OUT).quotes]
    nominated = ask(on, thb("345.00"), OUT, nominated="dear")
    assert [quote.provider for quote in nominated.quotes] == ["dear"]
    assert nominated.left_out == (
        ("also_cheap", LeftOut.NOT_NOMINATED),
        ("cheap", LeftOut.NOT_NOMINATED),
    )


def test_bridge_competes_with_direct_sheets_and_a_win_beyond_the_margin_is_an_alarm() -> None:
    legs = (sheet("leg", "4000", "KHR", "USD"), sheet("leg", "35", "USD", "THB"))
    for direct, alarms, order in (
        ("114.00", (), ["direct", "leg"]),
        ("114.50", (), ["leg", "direct"]),
        ("116.00", ("triangular",), ["leg", "direct"]),
    ):
        on = board(sheet("direct", direct), *legs, bridge=USD, alarm_bp=100)
        for amount in (thb("3500.00"), khr("400000")):
            quoted = ask(on, amount, OUT)

            assert order == [quote.provider for quote in quoted.quotes]
            assert alarms == quoted.alarms
            assert {alarms, ()} >= {quote.alarms for quote in quoted.quotes}


def test_leg_that_fails_gives_its_reason() -> None:
    on = board(sheet("leg", "4000", "KHR", "USD"), sheet("far", "35", "USD", "THB"), bridge=USD)
    quoted = ask(on, khr("1"), OUT)

    assert (
        quoted.quotes, quoted.left_out,
    ) == ((), (("far", "no_rate"), ("leg", "amount_too_small")))  # fmt: skip


@pytest.mark.parametrize(("second", "left"), [("100000", ()), ("100001", ("leg",))])
def test_legs_whose_rates_together_cannot_be_written_are_left_out_in_both_modes(
    second: str, left: tuple[str, ...]
) -> None:
    far = replace(sheet("far", "1", "USD", "THB"), rate=Rate.parse(second, "THB", "USD"))
    on = board(sheet("leg", "100000", "KHR", "USD"), far, bridge=USD)
    for amount in (thb("100.00"), khr("1000000000000")):
        quoted = ask(on, amount, OUT)

        assert left == tuple(name for name, why in quoted.left_out if why == "amount_too_large")
        assert len(quoted.quotes) == 1 - len(left)


def reasons(on: Board, **more: Any) -> dict[str, str]:
    return dict(ask(on, more.pop("amount", thb("345.00")), OUT, **more).left_out)


def test_reason_names_what_keeps_a_provider_out() -> None:
    of = sheet("acleda", "118.84")
    on = board(of)
    holder = on.market.providers["acleda"].liquidity_holder
    stale = timedelta(seconds=61)
    fresh = market(of)
    provider = Provider("acleda", holder, 600, stale_after_s=60, liquidity=(thb("100.00"),))
    bounded = Board.open(
        type(fresh)({"acleda": provider}, fresh.sheets, fresh.relationships), ISSUED_AT
    )

    assert reasons(on, shut={"acleda": LeftOut.OUTSTANDING_CAP}) == {"acleda": "outstanding_cap"}
    assert reasons(on, room={(holder, "THB"): 34_499}) == {"acleda": "no_liquidity"}
    assert reasons(on, room={(holder, "THB"): 34_500}) == {}
    assert reasons(bounded) == {"acleda": "no_liquidity"}
    assert reasons(bounded, amount=thb("100.00"), at=ISSUED_AT + timedelta(seconds=60)) == {}
    assert reasons(bounded, amount=thb("1.00"), at=ISSUED_AT + stale) == {"acleda": "stale"}
    assert reasons(on, at=of.effective_at - timedelta(seconds=1)) == {"acleda": "no_rate"}
    withdrawn = on.withdraw("acleda", ("KHR", "THB"), "v-1", ISSUED_AT)
    assert reasons(withdrawn) == {"acleda": "withdrawn"}
    assert reasons(on, amount=khr("1")) == {"acleda": "amount_too_small"}
    assert reasons(on, amount=Money(MINOR_UNITS_MAX, THB)) == {"acleda": "amount_too_large"}


def test_relationship_decides_who_may_quote_and_what_a_member_is_granted() -> None:
    one, two = sheet("one", "118"), sheet("two", "119")
    wide = RateSheet("two", KHR, THB, two.rate, "v-1", two.effective_at, 100)
    rows = (
        Relationship("*", "*", CORRIDOR, ("two",)),
        Relationship("ABAAKHPPXXX", "*", CORRIDOR, ("one", "two"), 40),
    )
    base = market(one, wide)
    on = Board.open(type(base)(base.providers, base.sheets, rows), ISSUED_AT)
    named = ask(on, thb("345.00"), OUT, member="ABAAKHPPXXX")
    other = ask(on, thb("345.00"), OUT, member="CADIKHPPXXX")

    assert [quote.provider for quote in named.quotes] == ["one", "two"]
    assert [str(quote.rate) for quote in named.quotes[1:]] == ["119.714"]
    assert [(each.provider, str(each.rate)) for each in other.quotes] == [("two", "120.19")]
    assert other.left_out == (("one", LeftOut.NO_RELATIONSHIP),)


@pytest.mark.parametrize(
    ("amount", "sides", "code"),
    [
        (thb("0"), OUT, "amount_too_small"),
        (khr("0"), OUT, "amount_too_small"),
        (khr("250"), OUT, "amount_too_small"),
        (khr("251"), OUT, "amount_too_small"),
        (Money(150, KHR), OUT, "amount_decimals"),
        (Money.parse("1", "USD"), OUT, "currency_mismatch"),
        (thb("1"), (THB, THB), "same_currency"),
        (Money(MINOR_UNITS_MAX, THB), OUT, "amount_too_large"),
        (Money.parse("1", "SGD"), (KHR, currency("SGD")), "rate_missing"),
    ],
)
def test_unusable_request_is_refused_with_its_reason(amount: Money, sides: Any, code: str) -> None:
    """Lesson 13: what would reach the payee as nothing is not sold."""
    with pytest.raises(QuoteError) as caught:
        ask(SHIPPED, amount, sides).best()

    assert code == caught.value.code


def test_smallest_payable_total_is_quoted() -> None:
    """Lesson 13: the least that reaches the payee as a whole unit is sold."""
    assert thb("0.01") == ask(SHIPPED, khr("252"), OUT).best().credit


def test_expiry_is_the_least_of_all_limits_in_any_offset() -> None:
    def expires(**more: Any) -> datetime:
        return ask(SHIPPED, thb("1.00"), OUT, **more).best().expires_at

    sooner = (ISSUED_AT + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=7)))
    later = ISSUED_AT + timedelta(seconds=900)

    assert ISSUED_AT + timedelta(seconds=600) == expires(expires_by=(later,))
    assert sooner == expires(expires_by=(later, sooner))
    assert expires(expires_by=(sooner,)).tzinfo is UTC
    assert ISSUED_AT + timedelta(seconds=30) == expires(validity_s=30, expires_by=(later,))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"at": datetime(2026, 11, 21, 3, 4)}, "time_naive"),
        ({"expires_by": (datetime(2026, 11, 21, 3, 9),)}, "time_naive"),
        ({"expires_by": (ISSUED_AT,)}, "expired"),
        ({"expires_by": (ISSUED_AT - timedelta(seconds=1),)}, "expired"),
    ],
)
def test_moment_that_cannot_be_used_gets_no_quote(more: dict[str, Any], code: str) -> None:
    with pytest.raises(QuoteError) as caught:
        ask(SHIPPED, thb("1.00"), OUT, **more)

    assert code == caught.value.code


@given(st.integers(-14 * 60, 14 * 60))
def test_same_moment_in_any_offset_gives_the_same_quote(minutes: int) -> None:
    moment = ISSUED_AT.astimezone(timezone(timedelta(minutes=minutes)))

    assert ask(SHIPPED, thb("345.00"), OUT) == ask(SHIPPED, thb("345.00"), OUT, at=moment)


def test_payees_fee_is_deducted_from_the_destination_and_shown() -> None:
    charged = CorridorFees(None, Fee(thb("0"), 100, thb("0"), None))
    on = board(sheet("acleda", "118.84"), fees=charged)
    asked = ask(on, thb("345.00"), OUT).best()
    total = ask(on, asked.debit, OUT).best()

    assert (thb("348.49"), thb("345.00")) == (asked.destination, asked.credit)
    assert [("payee", FeeMode.DEDUCTED, thb("3.49"))] == [
        (line.party, line.mode, line.amount) for line in asked.fees
    ]
    assert asked.credit <= total.credit
