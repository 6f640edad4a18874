"""Whatever comes from outside, signed or not, is refused or read: nothing else is ever raised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.unionpay import mapping
from fx.money import Money
from switch.port import Merchant, OutcomeKind, SchemeQuote, Unavailable, WireAnswer, WireRefusal
from tests.adapters.unionpay.test_unionpay_inbound import ADVICE, CLAIMS, ORDER, written
from tests.adapters.unionpay.unionpay_parts import (
    answer_to,
    emv,
    header_of,
    outbound_payment,
    particulars,
    planning,
)

if TYPE_CHECKING:
    from adapters.unionpay import UnionPayAdapter
    from tests.adapters.unionpay.unionpay_parts import Keys

TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        "00",
        "25",
        "156",
        "116",
        "840",
        "345.00",
        "0.1404494",
        "APPROVED",
        "REFUND",
        "51",
        "-1",
        "1e5",
    ]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-(10**6), 10**6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("trxAmt", "trxCurrency", "qrcVoucherNo", "originalAmount", "exchangeAmt", "merchantName"),
        *("cdhldrBillAmt", "cdhldrBillCurrency", "cdhldrBillConvRate", "paymentStatus", "mcc"),
        *("rejectionReason", "txnID", "origMsgID", "trxMsgType", "settAmt", "settCurrency"),
        *("mpqrcPayload", "merchantCity", "merchantCountry"),
    ]
)
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=8)


@settings(max_examples=150, deadline=None)
@given(members=MEMBERS, code=TEXTS)
def test_no_signed_answer_makes_reading_fail(
    keys: Keys, unionpay: UnionPayAdapter, members: dict[str, Any], code: str
) -> None:
    payment = outbound_payment("A3999999920261122111502120010000007")
    pay = unionpay.plan_pay(payment, particulars(), planning())
    ask = unionpay.plan_enquire(payment, particulars(), planning())
    lookup = unionpay.plan_lookup(emv(), None, planning())
    merchant = Merchant(particulars().creditor, "", "5812", "CNY", None)
    price = unionpay.plan_quote(merchant, emv(), Money.parse("345.00", "CNY"), "USD", planning())

    for exchange in (pay, ask):
        told = unionpay.read(exchange, payment, answer_to(keys, exchange, members, code))
        assert told.kind in OutcomeKind
    found = unionpay.read_lookup(lookup, answer_to(keys, lookup, members, code))
    assert isinstance(found, Merchant | Unavailable)
    quoted = unionpay.read_quote(price, answer_to(keys, price, members, code))
    assert isinstance(quoted, SchemeQuote | Unavailable)


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=200), token=st.text(max_size=80))
def test_no_bytes_make_reading_fail(
    keys: Keys, unionpay: UnionPayAdapter, body: bytes, token: str
) -> None:
    payment = outbound_payment("A3999999920261122111502120010000007")
    pay = unionpay.plan_pay(payment, particulars(), planning())
    signed = header_of(keys, body, CLAIMS)
    for headers in ({"upi-jws": token}, signed, {}):
        answer = WireAnswer(200, headers, body)
        assert unionpay.read(pay, payment, answer).kind is OutcomeKind.UNKNOWN
        with pytest.raises(WireRefusal) as refused:
            unionpay.translate(headers, body, planning())
        assert orjson.loads(refused.value.body)["msgResponse"]["responseCode"] in ("30", "72")


@settings(max_examples=200, deadline=None)
@given(
    members=MEMBERS,
    kind=st.sampled_from(["ORDER_VERIFY", "TRX_STATUS_NOTIFICATION", "TRX_RESULT_INQUIRY", "X"]),
    base=st.sampled_from([ORDER, ADVICE, {}]),
)
def test_no_signed_request_makes_translating_fail(
    keys: Keys, unionpay: UnionPayAdapter, members: dict[str, Any], kind: str, base: dict[str, str]
) -> None:
    body = written(kind, {**base, **members}, {})
    try:
        unionpay.translate(header_of(keys, body, CLAIMS), body, planning())
        buried = ""
    except WireRefusal as refused:
        buried = refused.uetr

    assert buried == ""


@settings(max_examples=300, deadline=None)
@given(payload=st.text(max_size=120) | st.text("0123456789", max_size=120))
def test_no_text_makes_the_reading_of_objects_fail(payload: str) -> None:
    found = mapping.objects(payload)

    assert sum(4 + len(value) for value in found.values()) <= len(payload) + 4 * len(found)
    assert isinstance(mapping.merchant_of(payload), dict)
