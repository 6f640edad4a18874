"""A scheme file is read completely: a misspelt, missing or wrong key is named with its file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from switch.qr import SCHEMES, SchemeError, read_scheme, recognise
from switch.qr.emv import compose, seal

VIETQR = """
scheme = "vietqr"
network = "vietnam"
countries = ["VN"]
currencies = ["704"]
tolerates = ["missing_52", "missing_59", "missing_60"]

[[account]]
tag = "38"
kind = "transfer"
ids = ["A000000727"]

[[account.field]]
sub = "02"
name = "service"
pattern = "QRIBFT[TA]{2}|QRPUSH"
format = "service_format"
"""
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)


def test_another_networks_file_is_read_by_the_same_reader() -> None:
    """What an adapter package of another country brings."""
    schemes = replace(SCHEMES, schemes=(*SCHEMES.schemes, read_scheme(VIETQR, "vietqr.toml")))
    account = compose("00", "A000000727") + compose("02", "QRPUSH")
    text = seal("000201010211" + compose("38", account) + "53037045802VN")
    (candidate,) = recognise(text, at=AT, schemes=schemes).candidates

    assert (
        candidate.scheme,
        candidate.network,
        candidate.content.account["service"],
    ) == ("vietqr", "vietnam", "QRPUSH")


@pytest.mark.parametrize(
    ("amount", "minor", "deviations"),
    [("1980", 1980, ()), ("1980.00", 1980, ("amount_decimals",)), ("1980.", 1980, ())],
)
def test_zeros_of_a_currency_without_decimals_are_reported(
    amount: str, minor: int, deviations: tuple[str, ...]
) -> None:
    text = VIETQR.replace('tolerates = ["missing_52", "missing_59", "missing_60"]', "")
    schemes = replace(SCHEMES, schemes=(read_scheme(text, "vietqr.toml"),))
    payload = seal(
        "000201010212"
        + compose("38", compose("00", "A000000727"))
        + "52045812"
        + "5303704"
        + compose("54", amount)
        + "5802VN5903PHO6005HANOI"
    )
    (candidate,) = recognise(payload, at=AT, schemes=schemes).candidates

    assert candidate.content.amount is not None
    assert (candidate.content.amount.minor, candidate.deviations) == (minor, deviations)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('network = "vietnam"', "", "network must be text"),
        ('network = "vietnam"', "network = 7", "network must be text"),
        ('countries = ["VN"]', "countries = [1]", "countries must be a list of texts"),
        ('countries = ["VN"]', "", "must state its currency and country"),
        ('"missing_52"', '"missing_53"', "must state its currency and country"),
        ('currencies = ["704"]', 'currencies = ["999"]', "ISO 4217"),
        ('network = "vietnam"', 'network = "v"\ntolerate = []', "unknown key tolerate"),
        ('network = "vietnam"', 'network = "v"\none_account = 1', "true or false"),
        ('network = "vietnam"', 'network = "v"\nvalidity = 1', "validity must be a table"),
        ('ids = ["A000000727"]', "", "account 1: give either ids or id_contains"),
        ('name = "service"', 'name = "service"\nlongest = "9"', "field 1: longest must be"),
        ('pattern = "QRIBFT[TA]{2}|QRPUSH"', 'pattern = "["', "a regular expression"),
        ('format = "service_format"', 'formt = "x"', "field 1: unknown key formt"),
        ("[[account.field]]", "[[account.field", "vietqr.toml"),
    ],
)
def test_faulty_file_is_refused_with_its_name_and_key(old: str, new: str, part: str) -> None:
    with pytest.raises(SchemeError) as refusal:
        read_scheme(VIETQR.replace(old, new, 1), "vietqr.toml")

    assert str(refusal.value).startswith("vietqr.toml")
    assert part in str(refusal.value)


def test_file_without_an_account_is_refused() -> None:
    with pytest.raises(SchemeError, match="account is missing"):
        read_scheme(VIETQR.partition("[[account]]")[0], "vietqr.toml")


@pytest.mark.parametrize("wrong", ["account = 1", "account = [1]"])
def test_accounts_must_be_tables(wrong: str) -> None:
    with pytest.raises(SchemeError, match="a list of tables"):
        read_scheme(VIETQR.partition("[[account]]")[0] + wrong, "vietqr.toml")
