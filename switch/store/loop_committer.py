"""``commit`` for an engine that is awaited: one task on the loop makes the batches, without timers.

As with the writer thread (see :mod:`switch.store.committer`), conclusions go before intents, and
what arrives while one batch is under way is the next one. Both queues are bounded; while the server
is away intents are refused at once, so that what it cannot keep is not promised. The surprise: the
task lives only while something waits, and an error that escapes it ends the process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from switch.commands import Attempt, Conclude
from switch.runtime.threads import BATCH_MAX, WAITING_MAX, take_batch
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.commands import Command, Result
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Reads, Takeover
    from switch.store.journal import Block
    from switch.store.outbox_port import Outbox

Waiting = tuple["Command", "asyncio.Future[Result]"]
_URGENT: Final = (Conclude, Attempt)


class AsyncEngine(Protocol):
    """One database, awaited; its reads are :class:`~switch.store.contract.Reads`."""

    @property
    def slot(self) -> int:
        """The number that this process writes under."""

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot."""

    @property
    def outbox(self) -> Outbox:
        """Events, and how far each receiver is."""

    @property
    def away(self) -> bool:
        """True while the server cannot be reached."""

    async def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably and return each command's result."""

    async def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key; False while that cannot be."""

    async def renew(self) -> None:
        """Hold the slot for another lease from now."""

    async def adopt(self) -> list[Takeover]:
        """Take over every other slot whose lease ran out."""

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, given to nobody else ever."""

    async def release(self) -> None:
        """Let the slot go at an orderly end."""

    async def close(self) -> None:
        """Let go of the database."""


class LoopCommitter:
    """One awaited engine; ``tasks`` runs its batches and nothing else."""

    def __init__(
        self,
        engine: AsyncEngine,
        read: Reads,
        tasks: Tasks,
        *,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._engine = engine
        self._read = read
        self._tasks = tasks
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._urgent: deque[Waiting] = deque()
        self._normal: deque[Waiting] = deque()
        self._running: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def slot(self) -> int:
        """The number that this process writes under."""
        return self._engine.slot

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot, without waiting."""
        return self._engine.head

    @property
    def read(self) -> Reads:
        """Reads of what is committed."""
        return self._read

    @property
    def outbox(self) -> Outbox:
        """Events, and how far each receiver is."""
        return self._engine.outbox

    async def commit(self, command: Command) -> Result:
        """Return the result once it is durable. Raises :class:`StoreBusy`."""
        urgent = isinstance(command, _URGENT)
        queue = self._urgent if urgent else self._normal
        if self._closing or len(queue) >= self._waiting_max or (self._engine.away and not urgent):
            raise StoreBusy
        future: asyncio.Future[Result] = asyncio.Future()
        queue.append((command, future))
        if self._running is None:
            self._running = self._tasks.start("store", self._run())
        # Shielded: a caller that is cancelled must not make the others of its batch fail.
        return await asyncio.shield(future)

    async def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key; False while that cannot be."""
        return await self._engine.scrub()

    async def renew(self) -> None:
        """Hold the slot for another lease; one that was fenced ends the process."""
        await self._engine.renew()

    async def adopt(self) -> list[Takeover]:
        """Take over the open payments of every slot whose lease ran out."""
        return await self._engine.adopt()

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, for this process alone. Raises :class:`StoreBusy`."""
        return await self._engine.lease_numbers(name, count, last)

    async def close(self) -> None:
        """Finish what waits, let the slot go, then close the engine."""
        self._closing = True
        if self._running is not None:
            await asyncio.shield(self._running)
        await self._engine.release()
        await self._engine.close()

    async def _run(self) -> None:
        while batch := take_batch(self._urgent, self._normal, self._batch_max):
            results = await self._engine.execute([command for command, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        self._running = None
