"""Whatever a network says of its own price: it never raises, and what is shown adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.board import Board
from fx.fees import Fee
from fx.market import CorridorFees, Market
from fx.money import CURRENCIES, Money, Rate
from fx.quotes import Hop, Quote
from fx.refusals import LeftOut, QuoteError
from fx.requests import Quoted, Request
from fx.scheme import Asking, Stated, ask_scheme, quote_scheme
from fx.sheets import ANY, Hours, Provider, ProviderRole, RateSheet, Reference, Relationship, Rules
from tests.fx.fx_strategies import CORRIDOR, ISSUED_AT, QUOTE_ID, exact, fees, rates, sheets

KHR, CNY, USD = (CURRENCIES[code] for code in ("KHR", "CNY", "USD"))
SCHEME = Provider("lucky", "BKCHCNBJXXX", 600, (ProviderRole.SCHEME,))
UNITS = st.sampled_from([KHR, CNY, USD])
FEE = CorridorFees(payer=Fee(Money.parse("250", "KHR"), 0, Money(0, KHR), None))


def ident() -> str:
    return QUOTE_ID


def board(fee: CorridorFees | None = FEE, **more: object) -> Board:
    """A board with the network, and a provider that leads to dollars."""
    market = Market({"lucky": SCHEME}, **more)  # type: ignore[arg-type]
    if fee is not None:
        market = replace(market, fees={(CORRIDOR, "KHR", "CNY"): fee})
    return Board.open(market, ISSUED_AT)


def asked(on: Board, amount: Money, unit: str = "KHR", **more: object) -> Asking | Quoted:
    request = Request(CORRIDOR, KHR, CNY, amount, **more)  # type: ignore[arg-type]
    scheme = (on.market.providers["lucky"], CURRENCIES[unit])
    return ask_scheme(on, request, at=ISSUED_AT, scheme=scheme, quote_ids=ident)


def ready(on: Board, amount: Money, **more: object) -> Asking:
    found = asked(on, amount, **more)  # type: ignore[arg-type]
    assert isinstance(found, Asking)
    return found


@given(st.data(), st.one_of(st.none(), fees(KHR)), st.booleans())
def test_what_is_shown_follows_from_the_stated_rate_to_a_step(
    data: st.DataObject, fee: Fee | None, by_source: bool
) -> None:
    on = board(None if fee is None else CorridorFees(payer=fee))
    amount = Money(data.draw(st.integers(10**6, 10**8)) * 100, KHR)
    if not by_source:
        amount = Money(amount.minor // 10**4, CNY)
    try:
        asking = ready(on, amount)
    except QuoteError:
        # The fee leaves nothing.
        assert by_source
        return
    rate = data.draw(rates(KHR, CNY))
    other = CNY if by_source else KHR
    fair = int(exact(rate, asking.amount)) // other.cash_step * other.cash_step
    told = Money(max(min(fair, 10**14) + data.draw(st.integers(-3, 3)) * other.cash_step, 0), other)
    sides = (asking.amount, told) if by_source else (told, asking.amount)
    expires = ISSUED_AT + timedelta(seconds=data.draw(st.integers(-5, 900)))
    found = quote_scheme(
        on, asking, Stated("Q-1", *sides, rate, expires), at=ISSUED_AT, quote_ids=ident
    )
    if not found.quotes:
        assert found.left_out[0][0] == "lucky"
        return
    [quote] = found.quotes
    off = abs(Fraction(told.minor) - exact(rate, asking.amount))
    step = (
        Fraction(asking.amount.currency.cash_step)
        * exact(rate, Money(100, asking.amount.currency))
        / 100
    )

    assert off <= max(Fraction(other.cash_step), step)
    assert quote.debit == quote.source + quote.fee
    assert (quote.source, quote.credit) == sides
    assert (amount == quote.debit) if by_source else (amount == quote.credit)
    assert quote.expires_at == min(expires, ISSUED_AT + timedelta(seconds=600))
    assert Quote.from_terms(quote.to_terms()) == quote


@given(
    st.tuples(UNITS, UNITS, st.integers(0, 10**12), st.integers(0, 10**12)),
    st.decimals(Decimal("0.0001"), Decimal(10**6), places=4),
    st.tuples(UNITS, UNITS).filter(lambda pair: pair[0] != pair[1]),
    st.datetimes(timezones=st.just(UTC) | st.none()),
    st.text(max_size=70),
    st.sampled_from(["KHR", "USD"]),
)
def test_nothing_that_a_network_says_raises(
    sides: tuple[object, object, int, int],
    value: Decimal,
    pair: tuple[object, object],
    expires: datetime,
    name: str,
    unit: str,
) -> None:
    on = board()
    asking = ready(on, Money(10_000, CNY), unit=unit)
    stated = Stated(
        name,
        Money(sides[2], sides[0]),  # type: ignore[arg-type]
        Money(sides[3], sides[1]),  # type: ignore[arg-type]
        Rate(value, *pair),  # type: ignore[arg-type]
        expires,
    )

    assert len(quote_scheme(on, asking, stated, at=ISSUED_AT, quote_ids=ident).quotes) <= 1


@given(sheets(KHR, USD, "leader"), st.integers(1, 10**5))
def test_the_hop_that_leads_to_a_network_is_the_providers_own_and_the_fee_is_around_both(
    leading: RateSheet, cents: int
) -> None:
    leader = Provider("leader", "ACLBKHPPXXX", 300)
    market = Market(
        {"lucky": SCHEME, "leader": leader},
        (leading,),
        (Relationship(ANY, ANY, CORRIDOR, ("leader",)),),
        {(CORRIDOR, "KHR", "CNY"): FEE},
    )
    on = Board.open(market, ISSUED_AT)
    asking = ready(on, Money(cents * 7, CNY), unit="USD")
    rate = Rate.parse("7", "USD", "CNY")
    stated = Stated("Q-1", Money(cents, USD), asking.amount, rate, ISSUED_AT + timedelta(hours=1))
    found = quote_scheme(on, asking, stated, at=ISSUED_AT, quote_ids=ident)
    if not found.quotes:
        assert set(dict(found.left_out).values()) <= {
            LeftOut.AMOUNT_TOO_LARGE,
            LeftOut.INCONSISTENT,
        }
        return
    [quote] = found.quotes

    assert [hop.provider for hop in quote.hops] == ["leader", "lucky"]
    assert quote.fee == Money.parse("250", "KHR")
    assert quote.debit == quote.hops[0].source + quote.fee
    assert quote.expires_at == ISSUED_AT + timedelta(seconds=300)
    # The other way round, the whole debit fixed, at least as many dollars are had for it.
    again = ready(on, quote.debit, unit="USD")
    assert again.amount.minor >= cents


def test_a_network_is_not_asked_where_its_price_could_not_be_used() -> None:
    night = Hours(420, 0, 60, (1, 2, 3, 4, 5, 6, 7))
    shut = Board.open(Market({"lucky": replace(SCHEME, hours=night)}), ISSUED_AT)
    amount = Money(10_000, CNY)
    full = {"lucky": LeftOut.OUTSTANDING_CAP}

    assert asked(shut, amount) == Quoted((), (("lucky", LeftOut.CLOSED),))
    assert asked(board(), amount, shut=full) == Quoted((), tuple(full.items()))
    named = asked(board(), amount, nominated="acleda")
    assert named == Quoted((), (("lucky", LeftOut.NOT_NOMINATED),))
    # Nobody leads to dollars, which is known at once where the debit is fixed.
    assert asked(board(), Money(10**8, KHR), unit="USD") == Quoted((), ())


@pytest.mark.parametrize(
    ("official", "required", "reason"),
    [("560", False, None), ("540", False, "out_of_bounds"), (None, True, "out_of_bounds")],
)
def test_a_networks_rate_is_judged_by_the_reference(
    official: str | None, required: bool, reason: str | None
) -> None:
    references: tuple[Reference, ...] = ()
    if official is not None:
        references = (Reference(Rate.parse(official, "CNY", "KHR"), ISSUED_AT, 300),)
    on = board(references=references, rules=Rules(reference_required=required))
    asking = ready(on, Money(10_000, CNY))
    stated = Stated(
        "Q-1",
        Money.parse("56500", "KHR"),
        asking.amount,
        Rate.parse("565", "CNY", "KHR"),
        ISSUED_AT + timedelta(hours=1),
    )
    found = quote_scheme(on, asking, stated, at=ISSUED_AT, quote_ids=ident)

    assert [why.value for _, why in found.left_out] == ([reason] if reason else [])
    assert len(found.quotes) == (0 if reason else 1)


def test_terms_of_a_hop_from_before_networks_priced_themselves_are_read() -> None:
    rate = Rate.parse("565", "CNY", "KHR")
    hop = Hop("acleda", "ACLBKHPPXXX", rate, "v-1", 0, Money(56_500, KHR), Money(100, CNY),
              Money(0, KHR))  # fmt: skip
    own = replace(hop, scheme_quote="Q-1", rate_version="")

    assert len(hop.to_terms()) == 12
    assert Hop.from_terms(hop.to_terms()) == hop
    assert Hop.from_terms(own.to_terms()) == own
    for wrong in ([*hop.to_terms(), 1], [*own.to_terms(), "x"], hop.to_terms()[:-1]):
        with pytest.raises(QuoteError):
            Hop.from_terms(wrong)
