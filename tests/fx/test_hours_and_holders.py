"""Hours that go over midnight belong to the day they open on; each currency has its own holder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.board import Board
from fx.market_file import parse_market
from fx.money import CURRENCIES, Money
from fx.refusals import LeftOut
from fx.sheets import Hours
from tests.fx.fx_strategies import ISSUED_AT, ask

KHR, THB, USD = (CURRENCIES[code] for code in ("KHR", "THB", "USD"))
NIGHT = Hours(420, 20 * 60, 4 * 60, (1, 2, 3, 4, 5), (date(2026, 11, 25),))
MARKET = """
[[provider]]
id = "acleda"
liquidity_holder = "ACLBKHPPXXX"
liquidity_holders = { USD = "CITIUS33XXX", THB = "BKKBTHBKXXX" }
validity_s = 600
hours = { offset = "+07:00", opens = "20:00", closes = "04:00", days = [1, 2, 3, 4, 5, 6, 7] }

[[rate]]
provider = "acleda"
source_network = "bakong"
destination_network = "thailand"
payer_currency = "KHR"
merchant_currency = "USD"
unit_currency = "USD"
rate = "4030"
rate_version = "v-1"
fee_fixed = "0"
fee_basis_points = 0

[[rate]]
provider = "acleda"
payer_currency = "USD"
merchant_currency = "THB"
unit_currency = "USD"
rate = "33.90"
rate_version = "v-1"

[[rate]]
provider = "acleda"
payer_currency = "THB"
merchant_currency = "KHR"
unit_currency = "THB"
rate = "118.00"
rate_version = "v-1"

[rules]
bridge = "USD"
"""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T19:59:59+07:00", LeftOut.CLOSED),
        ("2026-11-23T20:00:00+07:00", None),
        ("2026-11-23T23:59:59+07:00", None),
        ("2026-11-24T00:00:00+07:00", None),
        ("2026-11-24T03:59:59+07:00", None),
        ("2026-11-24T04:00:00+07:00", LeftOut.CLOSED),
        # Friday's night is Saturday morning; Sunday's evening opens nothing on Monday.
        ("2026-11-28T03:00:00+07:00", None),
        ("2026-11-28T20:00:00+07:00", LeftOut.CLOSED),
        ("2026-11-30T03:00:00+07:00", LeftOut.CLOSED),
        # A holiday shuts the evening and the night behind it, not the night before it.
        ("2026-11-25T03:00:00+07:00", None),
        ("2026-11-25T21:00:00+07:00", LeftOut.HOLIDAY),
        ("2026-11-26T03:00:00+07:00", LeftOut.HOLIDAY),
        ("2026-11-26T20:00:00+07:00", None),
        ("2026-11-25T20:00:00+00:00", LeftOut.HOLIDAY),
    ],
)
def test_a_night_belongs_to_the_evening_it_began_in(moment: str, expected: LeftOut | None) -> None:
    assert expected == NIGHT.shut(datetime.fromisoformat(moment))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(1, 1439))
def test_hours_over_midnight_are_the_rest_of_those_that_are_not(
    local: datetime, minutes: int
) -> None:
    every_day = (1, 2, 3, 4, 5, 6, 7)
    night = Hours(0, minutes, minutes - 1, every_day)
    day = Hours(0, minutes - 1, minutes, every_day)
    moment = datetime.fromisoformat(f"{local.isoformat()}+00:00")

    assert (night.shut(moment) is None) == (day.shut(moment) is LeftOut.CLOSED)


def test_each_currency_is_paid_out_by_its_own_holder_and_has_that_ones_room() -> None:
    market = parse_market(MARKET.encode(), "providers.toml")
    provider = market.providers["acleda"]
    open_all_day = replace(market, providers={"acleda": replace(provider, hours=None)})
    on = Board.open(open_all_day, ISSUED_AT)
    [bridged] = ask(on, Money(34_500, THB), (KHR, THB)).quotes
    full = ask(on, Money(34_500, THB), (KHR, THB), room={("BKKBTHBKXXX", "THB"): 34_499})
    other = ask(on, Money(34_500, THB), (KHR, THB), room={("ACLBKHPPXXX", "THB"): 0})

    assert [hop.liquidity_holder for hop in bridged.hops] == ["CITIUS33XXX", "BKKBTHBKXXX"]
    assert bridged.liquidity_holder == "BKKBTHBKXXX"
    assert provider.holders == ("ACLBKHPPXXX", "CITIUS33XXX", "BKKBTHBKXXX")
    assert provider.holder("KHR") == "ACLBKHPPXXX"
    assert full.left_out == (("acleda", LeftOut.NO_LIQUIDITY),)
    assert len(other.quotes) == 1


def test_hours_over_midnight_are_read_and_quoted_by() -> None:
    on = Board.open(parse_market(MARKET.encode(), "providers.toml"), ISSUED_AT)
    at = [datetime.fromisoformat(f"2026-11-23T{hour}:00:00+07:00") for hour in ("19", "23")]
    found = [ask(on, Money(1000, USD), (KHR, USD), at=moment) for moment in at]

    assert found[0].left_out == (("acleda", LeftOut.CLOSED),)
    assert len(found[1].quotes) == 1
