"""The writer gives codes that the reader takes without a deviation, and refuses all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, currency
from switch.qr import (
    Khqr,
    Language,
    QrError,
    ThaiBillPayment,
    recognise,
    write_khqr,
    write_thai_bill_payment,
)
from switch.qr.emv import seal

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
STATIC = Khqr(account="chan_rith@abc", merchant_name="Rith Tea", currency="USD")
DYNAMIC = STATIC._replace(
    amount=Money.parse("1.50", "USD"),
    created_at=AT,
    expires_at=AT + timedelta(minutes=10),
)
THAI = ThaiBillPayment(
    biller_id="099300045670100",
    reference_1="TABLE007",
    reference_2="T0001",
    merchant_name="SIAM RIVER BISTRO",
    merchant_city="AYUTTHA",
    category="5812",
    amount=Money.parse("120", "THB"),
)


def refused(code: Khqr) -> QrError:
    with pytest.raises(QrError) as refusal:
        write_khqr(code)
    return refusal.value


def test_static_khqr_has_the_central_banks_order_of_objects() -> None:
    expected = "00020101021129170013chan_rith@abc5204599953038405802KH5908Rith Tea6010Phnom Penh"

    assert write_khqr(STATIC) == seal(expected)


def test_dynamic_khqr_has_its_time_stamps_before_the_crc() -> None:
    expected = (
        "00020101021229170013chan_rith@abc52045999530384054041.505802KH5908Rith Tea6010Phnom Penh"
        "99340013179523000000001131795230600000"
    )

    assert write_khqr(DYNAMIC) == seal(expected)


@pytest.mark.parametrize(
    ("amount", "written"), [("1", "1"), ("1.00", "1"), ("1.5", "1.50"), ("0.01", "0.01")]
)
def test_whole_dollars_are_written_without_a_point(amount: str, written: str) -> None:
    text = write_khqr(DYNAMIC._replace(amount=Money.parse(amount, "USD")))

    assert recognise(text, at=AT).candidates[0].content.amount_text == written


def test_merchant_khqr_with_khmer_name_and_labels_reads_back() -> None:
    code = DYNAMIC._replace(
        currency="KHR",
        amount=Money.parse("41000", "KHR"),
        merchant_id="1234567",
        acquiring_bank="Rice Bnk",
        bill_number="B-77",
        mobile_number="85512345678",
        store_label="Main",
        terminal_label="POS 3",
        purpose="Coffee",
        language=Language("km", "សុខ ដារ៉ា", "ភ្នំពេញ"),
        unionpay="19740116005204460000000DEVB0002",
    )
    content = recognise(write_khqr(code), at=AT).candidates[0].content

    assert (
        content.account_kind,
        content.merchant_id,
        content.amount_text,
    ) == ("merchant", "1234567", "41000")
    assert (
        content.bill_number,
        content.mobile_number,
        content.store_label,
        content.terminal_label,
        content.purpose,
    ) == ("B-77", "85512345678", "Main", "POS 3", "Coffee")
    assert content.local_name == "សុខ ដារ៉ា"


def test_thai_cross_border_code_carries_every_mandatory_object() -> None:
    expected = (
        "00020101021230600016A00000067701200601150993000456701000208TABLE0070305T000152045812"
        "53037645406120.005802TH5917SIAM RIVER BISTRO6007AYUTTHA"
    )

    assert write_thai_bill_payment(THAI) == seal(expected)


def test_thai_code_without_amount_is_static() -> None:
    text = write_thai_bill_payment(THAI._replace(amount=None, terminal_label="T1"))
    content = recognise(text, at=AT).candidates[0].content

    assert (
        content.method,
        content.amount,
        content.terminal_label,
        content.cross_border,
    ) == ("static", None, "T1", True)


@pytest.mark.parametrize(
    ("changes", "reason", "nbc"),
    [
        ({"account": "nodomain"}, "account_id_format", 3),
        ({"account": "x" * 28 + "@devb"}, "account_id_length", 6),
        ({"merchant_name": ""}, "zero_length", None),
        ({"merchant_name": "x" * 26}, "length_59", 7),
        ({"merchant_city": "x" * 16}, "length_60", 21),
        ({"currency": "THB"}, "currency_not_allowed", 28),
        ({"amount": Money.parse("0", "USD")}, "amount_format", 4),
        ({"amount": Money.parse("100", "KHR")}, "amount_currency", None),
        ({"expires_at": None}, "missing_expiry", 45),
        ({"created_at": None}, "missing_creation", None),
        ({"expires_at": AT - timedelta(seconds=1)}, "expiry_before_creation", 50),
        ({"created_at": AT.replace(year=2000)}, "creation_format", None),
        ({"expires_at": AT.replace(year=2287)}, "expiry_format", 49),
        ({"language": Language("1!", "x")}, "language_format", None),
        ({"amount": None}, "validity_without_amount", None),
        ({"category": "0"}, "mcc_length", 51),
        ({"category": "1A2B"}, "mcc_not_numeric", 51),
        ({"bill_number": "x" * 26}, "length_62_01", 10),
        ({"store_label": "x" * 26}, "length_62_03", 11),
        ({"terminal_label": "x" * 26}, "length_62_07", 12),
        ({"mobile_number": "x" * 26}, "length_62_02", 34),
        ({"purpose": "x" * 26}, "length_62_08", 42),
        ({"merchant_id": "1"}, "missing_acquiring_bank", 31),
        ({"merchant_id": "1" * 33, "acquiring_bank": "B"}, "merchant_id_length", 32),
        ({"acquiring_bank": "B" * 33}, "acquiring_bank_length", 33),
        ({"account_information": "1" * 33}, "account_information_length", 35),
        ({"unionpay": "1" * 31}, "unionpay_currency", 44),
        ({"language": Language("km", "")}, "zero_length", None),
        ({"merchant_name": "\N{GRINNING FACE}"}, "astral_character", None),
        ({"merchant_name": "A\nB"}, "control_character", None),
        ({"purpose": "\ud800"}, "not_unicode", None),
    ],
)
def test_unwritable_khqr_is_refused_with_the_central_banks_number(
    changes: dict[str, Any], reason: str, nbc: int | None
) -> None:
    refusal = refused(DYNAMIC._replace(**changes))

    assert (reason, nbc) == (refusal.reason, refusal.nbc)


def test_additional_data_over_99_characters_is_refused_not_written_with_three_digits() -> None:
    code = STATIC._replace(
        bill_number="x" * 25,
        mobile_number="y" * 25,
        store_label="z" * 25,
        terminal_label="w" * 25,
    )

    assert refused(code).reason == "value_too_long"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"purpose": "x" * 100}, "62/08"),
        ({"account": "x" * 100}, "30/00"),
        ({"merchant_id": "1" * 100}, "30/01"),
        ({"acquiring_bank": "B" * 100}, "30/02"),
        ({"account": "x" * 32, "merchant_id": "1" * 32, "acquiring_bank": "B" * 32}, "30"),
    ],
)
def test_what_two_digits_cannot_measure_is_refused_where_it_is(
    changes: dict[str, Any], path: str
) -> None:
    merchant = DYNAMIC._replace(account_information=None, merchant_id="1", acquiring_bank="B")
    refusal = refused(merchant._replace(**changes))

    assert ("value_too_long", path) == (refusal.reason, refusal.path)


def test_both_kinds_of_account_cannot_be_mixed() -> None:
    code = STATIC._replace(merchant_id="1", acquiring_bank="B", account_information="2")

    assert refused(code).reason == "account_kinds_mixed"


def test_thai_amount_must_be_baht() -> None:
    with pytest.raises(QrError) as refusal:
        write_thai_bill_payment(THAI._replace(amount=Money.parse("1", "USD")))

    assert (refusal.value.reason, refusal.value.code) == ("amount_currency", "AM03")


TEXT = st.text(max_size=30)
LABEL = st.none() | TEXT


@given(
    account=TEXT | st.from_regex(r"\A[a-z]{1,12}@[a-z]{2,6}\Z"),
    name=TEXT,
    city=TEXT,
    category=TEXT | st.just("5999"),
    labels=st.tuples(LABEL, LABEL, LABEL, LABEL, LABEL),
    minor=st.none() | st.integers(0, 10**14),
)
def test_writer_writes_what_reads_back_or_refuses(
    account: str,
    name: str,
    city: str,
    category: str,
    labels: tuple[str | None, ...],
    minor: int | None,
) -> None:
    amount = None if minor is None else Money(minor, currency("USD"))
    code = Khqr(
        account=account,
        merchant_name=name,
        merchant_city=city,
        currency="USD",
        category=category,
        amount=amount,
        created_at=None if amount is None else AT,
        expires_at=None if amount is None else AT,
        bill_number=labels[0],
        mobile_number=labels[1],
        store_label=labels[2],
        terminal_label=labels[3],
        purpose=labels[4],
    )
    try:
        text = write_khqr(code)
    except QrError:
        return
    content = recognise(text, at=AT).candidates[0].content

    assert (account, name, city, amount) == (
        content.bakong_account,
        content.merchant_name,
        content.merchant_city,
        content.amount,
    )


def test_requests_do_not_show_names() -> None:
    assert "Rith" not in repr(DYNAMIC)
    assert "SIAM" not in repr(THAI)
