"""Codes are recognised by tag, identifier, country and currency; refusals carry the right code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import pytest

from fx.money import Money
from switch.qr import QrError, describe, recognise
from switch.qr.emv import compose, crc, seal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CREATED_MS = 1795230000000
AT = EPOCH + timedelta(milliseconds=CREATED_MS)

KHQR = {
    "00": "01",
    "01": "11",
    "29": "0013chan_rith@abc",
    "52": "5999",
    "53": "116",
    "58": "KH",
    "59": "Rith Tea",
    "60": "Phnom Penh",
}
VALIDITY = "00131795230000000" + "01131795230600000"
THAI = {
    "00": "01",
    "01": "12",
    "30": "0016A000000677012006" + "0115099300045670100" + "0208TABLE007" + "0305T0001",
    "52": "5812",
    "53": "764",
    "54": "120.00",
    "58": "TH",
    "59": "SIAM RIVER BISTRO",
    "60": "AYUTTHA",
}


def code(base: dict[str, str], **changes: str | None) -> str:
    """A sealed code: ``base`` with root objects changed (``t54="1"``) or left out (``None``)."""
    objects = {**base, **{tag[1:]: value for tag, value in changes.items()}}
    return seal("".join(compose(tag, value) for tag, value in objects.items() if value))


def refused(text: str, at: datetime = AT) -> QrError:
    with pytest.raises(QrError) as refusal:
        recognise(text, at=at)
    return refusal.value


def test_khqr_of_an_individual_is_read() -> None:
    (candidate,) = recognise(code(KHQR), at=AT).candidates
    content = candidate.content

    assert candidate.scheme == "khqr"
    assert (content.account_kind, content.bakong_account) == ("individual", "chan_rith@abc")
    assert (content.method, content.amount, content.currency.code) == ("static", None, "KHR")
    assert (
        content.merchant_name,
        content.merchant_city,
        content.merchant_category,
        content.country,
    ) == ("Rith Tea", "Phnom Penh", "5999", "KH")
    assert candidate.deviations == ()
    assert content.static


def test_khqr_of_a_merchant_with_amount_labels_and_expiry_is_read() -> None:
    text = code(
        KHQR,
        t01="12",
        t29=None,
        t30="0016mekong_food@bank" + "01071234567" + "0208Rice Bnk",
        t54="41000",
        t62="0103B-1" + "0302S1" + "0702T1" + "0806Coffee",
        t64="0002km" + "0103សុខ" + "0207ភ្នំពេញ",
        t99=VALIDITY,
    )
    content = recognise(text, at=AT).candidates[0].content

    assert (
        content.account_kind,
        content.bakong_account,
        content.merchant_id,
        content.acquiring_bank,
    ) == ("merchant", "mekong_food@bank", "1234567", "Rice Bnk")
    assert (Money.parse("41000", "KHR"), "41000") == (content.amount, content.amount_text)
    assert (
        content.bill_number,
        content.store_label,
        content.terminal_label,
        content.purpose,
    ) == ("B-1", "S1", "T1", "Coffee")
    assert (content.local_name, content.local_city) == ("សុខ", "ភ្នំពេញ")
    assert (AT, AT + timedelta(minutes=10)) == (content.created_at, content.expires_at)
    assert text == content.payload


def test_thai_cross_border_code_is_read_and_marked() -> None:
    (candidate,) = recognise(code(THAI), at=AT).candidates
    content = candidate.content

    assert candidate.scheme == "thaiqr"
    assert (content.account_kind, content.cross_border) == ("cross_border_merchant", True)
    assert (
        content.biller_id,
        content.reference_1,
        content.reference_2,
    ) == ("099300045670100", "TABLE007", "T0001")
    assert Money.parse("120.00", "THB") == content.amount


def test_domestic_thai_bill_payment_is_not_marked() -> None:
    text = code(THAI, t30="0016A000000677010112" + "0115099300045670100" + "0202R1")

    assert not recognise(text, at=AT).candidates[0].content.cross_border


@pytest.mark.parametrize(
    ("sub", "kind", "value"),
    [
        ("01", "mobile", "0066812345678"),
        ("02", "national_id", "0123456789012"),
        ("03", "wallet", "012345678901234"),
        ("04", "bank_account", "0041234567890"),
    ],
)
def test_thai_transfer_names_the_kind_of_proxy(sub: str, kind: str, value: str) -> None:
    account = "0016A000000677010111" + compose(sub, value)
    text = code(THAI, t30=None, t29=account, t52=None, t59=None, t60=None)
    (candidate,) = recognise(text, at=AT).candidates

    assert (kind, value) == (candidate.content.proxy_kind, candidate.content.proxy_value)
    assert candidate.deviations == ("missing_52", "missing_59", "missing_60")


def test_same_tag_goes_to_another_network_by_identifier_and_country() -> None:
    """Tags 29 and 30 belong to Cambodia and to Thailand."""
    proxy = "0016A000000677010111" + "01130066812345678"

    assert recognise(code(KHQR), at=AT).candidates[0].scheme == "khqr"
    assert recognise(code(THAI, t30=None, t29=proxy), at=AT).candidates[0].scheme == "thaiqr"
    assert refused(code(KHQR, t29=proxy, t53="764")).reason == "country_not_allowed"
    assert refused(code(KHQR, t58="US")).reason == "country_not_allowed"
    assert refused(code(KHQR, t29="0003abc", t58="US")).reason == "unknown_network"
    assert refused(code(THAI, t30="0013chan_rith@abc")).reason == "unknown_guid"


def test_code_of_two_networks_gives_the_one_that_takes_it_and_the_other_refusal() -> None:
    text = code(KHQR, t53="840", t30="0016A000000677012006" + "0115099300045670100" + "0202R1")
    recognition = recognise(text, at=AT)

    assert [candidate.scheme for candidate in recognition.candidates] == ["khqr"]
    assert [(refusal.scheme, refusal.reason) for refusal in recognition.refused] == [
        ("thaiqr", "currency_not_allowed")
    ]


def test_two_different_khqr_accounts_are_ambiguous() -> None:
    merchant = "0016mekong_food@bank" + "01071234567"
    same = "0013chan_rith@abc" + "01071234567"

    assert (
        refused(code(KHQR, t30=merchant)).layer,
        refused(code(KHQR, t30=merchant)).reason,
    ) == ("network", "accounts_differ")
    assert recognise(code(KHQR, t30=same), at=AT).candidates[0].content.account_kind == "merchant"


DYNAMIC = {**KHQR, "01": "12", "53": "840", "54": "1.50", "99": VALIDITY}


@pytest.mark.parametrize(
    ("amount", "code_expected"),
    [
        ("0", "AM01"),
        ("0.00", "AM01"),
        ("1,50", "AM12"),
        ("1.505", "AM12"),
        ("-1", "AM12"),
        ("1e3", "AM12"),
        (" 1", "AM12"),
        (".5", "AM12"),
        ("1.2.3", "AM12"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "AM12"),
        ("12345678901.00", "AM12"),
    ],
)
def test_unusable_amount_is_a_field_fault_with_its_code(amount: str, code_expected: str) -> None:
    refusal = refused(code(DYNAMIC, t54=amount))

    assert ("field", "amount_format", "54", code_expected) == (
        refusal.layer,
        refusal.reason,
        refusal.path,
        refusal.code,
    )
    assert refusal.nbc == 4


@pytest.mark.parametrize(
    ("amount", "minor"), [("1.50", 150), ("1.5", 150), ("10.", 1000), ("10", 1000), ("007", 700)]
)
def test_written_amount_is_read_in_minor_units(amount: str, minor: int) -> None:
    content = recognise(code(DYNAMIC, t54=amount), at=AT).candidates[0].content

    assert content.amount is not None
    assert (minor, amount) == (content.amount.minor, content.amount_text)


def test_riel_are_whole_but_may_be_written_with_zeros() -> None:
    assert refused(code(DYNAMIC, t53="116", t54="100.5")).code == "AM12"
    content = recognise(code(DYNAMIC, t53="116", t54="5000.00"), at=AT).candidates[0].content
    assert content.amount is not None
    assert content.amount.short() == "5000"


def test_currency_of_another_country_is_refused() -> None:
    assert (
        refused(code(KHQR, t53="764")).layer,
        refused(code(KHQR, t53="764")).reason,
        refused(code(KHQR, t53="764")).code,
        refused(code(KHQR, t53="764")).nbc,
    ) == ("network", "currency_not_allowed", "AM03", 28)


@pytest.mark.parametrize("point", ["11", "12"])
def test_expiry_is_judged_at_the_given_moment_for_static_codes_too(point: str) -> None:
    text = code(DYNAMIC, t01=point)
    end = AT + timedelta(minutes=10)

    assert recognise(text, at=end).candidates
    refusal = refused(text, end + timedelta(milliseconds=1))
    assert (
        refusal.layer,
        refusal.reason,
        refusal.path,
        refusal.code,
        refusal.nbc,
    ) == ("time", "expired", "99/01", "DS24", 46)


def test_static_code_without_amount_may_hold_a_creation_stamp_only() -> None:
    (candidate,) = recognise(code(KHQR, t99="00131795230000000"), at=AT).candidates

    assert candidate.notes == ("creation_only",)
    assert candidate.content.expires_at is None


@pytest.mark.parametrize(
    ("changes", "layer", "reason"),
    [
        ({"t99": None}, "network", "missing_expiry"),
        ({"t99": "00131795230000000"}, "network", "missing_expiry"),
        ({"t99": "00131795230000000" + "0113179523"}, "tlv", "wrong_length"),
        ({"t99": "00131795230000000" + "01101795230600"}, "network", "expiry_format"),
        ({"t99": "00131795230000000" * 2}, "schema", "duplicate_tag"),
        ({"t99": "00101795230000" + "01131795230600000"}, "network", "creation_format"),
        ({"t54": None}, "network", "dynamic_without_amount"),
        ({"t55": "02"}, "schema", "fee_missing"),
        ({"t56": "1"}, "schema", "fee_without_indicator"),
        ({"t55": "02", "t56": "1.234"}, "schema", "fee_format"),
        ({"t55": "03", "t57": "100"}, "schema", "fee_percent_range"),
        ({"t59": "x" * 26}, "field", "length_59"),
        ({"t59": "Rith\u202eTea"}, "field", "control_character"),
        ({"t58": "kh"}, "field", "country_format"),
        ({"t29": "0005a@b@c"}, "network", "account_id_format"),
        ({"t62": "0126" + "x" * 26}, "field", "length_62_01"),
        ({"t64": "0002km"}, "schema", "language_without_name"),
        ({"t26": "0102M1"}, "schema", "missing_guid"),
    ],
)
def test_broken_khqr_is_refused_in_its_layer(
    changes: dict[str, Any], layer: str, reason: str
) -> None:
    refusal = refused(code(DYNAMIC, **changes))

    assert (layer, reason) == (refusal.layer, refusal.reason)


def test_fixed_fee_is_read_in_the_currency_of_the_code() -> None:
    content = recognise(code(DYNAMIC, t55="02", t56="0.50"), at=AT).candidates[0].content

    assert (Money.parse("0.50", "USD"), "02") == (content.fee_fixed, content.tip_indicator)


def test_all_faults_are_reported_and_the_first_layer_decides() -> None:
    text = code(DYNAMIC, t54="abc", t53="764", t59=None)[:-4] + "0000"
    refusal = refused(text, AT + timedelta(days=1))

    assert [found.reason for found in refusal.faults] == [
        "bad_crc",
        "missing_59",
        "amount_format",
        "currency_not_allowed",
        "expired",
    ]
    assert refusal.layer == "crc"


def test_lower_case_crc_is_taken_and_reported() -> None:
    text = next(
        text
        for number in range(50)
        if (text := code(KHQR, t60=f"Town {number}"))[-4:] != text[-4:].lower()
    )
    (candidate,) = recognise(text[:-4] + text[-4:].lower(), at=AT).candidates

    assert candidate.deviations == ("crc_lower_case",)


def test_crc_over_code_points_is_refused() -> None:
    """What one public library writes for Khmer names."""
    text = code(KHQR, t59="សុខ ដារ៉ា")
    low_bytes = "".join(chr(ord(character) & 0xFF) for character in text[:-4])
    wrong = crc(low_bytes)

    assert recognise(text, at=AT).candidates
    assert refused(text[:-4] + wrong).reason == "bad_crc"


def test_format_indicator_must_stand_first() -> None:
    text = code(THAI)
    moved = seal(text[6:12] + text[:6] + text[12:-8])

    assert "format_not_first" in [found.reason for found in refused(moved).faults]


def test_labels_without_a_meaning_to_a_network_are_kept() -> None:
    content = recognise(code(KHQR, t62="0503R-1"), at=AT).candidates[0].content

    assert (content.reference_label, content.account_information) == ("R-1", None)


def test_thai_template_without_an_identifier_is_a_schema_fault() -> None:
    refusal = refused(code(THAI, t30="0115099300045670100"))

    assert (refusal.layer, refusal.reason) == ("schema", "missing_guid")


def test_opaque_objects_beside_a_khqr_are_described_as_text() -> None:
    text = code(KHQR, t02="4000000000000002", t68="X1")
    fields = describe(recognise(text, at=AT).candidates[0].content)

    assert fields["accounts"] == [
        {"tag": "29", "id": "chan_rith@abc", "sub": {"00": "chan_rith@abc"}},
        {"tag": "02", "value": "4000000000000002"},
    ]
    assert fields["other_templates"] == {"68": "X1"}


def test_md5_is_over_the_exact_text() -> None:
    text = code(KHQR, t64="0002km" + "0103សុខ")

    content = recognise(text, at=AT).candidates[0].content
    assert content.md5 == md5(text.encode(), usedforsecurity=False).hexdigest()


def test_bank_slip_is_no_payment_code() -> None:
    slip = "0038" + "0006000001" + "0103004" + "0217000000000000000AB" + "5102TH" + "91040000"

    assert refused(slip).reason == "not_a_payment_code"


def test_nothing_shows_names_accounts_or_text() -> None:
    shown = repr(recognise(code(KHQR), at=AT))
    refusal = refused(code(KHQR, t54="abc"))
    shown += repr(refusal) + str(refusal) + repr(refusal.faults)

    for secret in ("chan_rith", "Rith Tea", "Phnom Penh", "abc"):
        assert secret not in shown


def test_moment_must_be_aware() -> None:
    with pytest.raises(AssertionError):
        recognise(code(KHQR), at=AT.replace(tzinfo=None))
