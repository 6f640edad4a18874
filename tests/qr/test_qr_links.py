"""Links and payers' digits are read by their scheme files like every other code."""

from __future__ import annotations

import pytest

from fx.money import Money
from switch.qr import QrError, describe, examine, recognise
from tests.qr.qr_codes import AT


def test_a_upi_link_is_read_like_any_code() -> None:
    text = "upi://pay?pa=chai%40icici&pn=Chai%20Shop&mc=5812&tr=R1&tn=Lunch&am=12.50&cu=INR"
    (candidate,) = recognise(text, at=AT).candidates
    content = candidate.content

    assert (candidate.scheme, content.account_kind, content.account["address"]) == (
        "upi",
        "address",
        "chai@icici",
    )
    assert (content.merchant_name, content.merchant_category) == ("Chai Shop", "5812")
    assert (content.reference_label, content.purpose) == ("R1", "Lunch")
    assert (content.amount, content.country) == (Money.parse("12.50", "INR"), "IN")
    assert examine(text, at=AT).fields == describe(content)
    assert describe(content)["pa"] == "chai@icici"


@pytest.mark.parametrize(
    "text",
    [
        "UPI://PAY?pa=a@b",
        "upi://pay/?pa=a@b",
        "upi://pay?pa=a@b&am=&pn=&cu=INR",
        "upi://pay?pa=a@b&sign=MEQCIG%2Bx&orgid=159761&mode=02",
        "upi://pay?pa=a@b&&x-y.z_1=2&",
    ],
)
def test_a_upi_link_needs_an_address_and_nothing_else(text: str) -> None:
    (candidate,) = recognise(text, at=AT).candidates

    assert (candidate.content.amount, candidate.content.currency.code) == (None, "INR")


@pytest.mark.parametrize(
    ("text", "layer", "reason"),
    [
        ("upi://pay?pn=Chai", "network", "missing_address"),
        ("upi://pay?", "network", "missing_address"),
        ("upi://pay?pa=chai", "network", "address_format"),
        ("upi://pay?pa=a@b&cu=USD", "network", "currency_not_allowed"),
        ("upi://pay?pa=a@b&mc=58", "network", "mcc_not_numeric"),
        ("upi://mandate?pa=a@b", "network", "not_a_payment_code"),
        ("upi:", "network", "not_a_payment_code"),
        ("upi://pay?pa=a@b&am=abc", "field", "amount_format"),
        ("upi://pay?pa=a@b&am=1.555", "field", "amount_format"),
        ("upi://pay?pa=a@b&am=0.00", "field", "amount_format"),
        ("upi://pay?pa=a@b&pn=A%07", "field", "control_character"),
        ("upi://pay?pa=a@b&pn=%E2%80%AEA", "field", "control_character"),
        ("upi://pay?pa=a@b&pa=c@d", "schema", "duplicate_key"),
        ("upi://pay?pa=a@b&PA=c@d", "schema", "duplicate_key"),
        ("upi://pay?pa=a@b&pa=", "schema", "duplicate_key"),
        ("upi://pay?pa=&pa=a@b", "schema", "duplicate_key"),
        ("upi://pay?pa=a@b&p%61=c@d", "field", "key_format"),
        ("upi://pay?pa=a@b&=x", "field", "key_format"),
        ("upi://pay?pa=a@b&\u202epn=x", "field", "key_format"),
        ("upi://pay?pa=a@b&" + "k" * 33 + "=x", "field", "key_format"),
        ("upi://pay?pa=a%20c@b", "network", "address_format"),
        ("upi://pay?pa=\u0430@b", "network", "address_format"),
        ("upi://pay?pa=a@b@c", "network", "address_format"),
        ("upi://pay?pa=a@b&pn=\ud800", "tlv", "not_unicode"),
        ("upi://pay?pa=a@b&pn=%FF", "tlv", "not_unicode"),
        ("upi://pay?pa=a@b&pn=100%", "tlv", "escape_broken"),
        ("upi://pay?pa=a@b&tn=" + "x" * 1024, "tlv", "too_long"),
    ],
)
def test_a_broken_upi_link_is_refused_in_its_layer(text: str, layer: str, reason: str) -> None:
    examined = examine(text, at=AT)

    assert (examined.valid, examined.network) == (False, "upi")
    assert (examined.layer, examined.reason) == (layer, reason)
    with pytest.raises(QrError) as refusal:
        recognise(text, at=AT)
    assert (refusal.value.scheme, refusal.value.reason) == ("upi", reason)


