"""Whatever PayNet signs, nothing escapes: requests are commands or refused, answers outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.malaysia.sandbox_messages import StatusOf, Transfer
from fx.money import Money
from switch.port import Outcome, Unavailable, WireAnswer, WireRefusal
from tests.adapters.malaysia.malaysia_parts import (
    NOW,
    UETR,
    duitnow,
    new_adapter,
    new_desk,
    outbound_particulars,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from adapters.malaysia.sandbox_wire import Outgoing

DESK = new_desk()
TRANSFER = Transfer(
    DESK.identification("031"), DESK.identification("521"), UETR, NOW,
    Money.parse("43.02", "MYR"), ("Aisyah", "164012345678"), ("Noodle", "noodle@aclb", "ACLBKHPP"),
)  # fmt: skip
REQUESTS = (
    DESK.question("KHQR", Money.parse("41000", "KHR"), "Aisyah"),
    DESK.transfer(TRANSFER),
    DESK.search(TRANSFER),
)
REFERENCE = outbound_payment().reference
ANSWERS = (
    DESK.status(StatusOf(REFERENCE, UETR, "ACSP", "U000")),
    DESK.found(REFERENCE, REFERENCE, StatusOf(REFERENCE, UETR, "ACTC", "U002"), TRANSFER),
    DESK.report(REFERENCE, "U121"),
    DESK.gateway("API.002", "Invalid format"),
)

spoils = st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=12)), min_size=1, max_size=3)


def spoilt(outgoing: Outgoing, changes: list[tuple[int, bytes]]) -> Outgoing:
    """The message with pieces of it replaced, signed again as if it were sound."""
    data = orjson.loads(outgoing.body)["data"]
    name = "message" if "message" in data else "code"
    raw = bytearray(data[name].encode())
    for place, piece in changes:
        at = place % len(raw)
        raw[at : at + len(piece)] = piece
    data[name] = raw.decode("utf-8", "replace")
    return DESK._signed(outgoing.business_id, data)


def taken(token: str, body: bytes) -> object:
    """The command of a request, or its refusal."""
    try:
        return new_adapter().translate({"authorization": f"JWS {token}"}, body, planning())
    except WireRefusal as refusal:
        return refusal


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(REQUESTS), spoils)
def test_a_request_is_a_command_or_a_refusal(
    request: Outgoing, changes: list[tuple[int, bytes]]
) -> None:
    sent = spoilt(request, changes)
    got = taken(sent.token, sent.body)

    assert "Aisyah" not in repr(got)
    if isinstance(got, WireRefusal):
        assert got.status in (400, 401)
        assert b"Aisyah" not in got.body


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=60))
def test_what_is_not_signed_is_refused(body: bytes, token: str) -> None:
    got = taken(token, body)

    assert isinstance(got, WireRefusal)
    assert got.status == 401


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ANSWERS), spoils, st.sampled_from([200, 400, 500]))
def test_an_answer_is_an_outcome(
    answer: Outgoing, changes: list[tuple[int, bytes]], status: int
) -> None:
    sent = spoilt(answer, changes)
    got = WireAnswer(status, {"x-jws-signature": sent.token}, sent.body)
    payment, adapter = outbound_payment(), new_adapter()
    for plan in (adapter.plan_pay, adapter.plan_enquire):
        exchange = plan(payment, outbound_particulars(), planning())
        assert isinstance(adapter.read(exchange, payment, got), Outcome)
    found = adapter.read_lookup(adapter.plan_lookup(duitnow(), None, planning()), got)
    assert isinstance(found, Unavailable)
