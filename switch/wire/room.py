"""Room among the requests that are on their way to one network at a time.

Who comes when there is none waits his turn, in order and for a bounded time. The surprise: the
bound counts requests and not connections, so it holds in the simulation and on TCP alike.
"""

from __future__ import annotations

import asyncio


class NoRoom(Exception):  # noqa: N818  the name says what happened
    """None came free in time; nothing was begun."""


class Room:
    """Entered by each request, for as long as it is on its way."""

    __slots__ = ("_free", "_within_s")

    def __init__(self, most: int, within_s: float) -> None:
        self._free = asyncio.Semaphore(most)
        self._within_s = within_s

    async def __aenter__(self) -> None:
        """Take room; raises :class:`NoRoom`."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._within_s):
                await self._free.acquire()
        except TimeoutError:
            raise NoRoom from None

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self._leave()

    def _leave(self) -> None:
        self._free.release()
