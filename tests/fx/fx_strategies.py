"""Strategies and fixed values that the tests of ``fx`` share.

Amounts are multiples of their currency's step; rates keep to the wire's eleven digits and are
stated in the direction with the bigger number, as the configuration demands.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from fx.money import CURRENCIES, Currency, Money, Rate
from fx.providers import Fee, StandingRate

QUOTE_ID = "0b0e6f5e-3a5a-4c1e-9d4e-7a1f2b3c4d5e"
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
def standing_rates(draw: st.DrawFn) -> StandingRate:
    """A standing rate between any two currencies, the payer's being unit or quoted."""
    payer = draw(currencies)
    merchant = draw(currencies.filter(lambda unit: unit != payer))
    unit, quoted = (payer, merchant) if draw(st.booleans()) else (merchant, payer)
    decimals = draw(st.integers(0, 6))
    value = Decimal(draw(st.integers(10**decimals, 10**9 - 1))).scaleb(-decimals)
    outbound = draw(st.booleans())
    return StandingRate(
        provider="acleda",
        liquidity_holder="ACLBKHPPXXX",
        source_network="bakong" if outbound else "thailand",
        destination_network="thailand" if outbound else "bakong",
        payer_currency=payer,
        merchant_currency=merchant,
        rate=Rate(value, unit, quoted),
        rate_version="r-1",
        fee=draw(fees(payer)),
        validity_s=draw(st.integers(1, 86_400)),
    )


def exact(rate: Rate, amount: Money) -> Fraction:
    """The conversion without rounding, in minor units of the other currency."""
    value = Fraction(rate.value)
    factor = value if amount.currency == rate.unit else 1 / value
    target = rate.quoted if amount.currency == rate.unit else rate.unit
    major = Fraction(amount.minor, amount.currency.minor_per_major)
    return major * factor * target.minor_per_major
