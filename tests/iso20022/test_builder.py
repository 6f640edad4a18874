"""The builder is strict: what it refuses names the layer, the code, the place and the field."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from fx.money import Money
from iso20022 import DOCUMENTS, IsoError, build, read
from tests.iso20022.iso_examples import AT, HEADER, PAYMENT, STATUS, UETR

TRANSACTION = "/Document/FIToFICstmrCdtTrf/CdtTrfTxInf"
# Moments of their own calendars that UTC's does not have.
FIRST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=7)))
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-11)))


def refused(name: str, values: dict[str, object], **more: object) -> IsoError:
    with pytest.raises(IsoError) as caught:
        build(name, values, **more)  # type: ignore[arg-type]
    return caught.value


def payment(**changes: object) -> dict[str, object]:
    return PAYMENT | changes


@pytest.mark.parametrize(
    ("changes", "layer", "code", "place"),
    [
        ({"message_id": None}, "schema", "CH21", "/Document/FIToFICstmrCdtTrf/GrpHdr/MsgId"),
        ({"uetr": None}, "schema", "CH21", f"{TRANSACTION}/PmtId/UETR"),
        ({"uetr": UETR.upper()}, "schema", "FF01", f"{TRANSACTION}/PmtId/UETR"),
        ({"no_such_field": "x"}, "schema", "FF01", "/Document"),
        ({"message_id": "x" * 36}, "schema", "FF01", "/Document/FIToFICstmrCdtTrf/GrpHdr/MsgId"),
        ({"transaction_id": "/x"}, "rule", "CH16", f"{TRANSACTION}/PmtId/TxId"),
        ({"transaction_id": "a//b"}, "rule", "CH16", f"{TRANSACTION}/PmtId/TxId"),
        ({"debtor_name": "  "}, "rule", "CH21", f"{TRANSACTION}/Dbtr/Nm"),
        ({"debtor_name": "a\nb"}, "rule", "CH16", f"{TRANSACTION}/Dbtr/Nm"),
        ({"debtor_name": "a\x00"}, "rule", "CH16", f"{TRANSACTION}/Dbtr/Nm"),
        ({"debtor_name": "\ud800"}, "rule", "CH16", f"{TRANSACTION}/Dbtr/Nm"),
        ({"debtor_name": 7}, "schema", "FF01", f"{TRANSACTION}/Dbtr/Nm"),
        ({"charge_bearer": "OURS"}, "schema", "FF01", f"{TRANSACTION}/ChrgBr"),
        ({"settlement_amount": "345.00"}, "schema", "AM12", f"{TRANSACTION}/IntrBkSttlmAmt"),
        (
            {"settlement_amount": Money.parse("0", "THB")},
            "rule",
            "AM01",
            f"{TRANSACTION}/IntrBkSttlmAmt",
        ),
        ({"exchange_rate": 118.84}, "schema", "FF01", f"{TRANSACTION}/XchgRate"),
        ({"exchange_rate": Decimal(-1)}, "rule", "FF01", f"{TRANSACTION}/XchgRate"),
        ({"exchange_rate": Decimal("NaN")}, "schema", "FF01", f"{TRANSACTION}/XchgRate"),
        ({"exchange_rate": Decimal("1.00000000001")}, "schema", "FF01", f"{TRANSACTION}/XchgRate"),
        ({"acceptance_at": datetime(2026, 1, 1)}, "rule", "FF01", f"{TRANSACTION}/AccptncDtTm"),
        ({"acceptance_at": FIRST}, "rule", "FF01", f"{TRANSACTION}/AccptncDtTm"),
        ({"acceptance_at": LAST}, "rule", "FF01", f"{TRANSACTION}/AccptncDtTm"),
        ({"settlement_date": AT}, "schema", "FF01", f"{TRANSACTION}/IntrBkSttlmDt"),
        (
            {"number_of_transactions": "2"},
            "rule",
            "AM18",
            "/Document/FIToFICstmrCdtTrf/GrpHdr/NbOfTxs",
        ),
        (
            {"clearing_system_proprietary": "X"},
            "schema",
            "FF01",
            "/Document/FIToFICstmrCdtTrf/GrpHdr/SttlmInf/ClrSys",
        ),
        ({"remittance_unstructured": "INV"}, "schema", "FF01", f"{TRANSACTION}/RmtInf/Ustrd"),
        ({"remittance_unstructured": ()}, "schema", "FF01", f"{TRANSACTION}/RmtInf/Ustrd"),
        ({"charges": ({"agent": "NBHQKHPP"},)}, "schema", "CH21", f"{TRANSACTION}/ChrgsInf/Amt"),
        ({"charges": (("x",),)}, "schema", "FF01", f"{TRANSACTION}/ChrgsInf"),
        ({"charges": ({"other": 1},)}, "schema", "FF01", f"{TRANSACTION}/ChrgsInf"),
        ({"charges": ()}, "schema", "FF01", f"{TRANSACTION}/ChrgsInf"),
        ({"debtor_agent": "NBHQXXPP"}, "rule", "RC03", f"{TRANSACTION}/DbtrAgt/FinInstnId/BICFI"),
        ({"creditor_country": "XX"}, "rule", "BE11", f"{TRANSACTION}/Cdtr/PstlAdr/Ctry"),
        ({"debtor_country": "XX"}, "rule", "BE10", f"{TRANSACTION}/Dbtr/PstlAdr/Ctry"),
    ],
)
def test_a_bad_field_is_refused_with_its_place(
    changes: dict[str, object], layer: str, code: str, place: str
) -> None:
    error = refused("pacs.008.001.08", payment(**changes))

    assert (layer, code, place) == (error.layer, error.code, error.path)


def test_an_unknown_message_or_header_is_refused() -> None:
    assert refused("pacs.008.001.99", payment()).layer == "schema"
    assert refused("pacs.008.001.08", payment(), header=HEADER).layer == "schema"
    nameless = refused("pacs.008.001.08", payment(), header=HEADER, header_name="head.001.001.99")
    assert nameless.layer == "schema"


def test_the_header_speaks_of_the_document_that_it_travels_with() -> None:
    other = HEADER | {"business_message_id": "OTHER"}
    wrong = HEADER | {"message_definition": "pacs.009.001.08"}
    name = {"header_name": "head.001.001.02"}

    assert refused("pacs.008.001.08", payment(), header=other, **name).path == "/AppHdr/BizMsgIdr"
    assert refused("pacs.008.001.08", payment(), header=wrong, **name).path == "/AppHdr/MsgDefIdr"


def test_the_xml_declaration_is_written_only_on_request() -> None:
    plain = build("pacs.002.001.10", STATUS)
    declared = build("pacs.002.001.10", STATUS, declaration=True)

    assert b"<?" not in plain
    assert b'<?xml version="1.0" encoding="UTF-8"?>' + plain == declared


def test_times_are_written_in_utc_and_lose_nothing() -> None:
    offset = datetime(2026, 11, 21, 10, 15, tzinfo=timezone(timedelta(hours=7)))
    fine = datetime(2026, 11, 21, 3, 15, 2, 120_001, tzinfo=UTC)

    assert b"<CreDtTm>2026-11-21T03:15:00.000Z<" in build(
        "pacs.002.001.10", STATUS | {"created_at": offset}
    )
    assert b"<CreDtTm>2026-11-21T03:15:02.120001Z<" in build(
        "pacs.002.001.10", STATUS | {"created_at": fine}
    )


def test_whole_riel_have_decimals_in_pacs_and_none_in_pain() -> None:
    raw = build("pacs.008.001.08", payment())

    assert b'<InstdAmt Ccy="KHR">41000.00</InstdAmt>' in raw


def test_a_fee_may_be_nothing_but_an_amount_may_not() -> None:
    rows = (
        {"amount": Money.parse("0", "KHR"), "agent": "NBHQKHPP"},
        {"amount": Money.parse("5", "THB"), "agent": "KASITHBK"},
    )

    values = read(build("pacs.008.001.08", payment(charges=rows)), names=DOCUMENTS).values

    assert rows == values["charges"]


def test_a_rejection_needs_a_reason_of_either_kind() -> None:
    rejected = STATUS | {"status": "RJCT"}

    assert refused("pacs.002.001.15", rejected).code == "CH21"
    assert build("pacs.002.001.15", rejected | {"reason": "AB05"})
    assert build("pacs.002.001.15", rejected | {"reason_proprietary": "U110"})


def test_the_newest_payment_carries_the_quote_and_agrees_with_it() -> None:
    quote = payment(
        expires_at=AT,
        agreed_rate_unit_currency="THB",
        agreed_rate_quoted_currency="KHR",
        agreed_rate=Decimal("118.84"),
        quote_id="0b0e6f5e-3a5a-4c1e-9d4e-7a1f2b3c4d5e",
    )

    assert quote == read(build("pacs.008.001.13", quote), names=DOCUMENTS).values
    assert refused("pacs.008.001.13", quote | {"agreed_rate": Decimal("118.85")}).code == "AB04"

    older = quote | {"charges": ({"amount": Money.parse("0", "KHR"), "agent": "NBHQKHPP"},)}
    assert older == read(build("pacs.008.001.08", older), names=DOCUMENTS).values


def test_a_day_is_a_date() -> None:
    values = read(build("pacs.008.001.08", payment()), names=DOCUMENTS).values

    assert date(2026, 11, 21) == values["settlement_date"]
    assert not isinstance(values["settlement_date"], datetime)


def test_rates_lose_no_digit_and_whole_numbers_stay_whole() -> None:
    for text in ("118.84", "0.0081", "41000", "118.840", "1E+2", "0.0000000001"):
        rate = Decimal(text)

        values = read(build("pacs.008.001.08", payment(exchange_rate=rate)), names=DOCUMENTS).values

        assert values["exchange_rate"] == rate


def test_values_of_the_wrong_kind_are_refused() -> None:
    assert refused("pacs.002.001.10", STATUS | {"created_at": "now"}).layer == "schema"
    assert refused("pacs.008.001.08", payment(sup_merchant_category=5814)).layer == "schema"
    assert refused("acmt.024.001.04", {"verified": "true"}).layer == "schema"
