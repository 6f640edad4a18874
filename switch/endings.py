"""Waiting for a payment to end.

A caller that asked for a payment waits for its final state up to a bound, and is handed the stored
answer by whoever committed it, so nothing is read back. The store is the truth: what another
process ends is found by looking again, when it tells and once in a while. Nobody waiting costs
nothing, and a caller that hangs up leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from switch.runtime.alarm import call_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.commands import Answer
    from switch.model import Payment

Ended = tuple["Payment", "Answer"]
"""A payment as it was committed in its final state, with the answer that was stored."""


class Endings:
    """Callers waiting for payments to become final, by UETR.

    ``tell`` is called with each UETR that ends here, for callers who wait in other processes.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell_others = tell
        self._waiting: dict[str, list[asyncio.Future[Ended | None]]] = {}
        self._released = False

    async def wait(self, uetr: str, within_s: float) -> Ended | None:
        """Return what the payment ended with, or None after ``within_s`` seconds or a release.

        It counts from the call, before anything is awaited: an ending after it is not missed.
        """
        if self._released:
            return None
        future: asyncio.Future[Ended | None] = asyncio.Future()
        self._waiting.setdefault(uetr, []).append(future)
        timer = call_after(within_s, partial(_tell, future, None))
        try:
            return await future
        finally:
            timer.cancel()
            waiting = self._waiting[uetr]
            waiting.remove(future)
            if not waiting:
                del self._waiting[uetr]

    @property
    def released(self) -> bool:
        """True when the process stops and nobody waits any more."""
        return self._released

    def release(self) -> None:
        """Wake everybody: the process stops, and who waits is told how its payment stands."""
        self._released = True
        for waiting in self._waiting.values():
            for future in waiting:
                _tell(future, None)

    def ended(self, payment: Payment, answer: Answer) -> None:
        """Wake whoever waits for this payment, here and in other processes."""
        for future in self._waiting.get(payment.uetr, ()):
            _tell(future, (payment, answer))
        self._tell_others(payment.uetr)

    def look(self, uetr: str) -> None:
        """Wake whoever waits for a payment that another process ended: it is in the store."""
        for future in self._waiting.get(uetr, ()):
            _tell(future, None)


def _tell(future: asyncio.Future[Ended | None], ended: Ended | None) -> None:
    if not future.done():
        future.set_result(ended)
