"""The table of all currencies agrees with the ones that the switch handles."""

from __future__ import annotations

import re

import pytest

from fx.iso4217 import ISO_4217, ISO_4217_BY_CODE
from fx.money import CURRENCIES


def test_every_handled_currency_is_the_same_in_both_tables() -> None:
    handled = {unit.code: (unit.numeric, unit.exponent) for unit in CURRENCIES.values()}
    listed = {code: ISO_4217_BY_CODE[code][1:] for code in handled}

    assert handled == listed


def test_codes_and_numbers_are_well_formed_and_each_is_there_once() -> None:
    assert len(ISO_4217) == len(ISO_4217_BY_CODE)
    for numeric, row in ISO_4217.items():
        assert re.fullmatch("[0-9]{3}", numeric)
        assert re.fullmatch("[A-Z]{3}", row.code)
        assert row.exponent in range(5)


@pytest.mark.parametrize(
    ("code", "numeric", "exponent"),
    [("EUR", "978", 2), ("KWD", "414", 3), ("CLF", "990", 4), ("XOF", "952", 0)],
)
def test_rows_that_public_tables_often_get_wrong(code: str, numeric: str, exponent: int) -> None:
    assert ISO_4217[numeric] == (code, numeric, exponent)


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU"])
def test_codes_without_minor_units_are_no_currencies(code: str) -> None:
    assert code not in ISO_4217_BY_CODE
