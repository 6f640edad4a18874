"""The outbox of an engine in this process, in the form in which use cases hold it.

Reads wait for nothing; what writes goes to the writer's thread, each in a transaction of its own.
The surprise: :meth:`AwaitedOutbox.held` writes only when a receiver has to be taken, and is asked
several times a second, so it looks first and goes to the writer only then.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from switch.outbox import OutboxRow
    from switch.store.outbox_port import OutboxEngine, Retry, Settlement, Standing


class AwaitedOutbox:
    """An :class:`OutboxEngine` as an :class:`Outbox`; ``work`` does something on the writer."""

    def __init__(
        self, engine: OutboxEngine, work: Callable[[Callable[[], Any]], Awaitable[Any]]
    ) -> None:
        self._engine = engine
        self._work = work

    async def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """Write events for these from now on."""
        await self._work(partial(self._engine.enrol, receivers, delivered))

    async def held(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves, having taken those that nobody alive serves."""
        if self._engine.free(receivers):
            await self._work(partial(self._engine.take, receivers))
        return self._engine.mine(receivers)

    async def standing(self, receiver: str) -> Standing | None:
        """How a receiver's deliveries stand."""
        return self._engine.standing(receiver)

    async def last(self, receiver: str) -> int:
        """Number of the newest event of a receiver."""
        return self._engine.last(receiver)

    async def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """Events behind a number, in the order of numbers."""
        return self._engine.events(receiver, after, limit)

    async def retries(
        self, receiver: str, at: datetime, limit: int
    ) -> list[tuple[Retry, OutboxRow]]:
        """Events to be tried again whose time has come, the most overdue first."""
        return self._engine.retries(receiver, at, limit)

    async def kept(self, receiver: str) -> int:
        """How many events are to be tried again."""
        return self._engine.kept(receiver)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep what became of sending, where the receiver is still served by this process."""
        await self._work(partial(self._engine.settle, settlements))

    async def replay(self, receiver: str, after: int) -> Standing | None:
        """Send what is kept behind a number once more, and go on where the receiver said stop."""
        standing: Standing | None = await self._work(partial(self._engine.replay, receiver, after))
        return standing

    async def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """Let go of at most so many of the oldest events from before a moment."""
        count: int = await self._work(partial(self._engine.trim, receiver, before, limit))
        return count
