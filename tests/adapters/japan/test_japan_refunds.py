"""A refund is asked for, asked after and booked once, in full or in part."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from fx.money import Money
from switch.model import Kind
from switch.port import Operation, OutcomeKind
from switch.reasons import Reason
from tests.adapters.japan.japan_link import Link
from tests.adapters.japan.japan_parts import (
    NOW,
    UETR,
    new_adapter,
    particulars,
    payment,
    planning,
    terms,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

    from switch.model import Payment
    from switch.port import Outcome

ADAPTER: Final = new_adapter()
REFUND: Final = "99999999-6a2e-4c1f-9d0b-3a7f2b1c9e10"
ACCEPTED, REFUSED, PENDING = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.PENDING
UNKNOWN, NEVER_SEEN = OutcomeKind.UNKNOWN, OutcomeKind.NEVER_SEEN


def refund(yen: str = "500", reference: str = REFUND, original: str = UETR) -> Payment:
    """Part of what :func:`payment` paid goes back."""
    back = replace(terms(), destination=Money.parse(yen, "JPY"))
    return payment(
        uetr=reference, reference=reference, kind=Kind.REFUND, original=original, terms=back
    )


def stands(status: str, **changes: object) -> dict[str, Any]:
    """``data`` of an answer about :func:`refund`."""
    return {
        "status": status,
        "acceptedAt": 1795230902,
        "merchantRefundId": REFUND,
        "paymentId": UETR,
        "amount": {"amount": 500, "currency": "JPY"},
        "requestedAt": 1795230902,
        "reason": "-",
        **changes,
    }


def read(operation: Operation, code: str, data: dict[str, Any] | None, status: int) -> Outcome:
    plan = ADAPTER.plan_refund if operation is Operation.REFUND else ADAPTER.plan_enquire
    exchange = plan(refund(), particulars(), planning())
    assert exchange.operation is operation
    return ADAPTER.read(exchange, refund(), told(code, data, status))


def test_a_refund_has_the_fields_and_types_of_the_genuine_sample(shared: Path) -> None:
    file = shared / "samples" / "networks" / "paypay" / "refund_payment_payload.json"
    genuine = json.loads(file.read_text())
    exchange = ADAPTER.plan_refund(refund(), particulars(), planning())
    ours = json.loads(exchange.body)

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(part) for name, part in value.items()}
        return type(value)

    assert (exchange.method, exchange.path) == ("POST", "/v2/refunds")
    assert shape(ours) == shape(genuine)
    assert list(ours) == list(genuine)
    assert ours["amount"] == {"amount": 500, "currency": "JPY"}
    assert (ours["merchantRefundId"], ours["paymentId"]) == (REFUND, UETR)
    assert ours["requestedAt"] == int(NOW.timestamp())


def test_a_refund_is_asked_after_where_refunds_are() -> None:
    exchange = ADAPTER.plan_enquire(refund(), particulars(), planning())

    assert (exchange.method, exchange.path) == ("GET", f"/v2/refunds/{REFUND}")


@pytest.mark.parametrize("operation", [Operation.REFUND, Operation.ENQUIRE])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("CREATED", PENDING),
        ("COMPLETED", ACCEPTED),
        ("REFUNDED", ACCEPTED),
        ("FAILED", REFUSED),
        ("CANCELED", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_status_of_this_refund_decides(
    operation: Operation, status: str, kind: OutcomeKind
) -> None:
    assert read(operation, "SUCCESS", stands(status), 200).kind is kind
    for other in (
        {"merchantRefundId": UETR},
        {"amount": {"amount": 501, "currency": "JPY"}},
        {"merchantRefundId": None, "merchantPaymentId": REFUND},
    ):
        assert read(operation, "SUCCESS", stands(status, **other), 200).kind is UNKNOWN


def test_codes_about_a_refund() -> None:
    asked, made = Operation.ENQUIRE, Operation.REFUND

    assert read(asked, "NO_SUCH_REFUND_ORDER", None, 404).kind is NEVER_SEEN
    assert read(asked, "DYNAMIC_QR_PAYMENT_NOT_FOUND", None, 404).kind is UNKNOWN
    assert read(made, "NO_SUCH_REFUND_ORDER", None, 404).kind is UNKNOWN
    assert read(made, "REQUEST_ACCEPTED", None, 202).kind is PENDING
    nothing = read(made, "DYNAMIC_QR_PAYMENT_NOT_FOUND", None, 404)
    assert (nothing.kind, nothing.reason) == (REFUSED, Reason.UNSPECIFIED)
    beyond = read(made, "OP_OUT_OF_SCOPE", None, 400)
    assert (beyond.kind, beyond.reason) == (REFUSED, Reason.TRANSACTION_FORBIDDEN)


async def test_part_of_a_payment_goes_back_once(link: Link) -> None:
    paid = await link.paid()
    first = await link.give_back(paid, "500")
    again = await link.give_back(paid, "500")

    assert first.kind is ACCEPTED
    assert (again.kind, again.reason) == (REFUSED, Reason.TRANSACTION_FORBIDDEN)
    lines = await link.book()
    assert [(line["direction"], line["amount"], line["status"]) for line in lines] == [
        ("outbound", "1500", "booked"),
        ("inbound", "500", "booked"),
        ("inbound", "500", "refused"),
    ]


async def test_more_than_was_paid_does_not_go_back(link: Link) -> None:
    beyond = await link.give_back(await link.paid(), "1501")

    assert beyond.kind is REFUSED


async def test_nothing_goes_back_of_what_was_cancelled_or_never_paid(link: Link) -> None:
    paid = await link.paid()
    assert (await link.cancel(paid)).kind is OutcomeKind.CANCELLED

    assert (await link.give_back(paid, "500")).kind is REFUSED
    assert (await link.give_back(link.open_payment(), "500")).kind is REFUSED


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "error_500"])
async def test_a_refund_whose_answer_is_lost_is_found_by_asking(link: Link, kind: str) -> None:
    paid = await link.paid()
    await link.fault("refund", kind)

    back = link.refund_of(paid, "500")
    assert (await link.send_refund(back)).kind is UNKNOWN
    assert (await link.enquire(back)).kind is ACCEPTED
    assert (await link.book())[-1]["status"] == "booked"


async def test_a_refund_that_did_not_arrive_is_not_there(link: Link) -> None:
    paid = await link.paid()
    await link.fault("refund", "drop_request")

    back = link.refund_of(paid, "500")
    assert (await link.send_refund(back)).kind is UNKNOWN
    assert (await link.enquire(back)).kind is NEVER_SEEN
    assert len(await link.book()) == 1