def test_faults_of_a_link_say_where() -> None:
    text = "upi://pay?pa=a@b&cu=USD&am=1,5"

    assert [(item.reason, item.path, item.position) for item in examine(text, at=AT).faults] == [
        ("amount_format", "am", text.index("am=")),
        ("currency_not_allowed", "cu", text.index("cu=")),
    ]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            "https://qr.example.com/MPM/3/GPLD0120001005HELLO",
            {"domain": "qr.example.com", "0001": "HELLO"},
        ),
        (
            "HTTPS://QR.EXAMPLE.COM/mpm/3/GPLD0240001005HELLO0002005WORLD",
            {"domain": "QR.EXAMPLE.COM", "0001": "HELLO", "0002": "WORLD"},
        ),
        (
            "https://qr.example.com/28166604000123456?x=1",
            {"domain": "qr.example.com", "order": "28166604000123456", "rest": "?x=1"},
        ),
    ],
)
def test_alipayplus_links_are_taken(text: str, fields: dict[str, str]) -> None:
    assert [c.scheme for c in recognise(text, at=AT).candidates] == ["alipayplus"]
    assert examine(text, at=AT).fields == fields


@pytest.mark.parametrize(
    ("text", "layer", "reason"),
    [
        ("https://q.example.com/MPM/3/GPLD0130001005HELLO", "tlv", "wrong_length"),
        ("https://q.example.com/MPM/3/GPLD0120001006HELLO", "tlv", "wrong_length"),
        ("https://q.example.com/MPM/3/GPLD01200010A5HELLO", "tlv", "length_not_numeric"),
        ("https://q.example.com/MPM/3/GPLD01600010011000100" + "12", "schema", "duplicate_key"),
        ("https://q.example.com/MPM/3/", "network", "not_a_payment_code"),
        ("https://q.example.com/281666050001", "network", "not_a_payment_code"),
        ("https://a.b/281666040123456789?\ud800", "tlv", "not_unicode"),
    ],
)
def test_broken_alipayplus_links_are_refused(text: str, layer: str, reason: str) -> None:
    examined = examine(text, at=AT)

    assert (examined.network, examined.layer, examined.reason) == ("alipayplus", layer, reason)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            "251001020123456789012345",
            {"issuer": "251001", "business_type": "02", "user": "0123456789012345"},
        ),
        ("28123456789012345", {"legacy_rule": 1}),
        ("281234567890123456", {"legacy_rule": 2}),
        ("2812345678901234567", {"legacy_rule": 3}),
    ],
)
def test_a_payers_code_is_sound_and_nobody_else_can_pay_it(
    text: str, fields: dict[str, object]
) -> None:
    examined = examine(text, at=AT)

    assert (examined.valid, examined.network, examined.networks) == (True, "alipayplus", ())
    assert (examined.fields, examined.notes) == (fields, ("shown_by_payer",))
    with pytest.raises(QrError) as refusal:
        recognise(text, at=AT)
    assert refusal.value.reason == "shown_by_payer"


@pytest.mark.parametrize("size", [*range(20, 24), *range(25, 33)])
def test_reserved_lengths_of_a_payers_code_are_refused(size: int) -> None:
    examined = examine(("2510010201234567" * 2)[:size], at=AT)

    assert (examined.network, examined.layer, examined.reason) == (
        "alipayplus",
        "network",
        "length_reserved",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("25100102012345678901234A", "not_numeric"),
        ("251001030123456789012345", "not_a_payment_code"),
        ("271234567890123456", "length_reserved"),
    ],
)
def test_other_digits_are_no_payers_code(text: str, reason: str) -> None:
    assert (examine(text, at=AT).layer, examine(text, at=AT).reason) == ("network", reason)


@pytest.mark.parametrize("text", ["https://example.com/pay", "WIFI:S:cafe;;", "4006381333931"])
def test_what_is_nobodys_is_not_emv(text: str) -> None:
    examined = examine(text, at=AT)

    assert (examined.network, examined.layer, examined.reason) == (None, "tlv", "not_emv")
