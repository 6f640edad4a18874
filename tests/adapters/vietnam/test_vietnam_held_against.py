"""What an answer or a notification of NAPAS states beside the reference is held against ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.vietnam import mapping
from switch.inbound_port import InboundNotice
from switch.model import State
from switch.port import Merchant, OutcomeKind, Unavailable, WireRefusal
from tests.adapters.vietnam.test_vietnam_answers import NAMED, asked, enquired, paid, result
from tests.adapters.vietnam.test_vietnam_inbound import notification
from tests.adapters.vietnam.vietnam_parts import (
    REFERENCE,
    SHOP,
    adapter,
    answered,
    code,
    headers,
    outbound,
    planning,
    theirs,
)
from tests.adapters.vietnam.vietnam_parts import asked as wire

OTHER_UETR = "11111111-6a2e-4c1f-9d0b-3a7f2b1c9e10"


@pytest.mark.parametrize("settled", ["650000.00", "1.00"])
def test_another_settlement_amount_is_no_success(settled: str) -> None:
    more = {
        "settlement_amount": settled,
        "settlement_currency": "VND",
        "settlement_date": "20261121",
    }
    exchange, enquiry = paid(), asked()
    told = answered(result(exchange, "00"), {"payment": NAMED} | more)
    found = answered(
        result(enquiry, "00"), {"payment": NAMED, "payment_result": {"code": "00"}} | more
    )

    assert adapter().read(exchange, outbound(), told).kind is OutcomeKind.UNKNOWN
    assert adapter().read(enquiry, enquired(), found).kind is OutcomeKind.UNKNOWN


def test_control_the_right_settlement_amount_is_success() -> None:
    more = {"settlement_amount": "65000.00", "settlement_currency": "VND"}
    exchange = paid()
    told = answered(result(exchange, "00"), {"payment": NAMED} | more)
    assert adapter().read(exchange, outbound(), told).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("far", ["00", "14"])
def test_an_answer_that_names_another_uetr_says_nothing(far: str) -> None:
    enquiry = asked()
    named = NAMED | {"funding_reference": OTHER_UETR}
    found = answered(result(enquiry, "00"), {"payment": named, "payment_result": {"code": far}})

    assert adapter().read(enquiry, enquired(), found).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    "more",
    [
        {"participant": {"originating_institution_id": "602907"}},
        {"amount": "10000.00", "currency": "VND"},
        {"payment": {"payment_reference": REFERENCE, "funding_reference": OTHER_UETR}},
        {"payment": {"payment_reference": REFERENCE, "interbank_amount": "0.43",
                     "interbank_currency": "840"}},
    ],
    ids=["another_originator", "another_amount", "another_uetr", "another_interbank_amount"],
)  # fmt: skip
@pytest.mark.parametrize("said", ["14", "00"])
def test_a_notification_of_another_payment_ends_nothing(said: str, more: dict[str, Any]) -> None:
    body = notification(said, **more)
    told = adapter().translate(headers(body, "payment-notification"), body, planning())

    assert isinstance(told, InboundNotice)
    assert told.outcome_of(outbound(state=State.UNKNOWN)).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("fee", [500, "500"])
def test_a_fee_on_top_is_seen_whatever_its_type(fee: object) -> None:
    exchange = adapter().plan_lookup(code(), None, planning())
    payload = {
        "payment": {"payment_reference": exchange.reference, "fee_fixed": fee},
        "amount": "65000.00",
        "currency": "VND",
        "recipient_account": theirs().seal("0011004172839", "x"),
        "participant": {"card_acceptor_name": "BUN CHA", "merchant_id": SHOP},
    }
    answer = answered({"id": mapping.message_id(exchange.exchange_id), "code": "00"}, payload)
    found = adapter().read_lookup(exchange, answer)

    assert isinstance(found, Unavailable), found.amount if isinstance(found, Merchant) else found


def test_a_request_under_a_certificate_that_has_expired_is_refused() -> None:
    """Thailand, Laos and Malaysia refuse it (DS0D); the pinned one here ends with 2035."""
    late = datetime(2037, 1, 1, 3, 0, 0, tzinfo=UTC)
    body = wire("QRLOOKUP", {"payment_reference": "202611210000", "qr_string": "x"},
                stamp=20370101100000)  # fmt: skip
    with pytest.raises(WireRefusal):
        adapter().translate(headers(body, "lookup"), body, planning(late))
