"""Codes that two conforming readers would take for two things are refused, or claimed by one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import adapters.unionpay
from switch.qr import SCHEMES, QrError, read_scheme, recognise
from switch.qr.emv import compose, seal

AT = datetime(2026, 11, 21, tzinfo=UTC)


def sealed(*parts: tuple[str, str]) -> str:
    return seal("".join(compose(tag, value) for tag, value in parts))


@pytest.mark.parametrize("amount", ["0..0", "00..", "0.0.0", "0." + "0" * 40])
def test_a_zero_that_asks_the_payer_is_an_amount(amount: str) -> None:
    account = "".join(
        compose(*each) for each in (("00", "SG.PAYNOW"), ("01", "2"), ("02", "1"), ("03", "1"))
    )
    code = sealed(
        ("00", "01"), ("26", account), ("52", "0000"), ("53", "702"), ("54", amount),
        ("58", "SG"), ("59", "X"), ("60", "Singapore"),
    )  # fmt: skip

    with pytest.raises(QrError):
        recognise(code, at=AT).candidates[0].content.amount  # noqa: B018


def test_a_thai_transfer_that_names_two_payees_is_refused() -> None:
    account = "".join(
        compose(*each)
        for each in (
            ("00", "A000000677010111"), ("01", "0066812345678"), ("02", "1234567890123"),
        )
    )  # fmt: skip
    code = sealed(("00", "01"), ("01", "11"), ("29", account), ("53", "764"), ("58", "TH"))

    with pytest.raises(QrError):
        recognise(code, at=AT)


@pytest.mark.parametrize("link", ["upi://pay?pa=a@b&tn=x#&am=500", "upi://pay?pa=a@b&AM=500"])
def test_a_upi_link_that_two_readers_take_for_two_amounts_is_refused(link: str) -> None:
    with pytest.raises(QrError):
        recognise(link, at=AT)


@pytest.mark.parametrize("issuer", ["28010344", "28110344"])
def test_a_link_of_unionpay_is_claimed_by_unionpay_alone(issuer: str) -> None:
    file = Path(adapters.unionpay.__file__).parent / "unionpay_link.toml"
    schemes = SCHEMES.joined([read_scheme(file.read_text(), file.name)])

    found = recognise(f"https://qr.95516.com/{issuer}/99999", at=AT, schemes=schemes)

    assert [each.scheme for each in found.candidates] == ["unionpay_link"]


@pytest.mark.parametrize("character", "\ufeff\u2060\u2063\u3164\u115f\u034f\ufffe\uffff")
def test_a_character_that_nobody_sees_is_refused(character: str) -> None:
    code = sealed(
        ("00", "01"), ("01", "11"), ("29", compose("00", "a@b")), ("52", "5999"), ("53", "116"),
        ("58", "KH"), ("59", f"Sh{character}op"), ("60", "PP"),
    )  # fmt: skip

    with pytest.raises(QrError):
        recognise(code, at=AT)
