"""What NAPAS sends is read only as NAPAS' word; a refusal binds nothing and is signed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.vietnam import codes
from adapters.vietnam.envelope import verify
from fx.money import Money
from switch.inbound_port import (
    InboundNotice,
    InboundOrder,
    InboundOrderPay,
    InboundReturn,
    derived_uetr,
)
from switch.model import Party, State, Status
from switch.port import InboundEnquiry, Merchant, OutcomeKind, Rendered, WireRefusal
from switch.reasons import Reason
from tests.adapters.vietnam.vietnam_parts import (
    LOCAL,
    NOW,
    REFERENCE,
    adapter,
    asked,
    headers,
    inbound,
    keys,
    outbound,
    planning,
    signed,
    theirs,
)

THEIRS: Final = "449316143527"
KEY: Final = f"20261121{THEIRS}"
CODE: Final = "00020101021129180014noodleshop@aclb5204581253031165802KH5911Noodle Shop6304ABCD"
ID: Final = "f452f607-433f-42b7-bdeb-b04f05abb012"


def lookup_payload(**more: Any) -> dict[str, Any]:
    return {"payment_reference": THEIRS, "qr_string": CODE} | more


def paid_payload(**more: Any) -> dict[str, Any]:
    return {
        "payment": {
            "transaction_local_date_time": "2026-11-21T10:15:01.000Z",
            "interbank_amount": "270600.00",
            "interbank_currency": "704",
            "payment_reference": THEIRS,
            "end_to_end_reference": KEY,
        },
        "amount": "41000.00",
        "currency": "KHR",
        "sender_account": theirs().seal("0021000234567", "s"),
        "recipient_account": theirs().seal("noodleshop@aclb", "r"),
    } | more


def payment_with(**more: Any) -> dict[str, Any]:
    payload = paid_payload()
    return payload | {"payment": payload["payment"] | more}


def translated(operation: str, path: str, payload: Any, **more: Any) -> Any:
    body = asked(operation, payload, **more)
    return adapter().translate(headers(body, path), body, planning())


def refused(body: bytes, path: str = "lookup", **changed: str) -> tuple[int, str]:
    """HTTP status and code of a refusal; it is signed over exactly what leaves."""
    with pytest.raises(WireRefusal) as caught:
        adapter().translate(headers(body, path) | changed, body, planning())
    refusal = caught.value
    assert refusal.uetr == ""
    rendered = Rendered(refusal.status, refusal.content_type, refusal.body)
    (header,) = adapter().answer_headers({}, rendered, planning())
    own = keys().certificate("switch-vietnam").public_key()
    assert isinstance(own, RSAPublicKey)
    verify(own, header[1], refusal.body)
    answer = json.loads(refusal.body)
    assert "payload" not in answer
    return refusal.status, answer["result"]["code"]


def test_a_lookup_is_an_order_named_by_its_day_and_reference() -> None:
    order = translated("QRLOOKUP", "lookup", lookup_payload())

    assert isinstance(order, InboundOrder)
    assert (order.key, order.payload, order.amount) == (KEY, CODE, None)
    assert order.content == {"payment_reference": THEIRS, "qr_string": CODE}


def test_what_the_guest_keyed_is_read_in_riel_or_in_dong() -> None:
    riel = translated("QRLOOKUP", "lookup", lookup_payload(amount="41000.00", currency="KHR"))
    dong = translated("QRLOOKUP", "lookup", lookup_payload(amount="270600.00", currency="VND"))

    assert riel.amount == Money.parse("41000", "KHR")
    assert dong.amount == Money.parse("270600", "VND")
    assert riel.content["amount"] == "41000.00"


def test_a_lookup_on_another_day_is_another_order() -> None:
    late = NOW.replace(hour=17, minute=0)
    body = asked("QRLOOKUP", lookup_payload(), stamp=20261122000000)
    order = adapter().translate(headers(body, "lookup"), body, planning(late))

    assert isinstance(order, InboundOrder)
    assert order.key == f"20261122{THEIRS}"


def test_a_payment_names_its_order_and_what_is_owed() -> None:
    paid = translated("QRPAYMENT", "payment", paid_payload())

    assert isinstance(paid, InboundOrderPay)
    assert (paid.key, paid.amount) == (KEY, Money.parse("270600", "VND"))
    assert paid.far_reference == THEIRS
    assert paid.accepted_at == NOW.replace(microsecond=0)
    assert paid.extra["sender_account"] == "0021000234567"
    assert paid.payer == Party("", "0021000234567")
    assert "0021000234567" not in repr(paid)


def test_an_old_payment_is_read_as_it_may_be_a_repeat_and_a_future_one_is_cut() -> None:
    old = translated("QRPAYMENT", "payment", paid_payload(), stamp=20261120101502)
    early = translated("QRPAYMENT", "payment", paid_payload(), stamp=20261122101502)

    assert old.accepted_at == NOW.replace(microsecond=0) - timedelta(days=1)
    assert early.accepted_at == NOW + timedelta(seconds=300)


def test_an_enquiry_asks_about_that_order() -> None:
    named = {"payment": {"payment_reference": THEIRS, "end_to_end_reference": KEY}}
    enquiry = translated("QRENQUIRY", "payment-enquiry", named)

    assert isinstance(enquiry, InboundEnquiry)
    assert enquiry.uetr == derived_uetr("vietnam", KEY)


def test_a_return_names_our_payment() -> None:
    payload = {
        "payment": {
            "payment_reference": THEIRS,
            "original_payment_reference": REFERENCE,
            "transaction_local_date_time": "2026-11-21T10:15:01.000Z",
        },
        "amount": "65000.00",
        "currency": "VND",
    }
    told = translated("QRRETURN", "return", payload)

    assert isinstance(told, InboundReturn)
    assert (told.key, told.reference) == (KEY, REFERENCE)
    assert told.amount == Money.parse("65000", "VND")


def notification(code: str, **more: Any) -> bytes:
    return orjson.dumps(
        {
            "apiOperation": "QR_PAYMENT",
            "timestamp": str(LOCAL),
            "result": {"code": code},
            "payment": {"payment_reference": REFERENCE, "reference": "VN77"},
        }
        | more
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [("00", OutcomeKind.ACCEPTED), ("14", OutcomeKind.REFUSED), ("68", OutcomeKind.UNKNOWN),
     ("99", OutcomeKind.UNKNOWN), ("25", OutcomeKind.UNKNOWN)],
)  # fmt: skip
def test_a_notification_tells_an_outcome(code: str, kind: OutcomeKind) -> None:
    body = notification(code)
    path = "payment-notification"
    told = adapter().translate(headers(body, path), body, planning())

    assert isinstance(told, InboundNotice)
    assert (told.reference, told.outcome.kind) == (REFERENCE, kind)


@pytest.mark.parametrize(("more", "kind"), [
    ({}, OutcomeKind.ACCEPTED),
    ({"amount": "65000.00", "currency": "VND"}, OutcomeKind.ACCEPTED),
    ({"amount": "1.00", "currency": "VND"}, OutcomeKind.UNKNOWN),
    ({"amount": "65000.00", "currency": "USD"}, OutcomeKind.UNKNOWN),
    ({"amount": "lots", "currency": "VND"}, OutcomeKind.UNKNOWN),
    ({"interbank_amount": "65000.00", "interbank_currency": "704"}, OutcomeKind.ACCEPTED),
    ({"interbank_amount": "0.43", "interbank_currency": "840"}, OutcomeKind.UNKNOWN),
])  # fmt: skip
def test_a_notification_of_another_amount_accepts_nothing(
    more: dict[str, str], kind: OutcomeKind
) -> None:
    named = {"payment_reference": REFERENCE, "reference": "VN77"}
    among = {name: value for name, value in more.items() if name.startswith("interbank")}
    body = notification("00", **{**more, "payment": named | among})
    told = adapter().translate(headers(body, "payment-notification"), body, planning())

    assert isinstance(told, InboundNotice)
    assert told.outcome_of(outbound()).kind is kind


def test_notifications_that_cannot_be_taken() -> None:
    path = "payment-notification"
    assert refused(notification("00"), "payment") == (400, "12")
    assert refused(notification("00", timestamp="20261121101000"), path) == (400, "54")
    assert refused(notification("00", timestamp="now"), path) == (400, "010")
    assert refused(notification("00", payment={}), path) == (400, "010")
    assert refused(notification("00", result={}), path) == (400, "010")


def test_nobody_else_gets_in() -> None:
    body = asked("QRLOOKUP", lookup_payload())

    assert refused(body, signature=signed(body, "stranger")) == (401, "63")
    assert refused(body, signature="") == (401, "63")
    assert refused(body, signature=signed(body + b" ")) == (401, "63")
    assert refused(asked("QRLOOKUP", lookup_payload(), requestor="970401")) == (400, "007")


def test_no_byte_of_a_request_can_be_changed() -> None:
    body = asked("QRPAYMENT", paid_payload())
    good = headers(body, "payment")
    for place in range(0, len(body), 97):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(WireRefusal) as caught:
            adapter().translate(good, altered, planning())
        assert caught.value.status == 401


def test_what_is_no_message_is_refused() -> None:
    whole = asked("QRLOOKUP", lookup_payload())
    for body in (b"", b"{}", b"[]", b"\xff", b'{"header":{}}', whole[:-1], whole + whole,
                 b'{"header":1,"header":2}', b"[" * 9000):  # fmt: skip
        assert refused(body) == (400, "004")
    assert refused(asked("QRLOOKUP", [])) == (400, "004")  # type: ignore[arg-type]
    assert refused(whole + b" " * 70_000) == (413, "004")
    assert refused(whole, **{"content-type": "text/xml"}) == (415, "004")
    for stamp in (None, 1.5, True, "x" * 14, 99999999999999, 2026, 20261399000000):
        assert refused(asked("QRLOOKUP", lookup_payload(), stamp=stamp)) == (400, "004")


def test_an_operation_is_called_where_it_belongs_and_in_time() -> None:
    assert refused(asked("QRLOOKUP", lookup_payload()), "payment") == (400, "12")
    assert refused(asked("QRSOMETHING", lookup_payload())) == (400, "12")
    for stamp in (LOCAL - 600, LOCAL + 600):
        assert refused(asked("QRLOOKUP", lookup_payload(), stamp=stamp)) == (400, "54")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (payment_with(payment_reference="1" * 11), "010"),
        (payment_with(payment_reference="1" * 19), "010"),
        (payment_with(payment_reference=449316143527), "010"),
        (payment_with(end_to_end_reference=f"20261121{THEIRS[:-1]}8"), "010"),
        (payment_with(end_to_end_reference=f"x0261121{THEIRS}"), "010"),
        (payment_with(interbank_amount="270600.50"), "13"),
        (payment_with(interbank_amount="0.00"), "13"),
        (payment_with(interbank_amount=270600), "13"),
        (payment_with(interbank_currency="840"), "12"),
        (paid_payload(amount="1e4"), "13"),
        (paid_payload(currency="XXX"), "13"),
        (paid_payload(sender_account="x"), "010"),
        (paid_payload(recipient_account=""), "010"),
        ({}, "010"),
    ],
)
def test_a_payment_that_cannot_be_read_is_refused_as_a_message(payload: Any, code: str) -> None:
    assert refused(asked("QRPAYMENT", payload), "payment") == (400, code)


@pytest.mark.parametrize(
    "payload",
    [{}, lookup_payload(qr_string=""), lookup_payload(qr_string="x" * 513),
     lookup_payload(payment_reference="x" * 12), lookup_payload(qr_string=["x"])],
)  # fmt: skip
def test_a_lookup_that_cannot_be_read_is_refused(payload: Any) -> None:
    assert refused(asked("QRLOOKUP", payload)) == (400, "010")


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**20) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(payload=JSON, operation=st.sampled_from(["QRLOOKUP", "QRPAYMENT", "QRENQUIRY", "QRRETURN"]),
       place=st.sampled_from(sorted(paid_payload()["payment"])), value=JSON)  # fmt: skip
def test_whatever_is_signed_is_a_command_or_a_refusal(
    payload: Any, operation: str, place: str, value: Any
) -> None:
    paths = {"QRLOOKUP": "lookup", "QRPAYMENT": "payment", "QRENQUIRY": "payment-enquiry",
             "QRRETURN": "return"}  # fmt: skip
    for each in (payload, payment_with(**{place: value}), paid_payload(amount=value)):
        body = asked(operation, each)
        came: Exception | None = None
        try:
            adapter().translate(headers(body, paths[operation]), body, planning())
        except WireRefusal as refusal:
            came = refusal
        assert came is None or str(came) in Reason.__members__


def shown(rendered: Rendered) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rendered.body)
    assert found["result"]["id"] == ID
    return found


def order_pay() -> InboundOrderPay:
    paid = translated("QRPAYMENT", "payment", paid_payload())
    assert isinstance(paid, InboundOrderPay)
    return paid


def test_a_credited_payment_is_00_with_what_settles_it() -> None:
    rendered = adapter().render_taken(order_pay(), inbound(), Status.ACCC, None, planning())
    answer = shown(rendered)

    assert (rendered.status, answer["result"]["code"]) == (200, "00")
    assert answer["payload"]["payment"]["payment_reference"] == THEIRS
    assert answer["payload"]["settlement_amount"] == "270600.00"


@pytest.mark.parametrize("status", [Status.PDNG, Status.RCVD])
def test_what_has_not_ended_is_68(status: Status) -> None:
    payment = inbound(State.CREDITING)
    answer = shown(adapter().render_taken(order_pay(), payment, status, None, planning()))

    assert answer["result"]["code"] == "68"


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_is_never_taken_for_ask_again(reason: Reason) -> None:
    payment = inbound(State.REFUSED, reason=reason)
    answer = shown(adapter().render_taken(order_pay(), payment, Status.RJCT, None, planning()))
    code = answer["result"]["code"]

    assert code not in {"00", "68", "001", "99", "96", "91", ""}
    assert code in codes.REFUSALS or code in {"25", "011"}


def test_what_names_no_order_or_another_sum_says_nothing_of_a_payment() -> None:
    unknown = adapter().render_taken(order_pay(), None, None, Reason.ORIGINAL_UNKNOWN, planning())
    other = adapter().render_taken(
        order_pay(), inbound(), Status.ACCC, Reason.DUPLICATE, planning()
    )

    assert (unknown.status, shown(unknown)["result"]["code"]) == (400, "25")
    assert (other.status, shown(other)["result"]["code"]) == (400, "011")
    assert "payload" not in shown(other)


def test_an_enquiry_is_answered_with_the_outcome_or_never_seen() -> None:
    named = {"payment": {"payment_reference": THEIRS, "end_to_end_reference": KEY}}
    enquiry = translated("QRENQUIRY", "payment-enquiry", named)
    found = shown(adapter().render_enquiry(enquiry, inbound(), Status.ACCC, planning()))
    never = shown(adapter().render_enquiry(enquiry, None, None, planning()))

    assert (found["result"]["code"], found["payload"]["payment_result"]["code"]) == ("00", "00")
    assert (never["result"]["code"], "payload" in never) == ("25", False)


def test_an_order_is_answered_with_price_expiry_and_how_to_name_it() -> None:
    order = translated("QRLOOKUP", "lookup", lookup_payload(amount="41000.00", currency="KHR"))
    party = Party("Noodle Shop", "noodleshop@aclb", "ACLBKHPPXXX", "Phnom Penh", "KH")
    merchant = Merchant(party, "Phnom Penh", "5812", "KHR", None)
    payment = replace(inbound(State.RECEIVED), next_at=NOW + timedelta(minutes=5))
    answer = shown(adapter().render_order(order, (merchant, payment), planning()))
    refusal = shown(adapter().render_order(order, Reason.QR_INVALID, planning()))
    told = {each["key"]: each["value"] for each in
            answer["payload"]["additional_info"]["instruction"]}  # fmt: skip

    assert answer["payload"]["payment"]["end_to_end_reference"] == KEY
    assert (answer["payload"]["amount"], answer["payload"]["currency"]) == ("41000.00", "KHR")
    assert told["INTERBANK_AMOUNT"] == "270600.00"
    assert told["VALID_UNTIL"] == "20261121102002"
    assert theirs().open(answer["payload"]["recipient_account"]) == "noodleshop@aclb"
    assert refusal["result"]["code"] == "008"
