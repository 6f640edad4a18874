"""What leaves is shaped as the genuine messages; what comes back says no more than it does."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from adapters.bakong import mapping, soap
from fx.money import Money
from iso20022 import IsoError
from switch.port import IncomingItem, Operation, Outcome, OutcomeKind, WireAnswer
from switch.reasons import Reason
from tests.adapters.bakong.bakong_cases import (
    HASH,
    NOW,
    UETR,
    envelope,
    fault,
    item,
    make_adapter,
    particulars,
    payment,
    planning,
    report,
    response,
    status_report,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lxml.etree import _Element

UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
ADAPTER = make_adapter()
PAYMENT = payment()
REFERENCE = PAYMENT.reference
PAID = ADAPTER.plan_pay(PAYMENT, particulars(), planning())
ASKED = ADAPTER.plan_enquire(PAYMENT, particulars(), planning())
TRANSFER = (
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.05"><CstmrCdtTrfInitn>'
    "<GrpHdr><MsgId>M1/2</MsgId><CreDtTm>{time}</CreDtTm></GrpHdr><PmtInf>"
    "<PmtInfId>BKRTKHPPXXX/ACLBKHPPXXX/R1</PmtInfId><CdtTrfTxInf>"
    '<Amt><InstdAmt Ccy="KHR">{amount}</InstdAmt></Amt></CdtTrfTxInf></PmtInf>'
    "</CstmrCdtTrfInitn></Document>"
)
TIME = "2026-01-29T10:00:00.000+07:00"


def _shape(element: _Element) -> list[str]:
    """Every path of leaves below an element, without namespaces, in order."""
    paths = []
    for each in element.iter("*"):
        if len(each) == 0:
            steps = [each, *each.iterancestors()]
            paths.append("/".join(str(s.tag).partition("}")[2] for s in reversed(steps)))
    return paths


def _inner(body: bytes, name: str) -> str:
    found = etree.fromstring(body).find(f".//{{{soap.SERVICE}}}{name}")
    assert found is not None
    return (found.text or "").strip()


def test_transfer_has_every_field_that_a_genuine_one_has(shared: Path) -> None:
    folder = shared / "samples/networks/bakong/backbone"
    genuine = (folder / "makeFullFundTransfer.request.xml").read_bytes()
    ours = ADAPTER.plan_pay(PAYMENT, particulars(bill="INV-7"), planning()).body

    assert _shape(etree.fromstring(genuine)) == _shape(etree.fromstring(ours))
    assert _shape(etree.fromstring(_inner(genuine, "iso_message"))) == _shape(
        etree.fromstring(_inner(ours, "iso_message"))
    )


def test_acknowledgement_and_collection_have_the_fields_of_genuine_ones(shared: Path) -> None:
    folder = shared / "samples/networks/bakong/backbone"
    collect = (folder / "getIncomingTransaction.request.xml").read_bytes()
    acknowledge = (folder / "makeAcknowledgement.request.xml").read_bytes()
    ours = ADAPTER.plan_acknowledge(_collected()[0], planning()).body

    assert _shape(etree.fromstring(collect)) == _shape(
        etree.fromstring(ADAPTER.plan_collect(planning()).body)
    )
    assert _shape(etree.fromstring(_inner(acknowledge, "content_message"))) == _shape(
        etree.fromstring(_inner(ours, "content_message"))
    )


def test_transfer_pays_from_the_pool_under_one_reference_everywhere() -> None:
    inner = _inner(PAID.body, "iso_message")

    assert inner.startswith("<Document ")
    assert REFERENCE == _inner(PAID.body, "ext_ref") == PAID.reference
    assert len(REFERENCE) == 34
    for tag in ("MsgId", "InstrId", "EndToEndId"):
        assert f"<{tag}>{REFERENCE}</{tag}>" in inner
    assert re.search(
        f"<PmtInfId>ACLBKHPPXXX/ABAAKHPPXXX/{mapping.short_reference(REFERENCE)}</PmtInfId>", inner
    )
    assert '<InstdAmt Ccy="KHR">41000</InstdAmt>' in inner
    assert "aclbkhppxxx@aclb" in inner
    assert f"uetr:{UETR}" in inner


def test_guest_is_not_named_to_the_merchants_bank() -> None:
    assert b"Guest" not in PAID.body
    assert b"0812345678" not in PAID.body


def test_dollars_are_written_with_their_cents() -> None:
    body = ADAPTER.plan_pay(payment("10.50", "USD"), particulars(), planning()).body

    assert b'<InstdAmt Ccy="USD">10.50</InstdAmt>' in body


def test_execution_day_is_the_day_in_cambodia() -> None:
    assert "<ReqdExctnDt>2026-11-22</ReqdExctnDt>" in _inner(PAID.body, "iso_message")


def test_same_planning_gives_the_same_bytes() -> None:
    assert ADAPTER.plan_pay(PAYMENT, particulars(), planning()) == PAID


def test_references_differ_by_number_and_by_slot() -> None:
    one = planning()
    made = [one, planning(8), dataclasses.replace(one, slot=4)]

    assert len({ADAPTER.reference(each) for each in made}) == 3


def test_end_mark_of_cdata_inside_a_name_does_not_end_it() -> None:
    body = ADAPTER.plan_pay(PAYMENT, particulars(name="a]]>b"), planning()).body

    document = etree.fromstring(_inner(body, "iso_message"))
    assert "a]]>b" in "".join(map(str, document.itertext()))


@pytest.mark.parametrize("document", [b"<a>]]></a>", b'<?xml version="1.0"?><a/>'])
def test_document_that_cdata_cannot_hold_is_refused(document: bytes) -> None:
    with pytest.raises(soap.SoapError):
        soap.request("makeFullFundTransfer", (("iso_message", document),))


def test_payee_bank_is_the_one_named_or_known_by_suffix() -> None:
    banks = mapping.parse_banks("aclb=ACLBKHPP")

    assert mapping.payee_agent(particulars("shop@aclb").creditor, banks) == "ACLBKHPPXXX"
    assert (
        mapping.payee_agent(particulars("000123", agent="ABAAKHPP").creditor, banks)
        == "ABAAKHPPXXX"
    )


def test_account_of_an_unlisted_bank_is_refused_before_anything_is_planned() -> None:
    with pytest.raises(IsoError) as refused:
        ADAPTER.plan_pay(PAYMENT, particulars("shop@nowhere"), planning())

    assert refused.value.code == "RC04"
    assert "nowhere" not in str(refused.value)


@pytest.mark.parametrize("listed", ["aclb", "=ACLBKHPP", "aclb=X", "a=ACLBKHPP,a=ACLBKHPP"])
def test_list_of_banks_that_cannot_be_read_refuses_the_start(listed: str) -> None:
    with pytest.raises(ValueError, match="banks"):
        mapping.parse_banks(listed)


def test_missing_user_name_refuses_the_start() -> None:
    with pytest.raises(ValueError, match="user_name"):
        make_adapter(user_name="")


def _pay(*returns: str) -> Outcome:
    return ADAPTER.read(PAID, PAYMENT, response("makeFullFundTransfer", *returns))


def _noted(line: str) -> str:
    return f"<OrgnlTxRef><RmtInf><Ustrd>{line}</Ustrd></RmtInf></OrgnlTxRef>"


def test_genuine_answer_is_pending_because_acsp_is_not_money(shared: Path) -> None:
    raw = (
        shared / "samples/networks/bakong/backbone/makeFullFundTransfer.response.xml"
    ).read_bytes()

    assert Outcome(OutcomeKind.PENDING) == ADAPTER.read(PAID, PAYMENT, WireAnswer(200, {}, raw))


@pytest.mark.parametrize("status", ["ACSP", "PDNG", "ACTC"])
@pytest.mark.parametrize("line", [HASH, f"trx_hash:{HASH}"])
def test_interim_status_is_pending_with_the_ledgers_hash(status: str, line: str) -> None:
    assert Outcome(OutcomeKind.PENDING, far_reference=HASH) == _pay(
        status_report(status, _noted(line))
    )


def test_settled_report_is_accepted() -> None:
    assert Outcome(OutcomeKind.ACCEPTED, far_reference=HASH) == _pay(
        status_report("ACSC", _noted(HASH))
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("<Cd>AC01</Cd>", Reason.ACCOUNT_UNKNOWN),
        ("<Cd>AC06</Cd>", Reason.ACCOUNT_BLOCKED),
        ("<Cd>ZZZZ</Cd>", Reason.UNSPECIFIED),
        ("<Prtry>ACCOUNT_NOT_FOUND</Prtry>", Reason.ACCOUNT_UNKNOWN),
    ],
)
def test_rejection_is_refused_with_its_reason(reason: str, expected: Reason) -> None:
    rest = f"<StsRsnInf><Rsn>{reason}</Rsn></StsRsnInf>"

    assert Outcome(OutcomeKind.REFUSED, expected) == _pay(status_report("RJCT", rest))


def test_rejection_without_a_reason_is_refused() -> None:
    assert Outcome(OutcomeKind.REFUSED, Reason.UNSPECIFIED) == _pay(status_report("RJCT"))


@pytest.mark.parametrize("code", ["DUPL", "AM05"])
def test_duplicate_is_unknown_because_an_earlier_copy_may_have_been_executed(code: str) -> None:
    rest = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"

    assert _pay(status_report("RJCT", rest)) == UNKNOWN


def test_full_report_that_names_our_ids_is_read() -> None:
    short = mapping.short_reference(REFERENCE)
    full = report(
        f"<GrpHdr><MsgId>B1</MsgId><CreDtTm>{TIME}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{REFERENCE}</OrgnlMsgId>"
        "<OrgnlMsgNmId>pain.001.001.05</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>ACLBKHPPXXX/ABAAKHPPXXX/{short}</OrgnlPmtInfId>"
        f"<TxInfAndSts><OrgnlEndToEndId>{REFERENCE}</OrgnlEndToEndId><TxSts>ACSC</TxSts>"
        "</TxInfAndSts></OrgnlPmtInfAndSts>"
    )

    assert Outcome(OutcomeKind.ACCEPTED) == _pay(full)


@pytest.mark.parametrize(
    "content",
    [
        "<TxInfAndSts><OrgnlEndToEndId>OTHER</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>",
        "<TxInfAndSts><OrgnlInstrId>OTHER</OrgnlInstrId><TxSts>RJCT</TxSts></TxInfAndSts>",
        (
            "<TxInfAndSts><TxSts>ACSC</TxSts><OrgnlTxRef>"
            '<Amt><InstdAmt Ccy="KHR">42000</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
        ),
        (
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>A/B/C</OrgnlPmtInfId>"
            "<TxInfAndSts><TxSts>ACSC</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>"
        ),
    ],
)
def test_report_about_another_payment_is_unknown(content: str) -> None:
    assert _pay(report(content)) == UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        envelope("", 200),
        envelope("<x/>", 200),
        fault("INTERNAL_ERROR"),
        fault("nothing in capitals"),
        fault("AUTHENTICATION_FAILED", 200),
        fault("SERVER_DOWN caused by WRONG_REQUEST_DATA"),
        fault("WRONG_REQUEST_DATA", 503),
        response("getOutgoingTransaction", status_report("RJCT")),
        response("makeFullFundTransfer"),
        response("makeFullFundTransfer", "not a report"),
        response("makeFullFundTransfer", status_report("RJCT"), status_report("ACSC")),
        response("makeFullFundTransfer", status_report("WHAT")),
        dataclasses.replace(response("makeFullFundTransfer", status_report("RJCT")), status=500),
        dataclasses.replace(response("makeFullFundTransfer", status_report("RJCT")), status=302),
        WireAnswer(200, {}, b""),
        WireAnswer(200, {}, b"\x00\xff<garbage"),
        WireAnswer(200, {}, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        WireAnswer(403, {}, b"<html>Forbidden</html>"),
        WireAnswer(500, {}, b""),
    ],
)
def test_answer_that_decides_nothing_is_unknown(answer: WireAnswer) -> None:
    assert ADAPTER.read(PAID, PAYMENT, answer) == UNKNOWN


@pytest.mark.parametrize("status", [200, 500])
def test_request_that_could_not_be_read_is_refused(status: int) -> None:
    assert Outcome(OutcomeKind.REFUSED, Reason.FORMAT_INVALID) == ADAPTER.read(
        PAID, PAYMENT, fault("WRONG_REQUEST_DATA", status)
    )


def _enquired(stage: str, *, amount: str = "41000", **fields: str) -> Outcome:
    given = {
        "status": stage,
        "payer_participant_code": "ACLBKHPP",
        "payee_participant_code": "ABAAKHPPXXX",
        "ext_ref": REFERENCE,
    } | fields
    document = TRANSFER.format(time=TIME, amount=amount)
    return ADAPTER.read(ASKED, PAYMENT, response("getOutgoingTransaction", item(document, **given)))


@pytest.mark.parametrize(
    "stage",
    ["Authorized and Sent", "Received At FAST", "RECEIVED_AT_FI", "Acknowledged By FI"],
)
def test_stage_before_settlement_is_pending(stage: str) -> None:
    assert Outcome(OutcomeKind.PENDING, far_reference=HASH) == _enquired(stage)


def test_settled_is_accepted() -> None:
    assert Outcome(OutcomeKind.ACCEPTED, far_reference=HASH) == _enquired("Settled")


@pytest.mark.parametrize(
    ("stage", "reason", "expected"),
    [
        ("Failed At FAST", "AM04", Reason.FUNDS_INSUFFICIENT),
        ("Failed At FI", "", Reason.COUNTERPARTY_ERROR),
        ("Cannot Settled", "", Reason.UNSPECIFIED),
    ],
)
def test_failed_stage_is_refused(stage: str, reason: str, expected: Reason) -> None:
    assert Outcome(OutcomeKind.REFUSED, expected) == _enquired(stage, reason=reason)


@pytest.mark.parametrize(
    ("stage", "amount", "fields"),
    [
        ("Lost In Space", "41000", {}),
        ("Settled", "42000", {}),
        ("Settled", "41000", {"ext_ref": "OTHER"}),
        ("Settled", "41000", {"payer_participant_code": "ABAAKHPPXXX"}),
        ("Settled", "41000", {"hash": "short"}),
        ("Settled", "none", {}),
    ],
)
def test_item_that_is_not_ours_is_unknown(stage: str, amount: str, fields: dict[str, str]) -> None:
    assert _enquired(stage, amount=amount, **fields) == UNKNOWN


@pytest.mark.parametrize(
    "answer", [response("getOutgoingTransaction"), fault("TRANSACTION_NOT_FOUND")]
)
def test_no_item_is_never_seen_and_the_facts_promise_nothing(answer: WireAnswer) -> None:
    assert Outcome(OutcomeKind.NEVER_SEEN) == ADAPTER.read(ASKED, PAYMENT, answer)
    assert not ADAPTER.facts.never_seen_is_promise
    assert max(ADAPTER.facts.enquiry_delays_s) > ADAPTER.facts.flight_max_s


def _collected(document: str | None = None, **fields: str) -> list[IncomingItem]:
    given = {
        "payer_participant_code": "BKRTKHPPXXX",
        "payee_participant_code": "ACLBKHPPXXX",
    } | fields
    listed = item(document or TRANSFER.format(time=TIME, amount="1000"), **given)
    exchange = ADAPTER.plan_collect(planning())
    found = ADAPTER.read_collect(exchange, response("getIncomingTransaction", listed))
    assert found is not None
    return list(found)


def test_incoming_item_is_read_with_what_its_acknowledgement_needs() -> None:
    (found,) = _collected()

    assert (HASH, Money.parse("1000", "KHR")) == (found.item_hash, found.amount)
    assert (found.payer_agent, found.payee_agent) == ("BKRTKHPPXXX", "ACLBKHPPXXX")
    assert not found.reversal
    inner = _inner(ADAPTER.plan_acknowledge(found, planning()).body, "content_message")
    for text in ("<TxSts>ACSC</TxSts>", "M1/2", "BKRTKHPPXXX/ACLBKHPPXXX/R1", ">1000<"):
        assert text in inner
    assert "<OrgnlCreDtTm>2026-01-29T03:00:00.000Z</OrgnlCreDtTm>" in inner


def test_genuine_reversal_is_known_by_its_root(shared: Path) -> None:
    sample = shared / "samples/networks/bakong/backbone/makeReverseTransaction.request.xml"
    document = _inner(sample.read_bytes(), "content_message")

    (found,) = _collected(document)

    assert found.reversal
    assert Money.parse("800", "KHR") == found.amount


def test_word_reversing_does_not_make_a_transfer_a_reversal() -> None:
    document = TRANSFER.format(time=TIME, amount="1000").replace("M1/2", "REVERSING")

    assert not _collected(document)[0].reversal


def test_time_without_offset_is_left_out_of_the_acknowledgement() -> None:
    (found,) = _collected(TRANSFER.format(time="2026-01-29T10:00:00", amount="1000"))

    assert b"OrgnlCreDtTm" not in ADAPTER.plan_acknowledge(found, planning()).body


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ("<a/>", {}),
        ("no xml", {}),
        (TRANSFER.format(time=TIME, amount="0"), {}),
        (TRANSFER.format(time=TIME, amount="10.50"), {}),
        (TRANSFER.format(time=TIME, amount="1").replace("M1/2", "M" * 36), {}),
        (TRANSFER.format(time=TIME, amount="1").replace("CstmrCdtTrfInitn", "Other"), {}),
        (TRANSFER.format(time=TIME, amount="1"), {"payee_participant_code": "ABAAKHPPXXX"}),
    ],
)
def test_item_that_cannot_be_used_is_left_out(document: str, fields: dict[str, str]) -> None:
    assert _collected(document, **fields) == []


def test_page_that_cannot_be_read_is_no_page() -> None:
    exchange = ADAPTER.plan_collect(planning())

    assert ADAPTER.read_collect(exchange, WireAnswer(502, {}, b"")) is None
    assert ADAPTER.read_collect(exchange, fault("INTERNAL_ERROR")) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response("makeAcknowledgement", status_report("ACSC")), True),
        (response("makeAcknowledgement", "SUCCESS"), True),
        (response("makeAcknowledgement"), True),
        (fault("TRANSACTION_NOT_FOUND"), True),
        (response("makeAcknowledgement", status_report("RJCT")), False),
        (fault("INTERNAL_ERROR"), False),
        (WireAnswer(200, {}, b"<garbage"), False),
    ],
)
def test_acknowledgement_has_arrived_only_when_bakong_says_so(
    answer: WireAnswer, expected: bool
) -> None:
    exchange = ADAPTER.plan_acknowledge(_collected()[0], planning())

    assert ADAPTER.read_acknowledge(exchange, answer) is expected


def test_nothing_personal_is_shown_by_an_exchange() -> None:
    shown = repr(PAID) + repr(_collected())

    for personal in ("coffee", "Coffee", "aclbkhppxxx", "s&lt;e", "M1/2"):
        assert personal not in shown


def test_exchange_is_a_post_with_the_headers_that_the_service_wants() -> None:
    assert (PAID.method, PAID.path) == ("POST", "/BakongWebService/NBCInterface")
    assert dict(PAID.headers) == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '""',
        "User-Agent": "bakong-switch",
    }
    assert (PAID.operation, PAID.send_by) == (Operation.PAY, NOW)
