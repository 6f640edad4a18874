"""``commit``: hands commands to the engine's writer thread and wakes the caller when durable.

Conclusions go before intents. There is no timer: what arrives while one batch is being synced is
the next batch, and what the loop makes in one turn is handed over together, so that payments that
move together share a sync. The loop never waits for the disk; a full queue is refused at once, with
nothing stored.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from switch.commands import Attempt, Conclude
from switch.runtime.threads import QueueFull, post_to_loop, soon_on_loop
from switch.store.awaited import Awaited
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.commands import Command, Result
    from switch.runtime.threads import Writer
    from switch.store.contract import Engine, Reads

Waiting = tuple["Command", "asyncio.Future[Result]"]
_URGENT: Final = (Conclude, Attempt)


class Committer:
    """One engine behind one writer: a thread in production, the virtual disk in simulation."""

    def __init__(
        self,
        engine: Engine,
        make_writer: Callable[[Callable[[list[Waiting]], None]], Writer[Waiting]],
    ) -> None:
        self._engine = engine
        self._read = Awaited(engine)
        self._post = post_to_loop()
        self._soon = soon_on_loop()
        self._gathered: list[Waiting] = []
        self._writer = make_writer(self._execute)

    @property
    def read(self) -> Reads:
        """Reads of what is committed."""
        return self._read

    async def commit(self, command: Command) -> Result:
        """Return the result once it is durable. Raises :class:`StoreBusy`."""
        future: asyncio.Future[Result] = asyncio.Future()
        if not self._gathered:
            self._soon(self._hand_over)
        self._gathered.append((command, future))
        # Shielded: a caller that is cancelled must not make the others of its batch fail.
        return await asyncio.shield(future)

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        for waiting in gathered:
            try:
                self._writer.submit(waiting, urgent=isinstance(waiting[0], _URGENT))
            except QueueFull:
                if not waiting[1].done():
                    waiting[1].set_exception(StoreBusy())

    def close(self) -> None:
        """Finish what waits, then close the engine."""
        self._hand_over()
        self._writer.close()
        self._engine.close()

    def _execute(self, batch: list[Waiting]) -> None:
        results = self._engine.execute([command for command, _ in batch])
        self._post(_wake, [future for _, future in batch], results)


def _wake(futures: list[asyncio.Future[Result]], results: list[Result]) -> None:
    for future, result in zip(futures, results, strict=True):
        if not future.done():
            future.set_result(result)
