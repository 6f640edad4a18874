"""Hostile and broken requests of the network are refused with a signed result, and bind nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.alipayplus import signature, wire
from adapters.alipayplus.link import options_of
from adapters.alipayplus.signature import Signer, Verifier, rsa_public
from fx.money import Money
from switch.inbound_port import (
    InboundAuthorise,
    InboundCancel,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
)
from switch.model import Status
from switch.port import WireRefusal
from switch.reasons import Reason
from switch.simulation.town import TownKeys
from tests.adapters.alipayplus.alipayplus_parts import (
    NOW,
    OPTIONS,
    new_adapter,
    outbound_payment,
    planning,
)

ADAPTER = new_adapter()
KEYS = TownKeys()
PREFIX = "/networks/alipayplus/aps/api/v1/payments/"
PAID = {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"}
NOTIFY: dict[str, Any] = {
    "paymentResult": PAID,
    "paymentRequestId": "af0e606225d7a40f1f759b364acac3ee",
    "paymentId": "202611210001",
    "paymentTime": "2026-11-21T11:15:00+08:00",
    "paymentAmount": {"currency": "USD", "value": "1023"},
}


def headers(path: str, body: bytes, at: str = "", key: str = "alipayplus") -> dict[str, str]:
    """The headers of a request of the network, as the door hands them on."""
    signer = Signer(OPTIONS["partner_client_id"], "1", KEYS.rsa_private(key))
    signed = signer.headers(path, at or wire.instant(NOW), body, signature.REQUEST_TIME)
    plain = {name.lower(): value for name, value in signed}
    return {**plain, "content-type": signature.CONTENT_TYPE, ":path": path}


def ask(call: str, fields: dict[str, Any] | bytes, **more: str) -> Any:
    """Translate one signed request."""
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    made = headers(PREFIX + call, body, **more)
    return ADAPTER.translate(made, body, planning())


def refused(call: str, fields: dict[str, Any] | bytes, **more: str) -> tuple[str, Reason]:
    """The result code of a request that must be refused, and why."""
    with pytest.raises(WireRefusal) as refusal:
        ask(call, fields, **more)
    assert refusal.value.uetr == ""
    return json.loads(refusal.value.body)["result"]["resultCode"], refusal.value.reason


def test_a_changed_byte_of_body_path_or_header_is_refused() -> None:
    body = json.dumps(NOTIFY).encode()
    path = PREFIX + "notifyPayment"
    sound = headers(path, body)
    assert isinstance(ADAPTER.translate(sound, body, planning()), InboundOrderPay)
    for made, sent in (
        (sound, body.replace(b"1023", b"9023")),
        ({**sound, ":path": PREFIX + "cancelPayment"}, body),
        ({**sound, "request-time": wire.instant(NOW + timedelta(seconds=1))}, body),
        ({**sound, "client-id": "SOMEBODY"}, body),
        ({name: value for name, value in sound.items() if name != "signature"}, body),
        (headers(path, body, key="switch-alipayplus"), body),
    ):
        with pytest.raises(WireRefusal) as refusal:
            ADAPTER.translate(made, sent, planning())
        assert refusal.value.reason is Reason.SIGNATURE_INVALID


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_clock_that_is_too_far_off_is_refused(seconds: int) -> None:
    at = wire.instant(NOW + timedelta(seconds=seconds))

    assert refused("notifyPayment", NOTIFY, at=at) == ("INVALID_SIGNATURE", Reason.TOO_OLD)


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"[]",
        b"{",
        b'{"paymentRequestId":"a","paymentRequestId":"b"}',
        b'{"paymentRequestId":1}',
        b'{"paymentRequestId":"a","x":NaN}',
        b'{"paymentRequestId":"a","x":true}',
        b"\xff",
        b'{"a":' * 20 + b'"x"' + b"}" * 20,
        {**NOTIFY, "paymentId": ""},
        {**NOTIFY, "paymentId": "x" * 65},
        {**NOTIFY, "paymentTime": "2026-11-21T11:15:00"},
        {**NOTIFY, "paymentTime": "yesterday"},
        {**NOTIFY, "paymentResult": {**PAID, "resultStatus": "X"}},
        {**NOTIFY, "paymentResult": {**PAID, "resultStatus": "U"}},
        {**NOTIFY, "paymentAmount": {"currency": "USD", "value": "10.23"}},
        {**NOTIFY, "paymentAmount": {"currency": "USD", "value": "-5"}},
        {**NOTIFY, "paymentAmount": {"currency": "USD", "value": "007"}},
        {**NOTIFY, "paymentAmount": {"currency": "USD", "value": "0"}},
        {**NOTIFY, "paymentAmount": {"currency": "USD", "value": "9" * 17}},
        {**NOTIFY, "paymentAmount": {"currency": "XXX", "value": "100"}},
        {**NOTIFY, "paymentAmount": "1023"},
        {**NOTIFY, "paymentAmount": None},
    ],
)
def test_what_breaks_the_networks_own_rules_is_refused(fields: dict[str, Any] | bytes) -> None:
    assert refused("notifyPayment", fields) == ("PARAM_ILLEGAL", Reason.FORMAT_INVALID)


def test_a_body_that_is_too_large_or_no_json_is_refused_before_anything_is_checked() -> None:
    with pytest.raises(WireRefusal) as large:
        ADAPTER.translate({":path": PREFIX + "pay"}, b" " * 65_537, planning())
    with pytest.raises(WireRefusal) as other:
        ADAPTER.translate({":path": PREFIX + "pay", "content-type": "text/xml"}, b"", planning())

    assert (large.value.status, other.value.status) == (413, 415)


def test_optional_fields_may_be_null_and_unknown_ones_are_passed_over() -> None:
    request = ask("notifyPayment", {**NOTIFY, "customerId": None, "newField": {"a": ["b"]}})

    assert request.amount == Money.parse("10.23", "USD")
    assert request.far_reference == "202611210001"


def test_each_call_becomes_its_request() -> None:
    order = ask("userInitiatedPay", {"codeValue": "000201", "customerId": "c1"})
    name = {"paymentRequestId": "2026"}
    won = {"currency": "KRW", "value": "4000"}
    riel = {"currency": "KHR", "value": "410000"}
    failed = {"paymentResult": {**PAID, "resultStatus": "F", "resultCode": "PROCESS_FAIL"}}

    assert isinstance(order, InboundOrder)
    assert (order.payload, order.amount, order.key) == (
        "000201",
        None,
        order.request["payment_request_id"],
    )
    assert ask("pay", {**name, "paymentAmount": riel}) == InboundAuthorise(
        "2026", Money.parse("4100", "KHR"), {"call": "pay", "payment_request_id": "2026"}
    )
    assert ask("inquiryPayment", name).amount is None
    asked, told = ask("cancelPayment", name), ask("notifyPayment", {**name, **failed})
    assert isinstance(asked, InboundCancel)
    assert isinstance(told, InboundCancel)
    # Only what has happened contradicts an advice of before.
    assert (asked.undebited, told.undebited) == (False, True)
    back = ask("refund", {**name, "refundRequestId": "r1", "refundFromAmount": won})
    assert isinstance(back, InboundReturn)
    assert (back.key, back.reference, back.amount) == ("r1", "2026", Money.parse("4000", "KRW"))


ONCE = "000201010212"
"""How a code that is made for one payment begins."""


def test_an_orders_name_follows_from_code_and_guest_and_tells_nothing_of_them() -> None:
    names = [
        ask("userInitiatedPay", {"codeValue": ONCE + code, "customerId": guest}).key
        for code, guest in (("code", "c1"), ("code", "c1"), ("code", "c2"), ("cod", "ec1"))
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_an_order_that_ended_unpaid_is_followed_by_one_of_another_name() -> None:
    first = ask("userInitiatedPay", {"codeValue": ONCE, "customerId": "c1"})
    second, third = first.again(1), first.again(2)

    assert len({first.key, second.key, third.key}) == 3
    assert second == ask("userInitiatedPay", {"codeValue": ONCE, "customerId": "c1"}).again(1)
    assert second.request["payment_request_id"] == second.key


@pytest.mark.parametrize("code", ["000201010211", "000201", "0102110002", "https://x"])
def test_a_printed_code_is_a_new_order_each_time(code: str) -> None:
    body = json.dumps({"codeValue": code, "customerId": "c1"}).encode()
    made = headers(PREFIX + "userInitiatedPay", body)
    orders = [
        ADAPTER.translate(made, body, planning(NOW + timedelta(seconds=late))) for late in (0, 1)
    ]

    assert all(isinstance(each, InboundOrder) and each.again is None for each in orders)
    assert len({each.key for each in orders if isinstance(each, InboundOrder)}) == 2


def test_a_keyed_amount_makes_a_new_order_each_time() -> None:
    fields = {"codeValue": "000201", "paymentAmount": {"currency": "KHR", "value": "410000"}}
    first = ask("userInitiatedPay", fields)
    body = json.dumps(fields).encode()
    made = headers(PREFIX + "userInitiatedPay", body)
    again = ADAPTER.translate(made, body, planning(NOW + timedelta(seconds=1)))

    assert first.amount == Money.parse("4100", "KHR")
    assert isinstance(again, InboundOrder)
    assert first.key != again.key


def test_every_answer_is_signed_over_the_path_of_its_request() -> None:
    request = ask("inquiryPayment", {"paymentRequestId": "2026"})
    rendered = ADAPTER.render_taken(request, None, None, Reason.ORIGINAL_UNKNOWN, planning())
    path = PREFIX + "inquiryPayment"
    signed = dict(ADAPTER.answer_headers({":path": path}, rendered, planning()))
    key = rsa_public(KEYS.certificate("switch-alipayplus").public_key())
    verifier = Verifier(OPTIONS["client_id"], {"1": key})
    lower = {name.lower(): value for name, value in signed.items()}

    assert verifier.verify(lower, path, rendered.body, signature.RESPONSE_TIME)
    assert json.loads(rendered.body)["paymentResult"]["resultStatus"] == "U"


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (None, "S", "SUCCESS"),
        (Reason.QUOTE_EXPIRED, "S", "SUCCESS"),
        (Reason.AMOUNT_DIFFERS, "S", "SUCCESS"),
        (Reason.DUPLICATE, "F", "REPEAT_REQ_INCONSISTENT"),
    ],
)
def test_a_notification_of_an_order_of_ours_is_acknowledged_unless_it_contradicts(
    reason: Reason | None, status: str, code: str
) -> None:
    request = ask("notifyPayment", NOTIFY)
    rendered = ADAPTER.render_taken(request, outbound_payment(), Status.RJCT, reason, planning())
    result = json.loads(rendered.body)["result"]

    assert (result["resultStatus"], result["resultCode"]) == (status, code)


@given(st.binary(max_size=200) | st.dictionaries(st.text(max_size=8), st.text(max_size=8)).map(
    lambda fields: json.dumps(fields).encode()))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_whatever_is_signed_and_sent_is_read_or_refused(body: bytes) -> None:
    for call in ("userInitiatedPay", "notifyPayment", "pay", "refund", "", "x/../y"):
        answer = b""
        try:
            ask(call, body)
        except WireRefusal as refusal:
            answer = refusal.body
        assert not answer or json.loads(answer)["result"]["resultStatus"] == "F"


def test_settings_that_cannot_be_used_are_named() -> None:
    for change, named in (
        ({"client_id": ""}, "client_id"),
        ({"khr_exponent": "3"}, "khr_exponent"),
        ({"colour": "blue"}, "colour"),
    ):
        with pytest.raises(ValueError, match=named):
            options_of({**OPTIONS, **change})
