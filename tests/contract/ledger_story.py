"""A story for the ledger: payments that end in every way, and what else is booked or buried."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.commands import Done
from switch.lifecycle import Event
from tests.switch_core.core_values import (
    NOW,
    buried,
    capped,
    concluded,
    opened,
    payment,
    received,
    refused,
)

if TYPE_CHECKING:
    from switch.commands import Command
    from switch.model import Payment
    from tests.contract.contract_engines import AnyEngine

FAR: Final = NOW + timedelta(days=400)
"""Later than anything that a test writes."""


def done(engine: AnyEngine, command: Command) -> Payment:
    """Execute one command that must be carried out on a payment."""
    (result,) = engine.execute([command])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def story(engine: AnyEngine, payments: int = 6) -> list[Payment]:
    """Payments that end in every way, money that arrives, caps, a refusal and a tombstone."""
    engine.execute([capped(10**12)])
    ended = []
    for number in range(1, payments + 1):
        held = done(engine, opened(payment(number, quote=f"quote-{number}")))
        event = (Event.ACCEPTED, Event.REFUSED, Event.NOT_SENT, Event.LOST)[number % 4]
        ended.append(done(engine, concluded(held, event)))
    engine.execute([received(), refused(payment(payments + 1)), buried(99)])
    return ended
