"""A payment whose TxId was lost with our store is asked about by its UETR alone.

What was booked is found under whichever TxId it came; what was never seen is buried, whichever
TxId it may still come under.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.port import Outcome, OutcomeKind, is_lost, lost_reference
from switch.reasons import Reason
from tests.adapters.thailand.thailand_parts import outbound_particulars

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.adapters.thailand.thailand_link import Link


def as_lost(payment: Payment) -> Payment:
    """The payment as our store knows it after the loss."""
    return replace(payment, reference=lost_reference(payment.uetr))


def test_a_lost_reference_fits_where_references_stand() -> None:
    reference = lost_reference("0d5f2c1e-7a44-4c59-9d3b-1f2e3d4c5b6a")

    assert len(reference) == 35
    assert is_lost(reference)
    assert not is_lost("KH20261121BKSWKHPP01000000000000007")


@pytest.mark.parametrize("kind", ["booked", "refused"])
async def test_what_was_executed_is_found_by_its_uetr(link: Link, kind: str) -> None:
    payment = link.open_payment()
    if kind == "refused":
        await link.fault("pay", "refuse", reason="AM04")
    told = await link.pay(payment)
    found = await link.enquire(as_lost(payment))

    assert (found.kind, found.reason) == (told.kind, told.reason)
    assert found.kind is (OutcomeKind.REFUSED if kind == "refused" else OutcomeKind.ACCEPTED)


async def test_what_was_never_seen_is_buried_under_its_uetr(link: Link) -> None:
    payment = link.open_payment()

    assert await link.enquire(as_lost(payment)) == Outcome(OutcomeKind.NEVER_SEEN)
    assert (await link.pay(payment)).reason is Reason.TOO_OLD
    assert await link.entry(payment.uetr) is None


async def test_an_answer_about_another_uetr_says_nothing(link: Link) -> None:
    payment, other = link.open_payment(), link.open_payment()
    await link.pay(other)
    asked = link.adapter.plan_enquire(as_lost(other), outbound_particulars(), link.switch.plan())
    answer = await link.send(asked)

    assert answer is not None
    assert link.adapter.read(asked, as_lost(payment), answer).kind is OutcomeKind.UNKNOWN


async def test_the_enquiry_names_the_uetr_and_no_reference(link: Link) -> None:
    payment = link.open_payment()
    asked = link.adapter.plan_enquire(as_lost(payment), outbound_particulars(), link.switch.plan())

    assert payment.uetr.encode() in asked.body
    assert b"LOST" not in asked.body
    for element in (b"OrgnlTxId", b"OrgnlInstrId", b"OrgnlMsgId", b"AccptncDtTm"):
        assert element not in asked.body
