"""What gives a cardholder's money back: how it is asked for, asked about, and sent again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from fx.money import Money
from switch.model import Kind
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from tests.adapters.unionpay.unionpay_parts import (
    NOW,
    UETR,
    Keys,
    answer_to,
    outbound_payment,
    particulars,
    planning,
    terms,
)

if TYPE_CHECKING:
    from adapters.unionpay import UnionPayAdapter
    from switch.model import Payment
    from switch.port import Exchange

UNKNOWN: Final = Outcome(OutcomeKind.UNKNOWN)
VOUCHER: Final = "20196220855800073135"


def sent(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(exchange.body)
    return found


REFUND_ID: Final = "A3999999920261122111502120010000007"


def refunded(at: datetime = NOW) -> Payment:
    """What goes back of an order of 10.23 dollars."""
    back = replace(
        terms(),
        debit=Money.parse("10.23", "USD"),
        fee=Money.parse("0.00", "USD"),
        source=Money.parse("10.23", "USD"),
        destination=Money.parse("10.23", "USD"),
        hops=(),
    )
    return outbound_payment(REFUND_ID, kind=Kind.REFUND, original=UETR, terms=back, opened_at=at)


ORDER: Final = {
    "original_transaction_id": "UPI0000000001",
    "trx_amount": "41000.00",
    "voucher": VOUCHER,
    "advice": "M3999999920261122111502000001",
    "advised_on": "20261122",
    "claim": "10.23 USD",
}


@pytest.mark.parametrize(
    ("at", "extra", "kind"),
    [
        (NOW, {}, "CANCELLATION"),
        (datetime(2026, 11, 22, 15, 54, tzinfo=UTC), {}, "CANCELLATION"),
        (datetime(2026, 11, 22, 15, 56, tzinfo=UTC), {}, "REFUND"),
        (datetime(2026, 11, 23, 3, tzinfo=UTC), {}, "REFUND"),
        (NOW, {"claim": "20.00 USD"}, "REFUND"),
    ],
    ids=["same_day", "before_midnight", "too_near_midnight", "next_day", "in_part"],
)
def test_all_of_it_on_its_day_is_a_cancellation_and_else_a_refund(
    unionpay: UnionPayAdapter, at: datetime, extra: dict[str, str], kind: str
) -> None:
    original = replace(particulars(), extra={**ORDER, **extra})
    exchange = unionpay.plan_refund(refunded(at), original, planning(at))
    made = sent(exchange)

    assert made["msgInfo"]["msgType"] == kind
    assert exchange.path == f"/scis/switch/{kind.lower()}"
    assert made["trxInfo"] == {
        "txnID": "UPI0000000001",
        "origMsgID": "M3999999920261122111502000001",
        "qrcVoucherNo": VOUCHER,
        "trxAmt": "41000.00",
        "trxCurrency": "116",
        "settAmt": "10.23",
        "settCurrency": "840",
    }
    later = planning(datetime(2026, 11, 25, tzinfo=UTC))
    asked = sent(unionpay.plan_enquire(refunded(at), original, replace(later, rung=1)))["trxInfo"]
    again = unionpay.plan_enquire(refunded(at), original, replace(later, rung=2))
    assert (again.body, again.reference) == (exchange.body, exchange.reference)
    assert (asked["origMsgType"], asked["trxAmt"]) == (kind, "41000.00")


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("00", Outcome(OutcomeKind.ACCEPTED, far_reference=VOUCHER)),
        ("25", Outcome(OutcomeKind.REFUSED, Reason.UNSPECIFIED)),
        ("96", UNKNOWN),
    ],
)
def test_the_answer_to_a_refund_is_read_as_that_of_a_payment(
    keys: Keys, unionpay: UnionPayAdapter, code: str, wanted: Outcome
) -> None:
    original = replace(particulars(), extra=ORDER)
    exchange = unionpay.plan_refund(refunded(), original, planning())
    told = answer_to(keys, exchange, {"qrcVoucherNo": VOUCHER}, code)

    assert unionpay.read(exchange, refunded(), told) == wanted


@pytest.mark.parametrize("code", ["13", "25", "94", "96"])
def test_what_refuses_the_second_copy_of_a_refund_does_not_refuse_the_first(
    keys: Keys, unionpay: UnionPayAdapter, code: str
) -> None:
    original = replace(particulars(), extra=ORDER)
    again = unionpay.plan_enquire(refunded(), original, replace(planning(), rung=2))
    asked = unionpay.plan_enquire(refunded(), original, replace(planning(), rung=3))

    assert unionpay.read(again, refunded(), answer_to(keys, again, {}, code)) == UNKNOWN
    assert unionpay.read(asked, refunded(), answer_to(keys, asked, {}, code)) == UNKNOWN
