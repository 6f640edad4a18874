"""Waiting for a payment to end, within one process.

A caller that asked for a payment waits for its final state up to a bound; the store is the truth,
this only wakes whoever waits. Nobody waiting costs nothing, and a caller that hangs up leaves
nothing behind.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.model import Payment


class Endings:
    """Callers waiting for payments to become final, by UETR."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._released = False

    async def wait(self, uetr: str, within_s: float) -> None:
        """Return when the payment has ended, or after ``within_s`` seconds."""
        if self._released:
            return
        event = asyncio.Event()
        self._waiting.setdefault(uetr, []).append(event)
        try:
            async with asyncio.timeout(within_s):
                await event.wait()
        except TimeoutError:
            return
        finally:
            waiting = self._waiting[uetr]
            waiting.remove(event)
            if not waiting:
                del self._waiting[uetr]

    def release(self) -> None:
        """Wake everybody: the process stops, and who waits is told how its payment stands."""
        self._released = True
        for waiting in self._waiting.values():
            for event in waiting:
                event.set()

    def ended(self, payment: Payment) -> None:
        """Wake whoever waits for this payment."""
        for event in self._waiting.get(payment.uetr, ()):
            event.set()
