"""The store's writer thread: group commit without timers.

While one batch is being made durable the next one gathers, so a lone payment waits for nobody and a
crowd shares one fsync. Urgent items (conclusions) go before normal ones (intents), because a
conclusion frees money and an intent only takes it. The surprise: nothing here is awaited; the
caller's ``execute`` reports each result back with the ``post`` it got from :func:`post_to_loop`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from switch.runtime.tasks import end_process

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from switch.runtime.tasks import OnCrash

Item = TypeVar("Item")
Given_contra = TypeVar("Given_contra", contravariant=True)

BATCH_MAX: Final = 256
"""Default items of one batch."""

WAITING_MAX: Final = 4096
"""Default items that wait in each of the two queues."""

Post = Callable[..., object]
"""``post(callback, *args)``: run the callback on the process's loop, soon, from any thread."""


class QueueFull(RuntimeError):  # noqa: N818  the name says what happened
    """The queue is at its bound; nothing was taken (the caller answers 503 with Retry-After)."""


class WriterClosed(RuntimeError):  # noqa: N818  the name says what happened
    """The writer was closed; nothing was taken."""


class Writer(Protocol[Given_contra]):
    """What a store needs from whatever runs its batches; the simulation has its own."""

    def submit(self, item: Given_contra, *, urgent: bool) -> None:
        """Queue one item, or raise :class:`QueueFull` or :class:`WriterClosed`."""
        ...

    def together(self) -> AbstractContextManager[object]:
        """What is submitted inside is there at once: no batch begins with a part of it."""
        ...

    def close(self) -> None:
        """Execute what waits, then stop."""
        ...


def post_to_loop() -> Post:
    """Return the ``post`` of the loop that is running now."""
    return asyncio.get_running_loop().call_soon_threadsafe


def soon_on_loop() -> Post:
    """Return the ``post`` of the loop that is running now, for use on that loop itself."""
    return asyncio.get_running_loop().call_soon


class WriterThread(Generic[Item]):
    """One named thread that executes batches in order."""

    def __init__(
        self,
        name: str,
        execute: Callable[[list[Item]], None],
        *,
        on_crash: OnCrash = end_process,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._execute = execute
        self._on_crash = on_crash
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._urgent: deque[Item] = deque()
        self._normal: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closing = False
        # Daemon: what is not committed does not exist, so a forgotten close must not hold the exit.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item, *, urgent: bool) -> None:
        """Queue one item from any thread; raises :class:`QueueFull` or :class:`WriterClosed`."""
        with self._changed:
            if self._closing:
                raise WriterClosed(self._thread.name)
            queue = self._urgent if urgent else self._normal
            if len(queue) >= self._waiting_max:
                raise QueueFull(self._thread.name)
            queue.append(item)
            self._changed.notify()

    def together(self) -> AbstractContextManager[object]:
        """Hold the thread back while several items are submitted: its lock, which is reentrant."""
        return self._changed

    def close(self) -> None:
        """Execute what waits, then end the thread and wait for it."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._take():
                self._execute(batch)
        except BaseException as escaped:  # noqa: BLE001  anything that escapes ends the process
            with self._changed:
                self._closing = True
            self._on_crash(self._thread.name, escaped)

    def _take(self) -> list[Item]:
        """Wait for work and take up to a batch of it; empty when closed and drained."""
        with self._changed:
            while not (self._urgent or self._normal or self._closing):
                self._changed.wait()
            return take_batch(self._urgent, self._normal, self._batch_max)


class WokenThread:
    """One named thread that does the same work each time it is woken; wakes in between are one."""

    def __init__(
        self, name: str, work: Callable[[], object], *, on_crash: OnCrash = end_process
    ) -> None:
        self._work = work
        self._on_crash = on_crash
        self._woken = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have the work done soon, from any thread; returns at once."""
        self._woken.set()

    def close(self) -> None:
        """Wait for what is being done, then end the thread; what nobody began is not done."""
        self._closing = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                self._woken.wait()
                self._woken.clear()
                if self._closing:
                    return
                self._work()
        except BaseException as escaped:  # noqa: BLE001  anything that escapes ends the process
            self._on_crash(self._thread.name, escaped)


def take_batch(urgent: deque[Item], normal: deque[Item], batch_max: int) -> list[Item]:
    """Remove and return up to ``batch_max`` items, urgent ones first."""
    batch: list[Item] = []
    for queue in (urgent, normal):
        while queue and len(batch) < batch_max:
            batch.append(queue.popleft())
    return batch
