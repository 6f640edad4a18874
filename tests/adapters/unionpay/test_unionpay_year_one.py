"""A signed answer dated in the first hours of year 1 says nothing, and ends nothing."""

from __future__ import annotations

from switch.port import OutcomeKind
from tests.adapters.unionpay.unionpay_parts import (
    Keys,
    answer_to,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
)


def test_an_answer_of_year_one_is_unknown(keys: Keys) -> None:
    adapter = new_adapter(keys)
    payment = outbound_payment(adapter.reference(planning()))
    exchange = adapter.plan_pay(payment, particulars(), planning())
    answer = answer_to(keys, exchange, {}, info={"timeStamp": "00010101000000"})

    assert adapter.read(exchange, payment, answer).kind is OutcomeKind.UNKNOWN
