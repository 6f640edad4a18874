"""PayNet's published identifications, hash and codes, and that only its signed word is believed."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from adapters.malaysia import codes
from adapters.malaysia.business_id import BusinessId, day_of, read_business_id
from adapters.malaysia.envelope import minified, payload_hash
from adapters.malaysia.sandbox_messages import StatusOf, Transfer
from fx.money import Money
from iso20022 import read
from switch.inbound_port import InboundOrder, derived_uetr
from switch.model import State
from switch.port import (
    InboundEnquiry,
    Operation,
    Outcome,
    OutcomeKind,
    WireAnswer,
    WireRefusal,
    lost_reference,
)
from switch.reasons import Reason
from switch.simulation.town import TownKeys
from tests.adapters.malaysia.malaysia_parts import (
    NOW,
    OWN,
    UETR,
    duitnow,
    new_adapter,
    new_desk,
    outbound_particulars,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.malaysia.sandbox_wire import Outgoing
    from switch.model import Payment

UNKNOWN = Outcome(OutcomeKind.UNKNOWN)
CHAIN = UETR.replace("-", "")


def sample(shared: Path, name: str) -> Any:
    return json.loads((shared / "samples/networks/paynet" / name).read_text("utf-8"))


def answer(outgoing: Outgoing, status: int = 200) -> WireAnswer:
    return WireAnswer(status, {"x-jws-signature": outgoing.token}, outgoing.body)


def told(payment: Payment, status: str, code: str, **changes: str) -> Outcome:
    """What our adapter makes of PayNet's pacs.002 about a payment."""
    exchange = new_adapter().plan_pay(payment, outbound_particulars(), planning())
    of = StatusOf(payment.reference, payment.uetr, status, code)
    report = new_desk().status(replace(of, **changes))
    return new_adapter().read(exchange, payment, answer(report))


def found(
    payment: Payment, told: tuple[str, str] | str, chain: str = CHAIN, sum_told: str = "42.50"
) -> Outcome:
    """What our adapter makes of PayNet's camt.006 about a payment."""
    exchange = new_adapter().plan_enquire(payment, outbound_particulars(), planning())
    transfer = Transfer(
        payment.reference, chain, UETR, NOW, Money.parse(sum_told, "MYR"), ("", ""), ("", "", "")
    )
    word = told if isinstance(told, str) else StatusOf(payment.reference, UETR, *told)
    report = new_desk().found(exchange.reference, payment.reference, word, transfer)
    return new_adapter().read(exchange, payment, answer(report))


def test_published_identifications_are_read_part_by_part_and_written_again(shared: Path) -> None:
    for each in sample(shared, "business_message_ids.json"):
        parts = read_business_id(each["id"])
        assert parts is not None
        written = [
            f"{parts.day:%Y%m%d}", parts.bic, parts.code, parts.originator, parts.channel,
            f"{parts.number:08d}",
        ]  # fmt: skip
        assert (written, str(parts)) == (each["parts"], each["id"])


def test_our_identifications_have_the_published_shape(shared: Path) -> None:
    payment = outbound_payment()
    exchange = new_adapter().plan_lookup(duitnow(), None, planning())
    for ours in (payment.reference, exchange.reference):
        parts = read_business_id(ours)
        assert parts is not None
        assert (len(ours), parts.bic, parts.originator, parts.channel) == (30, OWN, "O", "RB")
    assert payment.reference == "20261121BKSWKHPP031ORB00000041"


def test_questions_of_one_moment_and_of_two_processes_are_told_apart() -> None:
    plans = [replace(planning(), message_number=n, slot=s) for n in range(500) for s in (1, 2)]
    asked = {new_adapter().plan_lookup(duitnow(), None, plan).reference for plan in plans}

    assert len(asked) == len(plans)


@pytest.mark.parametrize(
    "text",
    ["", "20230412BOEEMYK1000ORB0000001", "20231312BOEEMYK1000ORB00000001",
     "20230412BOEEMYK1000XRB00000001", "20230412BOEEMYK1000ORB0000000१"],
)  # fmt: skip
def test_what_is_no_identification_is_not_read_as_one(text: str) -> None:
    assert read_business_id(text) is None


