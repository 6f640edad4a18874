"""Open payments that this process has committed, so that their next commit need not read them.

Only the holder of a slot writes its payments, and every batch begins with the check that the slot
is still held, so what was committed here is what is stored. Nothing is kept of a batch that was not
committed: whoever executes says :meth:`forget` on any failure. Payments that have ended are read
again where they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.model import Payment

OPEN_MAX: Final = 20_000
"""Payments kept; the oldest is let go of first and read again."""


class OpenPayments:
    """Payments by UETR, as last committed."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[str, Payment] = {}

    def get(self, uetr: str) -> Payment | None:
        """The payment as stored, if it is open and known."""
        return self._held.get(uetr)

    def committed(self, payments: Iterable[Payment]) -> None:
        """Keep what a batch has made durable."""
        for payment in payments:
            if lifecycle.is_final(payment):
                self._held.pop(payment.uetr, None)
            else:
                self._held[payment.uetr] = payment
        while len(self._held) > OPEN_MAX:
            del self._held[next(iter(self._held))]

    def forget(self) -> None:
        """Know nothing: the next reads are of what is stored."""
        self._held.clear()
