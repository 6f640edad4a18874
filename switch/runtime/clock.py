"""The two clocks of the switch, and the only way to wait.

``now`` is for what people and partners read, ``monotonic`` for every deadline: the wall clock may
be set back while a payment waits. A deadline that must survive a restart is a row in the store.
The surprise: on Linux ``monotonic`` keeps counting while the process is stopped by a signal, so a
process that wakes after ``send_by`` sees that it is late.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the switch sees it; production and simulation differ only here."""

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC time."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds of :meth:`monotonic`."""
        ...


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the wall clock as an aware UTC time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since the machine started."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds."""
        await asyncio.sleep(seconds)