def test_the_published_hash_reproduces_however_the_payload_is_spaced(shared: Path) -> None:
    vector = sample(shared, "jws_payload_hash.json")
    payload = vector["minified_payload"]
    spaced = json.dumps(json.loads(payload), indent=4).encode()

    assert payload_hash(payload.encode()) == vector["sha256_hex"]
    assert payload_hash(spaced) == vector["sha256_hex"]
    assert minified(spaced) == payload.encode()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_minifying_drops_what_stands_between_tokens_and_nothing_else(value: object) -> None:
    spaced = json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
    tight = json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    assert minified(spaced) == tight.encode("utf-8", "surrogatepass")


def test_our_signature_is_rs256_over_the_hexadecimal_hash_and_always_the_same() -> None:
    payment = outbound_payment()
    one, two = (
        new_adapter().plan_pay(payment, outbound_particulars(), planning()) for _ in range(2)
    )
    token = dict(one.headers)["Authorization"].removeprefix("JWS ")
    protected, between, signature = token.split(".")
    digest = sha256(one.body).hexdigest().encode()

    def raw(text: str) -> bytes:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def encoded(data: bytes) -> bytes:
        return urlsafe_b64encode(data).rstrip(b"=")

    signed = protected.encode() + b"." + encoded(digest)
    key = TownKeys().certificate("switch-malaysia").public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(raw(signature), signed, padding.PKCS1v15(), SHA256())
    assert between == ""
    assert json.loads(raw(protected)) == {"alg": "RS256", "kid": OWN}
    assert (one.headers, one.body) == (two.headers, two.body)


def test_every_published_code_is_mapped(shared: Path) -> None:
    listed = sample(shared, "status_and_reason_codes.json")
    refusals = {code for code, (status, _) in listed["reason"].items() if status == "RJCT"}

    assert refusals == set(codes.REASONS)
    assert set(listed["api_gateway"]) - {"API.008"} == set(codes.GATEWAY)
    assert {code: status for code, (status, _) in listed["reason"].items() if status != "RJCT"} == {
        "U000": "ACSP",
        "U002": "ACTC",
    }


@pytest.mark.parametrize("code", sorted(codes.REASONS))
def test_a_published_refusal_is_final_with_its_reason(code: str) -> None:
    payment = outbound_payment()

    assert told(payment, "RJCT", code).reason is codes.REASONS[code]
    assert found(payment, ("RJCT", code)).reason is codes.REASONS[code]


def test_statuses_are_read_as_paynet_means_them() -> None:
    payment = outbound_payment()

    assert told(payment, "ACSP", "U000").kind is OutcomeKind.ACCEPTED
    assert told(payment, "ACTC", "U002").kind is OutcomeKind.PENDING
    assert told(payment, "ACSP", "U002") == UNKNOWN
    assert told(payment, "RJCT", "U199") == UNKNOWN
    assert found(payment, ("ACSP", "U000")).kind is OutcomeKind.ACCEPTED
    assert found(payment, ("ACTC", "U002")).kind is OutcomeKind.PENDING
    assert found(payment, ("RJCT", "U199")).reason is Reason.UNSPECIFIED
    assert found(payment, "NSEEN").kind is OutcomeKind.NEVER_SEEN


def test_a_date_that_is_refused_after_midnight_says_nothing_of_the_first_copy() -> None:
    first = outbound_payment()
    again = outbound_payment(rung=1, state=State.UNKNOWN)

    assert told(first, "RJCT", "U115").reason is Reason.TOO_OLD
    assert told(again, "RJCT", "U115") == UNKNOWN


def test_the_day_of_an_identification_is_malaysias() -> None:
    before = datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC)
    after = before + timedelta(seconds=1)
    references = [new_adapter().reference(planning(at)) for at in (before, after)]

    assert [reference[:8] for reference in references] == ["20261121", "20261122"]
    assert str(BusinessId(day_of(after), OWN, "031", 41)) == references[1]


def test_an_answer_about_another_payment_says_nothing() -> None:
    payment = outbound_payment()
    other = "20261121BKSWKHPP031ORB00000042"

    assert told(payment, "ACSP", "U000", transaction_id=other) == UNKNOWN
    assert told(payment, "ACSP", "U000", uetr=UETR.replace("5f8c", "5f8d")) == UNKNOWN
    assert found(payment, ("ACSP", "U000"), chain="0" * 32) == UNKNOWN
    assert found(payment, ("ACSP", "U000"), sum_told="42.51") == UNKNOWN


