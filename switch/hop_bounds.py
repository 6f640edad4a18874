"""The bounds of a payment's own hop, where it waited before: for its payer, its money, or people.

What waits is frozen with the longest possible wait in its ``deadline`` and ``send_by``, because
nobody knows then when it will end. The hop that follows begins as soon as it does, and its exchange
says so. The surprise: the bounds only ever come forward; nobody gets more time than was frozen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from switch.model import Kind, changed
from switch.port import Operation

if TYPE_CHECKING:
    from datetime import datetime

    from switch.model import Payment
    from switch.store.contract import Reads


def going_on(waiting: Payment, now: datetime) -> Payment:
    """A payment that waits, with the bounds it has when it goes on now."""
    assert waiting.next_at is not None, "what waits does not wait for ever"
    return _forward(waiting, waiting.next_at - now)


async def of_hop(read: Reads, payment: Payment) -> Payment:
    """The payment with the bounds of the hop that was begun for it; ``send_by`` is its exchange's.

    Until then the last byte of it may have left; the ``deadline`` is of who waits for its answer.
    """
    gives_back = payment.kind is Kind.REFUND
    sent = await read.last_exchange(payment.uetr, Operation.REFUND if gives_back else Operation.PAY)
    return payment if sent is None else _forward(payment, payment.send_by - sent.send_by)


def _forward(payment: Payment, early: timedelta) -> Payment:
    if early <= timedelta(0):
        return payment
    return changed(payment, deadline=payment.deadline - early, send_by=payment.send_by - early)
