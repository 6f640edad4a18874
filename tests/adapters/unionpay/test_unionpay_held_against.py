"""What UnionPay says is held against what was asked, what was frozen, and its own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from switch.inbound_port import InboundCancel, InboundReturn
from switch.port import OutcomeKind, WireRefusal
from tests.adapters.unionpay import test_unionpay_answers as answers
from tests.adapters.unionpay import test_unionpay_inbound as inbound
from tests.adapters.unionpay import test_unionpay_news as news
from tests.adapters.unionpay import test_unionpay_refunds as back
from tests.adapters.unionpay.unionpay_parts import Keys, answer_to, particulars, planning
from tests.adapters.unionpay.unionpay_stories import control, ledger, lived

if TYPE_CHECKING:
    from adapters.unionpay import UnionPayAdapter
    from switch.model import Payment
    from switch.port import Exchange
    from switch.simulation.town import Town

payment = answers.payment
pay = answers.pay


@pytest.mark.parametrize(
    "changes",
    [
        # Ten times our amount, billed ten times the frozen price.
        {"trxAmt": "3450.00", "originalAmount": "345.00", "cdhldrBillAmt": "484.55"},
        # A fen of discount, billed at twice the rate.
        {
            "trxAmt": "344.99",
            "originalAmount": "345.00",
            "cdhldrBillAmt": "96.91",
            "cdhldrBillConvRate": "0.2808988",
        },
    ],
)
def test_a_bill_above_what_was_frozen_is_no_approval(
    keys: Keys,
    unionpay: UnionPayAdapter,
    pay: Exchange,
    payment: Payment,
    changes: dict[str, object],
) -> None:
    told = unionpay.read(pay, payment, answer_to(keys, pay, answers.receipt(**changes)))

    assert told.kind is OutcomeKind.UNKNOWN


def refund_inquiry(unionpay: UnionPayAdapter) -> Exchange:
    original = replace(particulars(), extra=back.ORDER)
    return unionpay.plan_enquire(back.refunded(), original, replace(planning(), rung=1))


@pytest.mark.parametrize(
    "values",
    [
        {"origMsgType": "MPQRC_PAYMENT_EMV"},
        {"trxAmt": "1.00", "trxCurrency": "116"},
        {"trxAmt": "41000.00", "trxCurrency": "840"},
        {"trxAmt": "much"},
        {"settAmt": "0.01", "settCurrency": "840"},
    ],
)
def test_an_answer_about_something_else_does_not_end_a_refund(
    keys: Keys, unionpay: UnionPayAdapter, values: dict[str, object]
) -> None:
    asked = refund_inquiry(unionpay)
    said = answer_to(keys, asked, {"paymentStatus": "APPROVED", **values})
    plain = answer_to(keys, asked, {"paymentStatus": "APPROVED"})

    assert unionpay.read(asked, back.refunded(), said).kind is OutcomeKind.UNKNOWN
    assert unionpay.read(asked, back.refunded(), plain).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize("other", [{"origMsgType": "REFUND"}, {"trxCurrency": "840"}])
def test_an_inquirys_answer_about_something_else_does_not_end_a_payment(
    keys: Keys, unionpay: UnionPayAdapter, payment: Payment, other: dict[str, object]
) -> None:
    asked = unionpay.plan_enquire(payment, particulars(), planning(counter=8))
    said = answers.receipt(paymentStatus="APPROVED", **other)
    told = unionpay.read(asked, payment, answer_to(keys, asked, said))

    assert told.kind is OutcomeKind.UNKNOWN


REJECTED = {"paymentStatus": "REJECTED", "rejectionReason": "05"}


@pytest.mark.parametrize("kind", ["REFUND", "CANCELLATION"])
def test_news_of_a_refund_that_was_rejected_is_no_money(
    keys: Keys, unionpay: UnionPayAdapter, kind: str
) -> None:
    amount = {"trxAmt": "345.00", "trxCurrency": "156"}
    values = {"origMsgID": inbound.OURS, "trxMsgType": kind, **amount}
    with pytest.raises(WireRefusal):
        inbound.read(keys, unionpay, "TRX_STATUS_NOTIFICATION", {**values, **REJECTED})
    approved = {**values, "paymentStatus": "APPROVED"}

    told = inbound.read(keys, unionpay, "TRX_STATUS_NOTIFICATION", approved)
    assert isinstance(told, InboundReturn)


def test_an_order_whose_cancellation_was_rejected_stands(
    keys: Keys, unionpay: UnionPayAdapter
) -> None:
    values = {"txnID": "2019080811030217", "trxMsgType": "CANCELLATION"}
    told = inbound.read(keys, unionpay, "TRX_STATUS_NOTIFICATION", values)
    assert isinstance(told, InboundCancel)
    with pytest.raises(WireRefusal):
        inbound.read(keys, unionpay, "TRX_STATUS_NOTIFICATION", {**values, **REJECTED})


def test_a_rejected_refund_moves_no_money() -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        key = await news.accepted(town)
        told = {"kind": "REFUND", "amount": "345.00", "status": "REJECTED", "reason": "05"}
        await control(town, "notify", reference=key, **told)
        return (await ledger(town),)

    (lines,) = lived(story)

    assert len(lines) == 1, lines[1:]
