"""The market is read whole or not at all, and each problem names its file and key."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from fx.board import Board
from fx.engine import quote_all
from fx.fees import Fee
from fx.market_file import BEFORE_ALL, parse_market, read_market
from fx.money import Money, Rate, currency
from fx.requests import Request
from fx.sheets import (
    Direction,
    Hours,
    Provider,
    ProviderRole,
    RateSheet,
    Reference,
    Relationship,
    Rules,
    Tier,
)
from fx.tables import ProviderConfigError
from tests.fx.fx_strategies import ISSUED_AT, QUOTE_ID, ask

KHR, THB = currency("KHR"), currency("THB")
SHIPPED = Path(__file__).parents[2] / "config" / "providers.toml"

TABLE = """
[[provider]]
id = "acleda"
liquidity_holder = "ACLBKHPPXXX"
validity_s = 600

[[rate]]
provider = "acleda"
source_network = "bakong"
destination_network = "thailand"
payer_currency = "KHR"
merchant_currency = "THB"
unit_currency = "THB"
rate = "118.84"
rate_version = "1"
fee_fixed = "250"
fee_basis_points = 25
fee_minimum = "300"
fee_maximum = "5000"
"""
MORE = """
[[provider]]
id = "alipay"
liquidity_holder = "DEUTDEFF"
validity_s = 300
roles = ["scheme"]
stale_after_s = 3600
liquidity = { THB = "1000.00" }

[provider.hours]
offset = "+08:00"
opens = "09:00"
closes = "24:00"
days = [1, 2, 3, 4, 5]
holidays = [2026-10-01]

[[rate]]
provider = "alipay"
payer_currency = "KHR"
merchant_currency = "USD"
unit_currency = "USD"
rate = "4012.5"
rate_version = "a-1"
effective_at = 2026-11-01T08:00:00+07:00
spread_bp = 50
tiers = [{ from = "0", improvement_bp = 0 }, { from = "4000000", improvement_bp = 20 }]

[[relationship]]
member = "ABAAKHPPXXX"
sponsor = "ACLBKHPPXXX"
corridor = "bakong-thailand"
providers = ["alipay"]
improvement_bp = 5

[[relationship]]
member = "*"
corridor = "bakong-thailand"
providers = ["acleda"]

[[fee]]
source_network = "bakong"
destination_network = "thailand"
payer_currency = "KHR"
merchant_currency = "THB"
party = "payee"
fixed = "1.00"
basis_points = 10

[[reference]]
unit_currency = "THB"
quoted_currency = "KHR"
rate = "118.5"
at = 2026-11-01T00:00:00Z
bounds_bp = 300
jump_bp = 200