def test_a_payment_whose_reference_was_lost_is_found_by_its_chain() -> None:
    payment = outbound_payment(reference=lost_reference(UETR))
    exchange = new_adapter().plan_enquire(payment, outbound_particulars(), planning())
    values = read(message_of(exchange.body), names=["camt.005.001.08"]).values

    assert (values["original_end_to_end_id"], "original_transaction_id" in values) == (CHAIN, False)
    assert found(payment, ("ACSP", "U000")).kind is OutcomeKind.ACCEPTED
    assert found(payment, ("ACSP", "U000"), chain="0" * 32) == UNKNOWN


def message_of(body: bytes) -> bytes:
    text: str = orjson.loads(body)["data"]["message"]
    return text.encode()


def test_an_answer_changed_in_any_byte_says_nothing() -> None:
    payment = outbound_payment()
    exchange = new_adapter().plan_pay(payment, outbound_particulars(), planning())
    report = new_desk().status(StatusOf(payment.reference, payment.uetr, "ACSP", "U000"))
    assert new_adapter().read(exchange, payment, answer(report)).kind is OutcomeKind.ACCEPTED
    for place in range(0, len(report.body), 7):
        body = bytearray(report.body)
        body[place] ^= 1
        changed = replace(report, body=bytes(body))
        assert new_adapter().read(exchange, payment, answer(changed)) == UNKNOWN


@pytest.mark.parametrize(
    ("code", "reason"), [*codes.GATEWAY.items(), ("API.008", None), ("API.999", None)]
)
def test_the_gateways_word_refuses_only_what_it_did_not_pass_on(
    code: str, reason: Reason | None
) -> None:
    payment, later = outbound_payment(), outbound_payment(rung=1)
    exchange = new_adapter().plan_pay(payment, outbound_particulars(), planning())
    reply = answer(new_desk().gateway(code, "no"), 400)

    assert new_adapter().read(exchange, payment, reply).reason is reason
    assert new_adapter().read(exchange, later, reply) == UNKNOWN


def test_what_is_asked_is_named_by_its_own_identification() -> None:
    question = new_desk().question("KHQR", Money.parse("41000", "KHR"), "Aisyah")
    headers = {"authorization": f"JWS {question.token}"}
    order = new_adapter().translate(headers, question.body, planning())

    assert isinstance(order, InboundOrder)
    assert (order.key, order.payload, str(order.amount)) == (
        question.business_id,
        "KHQR",
        "41000.00",
    )


def test_an_enquiry_names_the_order_and_the_transfer() -> None:
    desk = new_desk()
    transfer = Transfer(
        desk.identification("031"), desk.identification("521"), UETR, NOW,
        Money.parse("43.02", "MYR"), ("", ""), ("", "", ""),
    )  # fmt: skip
    query = desk.search(transfer)
    asked = new_adapter().translate({"authorization": f"JWS {query.token}"}, query.body, planning())

    assert isinstance(asked, InboundEnquiry)
    assert (asked.key, asked.reference) == (transfer.chain, transfer.transaction_id)
    assert asked.uetr == derived_uetr("malaysia", transfer.chain)


@pytest.mark.parametrize(
    ("hours", "spoil", "reason"),
    [(0, b"", Reason.SIGNATURE_INVALID), (-1, None, Reason.TOO_OLD), (1, None, Reason.TOO_OLD)],
)
def test_what_is_not_signed_or_not_of_now_is_refused_before_anything_is_bound(
    hours: int, spoil: bytes | None, reason: Reason
) -> None:
    question = new_desk(NOW + timedelta(hours=hours)).question("KHQR", None, "Aisyah")
    body = question.body if spoil is None else question.body.replace(b"KHQR", b"KHQS")
    with pytest.raises(WireRefusal) as refused:
        new_adapter().translate({"authorization": f"JWS {question.token}"}, body, planning())

    answered = read(message_of(refused.value.body), names=["admi.002.001.01"]).values
    assert (refused.value.reason, answered["reason_code"]) == (reason, reason.iso)
    assert refused.value.uetr == ""


def test_without_a_signature_nothing_is_read() -> None:
    with pytest.raises(WireRefusal) as refused:
        new_adapter().translate({}, b"{}", planning())

    assert (refused.value.status, refused.value.reason) == (401, Reason.SIGNATURE_MISSING)


def test_operations_are_those_of_the_facts() -> None:
    assert new_adapter().facts.operations == (
        Operation.LOOKUP,
        Operation.PAY,
        Operation.ENQUIRE,
        Operation.REFUND,
    )
