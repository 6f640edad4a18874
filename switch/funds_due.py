"""Until when the money of a payment is waited for that is pushed in advance. Pure.

The corridor bounds it, and the quote does: who pushes the money later pays at a price that nobody
holds any more. What comes then goes back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from switch.sealing import Priced


def funds_due(priced: Priced, opened_at: datetime) -> datetime:
    """When waiting for the money of a payment ends."""
    within = timedelta(seconds=priced.destination.corridor.fund_within_s)
    return min(opened_at + within, priced.quote.expires_at)
