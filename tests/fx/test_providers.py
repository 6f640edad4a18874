"""Standing rates are read whole or not at all, and each problem names its file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Currency, Money, Rate, currency
from fx.providers import (
    Direction,
    Fee,
    ProviderConfigError,
    QuoteError,
    parse_providers,
    read_providers,
)
from tests.fx.fx_strategies import amounts, fees

KHR, THB, USD = currency("KHR"), currency("THB"), currency("USD")
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
PROVIDER, RATE = (f"[[{part}\n" for part in TABLE.strip().split("[[")[1:])


def test_shipped_table_quotes_both_directions_with_thailand() -> None:
    rates = read_providers(SHIPPED)
    outbound = rates.find("bakong", "thailand", KHR, THB)
    inbound = rates.find("thailand", "bakong", THB, KHR)

    assert (outbound.direction, outbound.corridor) == (Direction.OUTBOUND, "bakong-thailand")
    assert (inbound.direction, inbound.corridor) == (Direction.INBOUND, "thailand-bakong")
    assert Rate.parse("118.84", "THB", "KHR") == outbound.rate
    assert Rate.parse("118.20", "THB", "KHR") == inbound.rate
    assert (outbound.validity_s, inbound.validity_s) == (600, 600)
    assert Money.parse("250", "KHR") == outbound.fee.on(Money.parse("41000", "KHR"))
    assert Money(0, THB) == inbound.fee.on(Money.parse("346.87", "THB"))


def test_every_key_is_read() -> None:
    rate = parse_providers(TABLE.encode(), "t.toml").find("bakong", "thailand", KHR, THB)

    assert (
        rate.provider,
        rate.liquidity_holder,
        rate.rate_version,
        rate.validity_s,
    ) == ("acleda", "ACLBKHPPXXX", "1", 600)
    assert Fee(Money(25_000, KHR), 25, Money(30_000, KHR), Money(500_000, KHR)) == rate.fee


def test_unit_may_be_the_payers_currency() -> None:
    table = TABLE.replace('unit_currency = "THB"', 'unit_currency = "KHR"')
    rate = parse_providers(table.encode(), "t.toml").find("bakong", "thailand", KHR, THB)

    assert (rate.rate.unit, rate.rate.quoted) == (KHR, THB)


@pytest.mark.parametrize(
    ("source", "destination", "payer", "merchant"),
    [
        ("bakong", "malaysia", KHR, THB),
        ("thailand", "bakong", KHR, THB),
        ("bakong", "thailand", USD, THB),
        ("bakong", "thailand", KHR, USD),
    ],
)
def test_corridor_without_a_rate_is_rate_missing(
    source: str, destination: str, payer: Currency, merchant: Currency
) -> None:
    rates = parse_providers(TABLE.encode(), "t.toml")
    with pytest.raises(QuoteError) as caught:
        rates.find(source, destination, payer, merchant)

    assert caught.value.code == "rate_missing"


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
def test_problem_names_file_and_key(line: str, replacement: str, key: str) -> None:
    assert line in TABLE
    with pytest.raises(ProviderConfigError) as caught:
        parse_providers(TABLE.replace(line, replacement, 1).encode(), "t.toml")

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
        parse_providers(content, "t.toml")

    assert key == caught.value.key


@given(st.sampled_from([KHR, THB]).flatmap(lambda u: st.tuples(fees(u), amounts(u, 1, 10**7))))
def test_fee_is_within_its_bounds_and_never_falls_with_the_amount(case: tuple[Fee, Money]) -> None:
    fee, source = case
    step = Money(source.currency.cash_step, source.currency)
    charged = fee.on(source)

    assert fee.minimum <= charged
    assert fee.maximum is None or charged <= fee.maximum
    assert charged <= fee.on(source + step)
    assert charged.minor % step.minor == 0


@given(st.sampled_from([KHR, THB]).flatmap(lambda u: st.tuples(fees(u), amounts(u, 1, 10**7))))
def test_split_leaves_the_largest_source_and_charges_the_fee_to_within_one_step(
    case: tuple[Fee, Money],
) -> None:
    fee, total = case
    step = Money(total.currency.cash_step, total.currency)
    if total < step + fee.on(step):
        with pytest.raises(QuoteError) as caught:
            fee.split(total)

        assert caught.value.code == "amount_too_small"
        return
    source, charged = fee.split(total)

    assert total == source + charged
    assert source.minor % step.minor == 0
    assert fee.on(source) <= charged <= fee.on(source + step)
    assert total < source + step + fee.on(source + step)
