"""Which payments a network's whole files have named, so that one of another period shows.

A file that covers its period whole names a payment once, in one period. Two items of nothing keep
that: one says that the payment was named, one in which period. The surprise is their order: the
period goes first, so a file whose taking was interrupted in between finds itself and nobody else.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from switch.items import Items
    from switch.store.contract import Store


class Billed:
    """Remembers the payments of whole files."""

    def __init__(self, store: Store, items: Items) -> None:
        self._store = store
        self._items = items

    async def again(self, network: str, start: datetime, uetrs: Sequence[str]) -> list[str]:
        """Put the payments of a file down; those that one of another period has named.

        ``start`` is where the file's period begins, so a file of the same period that corrects it
        is the same. Raises ``Busy`` and ``StoreBusy``; what was put down then stands, and the same
        call tells the same.
        """
        found = []
        for uetr in uetrs:
            named, within = _named(network, uetr), _within(network, uetr, start)
            if not await self._store.read.has_item(named):
                await self._items.put(within, network)
                await self._items.put(named, network)
            elif not await self._store.read.has_item(within):
                found.append(uetr)
        return found


def _named(network: str, uetr: str) -> str:
    return f"billed/{network}/{uetr}"


def _within(network: str, uetr: str, start: datetime) -> str:
    return f"{_named(network, uetr)}/{start.astimezone(UTC).isoformat()}"
