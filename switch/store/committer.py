"""``commit``: hands commands to the engine's writer thread and wakes the caller when durable.

Conclusions go before intents. There is no timer: what arrives while one batch is being synced is
the next batch, and what the loop makes is handed over together once a turn of it had nothing else
to do and brought no more, so that payments that move together share a sync. A lone command waits
for one turn of an idle loop, which takes microseconds; a busy loop would not have been faster with
many small batches. The loop never waits for the disk; a full queue is refused at once, with nothing
stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from switch.commands import Attempt, Command, Conclude
from switch.runtime.threads import BATCH_MAX, QueueFull, post_to_loop, soon_on_loop
from switch.store.awaited import Awaited
from switch.store.awaited_outbox import AwaitedOutbox
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.commands import Result
    from switch.runtime.threads import Writer
    from switch.store.contract import Engine, Reads, Takeover
    from switch.store.journal import Block
    from switch.store.outbox_port import Outbox

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class SlotWork:
    """Something other than a command that the engine does in a transaction of its own."""

    do: Callable[[], object]


Waiting = tuple[Command | SlotWork, "asyncio.Future[Any]"]
GATHER_TURNS: Final = 16
"""Turns of the loop that a command may wait for company: while they bring some, or work at all.

A commit costs about as much as five commands, and reading, signing and committing share one
interpreter, so what is committed later together is done sooner. Nothing depends on it: without it
(simulation) a command is handed over in the turn that brought it.
"""

IDLE_TURN_S: Final = 0.0001
"""A turn of the loop that was shorter had nothing else to do."""

_URGENT: Final = (Conclude, Attempt, SlotWork)


def _timeless() -> float:
    """What tells no turn from another: then only company counts."""
    return 0.0


class Committer:
    """One engine behind one writer: a thread in production, the virtual disk in simulation."""

    def __init__(
        self,
        engine: Engine,
        make_writer: Callable[[Callable[[list[Waiting]], None]], Writer[Waiting]],
        *,
        gather_turns: int = 0,
        monotonic: Callable[[], float] = _timeless,
    ) -> None:
        self._engine = engine
        self._read = Awaited(engine)
        self._outbox = AwaitedOutbox(engine.outbox, self._work)
        self._post = post_to_loop()
        self._soon = soon_on_loop()
        self._gathered: list[Waiting] = []
        self._gather_turns = gather_turns
        self._monotonic = monotonic
        self._turn_began = 0.0
        self._counted = 0
        self._turns = 0
        self._writer = make_writer(self._execute)

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
        return self._outbox

    async def commit(self, command: Command) -> Result:
        """Return the result once it is durable. Raises :class:`StoreBusy`."""
        future: asyncio.Future[Result] = asyncio.Future()
        self._gather((command, future))
        # A caller that is cancelled takes only its own future with it: see `_wake`.
        return await future

    async def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key in a file; False: a reader is in the way."""
        return await self._work(self._engine.scrub)

    async def renew(self) -> None:
        """Hold the slot for another lease; one that was fenced ends the process."""
        await self._work(self._engine.renew)

    async def adopt(self) -> list[Takeover]:
        """Take over the open payments of every slot whose lease ran out."""
        return await self._work(self._engine.adopt)

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, for this process alone. Raises :class:`StoreBusy`."""
        return await self._work(partial(self._engine.lease_numbers, name, count, last))

    async def _work(self, do: Callable[[], Done]) -> Done:
        future: asyncio.Future[Done] = asyncio.Future()
        self._gather((SlotWork(do), future))
        return await asyncio.shield(future)

    def _gather(self, waiting: Waiting) -> None:
        if not self._gathered:
            self._turn_began = self._monotonic()
            self._soon(self._turn)
        self._gathered.append(waiting)

    def _turn(self) -> None:
        """Hand over once a turn had nothing else to do and brought no more, or after many."""
        count, now = len(self._gathered), self._monotonic()
        busy = now - self._turn_began > IDLE_TURN_S
        self._turn_began = now
        company = (busy or self._counted < count) and count < BATCH_MAX
        if company and self._turns < self._gather_turns:
            self._counted, self._turns = count, self._turns + 1
            self._soon(self._turn)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        self._counted = self._turns = 0
        gathered, self._gathered = self._gathered, []
        with self._writer.together():
            for waiting in gathered:
                try:
                    self._writer.submit(waiting, urgent=isinstance(waiting[0], _URGENT))
                except QueueFull:
                    if not waiting[1].done():
                        waiting[1].set_exception(StoreBusy())

    def close(self) -> None:
        """Finish what waits, let the slot go, then close the engine."""
        self._hand_over()
        self._writer.close()
        self._engine.release()
        self._engine.close()

    def _execute(self, batch: list[Waiting]) -> None:
        commands, futures = [], []
        for item, future in batch:
            if not isinstance(item, SlotWork):
                commands.append(item)
                futures.append(future)
        if commands:
            self._post(_wake, futures, self._engine.execute(commands))
        for item, future in batch:
            if isinstance(item, SlotWork):
                self._post(_wake, [future], [item.do()])


def _wake(futures: Sequence[asyncio.Future[Any]], results: Sequence[object]) -> None:
    for future, result in zip(futures, results, strict=True):
        if not future.done():
            future.set_result(result)
