"""What means the same is read the same: however a partner orders, spaces and extends its messages.

The real messages that are at hand, and ours in the same shape, are written otherwise and signed
anew; the outcome must not change, and a request must become the same command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.alipayplus import signature, wire
from adapters.alipayplus.signature import Signer
from fx.money import Money
from switch.model import Direction, changed
from switch.port import InboundPay, Merchant, OutcomeKind, WireAnswer
from switch.simulation.town import TownKeys
from tests.adapters.alipayplus import alipayplus_parts as alipay
from tests.adapters.japan import japan_parts as japan
from tests.adapters.malaysia import malaysia_parts as malaysia
from tests.adapters.malaysia import test_malaysia_fuzz as paynet
from tests.adapters.thailand import thailand_parts as thailand
from tests.adapters.unionpay import unionpay_parts as unionpay
from tests.adapters.variations import reordered, rewritten
from tests.adapters.vietnam import vietnam_parts as vietnam

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

    from switch.port import Exchange

EXAMPLES: Final = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
UNIONPAY_KEYS: Final = unionpay.new_keys()


@EXAMPLES
@given(st.data())
def test_japan_answers_of_a_payment(data: DataObject) -> None:
    adapter = japan.new_adapter()
    exchange = adapter.plan_pay(japan.payment(), japan.particulars(), japan.planning())
    known = orjson.loads(japan.told("SUCCESS", japan.stands("COMPLETED")).body)
    answer = WireAnswer(200, {}, data.draw(rewritten(known)))

    assert adapter.read(exchange, japan.payment(), answer).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("left_out", ["acceptedAt", "requestedAt", "storeId"])
def test_japan_answers_without_what_is_not_needed(left_out: str) -> None:
    adapter, stands = japan.new_adapter(), japan.stands("COMPLETED")
    del stands[left_out]
    exchange = adapter.plan_pay(japan.payment(), japan.particulars(), japan.planning())
    outcome = adapter.read(exchange, japan.payment(), japan.told("SUCCESS", stands))

    assert outcome.kind is OutcomeKind.ACCEPTED


def _alipay(exchange: Exchange, raw: bytes) -> WireAnswer:
    signer = Signer(alipay.OPTIONS["partner_client_id"], "1", TownKeys().rsa_private("alipayplus"))
    at = wire.instant(alipay.NOW)
    signed = signer.headers(exchange.path, at, raw, signature.RESPONSE_TIME)
    return WireAnswer(200, {name.lower(): value for name, value in signed}, raw)


INQUIRED: Final[dict[str, Any]] = {
    "result": {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"},
    "paymentResult": {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"},
    "paymentId": "20200101234567890133333",
    "paymentTime": "2020-01-01T12:01:00+08:30",
    "paymentAmount": {"value": "100", "currency": "USD"},
}


@EXAMPLES
@given(st.data())
def test_alipayplus_answers_to_an_inquiry(data: DataObject) -> None:
    adapter = alipay.new_adapter()
    order = changed(alipay.outbound_payment(), direction=Direction.INBOUND)
    exchange = adapter.plan_enquire(order, alipay.particulars(), alipay.planning())
    outcome = adapter.read(exchange, order, _alipay(exchange, data.draw(rewritten(INQUIRED))))

    assert (outcome.kind, outcome.far_reference) == (
        OutcomeKind.ACCEPTED, "20200101234567890133333",
    )  # fmt: skip


@EXAMPLES
@given(st.data())
def test_alipayplus_notifications_of_a_guest(data: DataObject) -> None:
    path = "/networks/alipayplus/aps/api/v1/payments/notifyPayment"
    known = {
        "paymentResult": INQUIRED["paymentResult"],
        "paymentRequestId": "af0e606225d7a40f1f759b364acac3ee",
        "paymentId": "202611210001",
        "paymentTime": "2026-11-21T11:15:00+08:00",
        "paymentAmount": {"currency": "USD", "value": "1023"},
    }
    raw = data.draw(rewritten(known))
    signer = Signer(alipay.OPTIONS["partner_client_id"], "1", TownKeys().rsa_private("alipayplus"))
    signed = signer.headers(path, wire.instant(alipay.NOW), raw, signature.REQUEST_TIME)
    media = data.draw(st.sampled_from((
        "application/json", "application/json; charset=UTF-8", "Application/JSON;charset=utf-8",
    )))  # fmt: skip
    headers = {name.lower(): value for name, value in signed}
    adapter = alipay.new_adapter()
    command = adapter.translate(
        {**headers, "content-type": media, ":path": path}, raw, alipay.planning()
    )

    assert command == adapter.translate(
        {**_requested(signer, path, known), "content-type": "application/json", ":path": path},
        json.dumps(known).encode(),
        alipay.planning(),
    )


def _requested(signer: Signer, path: str, known: dict[str, Any]) -> dict[str, str]:
    raw = json.dumps(known).encode()
    signed = signer.headers(path, wire.instant(alipay.NOW), raw, signature.REQUEST_TIME)
    return {name.lower(): value for name, value in signed}


def _napas(raw: bytes) -> WireAnswer:
    return WireAnswer(200, {"signature": vietnam.signed(raw)}, raw)


@EXAMPLES
@given(st.data())
def test_vietnam_answers_of_a_payment(data: DataObject) -> None:
    adapter, payment = vietnam.adapter(), vietnam.outbound()
    exchange = adapter.plan_pay(payment, vietnam.particulars(), vietnam.planning())
    known = {
        "result": {"code": "00", "description": "Successful"},
        "payload": {"payment": {
            "payment_reference": payment.reference, "reference": "VN1",
            "end_to_end_reference": payment.reference,
        }, "amount": "65000.00", "currency": "VND"},
    }  # fmt: skip
    plain = adapter.read(exchange, payment, _napas(orjson.dumps(known)))
    outcome = adapter.read(exchange, payment, _napas(data.draw(rewritten(known))))

    assert outcome == plain


def _upi(exchange: Exchange, raw: bytes) -> WireAnswer:
    claims = unionpay.claims_of(exchange)
    return WireAnswer(200, unionpay.header_of(UNIONPAY_KEYS, raw, claims), raw)


@EXAMPLES
@given(st.data(), st.sampled_from(("00", "04", "51")))
def test_unionpay_answers_of_a_payment(data: DataObject, code: str) -> None:
    adapter = unionpay.new_adapter(UNIONPAY_KEYS)
    payment = unionpay.outbound_payment(adapter.reference(unionpay.planning()))
    exchange = adapter.plan_pay(payment, unionpay.particulars(), unionpay.planning())
    sent = orjson.loads(exchange.body)["trxInfo"]
    told = unionpay.answer_to(UNIONPAY_KEYS, exchange, {**sent, "txnID": "1"}, code)
    known = orjson.loads(told.body)
    outcome = adapter.read(exchange, payment, _upi(exchange, data.draw(rewritten(known))))

    assert outcome == adapter.read(exchange, payment, told)


REAL: Final = ("mpqrc_payment_emv.response.json", "trx_result_inquiry.response.json",
               "qrc_info_inquiry.response.json")  # fmt: skip


@EXAMPLES
@given(data=st.data(), name=st.sampled_from(REAL))
def test_unionpay_real_messages_with_more_in_them(data: DataObject, name: str) -> None:
    if not (unionpay.SAMPLES / "unionpay").is_dir():
        pytest.skip("the reference data (../shared) is not on this machine")
    adapter = unionpay.new_adapter(UNIONPAY_KEYS)
    if name.startswith("qrc_info"):
        exchange = adapter.plan_lookup(unionpay.emv(), None, unionpay.planning())
    else:
        payment = unionpay.outbound_payment(adapter.reference(unionpay.planning()))
        exchange = adapter.plan_pay(payment, unionpay.particulars(), unionpay.planning())
    sent, real = orjson.loads(exchange.body)["msgInfo"], unionpay.sample(name)
    known = {**real, "msgInfo": {**real["msgInfo"], "msgID": sent["msgID"],
                                 "msgType": sent["msgType"]}}  # fmt: skip
    known.pop("certificateSignature", None)
    raw = data.draw(rewritten(known))
    plain, other = (_upi(exchange, each) for each in (orjson.dumps(known), raw))
    if name.startswith("qrc_info"):
        found, again = adapter.read_lookup(exchange, plain), adapter.read_lookup(exchange, other)
        assert isinstance(found, Merchant)
        assert again == found
        return
    assert adapter.read(exchange, payment, plain) == adapter.read(exchange, payment, other)


@EXAMPLES
@given(
    st.data(), st.sampled_from((None, 0, 2)), st.sampled_from(((",", ":"), (", ", ": ")))
)  # fmt: skip
def test_malaysia_answers_whose_hash_is_of_the_body_without_white_space(
    data: DataObject, indent: int | None, separators: tuple[str, str]
) -> None:
    known = data.draw(reordered(json.loads(paynet.ANSWERS[0].body)))
    minified = json.dumps(known, separators=(",", ":"), ensure_ascii=False).encode()
    raw = json.dumps(known, indent=indent, separators=separators, ensure_ascii=False).encode()
    token = paynet.DESK._signer.sign_detached(
        sha256(minified).hexdigest().encode(), unencoded=False
    )
    adapter, payment = malaysia.new_adapter(), malaysia.outbound_payment()
    exchange = adapter.plan_pay(payment, malaysia.outbound_particulars(), malaysia.planning())
    outcome = adapter.read(exchange, payment, WireAnswer(200, {"x-jws-signature": token}, raw))

    assert outcome.kind is OutcomeKind.ACCEPTED


def _indented(text: str) -> str:
    return text.replace("><", ">\n    <").replace(">\n    </", "></")


SAME: Final[dict[str, Callable[[str], str]]] = {
    "white space between elements": _indented,
    "a declaration": lambda text: (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'
    ),
    "a byte order mark": lambda text: f"\ufeff{text}",
    "white space behind": lambda text: f"{text}\n\n",
    "CDATA": lambda text: text.replace("Noodle Shop", "<![CDATA[Noodle Shop]]>"),
    "a character reference": lambda text: text.replace("Noodle Shop", "Noodle&#x20;Shop"),
    "other quotes": lambda text: text.replace('Ccy="THB"', "Ccy='THB'"),
    "an amount without decimals": lambda text: text.replace(">346.00<", ">346<"),
    "an amount with one decimal": lambda text: text.replace(">346.00<", ">346.0<"),
    "another zone": lambda text: text.replace("T03:15:01.920Z", "T10:15:01.920+07:00"),
    "six decimals of a second": lambda text: text.replace(".920Z", ".920000Z"),
    "no business service": lambda text: text.replace("<BizSvc>th.itmx.qr.01</BizSvc>", ""),
}
"""Ways to write the same message."""

MORE: Final[dict[str, tuple[str, str]]] = {
    "words for the payee": (
        "<SplmtryData>", "<RmtInf><Ustrd>for noodles</Ustrd></RmtInf><SplmtryData>"),
    "a settlement date": (
        "</IntrBkSttlmAmt>", "</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-21</IntrBkSttlmDt>"),
    "no address": ("<PstlAdr><Ctry>TH</Ctry></PstlAdr>", ""),
    "no purpose": ("<Purp><Cd>GDDS</Cd></Purp>", ""),
    "no priority": ("<PmtTpInf><InstrPrty>HIGH</InstrPrty></PmtTpInf>", ""),
    "a long BIC": (">ITMXTHBK<", ">ITMXTHBKXXX<"),
}  # fmt: skip
"""What may be there or not: the message says something else, and is taken."""


@cache
def _thai() -> tuple[thailand.Keys, Any, str]:
    """Keys, the adapter, and an unsigned instruction of 346.00 baht."""
    keys = thailand.new_keys()
    credit = thailand.credit(debit=Money.parse("346.00", "THB"))
    signed = thailand.new_desk(keys).payment(credit).body.decode()
    return (
        keys,
        thailand.new_adapter(keys),
        re.sub(r"<Sgntr>.*</Sgntr>", "", signed, flags=re.DOTALL),
    )


def _taken(text: str, media: str = "application/xml") -> Any:
    keys, adapter, _ = _thai()
    signed = thailand.partner_signer(keys).sign(text.encode())
    return adapter.translate({"content-type": media}, signed, thailand.planning())


@pytest.mark.parametrize("name", SAME)
def test_iso_20022_written_otherwise(name: str) -> None:
    text = _thai()[2]
    other = SAME[name](text)

    assert other != text
    assert _taken(other) == _taken(text)


@pytest.mark.parametrize("media", ["text/xml", "application/xml;charset=UTF-8"])
def test_iso_20022_of_another_media_type(media: str) -> None:
    assert _taken(_thai()[2], media) == _taken(_thai()[2])


@pytest.mark.parametrize("name", MORE)
def test_iso_20022_with_and_without_what_is_optional(name: str) -> None:
    old, new = MORE[name]
    text = _thai()[2]

    assert old in text
    assert isinstance(_taken(text.replace(old, new)), InboundPay)