[rules]
bridge = "USD"
triangular_alarm_bp = 80
jump_bp = 500
"""
PROVIDER, RATE = (f"[[{part}\n" for part in TABLE.strip().split("[[")[1:])


def test_shipped_table_quotes_both_directions_with_thailand_and_the_best_is_acleda() -> None:
    on = Board.open(read_market(SHIPPED), ISSUED_AT)
    out = ask(on, Money.parse("345.00", "THB"), (KHR, THB))
    back = quote_all(
        on,
        Request("thailand-bakong", THB, KHR, Money.parse("41000", "KHR")),
        at=ISSUED_AT,
        quote_ids=lambda: QUOTE_ID,
    )

    assert [(quote.provider, str(quote.rate)) for quote in out.quotes] == [
        ("acleda", "118.84"),
        ("canadia", "118.9558"),
    ]
    assert [(quote.provider, f"{quote.rate.value.normalize():f}") for quote in back.quotes] == [
        ("acleda", "118.2"),
        ("canadia", "118.0448"),
    ]
    assert (
        out.quotes[0].direction, back.quotes[0].direction,
    ) == (Direction.OUTBOUND, Direction.INBOUND)  # fmt: skip
    valid_s = {name: each.validity_s for name, each in on.market.providers.items()}
    assert (valid_s["acleda"], valid_s["canadia"]) == (600, 600)


def test_every_key_of_a_rate_is_read() -> None:
    market = parse_market(TABLE.encode(), "t.toml")
    sheet = market.sheets[0]

    assert (
        sheet.provider, sheet.version, sheet.pair, sheet.effective_at, sheet.spread_bp, sheet.tiers,
    ) == ("acleda", "1", ("KHR", "THB"), BEFORE_ALL, 0, ())  # fmt: skip
    assert (Relationship("*", "*", "bakong-thailand", ("acleda",)),) == market.relationships
    assert Fee(Money(25_000, KHR), 25, Money(30_000, KHR), Money(500_000, KHR)) == (
        market.fee("bakong-thailand", "KHR", "THB").payer
    )
    assert Rules() == market.rules


def test_unit_may_be_the_payers_currency() -> None:
    table = TABLE.replace('unit_currency = "THB"', 'unit_currency = "KHR"')
    sheet = parse_market(table.encode(), "t.toml").sheets[0]

    assert (sheet.rate.unit, sheet.rate.quoted, sheet.payer_per_payee) == (KHR, THB, False)


def test_every_key_beyond_a_rate_is_read() -> None:
    market = parse_market((TABLE + MORE).encode(), "t.toml")
    scheme, usd = market.providers["alipay"], currency("USD")

    assert scheme == Provider(
        "alipay", "DEUTDEFF", 300, (ProviderRole.SCHEME,), 3600,
        Hours(480, 540, 1440, (1, 2, 3, 4, 5), (date(2026, 10, 1),)),
        (Money.parse("1000.00", "THB"),),
    )  # fmt: skip
    assert market.sheets[1] == RateSheet(
        "alipay", KHR, usd, Rate.parse("4012.5", "USD", "KHR"), "a-1",
        datetime(2026, 11, 1, 1, tzinfo=UTC), 50,
        (Tier(Money(0, KHR), 0), Tier(Money.parse("4000000", "KHR"), 20)),
    )  # fmt: skip
    assert market.relationships == (
        Relationship("ABAAKHPPXXX", "ACLBKHPPXXX", "bakong-thailand", ("alipay",), 5),
        Relationship("*", "*", "bakong-thailand", ("acleda",)),
    )
    assert market.fee("bakong-thailand", "KHR", "THB").payee == Fee(
        Money(100, THB), 10, Money(0, THB), None
    )
    assert market.references == (
        Reference(Rate.parse("118.5", "THB", "KHR"), datetime(2026, 11, 1, tzinfo=UTC), 300, 200),
    )
    assert Rules(usd, 80, 500) == market.rules


@pytest.mark.parametrize(
    ("line", "replacement", "key"),
    [
        ('id = "acleda"', "", "provider[0].id"),
        ('id = "acleda"', 'id = "Acleda Bank"', "provider[0].id"),
        ('id = "acleda"', 'id = "other"', "rate[0].provider"),
        ('id = "acleda"', 'id = "acleda"\nname = "x"', "provider[0].name"),
        ('"ACLBKHPPXXX"', '"ACLB"', "provider[0].liquidity_holder"),
        ("validity_s = 600", "", "provider[0].validity_s"),
        ("validity_s = 600", "validity_s = 0", "provider[0].validity_s"),
        ("validity_s = 600", "validity_s = 86401", "provider[0].validity_s"),
        ("validity_s = 600", "validity_s = true", "provider[0].validity_s"),
        ("validity_s = 600", "validity_s = 600.0", "provider[0].validity_s"),
        ('source_network = "bakong"', "", "rate[0].source_network"),
        ('source_network = "bakong"', 'source_network = "laos"', "rate[0].destination_network"),
        ('destination_network = "thailand"', 'destination_network = "bakong"',
         "rate[0].destination_network"),
        ('payer_currency = "KHR"', 'payer_currency = "XXX"', "rate[0].payer_currency"),
        ('payer_currency = "KHR"', 'payer_currency = "116"', "rate[0].payer_currency"),
        ('merchant_currency = "THB"', 'merchant_currency = "KHR"', "rate[0].merchant_currency"),
        ('unit_currency = "THB"', 'unit_currency = "USD"', "rate[0].unit_currency"),
        ('rate = "118.84"', "rate = 118.84", "rate[0].rate"),
        ('rate = "118.84"', 'rate = "0"', "rate[0].rate"),
        ('rate = "118.84"', 'rate = "0.9999"', "rate[0].rate"),
        ('rate = "118.84"', 'rate = "1234567.123456"', "rate[0].rate"),
        ('rate_version = "1"', 'rate_version = ""', "rate[0].rate_version"),
        ('rate_version = "1"', f'rate_version = "{"1" * 36}"', "rate[0].rate_version"),
        ('fee_fixed = "250"', "fee_fixed = 250", "rate[0].fee_fixed"),
        ('fee_fixed = "250"', 'fee_fixed = "250.50"', "rate[0].fee_fixed"),
        ('fee_fixed = "250"', 'fee_fixed = "-250"', "rate[0].fee_fixed"),
        ("fee_basis_points = 25", "fee_basis_points = -1", "rate[0].fee_basis_points"),
        ("fee_basis_points = 25", "fee_basis_points = 10001", "rate[0].fee_basis_points"),
        ('fee_minimum = "300"', 'fee_minimum = "x"', "rate[0].fee_minimum"),
        ('fee_maximum = "5000"', 'fee_maximum = "299"', "rate[0].fee_maximum"),
        ('fee_maximum = "5000"', 'fee_maximum = "249"\nfee_extra = 1', "rate[0].fee_extra"),
        ('fee_minimum = "300"\nfee_maximum = "5000"', 'fee_maximum = "249"',
         "rate[0].fee_maximum"),
    ],
)  # fmt: skip
def test_problem_of_a_rate_names_file_and_key(line: str, replacement: str, key: str) -> None:
    assert line in TABLE
    with pytest.raises(ProviderConfigError) as caught:
        parse_market(TABLE.replace(line, replacement, 1).encode(), "t.toml")

    assert ("t.toml", key) == (caught.value.file, caught.value.key)
    assert f"t.toml: {key}: {caught.value.problem}" == str(caught.value)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"\xff", "(file)"),
        (b"[[provider", "(file)"),
        (b"", "provider"),
        (b"provider = 1", "provider"),
        (b"provider = [1]", "provider"),
        (PROVIDER.encode(), "rate"),
        (b"[other]", "other"),
        ((PROVIDER + PROVIDER + RATE).encode(), "provider[1].id"),
        ((PROVIDER + RATE + RATE).encode(), "rate[1].source_network"),
    ],
)
def test_file_of_another_shape_is_refused(content: bytes, key: str) -> None:
    with pytest.raises(ProviderConfigError) as caught:
        parse_market(content, "t.toml")

    assert key == caught.value.key


@pytest.mark.parametrize(
    ("line", "replacement", "key"),
    [
        ('roles = ["scheme"]', 'roles = ["banker"]', "provider[1].roles"),
        ('roles = ["scheme"]', 'roles = ["scheme", "scheme"]', "provider[1].roles"),
        ("stale_after_s = 3600", "stale_after_s = 0", "provider[1].stale_after_s"),
        ('{ THB = "1000.00" }', '{ XXX = "1000.00" }', "provider[1].liquidity.XXX"),
        ('{ THB = "1000.00" }', '"1000.00"', "provider[1].liquidity"),
        ('offset = "+08:00"', 'offset = "8"', "provider[1].hours.offset"),
        ('closes = "24:00"', 'closes = "09:00"', "provider[1].hours.closes"),
        ('opens = "09:00"', 'opens = "24:00"', "provider[1].hours.opens"),
        ("days = [1, 2, 3, 4, 5]", "days = [0]", "provider[1].hours.days"),
        ("holidays = [2026-10-01]", 'holidays = ["x"]', "provider[1].hours.holidays"),
        ("effective_at = 2026-11-01T08:00:00+07:00", "effective_at = 2026-11-01T08:00:00",
         "rate[1].effective_at"),
        ("effective_at = 2026-11-01T08:00:00+07:00", "effective_at = 1", "rate[1].effective_at"),
        ("spread_bp = 50", "spread_bp = 2001", "rate[1].spread_bp"),
        ("spread_bp = 50", "spread_bp = 10", "rate[1].tiers"),
        ('from = "0"', 'from = "5000000"', "rate[1].tiers"),
        ('from = "0"', 'from = "0.5"', "rate[1].tiers[0].from"),
        ('member = "*"', 'member = "all"', "relationship[1].member"),
        ('providers = ["alipay"]', 'providers = ["alipai"]', "relationship[0].providers"),
        ('corridor = "bakong-thailand"', 'corridor = "thailand"', "relationship[0].corridor"),
        ('party = "payee"', 'party = "payer"', "fee[0].party"),
        ("basis_points = 10", "basis_points = 5001", "fee[0].basis_points"),
        ('quoted_currency = "KHR"', 'quoted_currency = "THB"', "reference[0].quoted_currency"),
        ("bounds_bp = 300", "bounds_bp = -1", "reference[0].bounds_bp"),
        ('bridge = "USD"', 'bridge = "XAU"', "rules.bridge"),
        ("jump_bp = 500", "jump = 500", "rules.jump"),
    ],
)  # fmt: skip
def test_problem_beyond_a_rate_names_file_and_key(line: str, replacement: str, key: str) -> None:
    assert line in MORE
    with pytest.raises(ProviderConfigError) as caught:
        parse_market((TABLE + MORE.replace(line, replacement, 1)).encode(), "t.toml")

    assert ("t.toml", key) == (caught.value.file, caught.value.key)


def test_fee_belongs_to_the_corridor_and_two_rows_may_not_differ() -> None:
    second = PROVIDER.replace("acleda", "other") + RATE.replace('"acleda"', '"other"')
    silent = second[: second.index("fee_fixed")]
    market = parse_market((TABLE + silent).encode(), "t.toml")

    assert (Relationship("*", "*", "bakong-thailand", ("acleda", "other")),) == market.relationships
    with pytest.raises(ProviderConfigError) as caught:
        parse_market((TABLE + second.replace('"250"', '"251"')).encode(), "t.toml")
    assert caught.value.key == "rate[1].fee_fixed"


@pytest.mark.parametrize(
    ("line", "replacement"),
    [('roles = ["scheme"]', 'roles = ["sponsor"]'), ('rate = "118.5"', 'rate = "110"')],
)
def test_configured_sheet_that_would_not_be_taken_is_refused(line: str, replacement: str) -> None:
    with pytest.raises(ProviderConfigError) as caught:
        parse_market((TABLE + MORE.replace(line, replacement, 1)).encode(), "t.toml")

    assert caught.value.key in {"rate.alipay.KHR-USD", "rate.acleda.KHR-THB"}
