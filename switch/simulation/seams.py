"""The seams of one simulated process: clock, entropy, tasks and the store's writer.

Each asks its owner before it does anything, because a dead process's ``finally`` blocks may still
run when Python frees them. The surprise: time stands still while code runs and moves only between
steps, so a deadline is missed by waiting or by being paused, never by computing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from switch.dispatch import UNREADABLE
from switch.logs import SilentLog
from switch.runtime.tasks import TASKS_MAX, Tasks
from switch.runtime.threads import BATCH_MAX, WAITING_MAX, QueueFull, WriterClosed, take_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager

    from switch.runtime.entropy import SeededEntropy
    from switch.runtime.tasks import OnCrash
    from switch.simulation.loop import SimLoop
    from switch.simulation.process import Owner

Item = TypeVar("Item")
Result = TypeVar("Result")

EPOCH: Final = datetime(2026, 11, 21, 3, tzinfo=UTC)
"""The wall clock at the start of a run, ten in the morning in Phnom Penh."""

COMMIT_US: Final = (100, 5_000)
"""Least and greatest time of one durable batch in microseconds, as measured on a real disk."""


OFTEN_S: Final = 1.0
"""Leases and timers are looked at this often or more: their pauses may not outgrow a lease."""

SELDOM: Final = 6
"""How much coarser the grain is for everything else: collecting, keys, feeds."""

SELDOM_S: Final = 300.0
"""Grains above this are the same for all."""


class SimClock:
    """Virtual time; ``ahead`` shifts this process's wall clock only."""

    def __init__(self, loop: SimLoop, owner: Owner, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead
        self._loop = loop
        self._owner = owner
        self._told: tuple[float, timedelta, datetime] = (-1, ahead, EPOCH)

    def now(self) -> datetime:
        """Return the wall clock of this process; many ask in one moment."""
        self._owner.refuse_dead()
        time_s, ahead = self._loop.time(), self.ahead
        told = self._told
        if told[0] != time_s or told[1] != ahead:
            told = self._told = (time_s, ahead, EPOCH + timedelta(seconds=time_s) + ahead)
        return told[2]

    def monotonic(self) -> float:
        """Return virtual seconds."""
        self._owner.refuse_dead()
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait virtual seconds, and no less than the grain of the run.

        Whoever looks less often than leases and timers do is slowed down more; who only lets others
        run in between, a long file line by line, is not.
        """
        self._owner.refuse_dead()
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        grain = self._loop.grain_s
        least = grain if seconds <= OFTEN_S else max(grain, min(grain * SELDOM, SELDOM_S))
        await asyncio.sleep(max(seconds, least))


class SimEntropy:
    """A seeded stream of this process alone."""

    def __init__(self, stream: SeededEntropy, owner: Owner) -> None:
        self._stream = stream
        self._owner = owner

    def bytes(self, count: int) -> bytes:
        """Return the next bytes."""
        self._owner.refuse_dead()
        return self._stream.bytes(count)


class SimLog(SilentLog):
    """Logs nothing, and fails the run where an adapter could not judge what came."""

    def warning(self, event: str, **fields: object) -> None:
        """Raise for an answer that made its adapter raise: in a run that is a fault of ours."""
        assert event != UNREADABLE, fields


class SimTasks(Tasks):
    """Tasks of this process; one that crashes fails the whole run."""

    def __init__(self, owner: Owner, on_crash: OnCrash, *, tasks_max: int = TASKS_MAX) -> None:
        super().__init__(on_crash, tasks_max=tasks_max)
        self._owner = owner

    def start(self, name: str, coroutine: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Start a task of a living process."""
        if not self._owner.alive:
            coroutine.close()
        self._owner.refuse_dead()
        return super().start(name, coroutine)


class SimWriter(Generic[Item]):
    """The twin of ``WriterThread``: a batch is one step, and the next gathers while it lasts."""

    def __init__(
        self,
        loop: SimLoop,
        owner: Owner,
        stream: SeededEntropy,
        execute: Callable[[list[Item]], None],
        *,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._loop = loop
        self._owner = owner
        self._stream = stream
        self._execute = execute
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._urgent: deque[Item] = deque()
        self._normal: deque[Item] = deque()
        self._busy = False
        self._closed = False

    def submit(self, item: Item, *, urgent: bool) -> None:
        """Queue one item; raises ``QueueFull`` or ``WriterClosed``."""
        self._owner.refuse_dead()
        if self._closed:
            raise WriterClosed("writer")
        queue = self._urgent if urgent else self._normal
        if len(queue) >= self._waiting_max:
            raise QueueFull("writer")
        queue.append(item)
        self._begin()

    def together(self) -> AbstractContextManager[object]:
        """A batch begins in a later step of the loop, so nothing has to be held back."""
        return nullcontext()

    def close(self) -> None:
        """Execute what waits, then take no more."""
        self._owner.refuse_dead()
        self._closed = True
        while batch := take_batch(self._urgent, self._normal, self._batch_max):
            self._execute(batch)

    def _begin(self) -> None:
        """Let the next batch gather until the disk would be done with the last."""
        if not self._busy and (self._urgent or self._normal):
            self._busy = True
            least, greatest = COMMIT_US
            delay_us = least + self._stream.below(greatest - least + 1)
            self._loop.call_later(delay_us / 1_000_000, self._commit)

    def _commit(self) -> None:
        self._busy = False
        batch = take_batch(self._urgent, self._normal, self._batch_max)
        if batch:
            self._execute(batch)
        self._begin()
