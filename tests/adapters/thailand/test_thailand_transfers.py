"""Transfers over the profile's wire: they may be accepted before they are posted, and only they."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.iso_profile import mapping
from switch.model import Kind, UseCase
from switch.port import Operation, OutcomeKind
from tests.adapters.thailand.test_thailand_outbound import answer_of, status_report
from tests.adapters.thailand.thailand_parts import (
    Keys,
    outbound_particulars,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter


@pytest.mark.parametrize("operation", [Operation.PAY, Operation.ENQUIRE])
def test_a_transfer_is_accepted_before_it_is_posted(
    thailand: ThailandAdapter, keys: Keys, operation: Operation
) -> None:
    payment = outbound_payment(thailand.reference(planning()))
    transfer = replace(payment, use_case=UseCase.TRANSFER)
    paid = thailand.plan_pay(payment, outbound_particulars(), planning())
    answer = answer_of(keys, mapping.STATUS, status_report(payment, "ACWP"))
    read = [
        thailand.read(replace(paid, operation=operation), each, answer).kind
        for each in (transfer, payment, replace(transfer, kind=Kind.REFUND))
    ]

    assert read[:2] == [OutcomeKind.ACCEPTED_UNPOSTED, OutcomeKind.PENDING]
    assert read[2] is not OutcomeKind.ACCEPTED_UNPOSTED
