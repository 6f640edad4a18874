"""An asyncio event loop on virtual time: no selector, no threads, one handle per step.

When nothing is ready the clock jumps to the next timer, so an hour of waiting costs nothing, and
when nothing is left at all the run has deadlocked and says who waits. Handles run in the order they
were scheduled, timers by time and then by order. Before each step a hook may kill, pause or inject;
that is how a crash is tried at every step. The surprise: handles of the dead are kept in a list,
because dropping one could free a coroutine and so run its ``finally``.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
from collections import deque
from contextvars import copy_context
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from switch.simulation.process import OWNER, DeadProcess, Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

    from switch.simulation.trace import Trace

STEPS_MAX: Final = 20_000_000
"""Default bound of steps of one run."""

TIME_MAX_S: Final = 30 * 24 * 3600
"""Default bound of virtual seconds of one run: a month."""

SERVER_TASK: Final = "RequestHandler.start"
"""aiohttp's own task of a server connection. It ends by a TypeError when a request and the loss of
the connection come in one turn (3.14.5); in production that is a line in a log."""

COLLECT_EVERY_STEPS: Final = 200_000
"""Garbage is collected at these steps only, so that finalizers run at the same point each time."""


class SimulationError(AssertionError):
    """The run cannot go on: deadlock, a bound, or a failure that nobody handled."""


class _Step(asyncio.TimerHandle):
    """A handle that knows whose it is from the start; there is no debug mode to serve.

    One that is ready at once has a time too, at which nobody looks.
    """

    __slots__ = ("owner",)

    def __init__(  # the one of asyncio asks the loop whether it is being debugged
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: SimLoop,
        context: Context | None,
    ) -> None:
        if context is None:
            context = copy_context()
            self.owner = OWNER.get()
        else:
            self.owner = context.get(OWNER)
        self._when = when
        self._scheduled = True
        self._context = context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None

    def cancel(self) -> None:
        """Never run; the loop needs not be told, because it looks when this comes up."""
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]

    def runs(self) -> bool:
        """Whether it may run: it is not cancelled, and nobody's or of somebody who can."""
        owner = self.owner
        return not self._cancelled and (owner is None or (owner.alive and not owner.paused))

    def is_over(self) -> bool:
        """Whether it can never run any more."""
        return self._cancelled or not (self.owner is None or self.owner.alive)

    def failed(self, failure: BaseException) -> None:
        """Say that it raised something, as asyncio does of its own handles."""
        what = {"message": "Exception in callback", "exception": failure, "handle": self}
        self._loop.call_exception_handler(what)


