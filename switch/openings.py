"""How a payment begins: sent at once, held for people to look, or waiting for its money. Pure.

What begins later has its bounds counted from when it may begin at the latest: the corridor bounds
how long money is waited for, the lists how long people may look, and the quote bounds both, because
whoever came later would pay at a price that nobody holds any more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from switch import lifecycle, timers
from switch.lifecycle import Event
from switch.model import Funding, changed

if TYPE_CHECKING:
    from datetime import datetime

    from switch.facts import Facts
    from switch.model import Payment
    from switch.screening import Hit
    from switch.sealing import Priced


def begun(named: Payment, priced: Priced, facts: Facts, hit: Hit | None) -> Payment:
    """A payment as its opening commits it; ``hit`` holds it."""
    at = named.opened_at
    if hit is not None:
        return _later(named, Event.HIT, min(_after(at, hit.hold_s), priced.quote.expires_at))
    if named.funding is Funding.GROSS:
        within = _after(at, priced.destination.corridor.fund_within_s)
        return _later(named, Event.FUNDS_AWAITED, min(within, priced.quote.expires_at))
    due = timers.answer_due(named.send_by, facts)
    _, payment = lifecycle.advance(named, Event.OPENED, at=at, next_at=due)
    return changed(payment, version=1)


def _after(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)


def _later(named: Payment, event: Event, until: datetime) -> Payment:
    waits = max(until - named.opened_at, timedelta(0))
    _, payment = lifecycle.advance(named, event, at=named.opened_at, next_at=until)
    return changed(
        payment,
        version=1,
        deadline=named.deadline + waits,
        send_by=named.send_by + waits,
    )
