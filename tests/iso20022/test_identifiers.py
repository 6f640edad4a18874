"""Identifiers prove themselves: published examples hold, and no single wrong character does."""

from __future__ import annotations

import pytest

from iso20022.identifiers import IBAN_LENGTHS, is_bic, is_iban, is_lei, is_uetr, same_bic

# Examples of the SWIFT IBAN registry and of ISO 13616.
IBANS = (
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "SA0380000000608010167519",
    "TL380080012345678910157",
    "CH9300762011623852957",
)
# Published LEIs: Deutsche Bank AG, Apple Inc., the example of ISO 17442.
LEIS = ("7LTWFZYICNSX8D621K86", "HWUPKR0MPOU8FGXBT394", "5493001KJTIIGC8Y1R12")
DIGITS = "0123456789"


@pytest.mark.parametrize("iban", IBANS)
def test_published_iban_holds(iban: str) -> None:
    assert is_iban(iban)
    assert len(iban) == IBAN_LENGTHS[iban[:2]]


@pytest.mark.parametrize("iban", IBANS)
def test_no_single_wrong_digit_of_an_iban_holds(iban: str) -> None:
    wrong = [
        iban[:at] + digit + iban[at + 1 :]
        for at, right in enumerate(iban)
        if right.isdigit()
        for digit in DIGITS
        if digit != right
    ]

    assert [each for each in wrong if is_iban(each)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KH89370400440532013000",  # Cambodia has no IBAN
        "DE8937040044053201300",  # one short
        "DE893704004405320130000",  # one long
        "de89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000\n",
        "DE8937040044053201300٠",  # noqa: RUF001 - a digit that is not ASCII
    ],
)
def test_what_only_looks_like_an_iban_does_not_hold(text: str) -> None:
    assert not is_iban(text)


def test_check_digits_that_are_never_issued_do_not_hold() -> None:
    body = "DE{}370400440532013000"
    held = [f"{number:02d}" for number in range(100) if is_iban(body.format(f"{number:02d}"))]

    assert held == ["89"]


@pytest.mark.parametrize("lei", LEIS)
def test_published_lei_holds_and_no_wrong_digit_does(lei: str) -> None:
    wrong = [
        lei[:at] + digit + lei[at + 1 :]
        for at, right in enumerate(lei)
        if right.isdigit()
        for digit in DIGITS
        if digit != right
    ]

    assert is_lei(lei)
    assert [each for each in wrong if is_lei(each)] == []


@pytest.mark.parametrize("text", ["", "7LTWFZYICNSX8D621K8", "7ltwfzyicnsx8d621k86", "A" * 20])
def test_what_only_looks_like_an_lei_does_not_hold(text: str) -> None:
    assert not is_lei(text)


@pytest.mark.parametrize("bic", ["NBHQKHPP", "NBHQKHPPXXX", "1234XK00", "DEUTDEFF500"])
def test_bic_holds(bic: str) -> None:
    assert is_bic(bic)


@pytest.mark.parametrize(
    "text", ["", "NBHQKHP", "NBHQKHPPX", "nbhqkhpp", "NBHQXXPP", "NBHQ12PP", "NBHQKHPPXXX\n"]
)
def test_what_only_looks_like_a_bic_does_not_hold(text: str) -> None:
    assert not is_bic(text)


def test_bics_of_one_institution_are_the_same() -> None:
    assert same_bic("NBHQKHPP", "NBHQKHPPXXX")
    assert not same_bic("NBHQKHPP", "NBHQKHPP001")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("5f8c1a52-6a2e-4c1f-9d0b-3a7f2b1c9e10", True),
        ("5F8C1A52-6A2E-4C1F-9D0B-3A7F2B1C9E10", False),
        ("5f8c1a52-6a2e-1c1f-9d0b-3a7f2b1c9e10", False),
        ("5f8c1a52-6a2e-4c1f-7d0b-3a7f2b1c9e10", False),
        ("5f8c1a526a2e4c1f9d0b3a7f2b1c9e10", False),
        ("", False),
    ],
)
def test_uetr_is_version_4_in_lower_case(text: str, held: bool) -> None:
    assert held == is_uetr(text)