class SimLoop(asyncio.BaseEventLoop):
    """A deterministic event loop."""

    def __init__(
        self, trace: Trace, *, steps_max: int = STEPS_MAX, time_max_s: float = TIME_MAX_S
    ) -> None:
        super().__init__()
        self.step = 0
        self.on_step: Callable[[int], None] | None = None
        self.on_turn: Callable[[Owner, str], None] | None = None
        """Told before a process's step whose it is and what it is called."""
        self.grain_s: float = 0
        """Least time that anybody sleeps; a coarse one makes waiting cheap when little happens."""
        self._trace = trace
        self._steps_max = steps_max
        self._time_max_s = time_max_s
        self._time_s: float = 0
        self._timers: list[tuple[float, int, _Step]] = []
        self._timers_made = 0
        self._tasks: dict[asyncio.Task[Any], Owner | None] = {}
        self._running: Owner | None = None
        self._graves: list[_Step] = []
        self._failure: BaseException | None = None
        self._ready: deque[_Step]
        self._stopping: bool
        self._closed: bool
        self.set_exception_handler(self._unhandled)

    get_debug = staticmethod(bool)
    """Nobody debugs here; every future and every task asks, so it is asked at no cost."""

    def time(self) -> float:
        """Return virtual seconds since the start of the run."""
        return self._time_s

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a step."""
        if self._closed:
            raise RuntimeError("the loop is closed")
        handle = _Step(0, callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon
    """There are no other threads."""

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a timer; equal times run in the order they were scheduled."""
        if self._closed:
            raise RuntimeError("the loop is closed")
        handle = _Step(when, callback, args, self, context)
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, handle))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a timer so many seconds from now."""
        return self.call_at(self._time_s + delay, callback, *args, context=context)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        """Create a task, and keep it: a task of the dead must not be freed during the run."""
        task = super().create_task(coro, **options)
        if len(self._tasks) >= 1024 and self.step % 64 == 0:  # noqa: PLR2004  prune now and then
            self._tasks = {known: owner for known, owner in self._tasks.items() if _kept(known)}
        context: Context | None = options.get("context")
        self._tasks[task] = OWNER.get() if context is None else context.get(OWNER)
        return task

    def works_on(self, ending: str) -> bool:
        """Whether somebody who lives has a task whose name ends so."""
        return any(
            not task.done() and task.get_name().endswith(ending) and (owner is None or owner.alive)
            for task, owner in self._tasks.items()
        )

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refuse: a thread would end the determinism."""
        raise SimulationError("no threads in the simulation")

    async def getaddrinfo(self, *_: object, **__: object) -> NoReturn:
        """Refuse: names are resolved by the simulated network."""
        raise SimulationError("no name look-up in the simulation")

    def fail(self, failure: BaseException) -> None:
        """End the run with this failure at the next step; the first one wins."""
        if self._failure is None:
            self._failure = failure

    def resume(self, owner: Owner) -> None:
        """Run what a paused owner was held from, in order."""
        owner.paused = False
        self._ready.extend(owner.held)
        owner.held.clear()

    def close(self) -> None:
        """Throw away what still waits; owners must be dead by then, so that seams refuse."""
        if self.is_closed():
            return
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
                _bury(task.get_coro())
        super().close()
        self._tasks.clear()
        self._graves.clear()
        self._timers.clear()

    def _run_once(self) -> None:
        """Run handles one by one until the loop is to stop.

        Each is the next ready one, or the next timer with the clock set to it. This is the
        innermost loop of a run: it calls little, and knows what is inside of its handles.
        """
        ready, note = self._ready, self._trace.note
        while not self._stopping:
            if self._failure is not None:
                raise SimulationError("a failure was not handled") from self._failure
            handle = self._next(ready)
            owner = handle.owner
            self.step = step = self.step + 1
            if step > self._steps_max:
                raise SimulationError(f"more than {self._steps_max} steps")
            if step % COLLECT_EVERY_STEPS == 0:
                gc.collect()
            if self.on_step is not None:
                self.on_step(step)
                if not handle.runs():
                    self._set_aside(handle)
                    continue
            label = _label(handle._callback)  # noqa: SLF001
            if self.on_turn is not None and owner is not None:
                self.on_turn(owner, label)
                if not handle.runs():
                    self._set_aside(handle)
                    continue
            self._running = owner
            note(step, self._time_s, "None" if owner is None else owner.text, label)
            try:
                handle._context.run(handle._callback, *handle._args)  # noqa: SLF001
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as failure:  # noqa: BLE001  whatever it is, as asyncio does
                handle.failed(failure)

    def _next(self, ready: deque[_Step]) -> _Step:
        """Remove and return the next handle that may run; raise when there is none."""
        timers = self._timers
        while True:
            while timers and timers[0][0] <= self._time_s:
                ready.append(heapq.heappop(timers)[2])
            if ready:
                handle = ready.popleft()
                owner = handle.owner
                if not handle._cancelled and (  # noqa: SLF001
                    owner is None or (owner.alive and not owner.paused)
                ):
                    return handle
                self._set_aside(handle)
            else:
                self._jump()

    def _jump(self) -> None:
        """Set the clock to the next timer of somebody who lives."""
        timers = self._timers
        while timers:
            when, _, handle = timers[0]
            if not handle.is_over():
                break
            heapq.heappop(timers)
            self._set_aside(handle)
        else:
            raise SimulationError(f"deadlock: {self._who_waits()}")
        self._time_s = max(self._time_s, when)
        if self._time_s > self._time_max_s:
            raise SimulationError(f"more than {self._time_max_s} virtual seconds")

    def _set_aside(self, handle: _Step) -> None:
        """Keep what must not run: of the dead for ever, of the paused until they go on."""
        if handle.cancelled() or handle.owner is None:
            return
        if not handle.owner.alive:
            self._graves.append(handle)
        elif handle.owner.paused:
            handle.owner.held.append(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing: cancelled timers are skipped when they come up."""

    def _write_to_self(self) -> None:
        """Do nothing: there is no selector to wake."""

    def _unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Fail the run for what asyncio would only have logged.

        What a process does between its death and the end of that step is nobody's failure.
        """
        exception = context.get("exception")
        dead = self._running is not None and not self._running.alive
        task = context.get("task") or context.get("future")
        if isinstance(task, asyncio.Task) and _label(task.get_coro()) == SERVER_TASK:
            return
        if not dead and not isinstance(exception, DeadProcess):
            self.fail(exception or SimulationError(context.get("message", "")))

    def check(self) -> None:
        """Raise for a failure of the last step, or of a task whose result nobody has read."""
        for task, owner in self._tasks.items():
            forgotten = task.done() and not task.cancelled() and _unasked(task)
            if forgotten and (owner is None or owner.alive):
                self.fail(task.exception() or SimulationError("a task failed"))
        if self._failure is not None:
            raise SimulationError("a failure was not handled") from self._failure

    def _who_waits(self) -> str:
        waiting = [_label(task.get_coro()) for task in self._tasks if not task.done()]
        return ", ".join(waiting) or "nothing left to do"


def _unasked(task: asyncio.Task[Any]) -> bool:
    """Tell a task whose exception nobody has read; asyncio would log it when it is freed."""
    return bool(task._log_traceback) and _label(task.get_coro()) != SERVER_TASK  # noqa: SLF001


def _kept(task: asyncio.Task[Any]) -> bool:
    return not task.done() or _unasked(task)


def _label(callback: Any) -> str:
    """Name a callback by its code, never by an address or a counter."""
    if type(callback) is MethodType:  # most are, and each question about the others costs
        return str(callback.__func__.__qualname__)
    receiver = getattr(callback, "__self__", None)
    if type(receiver) is asyncio.Task:
        return str(receiver.get_coro().__qualname__)  # type: ignore[union-attr]
    named = getattr(callback, "__qualname__", None)
    if named is not None and not hasattr(callback, "func"):
        return str(named)
    while hasattr(callback, "func"):
        callback = callback.func
    return str(getattr(callback, "__qualname__", type(callback).__qualname__))


def _bury(coroutine: Any) -> None:
    """Close a coroutine; what its ``finally`` blocks try is refused by the seams, and ends here."""
    try:
        coroutine.close()
    except (DeadProcess, RuntimeError):
        return
