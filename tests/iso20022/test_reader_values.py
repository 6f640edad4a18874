"""Values as read: times in UTC, amounts by their currency's rule, text as it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fx.money import Money
from iso20022 import IsoError, build, read
from tests.iso20022.iso_examples import AT, PAYMENT, STATUS, UETR

RAW = build("pacs.002.001.10", STATUS)
PAID = build("pacs.008.001.08", PAYMENT)
WHEN = b"2026-11-21T03:15:02.120Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T10:15:02.120+07:00", datetime(2026, 11, 21, 3, 15, 2, 120_000, tzinfo=UTC)),
        ("2026-11-20T22:15:02-05:00", datetime(2026, 11, 21, 3, 15, 2, tzinfo=UTC)),
        (" 2026-11-21T03:15:02Z ", datetime(2026, 11, 21, 3, 15, 2, tzinfo=UTC)),
        ("2026-11-21T03:15:02.1234569Z", datetime(2026, 11, 21, 3, 15, 2, 123_456, tzinfo=UTC)),
    ],
)
def test_a_time_of_any_offset_is_read_as_utc(text: str, expected: datetime) -> None:
    """Lesson 4: the offset is part of the time."""
    found = read(RAW.replace(WHEN, text.encode()), names={"pacs.002.001.10"})

    assert expected == found.values["created_at"]
    assert UTC is found.values["created_at"].tzinfo  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("2026-11-21T03:15:02.120", "rule"),
        ("2026-11-21T24:00:00Z", "rule"),
        ("0001-01-01T00:00:00+14:00", "rule"),
        ("9999-12-31T23:59:59-11:00", "rule"),
        ("2026-02-30T00:00:00Z", "schema"),
        ("12026-01-01T00:00:00Z", "schema"),
        ("21/11/2026", "schema"),
    ],
)
def test_a_time_without_offset_or_outside_the_calendar_is_refused(text: str, layer: str) -> None:
    """Lesson 4: a time that could be another one is no time."""
    with pytest.raises(IsoError) as caught:
        read(RAW.replace(WHEN, text.encode()), names={"pacs.002.001.10"})

    assert (layer, "FF01") == (caught.value.layer, caught.value.code)
    assert caught.value.path == "/Document/FIToFIPmtStsRpt/GrpHdr/CreDtTm"


@pytest.mark.parametrize("text", ["41000", "41000.0", "41000.00"])
def test_riel_are_read_with_or_without_decimals(text: str) -> None:
    found = read(PAID.replace(b"41000.00", text.encode()), names={"pacs.008.001.08"})

    assert Money.parse("41000", "KHR") == found.values["instructed_amount"]


@pytest.mark.parametrize(
    ("currency", "text", "layer", "code"),
    [
        ("KHR", "41000.50", "rule", "AM12"),
        ("KHR", "41000.000", "rule", "AM12"),
        ("VND", "1.5", "rule", "AM12"),
        ("XAU", "1", "rule", "AM03"),
        ("KHR", "0", "rule", "AM01"),
        ("KHR", "999999999999999", "rule", "AM12"),
        ("KHR", "+1", "schema", "AM12"),
        ("KHR", "-1", "schema", "AM12"),
        ("KHR", "1e3", "schema", "AM12"),
        ("KHR", "", "schema", "AM12"),
        ("KHR", "NaN", "schema", "AM12"),
        ("khr", "1", "schema", "AM11"),
    ],
)
def test_an_amount_that_cannot_be_money_is_refused(
    currency: str, text: str, layer: str, code: str
) -> None:
    raw = PAID.replace(b'"KHR">41000.00', f'"{currency}">{text}'.encode())

    with pytest.raises(IsoError) as caught:
        read(raw, names={"pacs.008.001.08"})

    assert (layer, code) == (caught.value.layer, caught.value.code)


def test_characters_of_every_script_survive() -> None:
    for name in ("សុខ ដារ៉ា", "สมชาย กาแฟ", "山田 太郎", "A&B <C> \"D\" 'E' ]]>"):
        raw = build("pacs.008.001.08", PAYMENT | {"creditor_name": name})

        assert name == read(raw, names={"pacs.008.001.08"}).values["creditor_name"]


FOREIGN = (
    b'<SplmtryData><Envlp><x:Any xmlns:x="urn:example:1">'
    b'<Purp xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><Cd>GDDS</Cd></Purp>'
    b"<x:Nm>Another</x:Nm></x:Any></Envlp></SplmtryData></CdtTrfTxInf>"
)


def test_supplementary_data_of_another_is_not_entered_and_changes_nothing() -> None:
    raw = PAID.replace(b"</CdtTrfTxInf>", FOREIGN)

    found = read(raw, names={"pacs.008.001.08"})

    assert found.values == PAYMENT
    assert "purpose" not in found.values


def test_rows_hold_rows_of_their_own_and_end_where_they_end() -> None:
    detail = {"uetr": UETR, "amount": Money.parse("5", "THB"), "direction": "CRDT"}
    entry = {
        "amount": Money.parse("10", "THB"),
        "direction": "CRDT",
        "status": "BOOK",
        "bank_code_proprietary": "XB",
    }
    entries = (entry | {"transactions": (detail, detail), "information": "two"}, entry)
    page = {
        "message_id": "S1",
        "created_at": AT,
        "report_id": "R1",
        "account": "1",
        "entries": entries,
        "information": "page",
    }

    for name in ("camt.054.001.08", "camt.054.001.11", "camt.054.001.13"):
        assert page == read(build(name, page), names={name}).values
