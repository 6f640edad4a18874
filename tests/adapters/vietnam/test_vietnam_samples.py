"""Published messages of NAPAS are read, its signature verifies, and ours have the same shape."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.vietnam import mapping, mapping_inbound
from adapters.vietnam.envelope import EnvelopeError, answer_body, heading, moment, verify
from fx.money import Money
from switch.port import Exchange, Merchant, OutcomeKind, WireAnswer
from switch.wire.strict_json import read_object
from tests.adapters.vietnam.test_vietnam_answers import merchant_payload
from tests.adapters.vietnam.vietnam_parts import (
    LOCAL,
    NOW,
    REFERENCE,
    adapter,
    answered,
    code,
    inbound,
    keys,
    outbound,
    particulars,
    planning,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUIRED: Final = frozenset({
    "funding_reference", "type", "generation_method", "channel", "device_id", "location",
    "transaction_local_date_time", "interbank_amount", "interbank_currency", "exchange_rate",
    "payment_reference", "end_to_end_reference", "trace",
})  # fmt: skip


@pytest.fixture
def samples(shared: Path) -> Path:
    return shared / "samples/networks/napas"


@pytest.fixture
def vector(samples: Path) -> tuple[RSAPublicKey, str, bytes]:
    told = json.loads((samples / "signature_vector.json").read_bytes())
    key = load_pem_public_key(told["public_key_pem"].encode())
    assert isinstance(key, RSAPublicKey)
    return key, told["signature"], (samples / told["body_file"]).read_bytes()


@pytest.fixture
def tree(samples: Path) -> Any:
    return json.loads((samples / "field_tree.json").read_bytes())


def body_of(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(exchange.body)
    return found


def paid() -> Exchange:
    return adapter().plan_pay(outbound(), particulars(remittance="lunch"), planning())


def test_the_published_signature_verifies(vector: tuple[RSAPublicKey, str, bytes]) -> None:
    verify(*vector)


def test_no_byte_of_a_signed_body_can_be_changed(
    vector: tuple[RSAPublicKey, str, bytes],
) -> None:
    key, signature, body = vector
    for place in range(0, len(body), 37):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(EnvelopeError):
            verify(key, signature, altered)
    for wrong in ("", "AAAA", signature[:-4] + "AAA=", signature + "\n", "é" * 8, "A" * 100_000):
        with pytest.raises(EnvelopeError):
            verify(key, wrong, body)


def test_our_signature_is_made_as_the_published_one(
    vector: tuple[RSAPublicKey, str, bytes],
) -> None:
    """SHA256withRSA in base64 over exactly the body that is sent; the same body, the same text."""
    exchange = paid()
    sent = dict(exchange.headers)
    own = keys().certificate("switch-vietnam").public_key()
    assert isinstance(own, RSAPublicKey)

    verify(own, sent["Signature"], exchange.body)
    assert sent == dict(paid().headers)
    assert len(b64decode(vector[1])) == len(b64decode(sent["Signature"])) == 256


def test_the_published_lookup_is_read(samples: Path) -> None:
    body = read_object((samples / "qrlookup.request.json").read_bytes())
    top = heading(body)
    order = mapping_inbound.order(top, body["payload"])

    assert (top.requestor, top.operation) == ("901008", "QRLOOKUP")
    assert moment(20230103041212) == top.at
    assert order.key == "20230103449316143527"
    assert order.payload == body["payload"]["qr_string"]


def test_our_lookup_has_the_members_types_and_order_of_the_published_one(samples: Path) -> None:
    sample = json.loads((samples / "qrlookup.request.json").read_bytes())
    ours = body_of(adapter().plan_lookup(code(), None, planning()))

    assert shape(ours) == shape(sample)
    assert list(ours["header"]) == list(sample["header"])
    assert ours["header"]["timestamp"] == LOCAL
    assert 12 <= len(ours["payload"]["payment_reference"]) <= 18
    assert ours["payload"]["payment_reference"].isdigit()


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return type(value).__name__


def test_the_published_notification_is_read(vector: tuple[RSAPublicKey, str, bytes]) -> None:
    """Code 68: nothing is known there either."""
    body = read_object(vector[2])
    told, at = mapping_inbound.notice(body, "602907")

    assert told.reference == "202211071530092813"
    assert told.outcome.kind is OutcomeKind.UNKNOWN
    assert at.isoformat() == "2022-11-07T08:29:13+00:00"
    assert mapping.read_amount(body["amount"], body["currency"]) == Money.parse("10000", "VND")
    settled = body["payment"]
    owed = mapping.read_amount(settled["interbank_amount"], settled["interbank_currency"])
    assert owed == Money.parse("0.43", "USD")


def named(part: Mapping[str, Any]) -> set[str]:
    return set(part)


def test_our_payment_has_no_member_that_is_not_published_and_all_that_are_wanted(
    tree: Any,
) -> None:
    payload = body_of(paid())["payload"]
    published = tree["payment.request"]
    looked_up = tree["lookup.response"]

    assert named(payload) <= set(published["payload"]) | {"payment"}
    assert REQUIRED <= named(payload["payment"]) <= set(published["payload.payment"])
    assert named(payload["participant"]) <= set(looked_up["payload.participant"])
    assert named(payload["recipient"]) <= {"full_name", "address"}
    assert named(payload["sender"]) == {"full_name", "address"}
    assert named(payload["order_info"]) <= set(looked_up["order_info"])


def test_our_payment_is_written_in_the_formats_of_the_published_one(
    vector: tuple[RSAPublicKey, str, bytes],
) -> None:
    sample, payload = json.loads(vector[2]), body_of(paid())["payload"]
    ours, theirs = payload["payment"], sample["payment"]

    assert (payload["amount"], payload["currency"]) == ("65000.00", "VND")
    assert (ours["interbank_amount"], ours["interbank_currency"]) == ("65000.00", "704")
    assert (ours["type"], ours["channel"]) == (theirs["type"], theirs["channel"])
    assert ours["transaction_local_date_time"] == "2026-11-21T10:15:02.120Z"
    assert len(ours["trace"]) == len(theirs["trace"])
    assert ours["payment_reference"] == ours["end_to_end_reference"] == REFERENCE
    assert len(REFERENCE) == len(theirs["payment_reference"])
    assert payload["sender"].keys() == sample["sender"].keys()
    known = set(sample["participant"])
    assert known <= named(payload["participant"])
    assert payload["participant"]["originating_institution_id"] == "970499"


def test_our_answer_to_a_lookup_has_no_member_that_is_not_published(tree: Any) -> None:
    published = tree["lookup.response"]
    ids = {"payment_reference": "449316143527", "end_to_end_reference": "20261121449316143527"}
    link = adapter()
    payment = inbound()
    merchant = link.read_lookup(*looked_up())
    assert isinstance(merchant, Merchant)
    payload: Any = mapping_inbound.order_payload(
        ids, merchant, payment, link._names, link._envelope.secrecy
    )
    answer = json.loads(answer_body("00", "Success", "r", payload))

    assert set(answer["result"]) <= set(published["result"])
    assert named(payload["payment"]) <= set(published["payload.payment"])
    assert named(payload["participant"]) <= set(published["payload.participant"])
    assert {"amount", "currency", "recipient_account"} == set(published["payload"])
    assert set(published["payload"]) <= named(payload)
    assert named(payload["order_info"]) <= set(published["order_info"])
    assert {tuple(each) for each in payload["additional_info"]["instruction"]} == {("key", "value")}
    told = {each["key"]: each["value"] for each in payload["additional_info"]["instruction"]}
    assert told["INTERBANK_AMOUNT"] == "270600.00"
    assert told["UETR"] == payment.uetr


def looked_up() -> tuple[Exchange, WireAnswer]:
    exchange = adapter().plan_lookup(code(), None, planning())
    request_id = mapping.message_id(exchange.exchange_id)
    result = {"id": request_id, "code": "00"}
    return exchange, answered(result, merchant_payload(exchange.reference))


def test_our_answer_to_a_payment_adds_what_is_published(tree: Any) -> None:
    ids = {"payment_reference": "449316143527", "end_to_end_reference": "20261121449316143527"}
    payload: Any = mapping_inbound.paid_payload(ids, inbound())
    adds = tree["payment.response adds"]

    assert set(adds["payload"]) <= named(payload)
    assert set(adds["payload.payment"]) <= named(payload["payment"])
    assert payload["settlement_amount"] == "270600.00"
    assert payload["settlement_date"] == f"{NOW:%Y%m%d}"
