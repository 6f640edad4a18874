"""The one way to start a task.

A task that ends by an exception leaves the switch half alive: timers that no longer fire, queues
that nobody reads. So an escaped exception ends the process, and recovery from the committed rows
does the rest. The surprise: an expected failure must be caught inside the coroutine, because here
even one lost connection is fatal.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")

EXIT_SOFTWARE: Final = 70
"""``EX_SOFTWARE`` of sysexits.h: a bug, the supervisor should start the process again."""

TASKS_MAX: Final = 10_000
"""Default bound of live tasks of one process."""

CLOSE_WITHIN_S: Final = 5
"""Tasks have this long to end once they are cancelled."""

OnCrash = Callable[[str, BaseException], None]
"""Told the name of a task or thread and what escaped it; ends the process (or a test)."""


class TooManyTasks(RuntimeError):  # noqa: N818  the name says what happened
    """The bound on live tasks is reached; the caller refuses the work (503)."""


def end_process(name: str, exception: BaseException) -> None:
    """Write the kind and place of the error and leave at once with status 70.

    The message of the exception is not written: it may hold personal data. Nothing is flushed or
    rolled back on purpose, so that this end and a power cut are the same case.
    """
    trace = exception.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
    sys.stderr.write(f"process_ended part={name} error={type(exception).__qualname__}{place}\n")
    sys.stderr.flush()
    os._exit(EXIT_SOFTWARE)


class Tasks:
    """The live tasks of one process; at most ``tasks_max`` of them."""

    def __init__(self, on_crash: OnCrash = end_process, *, tasks_max: int = TASKS_MAX) -> None:
        self._on_crash = on_crash
        self._tasks_max = tasks_max
        self._live: dict[asyncio.Task[Any], None] = {}

    def __len__(self) -> int:
        """Return how many tasks are alive."""
        return len(self._live)

    def start(self, name: str, coroutine: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Start a task; raises :class:`TooManyTasks` beyond the bound, with nothing started."""
        if len(self._live) >= self._tasks_max:
            coroutine.close()
            raise TooManyTasks(name)
        task = asyncio.create_task(coroutine, name=name)
        self._live[task] = None
        task.add_done_callback(self._ended)
        return task

    def start_if_room(
        self, name: str, coroutine: Coroutine[Any, Any, Result]
    ) -> asyncio.Task[Result] | None:
        """Start a task; None beyond the bound: for what is looked for again, or done without."""
        try:
            return self.start(name, coroutine)
        except TooManyTasks:
            return None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._live.pop(task, None)
        if task.cancelled():
            return
        exception = task.exception()
        if exception is not None:
            self._on_crash(task.get_name(), exception)

    async def close(self, *, within_s: int = CLOSE_WITHIN_S) -> None:
        """Cancel every task and wait until all have ended, but not longer than this."""
        waiting = [task for task in self._live if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=within_s)


class ShareOfTasks:
    """Tasks of one kind: at most ``most`` of a process's live ones."""

    def __init__(self, tasks: Tasks, most: int) -> None:
        self._tasks = tasks
        self._most = most
        self._live = 0

    @property
    def full(self) -> bool:
        """Whether another one would be too many."""
        return self._live >= self._most

    def start(self, name: str, coroutine: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Start a task; raises :class:`TooManyTasks` beyond either bound, with nothing started."""
        if self.full:
            coroutine.close()
            raise TooManyTasks(name)
        task = self._tasks.start(name, coroutine)
        self._live += 1
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del task
        self._live -= 1
