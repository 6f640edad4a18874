"""To a repeat, that an order does not exist is a "never seen" without a promise: no refusal."""

from __future__ import annotations

from dataclasses import replace

from switch.model import changed
from switch.port import OutcomeKind
from tests.adapters.alipayplus import test_alipayplus_mapping as mapped
from tests.adapters.alipayplus.alipayplus_parts import outbound_payment, particulars, planning


def test_not_exist_to_a_repeat_of_what_was_told_refuses_nothing() -> None:
    payment = changed(outbound_payment(), rung=1)
    again = mapped.ADAPTER.plan_enquire(payment, particulars(), replace(planning(), rung=1))
    told = mapped.ADAPTER.read(
        again, payment, mapped.answered(again, mapped.said("ORDER_NOT_EXIST"))
    )

    assert told.kind is OutcomeKind.UNKNOWN


def test_not_exist_to_a_repeat_of_a_refund_refuses_nothing() -> None:
    refund = changed(mapped.refund_payment(), rung=1)
    again = mapped.ADAPTER.plan_enquire(refund, particulars(), replace(planning(), rung=1))
    told = mapped.ADAPTER.read(
        again, refund, mapped.answered(again, mapped.said("ORDER_NOT_EXIST"))
    )

    # REFUSED with NEVER_SEEN is made anew by itself, under another refundRequestId.
    assert told.kind is OutcomeKind.UNKNOWN
