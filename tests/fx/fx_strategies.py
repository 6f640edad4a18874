"""Strategies and fixed values that the tests of ``fx`` share.

Amounts are multiples of their currency's step; rates keep to the wire's eleven digits and are
stated in the direction with the bigger number, as the configuration demands.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fx.board import Board
from fx.engine import quote_all
from fx.fees import Fee
from fx.market import CorridorFees, Market
from fx.money import CURRENCIES, Currency, Money, Rate
from fx.requests import Request
from fx.sheets import SPREAD_BP_MAX, Provider, RateSheet, Relationship, Rules, Tier

if TYPE_CHECKING:
    from fx.requests import Quoted

QUOTE_ID = "0b0e6f5e-3a5a-4c1e-9d4e-7a1f2b3c4d5e"
CORRIDOR = "bakong-thailand"
ISSUED_AT = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)

currencies = st.sampled_from(list(CURRENCIES.values()))


def amounts(unit: Currency, least: int = 1, most: int = 10**10) -> st.SearchStrategy[Money]:
    """Amounts of ``least`` to ``most`` steps of the currency."""
    return st.integers(least, most).map(lambda steps: Money(steps * unit.cash_step, unit))


def fees(unit: Currency) -> st.SearchStrategy[Fee]:
    """Fees with any mixture of parts, bounds included."""

    def build(steps: tuple[int, int, int, int], points: int, *, bounded: bool) -> Fee:
        fixed, minimum, above, _ = (Money(part * unit.cash_step, unit) for part in steps)
        top = Money(max(fixed.minor, minimum.minor) + above.minor, unit)
        return Fee(fixed, points, minimum, top if bounded else None)

    small = st.integers(0, 5_000)
    return st.builds(
        build, st.tuples(small, small, small, small), st.integers(0, 10_000), bounded=st.booleans()
    )


@st.composite
def rates(draw: st.DrawFn, one: Currency, other: Currency) -> Rate:
    """A rate between two currencies, at or above 1, either one being the unit."""
    unit, quoted = (one, other) if draw(st.booleans()) else (other, one)
    decimals = draw(st.integers(0, 6))
    value = Decimal(draw(st.integers(10**decimals, 10**9 - 1))).scaleb(-decimals)
    return Rate(value, unit, quoted)


@st.composite
def sheets(
    draw: st.DrawFn,
    payer: Currency | None = None,
    payee: Currency | None = None,
    provider: str = "acleda",
) -> RateSheet:
    """A sheet with a spread and up to four tiers, between any two currencies unless given."""
    payer = payer or draw(currencies.filter(lambda unit: unit != payee))
    payee = payee or draw(currencies.filter(lambda unit: unit != payer))
    spread = draw(st.integers(0, SPREAD_BP_MAX))
    starts = sorted(draw(st.sets(st.integers(0, 10**6), max_size=4)))
    given = sorted(draw(st.integers(0, spread)) for _ in starts)
    return RateSheet(
        provider=provider,
        payer=payer,
        payee=payee,
        rate=draw(rates(payer, payee)),
        version="v-1",
        effective_at=ISSUED_AT - timedelta(days=1),
        spread_bp=spread,
        tiers=tuple(
            Tier(Money(start * payer.cash_step, payer), better)
            for start, better in zip(starts, given, strict=True)
        ),
    )


def market(
    *posted: RateSheet,
    fees: CorridorFees | None = None,
    bridge: Currency | None = None,
    improvement_bp: int = 0,
    alarm_bp: int = 100,
) -> Market:
    """A market of these sheets for everybody on one corridor; fees in the first one's pair."""
    names = tuple(dict.fromkeys(sheet.provider for sheet in posted))
    pair = (CORRIDOR, posted[0].payer.code, posted[-1].payee.code)
    return Market(
        providers={
            name: Provider(name, f"AAA{place}KHPPXXX", 600) for place, name in enumerate(names)
        },
        sheets=posted,
        relationships=(Relationship("*", "*", CORRIDOR, names, improvement_bp),),
        fees={} if fees is None else {pair: fees},
        rules=Rules(bridge=bridge, triangular_alarm_bp=alarm_bp),
    )


def board(*posted: RateSheet, **settings: Any) -> Board:
    """A board open on such a market."""
    return Board.open(market(*posted, **settings), ISSUED_AT)


def ask(on: Board, amount: Money, sides: tuple[Currency, Currency], **more: Any) -> Quoted:
    """Quote an amount of one of the two sides, payer's first, at ``ISSUED_AT`` unless given."""
    moment = more.pop("at", ISSUED_AT)
    request = Request(CORRIDOR, *sides, amount, **more)
    return quote_all(on, request, at=moment, quote_ids=lambda: QUOTE_ID)


def exact(rate: Rate, amount: Money) -> Fraction:
    """The conversion without rounding, in minor units of the other currency."""
    value = Fraction(rate.value)
    factor = value if amount.currency == rate.unit else 1 / value
    target = rate.quoted if amount.currency == rate.unit else rate.unit
    major = Fraction(amount.minor, amount.currency.minor_per_major)
    return major * factor * target.minor_per_major
