"""An answer means no more than it says: pending is not paid, and unreadable is not refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from adapters.bakong import mapping
from switch.port import Outcome, OutcomeKind, WireAnswer
from switch.reasons import Reason
from tests.adapters.bakong.bakong_cases import (
    ADAPTER,
    ASKED,
    HASH,
    PAID,
    PAYMENT,
    REFERENCE,
    TIME,
    TRANSFER,
    UNKNOWN,
    answered,
    envelope,
    fault,
    item,
    report,
    response,
    status_report,
)

if TYPE_CHECKING:
    from pathlib import Path


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
        answered(
            "makeFullFundTransfer",
            f"<n:return>{status_report('RJCT')}</n:return><return>{status_report('ACSC')}</return>",
        ),
        answered(
            "makeFullFundTransfer",
            f"<n:return>{status_report('RJCT')}</n:return><n:result>busy</n:result>",
        ),
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


@pytest.mark.parametrize(
    ("status", "expected"), [("ACSC", OutcomeKind.ACCEPTED), ("RJCT", OutcomeKind.REFUSED)]
)
def test_report_in_a_return_without_a_namespace_is_read(status: str, expected: OutcomeKind) -> None:
    answer = answered("makeFullFundTransfer", f"<return>{status_report(status)}</return>")

    assert expected is ADAPTER.read(PAID, PAYMENT, answer).kind


def _listed(stage: str, *, amount: str = "41000", prefix: str = "n:", **fields: str) -> str:
    given = {
        "status": stage,
        "payer_participant_code": "ACLBKHPP",
        "payee_participant_code": "ABAAKHPPXXX",
        "ext_ref": REFERENCE,
    } | fields
    return item(TRANSFER.format(time=TIME, amount=amount), prefix=prefix, **given)


def _enquired(stage: str, *, amount: str = "41000", **fields: str) -> Outcome:
    listed = _listed(stage, amount=amount, **fields)
    return ADAPTER.read(ASKED, PAYMENT, response("getOutgoingTransaction", listed))


def _answered(content: str) -> Outcome:
    return ADAPTER.read(ASKED, PAYMENT, answered("getOutgoingTransaction", content))


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
    "answer",
    [
        response("getOutgoingTransaction"),
        answered("getOutgoingTransaction", " \n\t "),
        answered("getOutgoingTransaction", "<!-- nothing -->"),
        fault("TRANSACTION_NOT_FOUND"),
    ],
)
def test_no_item_is_never_seen_and_the_facts_promise_nothing(answer: WireAnswer) -> None:
    assert Outcome(OutcomeKind.NEVER_SEEN) == ADAPTER.read(ASKED, PAYMENT, answer)
    assert not ADAPTER.facts.never_seen_is_promise
    assert max(ADAPTER.facts.enquiry_delays_s) > ADAPTER.facts.flight_max_s


@pytest.mark.parametrize("outer", ["n:", ""])
@pytest.mark.parametrize("inner", ["n:", ""])
def test_item_is_read_with_and_without_the_namespace(outer: str, inner: str) -> None:
    content = f"<{outer}return>{_listed('SETTLED', prefix=inner)}</{outer}return>"

    assert Outcome(OutcomeKind.ACCEPTED, far_reference=HASH) == _answered(content)


SETTLED = _listed("SETTLED")
FAILED = _listed("FAILED_AT_FI")
NOT_UNDERSTOOD = {
    "another element": "<n:result>busy</n:result>",
    "another element, empty": "<result/>",
    "text": "service busy, try later",
    "a no-break space": "\u00a0",
    "an empty return": "<n:return/>",
    "text in a return": "<return>service busy</return>",
    "a foreign return": '<o:return xmlns:o="http://webservice.example/">x</o:return>',
    "an item in a foreign return": (
        f'<return xmlns="http://webservice.example/">{_listed("SETTLED", prefix="")}</return>'
    ),
    "two returns": f"<n:return>{SETTLED}</n:return><n:return>{FAILED}</n:return>",
    "two returns, one bare": f"<n:return>{FAILED}</n:return><return>{SETTLED}</return>",
    "an item and an element": f"<n:return>{FAILED}</n:return><n:result>busy</n:result>",
    "an item and text": f"<n:return>{FAILED}</n:return>service busy",
    "text and an item": f"service busy<n:return>{FAILED}</n:return>",
    "a return deeper down": f"<n:list><n:return>{SETTLED}</n:return></n:list>",
    "two stages": f"<n:return>{FAILED}<n:status>SETTLED</n:status></n:return>",
    "two stages, one bare": f"<n:return>{FAILED}<status>SETTLED</status></n:return>",
}


@pytest.mark.parametrize("content", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD.keys())
def test_answer_to_an_enquiry_that_is_not_understood_is_unknown_not_never_seen(
    content: str,
) -> None:
    assert _answered(content) == UNKNOWN


def test_empty_response_in_another_namespace_is_unknown() -> None:
    name = "getOutgoingTransactionResponse"
    for answer in (
        envelope(f"<{name}/>"),
        envelope(f'<o:{name} xmlns:o="http://webservice.example/"/>'),
    ):
        assert ADAPTER.read(ASKED, PAYMENT, answer) == UNKNOWN
