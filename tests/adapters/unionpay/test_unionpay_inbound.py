"""What UnionPay sends is verified before it is read, and refused in its own dialect.

Nothing is bound by a refusal; an answer repeats the request's ``msgInfo`` and its token's UUID.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from adapters.unionpay.signature import Claims, Field, Token, rsa_public
from switch.inbound_port import (
    InboundCancel,
    InboundNotice,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
    derived_uetr,
)
from switch.port import InboundEnquiry, Outcome, OutcomeKind, Rendered, WireRefusal
from switch.reasons import Reason
from tests.adapters.unionpay.unionpay_parts import (
    INSTITUTION,
    NOW,
    Keys,
    header_of,
    khqr,
    new_adapter,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.unionpay import UnionPayAdapter
    from switch.port import Inbound

KEY: Final = "UPI0000000001"
VOUCHER: Final = "20196220855800073135"
MESSAGE: Final = f"M{INSTITUTION}20261122111502000000000001"
CLAIMS: Final = Claims("c" * 32, int(NOW.timestamp()), INSTITUTION, "/upi/qr")
ORDER: Final[Mapping[str, str]] = {
    "txnID": KEY,
    "mpqrcPayload": khqr(),
    "trxAmt": "41000.00",
    "trxCurrency": "116",
}
ADVICE: Final[Mapping[str, str]] = {
    "txnID": KEY,
    "trxMsgType": "MPQRC_PAYMENT_EMV",
    "trxAmt": "41000.00",
    "trxCurrency": "116",
    "settAmt": "10.23",
    "settCurrency": "840",
    "qrcVoucherNo": VOUCHER,
    "paymentStatus": "APPROVED",
}
OURS: Final = "A3999999920261122111502120010000007"


def written(kind: str, values: Mapping[str, object], info: Mapping[str, object]) -> bytes:
    head = {"versionNo": "1.0.0", "msgID": MESSAGE, "timeStamp": "20261122111502",
            "msgType": kind, "insID": INSTITUTION, **info}  # fmt: skip
    return orjson.dumps({"msgInfo": head, "trxInfo": dict(values)})


def read(
    keys: Keys,
    adapter: UnionPayAdapter,
    kind: str,
    values: Mapping[str, object],
    *,
    claims: Claims = CLAIMS,
    info: Mapping[str, object] | None = None,
) -> Inbound:
    body = written(kind, values, info or {})
    return adapter.translate(header_of(keys, body, claims), body, planning())


def refusal(
    keys: Keys, adapter: UnionPayAdapter, kind: str, values: Mapping[str, object], **more: Any
) -> tuple[Reason, int, str]:
    with pytest.raises(WireRefusal) as refused:
        read(keys, adapter, kind, values, **more)
    told = orjson.loads(refused.value.body)
    return refused.value.reason, refused.value.status, told["msgResponse"]["responseCode"]


def test_a_verified_order_is_an_order(keys: Keys, unionpay: UnionPayAdapter) -> None:
    order = read(keys, unionpay, "ORDER_VERIFY", ORDER)

    assert isinstance(order, InboundOrder)
    assert (order.key, str(order.amount), order.expires_at) == (KEY, "41000.00", None)
    assert order.payload == khqr()
    assert order.content == {name: ORDER[name] for name in order.content}
    assert order.particulars.extra["original_transaction_id"] == KEY


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"txnID": ""}, (Reason.ELEMENT_MISSING, "30")),
        ({"txnID": "a b"}, (Reason.FORMAT_INVALID, "30")),
        ({"mpqrcPayload": ""}, (Reason.QR_INVALID, "30")),
        ({"trxAmt": "0.00"}, (Reason.AMOUNT_ZERO, "13")),
        ({"trxAmt": "41000.50"}, (Reason.AMOUNT_MALFORMED, "13")),
        ({"trxAmt": 41000}, (Reason.AMOUNT_MALFORMED, "13")),
        ({"trxCurrency": "840", "trxAmt": "10.00"}, (Reason.CURRENCY_UNSUPPORTED, "12")),
        ({"trxCurrency": "KHR"}, (Reason.CURRENCY_UNSUPPORTED, "12")),
        ({"mpqrcPayload": khqr(mid="ACLB10009999999")}, (Reason.ACCOUNT_UNKNOWN, "03")),
        ({"mpqrcPayload": khqr("other@aclb")}, (Reason.ACCOUNT_UNKNOWN, "03")),
        (
            {"mpqrcPayload": khqr("stall@cadi", "CADI10002312085")},
            (Reason.TRANSACTION_FORBIDDEN, "57"),
        ),
        (
            {"mpqrcPayload": khqr("dollars@wing", "WING10002312084")},
            (Reason.TRANSACTION_FORBIDDEN, "57"),
        ),
        ({"mpqrcPayload": khqr(amount="42000")}, (Reason.AMOUNT_DIFFERS, "13")),
    ],
)
def test_an_order_that_cannot_be_held_is_refused_with_its_code(
    keys: Keys,
    unionpay: UnionPayAdapter,
    changes: dict[str, object],
    wanted: tuple[Reason, str],
) -> None:
    found = refusal(keys, unionpay, "ORDER_VERIFY", {**ORDER, **changes})

    assert (found[0], found[2]) == wanted
    assert found[1] == 200


def test_news_is_told_apart_by_what_it_names(keys: Keys, unionpay: UnionPayAdapter) -> None:
    def told(**changes: str) -> Inbound:
        values = {name: value for name, value in {**ADVICE, **changes}.items() if value}
        return read(keys, unionpay, "TRX_STATUS_NOTIFICATION", values)

    paid = told()
    assert isinstance(paid, InboundOrderPay)
    assert (paid.key, str(paid.amount), paid.amount.currency.code) == (KEY, "10.23", "USD")
    assert (paid.far_reference, paid.extra["voucher"]) == (VOUCHER, VOUCHER)
    assert paid.extra["advised_on"] == "20261122"
    assert isinstance(told(trxMsgType="CANCELLATION"), InboundCancel)
    assert isinstance(told(paymentStatus="REJECTED", rejectionReason="51"), InboundCancel)

    notice = told(origMsgID=OURS)
    assert isinstance(notice, InboundNotice)
    assert notice.reference == OURS
    assert notice.outcome == Outcome(OutcomeKind.ACCEPTED, far_reference=VOUCHER)
    refused = told(origMsgID=OURS, paymentStatus="REJECTED", rejectionReason="61")
    assert isinstance(refused, InboundNotice)
    assert refused.outcome.reason is Reason.AMOUNT_ABOVE_LIMIT

    for kind in ("REFUND", "CANCELLATION"):
        back = told(origMsgID=OURS, trxMsgType=kind, trxAmt="100.00", trxCurrency="156")
        assert isinstance(back, InboundReturn)
        key = MESSAGE if kind == "REFUND" else f"CANCELLATION/{OURS}"
        assert (back.key, back.reference, str(back.amount)) == (key, OURS, "100.00")


@pytest.mark.parametrize(("changes", "kind"), [
    ({}, OutcomeKind.ACCEPTED),
    ({"cdhldrBillAmt": "48.46", "cdhldrBillCurrency": "840", "cdhldrBillConvRate": "0.1404494"},
     OutcomeKind.ACCEPTED),
    ({"cdhldrBillAmt": "48.48", "cdhldrBillCurrency": "840", "cdhldrBillConvRate": "0.1404494"},
     OutcomeKind.UNKNOWN),
    ({"trxAmt": "344.99"}, OutcomeKind.UNKNOWN),
    ({"trxCurrency": "840"}, OutcomeKind.UNKNOWN),
    ({"paymentStatus": "REJECTED", "rejectionReason": "61", "trxAmt": "1.00"}, OutcomeKind.REFUSED),
])  # fmt: skip
def test_an_approval_is_judged_with_its_payment_as_an_answer_is(
    keys: Keys, unionpay: UnionPayAdapter, changes: dict[str, str], kind: OutcomeKind
) -> None:
    values = {**ADVICE, "origMsgID": OURS, "trxAmt": "345.00", "trxCurrency": "156", **changes}
    notice = read(keys, unionpay, "TRX_STATUS_NOTIFICATION", values)

    assert isinstance(notice, InboundNotice)
    assert notice.outcome_of(outbound_payment(OURS)).kind is kind


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"trxMsgType": "DEPOSIT"}, (Reason.TRANSACTION_UNSUPPORTED, "12")),
        ({"trxMsgType": "REFUND"}, (Reason.TRANSACTION_UNSUPPORTED, "12")),
        ({"origMsgID": OURS, "trxMsgType": "WITHDRAW"}, (Reason.TRANSACTION_UNSUPPORTED, "12")),
        ({"paymentStatus": "CONTINUING"}, (Reason.ELEMENT_MISSING, "30")),
        ({"qrcVoucherNo": "1"}, (Reason.ELEMENT_MISSING, "30")),
        ({"settAmt": ""}, (Reason.AMOUNT_MALFORMED, "13")),
    ],
)
def test_news_that_cannot_be_acted_on_is_refused(
    keys: Keys,
    unionpay: UnionPayAdapter,
    changes: dict[str, object],
    wanted: tuple[Reason, str],
) -> None:
    found = refusal(keys, unionpay, "TRX_STATUS_NOTIFICATION", {**ADVICE, **changes})

    assert (found[0], found[2]) == wanted


def test_a_question_names_the_payment_that_the_order_became(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    asked = read(keys, unionpay, "TRX_RESULT_INQUIRY", {"txnID": KEY})

    assert isinstance(asked, InboundEnquiry)
    assert (asked.uetr, asked.reference) == (derived_uetr("unionpay", KEY), KEY)


def test_a_kind_that_nobody_sends_us_is_refused(keys: Keys, unionpay: UnionPayAdapter) -> None:
    found = refusal(keys, unionpay, "QRC_GENERATION", {})

    assert found == (Reason.TRANSACTION_UNSUPPORTED, 200, "12")


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        (replace(CLAIMS, path="/upi/other"), (Reason.SIGNATURE_INVALID, 401, "72")),
        (replace(CLAIMS, path=""), (Reason.SIGNATURE_INVALID, 401, "72")),
        (replace(CLAIMS, app_id="39999998"), (Reason.SIGNATURE_INVALID, 401, "72")),
        (replace(CLAIMS, timestamp=CLAIMS.timestamp - 301), (Reason.TOO_OLD, 200, "90")),
        (replace(CLAIMS, timestamp=CLAIMS.timestamp + 301), (Reason.TOO_OLD, 200, "90")),
    ],
)
def test_a_token_of_another_place_or_time_is_refused(
    keys: Keys, unionpay: UnionPayAdapter, claims: Claims, wanted: tuple[Reason, int, str]
) -> None:
    assert refusal(keys, unionpay, "ORDER_VERIFY", ORDER, claims=claims) == wanted


def test_nothing_unsigned_altered_or_oversized_is_read(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    body = written("ORDER_VERIFY", ORDER, {})
    good = header_of(keys, body, CLAIMS)
    kinds = {
        "unsigned": ({}, body, Reason.SIGNATURE_MISSING, 401),
        "altered": (good, body.replace(b"41000", b"41001"), Reason.SIGNATURE_INVALID, 401),
        "stranger": (
            header_of(keys, body, CLAIMS, "stranger"), body, Reason.SIGNATURE_INVALID, 401,
        ),
        "large": (good, body + b" " * 65_536, Reason.FORMAT_INVALID, 413),
        "media": ({**good, "content-type": "text/xml"}, body, Reason.FORMAT_INVALID, 415),
    }  # fmt: skip
    for name, (headers, sent, reason, status) in kinds.items():
        with pytest.raises(WireRefusal) as refused:
            unionpay.translate(headers, sent, planning())
        assert (refused.value.reason, refused.value.status) == (reason, status), name
        assert b"41000" not in refused.value.body
        assert refused.value.uetr == ""


@pytest.mark.parametrize(
    "body",
    [
        b'{"msgInfo":{},"msgInfo":{}}',
        b"[]",
        b"\xff",
        b'{"msgInfo":{"versionNo":"1.0.0"},"trxInfo":[]}',
        b'{"msgInfo":NaN}',
        b"{" * 50,
    ],
)
def test_what_is_signed_and_no_message_is_refused(
    keys: Keys, unionpay: UnionPayAdapter, body: bytes
) -> None:
    with pytest.raises(WireRefusal) as refused:
        unionpay.translate(header_of(keys, body, CLAIMS), body, planning())

    assert (refused.value.reason, refused.value.status) == (Reason.FORMAT_INVALID, 400)


def test_old_news_of_money_is_taken_where_only_a_field_signs(keys: Keys) -> None:
    """A question must be fresh; an advice may be repeated for days."""
    adapter = new_adapter(keys, signature="embedded", digest_info="true")
    certificate = keys.certificate("unionpay")
    signer = Field(keys.rsa_private("unionpay"), rsa_public(certificate), digest_info=True)

    def sealed(kind: str, values: Mapping[str, str]) -> bytes:
        content = orjson.loads(written(kind, values, {}))
        content["msgInfo"]["walletID"] = content["msgInfo"].pop("insID")
        place = {"umpsSignCertID": str(certificate.serial_number), "signature": "00000000"}
        return signer.seal(orjson.dumps({**content, "certificateSignature": place}))

    later = planning(NOW + timedelta(days=2))
    paid = adapter.translate({}, sealed("TRX_STATUS_NOTIFICATION", ADVICE), later)
    with pytest.raises(WireRefusal) as refused:
        adapter.translate({}, sealed("ORDER_VERIFY", ORDER), later)

    assert isinstance(paid, InboundOrderPay)
    assert paid.accepted_at < later.now
    assert refused.value.reason is Reason.TOO_OLD


def test_an_answer_is_signed_with_the_uuid_of_its_request(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    body = written("ORDER_VERIFY", ORDER, {})
    request = header_of(keys, body, CLAIMS)
    with pytest.raises(WireRefusal) as refused:
        unionpay.translate({**request, "content-type": "text/xml"}, body, planning())
    rendered = Rendered(refused.value.status, refused.value.content_type, refused.value.body)
    certificate = keys.certificate("switch-unionpay")
    receiver = Token(
        keys.rsa_private("unionpay"), "", {str(certificate.serial_number): rsa_public(certificate)}
    )

    for given, uuid in ((request, CLAIMS.uuid), ({}, ""), ({"upi-jws": "%%%.."}, "")):
        headers = dict(unionpay.answer_headers(given, rendered, planning()))
        claims = receiver.verify(headers["UPI-JWS"], rendered.body)
        assert (claims.app_id, claims.path) == (INSTITUTION, "")
        assert claims.timestamp == int(NOW.timestamp())
        assert not uuid or claims.uuid == uuid
