"""A sheet stands by itself or is refused with a code; hours are of the provider's own zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from fx.money import Money, Rate, currency
from fx.refusals import RateRefused
from fx.sheets import Hours, Provider, ProviderRole, RateSheet, Reference, Tier
from tests.fx.fx_strategies import ISSUED_AT, sheets

KHR, THB = currency("KHR"), currency("THB")


def tier(start: str, better: int) -> Tier:
    return Tier(Money.parse(start, "KHR"), better)


SHEET = RateSheet(
    provider="acleda",
    payer=KHR,
    payee=THB,
    rate=Rate.parse("118.84", "THB", "KHR"),
    version="khr-thb-7",
    effective_at=datetime(2026, 11, 21, 8, tzinfo=timezone(timedelta(hours=7))),
    spread_bp=50,
    tiers=(tier("0", 0), tier("1000000", 20)),
)
TERMS = SHEET.to_terms()


def test_terms_are_text_and_whole_numbers() -> None:
    assert TERMS == {
        "provider": "acleda",
        "payer_currency": "KHR",
        "payee_currency": "THB",
        "unit_currency": "THB",
        "rate": "118.84",
        "version": "khr-thb-7",
        "effective_at": "2026-11-21T01:00:00+00:00",
        "spread_bp": 50,
        "tiers": [
            {"from": "0.00", "improvement_bp": 0},
            {"from": "1000000.00", "improvement_bp": 20},
        ],
    }


@given(sheets())
def test_sheet_survives_its_terms(of: RateSheet) -> None:
    assert of == RateSheet.from_terms(of.to_terms())


def test_spread_and_tiers_may_be_left_out() -> None:
    terms = {name: TERMS[name] for name in TERMS if name not in {"spread_bp", "tiers"}}

    assert replace(SHEET, spread_bp=0, tiers=()) == RateSheet.from_terms(terms)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payee": KHR}, "same_currency"),
        ({"payee": currency("USD")}, "sheet_malformed"),
        ({"rate": Rate.parse("0.5", "THB", "KHR")}, "rate_direction"),
        ({"rate": Rate.parse("10000000001", "THB", "KHR")}, "sheet_malformed"),
        ({"version": ""}, "sheet_malformed"),
        ({"version": "v" * 36}, "sheet_malformed"),
        ({"spread_bp": -1}, "sheet_malformed"),
        ({"spread_bp": 2_001}, "sheet_malformed"),
        ({"effective_at": datetime(2026, 11, 21)}, "time_naive"),
        ({"tiers": (tier("0", 51),)}, "improvement_above_spread"),
        ({"tiers": (tier("0", -1),)}, "sheet_malformed"),
        ({"tiers": (tier("1000", 0), tier("1000", 1))}, "tiers_disordered"),
        ({"tiers": (tier("2000", 0), tier("1000", 1))}, "tiers_disordered"),
        ({"tiers": (tier("0", 20), tier("1000", 10))}, "tiers_not_monotone"),
        ({"tiers": (Tier(Money(1, THB), 0),)}, "sheet_malformed"),
        ({"tiers": (Tier(Money(150, KHR), 0),)}, "sheet_malformed"),
        ({"tiers": (tier("5000000100", 0),)}, "sheet_malformed"),
        ({"tiers": tuple(tier(str(start), 0) for start in range(17))}, "sheet_malformed"),
    ],
)
def test_sheet_that_cannot_stand_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RateRefused) as caught:
        replace(SHEET, **change)

    assert code == caught.value.code


@pytest.mark.parametrize(
    "change",
    [
        {"rate": "NaN"},
        {"rate": "Infinity"},
        {"rate": "-118.84"},
        {"rate": "0"},
        {"rate": "1" * 40},
        {"rate": 118.84},
        {"rate": 118},
        {"payer_currency": "XXX"},
        {"unit_currency": "USD"},
        {"effective_at": "today"},
        {"spread_bp": True},
        {"spread_bp": "50"},
        {"tiers": None},
        {"tiers": [1]},
        {"tiers": [{"from": "0"}]},
        {"tiers": [{"from": "0", "improvement_bp": 0, "more": 1}]},
        {"tiers": [{"from": "-1", "improvement_bp": 0}]},
        {"unknown": 1},
        {"provider": None},
    ],
)
def test_terms_that_cannot_be_read_are_refused_without_repeating_them(
    change: dict[str, Any],
) -> None:
    with pytest.raises(RateRefused) as caught:
        RateSheet.from_terms({**TERMS, **change})

    assert caught.value.code == "sheet_malformed"
    assert caught.value.__cause__ is None


def test_time_without_an_offset_is_refused_in_terms_too() -> None:
    with pytest.raises(RateRefused) as caught:
        RateSheet.from_terms({**TERMS, "effective_at": "2026-11-21T08:00:00"})

    assert caught.value.code == "time_naive"


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_time_that_its_offset_moves_out_of_the_calendar_is_refused(edge: str) -> None:
    with pytest.raises(RateRefused) as caught:
        RateSheet.from_terms({**TERMS, "effective_at": edge})

    assert caught.value.code == "sheet_malformed"


HOURS = Hours(420, 8 * 60, 17 * 60, (1, 2, 3, 4, 5), (date(2026, 11, 9),))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T08:00:00+07:00", None),
        ("2026-11-20T16:59:59+07:00", None),
        ("2026-11-20T01:00:00+00:00", None),
        ("2026-11-20T00:59:59+00:00", "closed"),
        ("2026-11-20T17:00:00+07:00", "closed"),
        ("2026-11-21T09:00:00+07:00", "closed"),
        ("2026-11-09T09:00:00+07:00", "holiday"),
        ("2026-11-08T20:00:00+00:00", "holiday"),
    ],
)
def test_hours_are_local_whatever_the_offset_of_the_moment(
    moment: str, expected: str | None
) -> None:
    assert expected == HOURS.shut(datetime.fromisoformat(moment))


def test_only_quoters_and_schemes_quote() -> None:
    roles = [(role, Provider("a", "ACLBKHPP", 1, (role,)).quotes) for role in ProviderRole]

    assert roles == [("quoter", True), ("holder", False), ("sponsor", False), ("scheme", True)]


def test_reference_keeps_its_moment_in_utc() -> None:
    reference = Reference(SHEET.rate, ISSUED_AT.astimezone(timezone(timedelta(hours=9))), None)

    assert reference.at.tzinfo is UTC
