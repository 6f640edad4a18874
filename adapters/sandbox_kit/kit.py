"""What every sandbox shares: a book, faults, and a list of the requests that arrived.

A sandbox plays a network on that network's own wire. Its messages and rules are its own; this kit
knows HTTP, time and faults. Every fault that answers badly happens *after* the payment is booked,
because that case loses money when it is taken for a failure. The surprise: a held answer waits for
an event and not for a time, so a test decides the order of things and no test sleeps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from aiohttp import web

from adapters.sandbox_kit import replies
from adapters.sandbox_kit.book import Book, BookFullError, EntryStatus
from adapters.sandbox_kit.control import (
    ControlError,
    as_json,
    read_control,
    refused_control,
    wanted,
)
from adapters.sandbox_kit.faults import Fault, FaultKind, FaultPlan
from adapters.sandbox_kit.replies import Reply, answer, cut
from switch.wire.simulator import SimulatorClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.port import Operation
    from switch.wire.simulator import SandboxContext

BODY_BYTES_MAX: Final = 262_144
"""Largest request body that a sandbox reads."""

REQUESTS_MAX: Final = 10_000
"""Requests remembered for ``GET /control/requests``; the oldest is forgotten first."""

HELD_MAX: Final = 1_000
"""Answers held at a time; one more is answered at once."""

AHEAD_MS_MAX: Final = 400 * 86_400_000
"""How far a sandbox's clock can be put ahead: longer than any window of a network."""

OVERSIZE_BYTES: Final = 1024 * 1024
"""White space behind an answer that is too large, unless the fault says how much."""

Execute = Callable[[Fault | None], Reply]
"""Executes one request and builds its answer. Called again with the same request it must answer the
same. Only ``refuse`` and ``pending`` are its business; other faults never reach it."""

Spoil = Callable[[Reply], Reply]
"""Alters a reply so that its signature no longer holds."""

_DECIDES: Final = (FaultKind.REFUSE, FaultKind.PENDING)
_NOT_EXECUTED: Final = (FaultKind.DROP_REQUEST, FaultKind.UNAVAILABLE)


class SandboxKit:
    """Faults, book and control endpoints of one sandbox."""

    def __init__(
        self, context: SandboxContext, network: str, operations: Iterable[Operation], spoil: Spoil
    ) -> None:
        self.book = Book()
        self._context = context
        self._network = network
        self._spoil = spoil
        self._faults = FaultPlan(operations)
        self._requests: deque[dict[str, str]] = deque(maxlen=REQUESTS_MAX)
        self._released = asyncio.Event()
        self._pending: dict[str, tuple[EntryStatus, str | None]] = {}
        self._held = 0

    def application(self) -> web.Application:
        """Return an application with ``/state`` and ``/control/…``, for the network to add to."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_get("/state", self._state)
        app.router.add_get("/control/requests", self._list_requests)
        app.router.add_get("/control/lies", self._show_lies)
        app.router.add_get("/control/faults", self._show_faults)
        app.router.add_post("/control/faults", self._add_fault)
        app.router.add_delete("/control/faults", self._clear_faults)
        app.router.add_post("/control/release", self._release)
        app.router.add_post("/control/clock", self._set_clock)
        return app

    async def serve(
        self, request: web.Request, operation: Operation, reference: str, uetr: str, do: Execute
    ) -> web.StreamResponse:
        """Execute one verified request, with the next fault that waits for its operation."""
        self._requests.append({
            "operation": operation.value,
            "reference": reference,
            "uetr": uetr,
            "at": self._context.clock.now().isoformat(),
        })  # fmt: skip
        fault = self._faults.next(operation)
        if fault is not None and fault.kind in _NOT_EXECUTED:
            return _not_executed(request, fault)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await self._context.clock.sleep(fault.delay_ms / 1000)
        try:
            reply = self._executed(do, fault)
        except BookFullError:
            return web.Response(status=500)
        if fault is None:
            return answer(reply)
        return await self._spoilt(request, reply, fault)

    def _executed(self, do: Execute, fault: Fault | None) -> Reply:
        """Execute a request as its fault has it: twice, with a wrong clock, or with a lie."""
        if fault is None:
            return do(None)
        kind = fault.kind
        if kind is FaultKind.WRONG_CLOCK:
            with self._context.clock_behind(fault.delay_ms / 1000):
                return do(None)
        if kind is FaultKind.PRETEND:
            reply = do(replace(fault, kind=FaultKind.REFUSE))
        else:
            reply = do(fault if kind in _DECIDES else None)
        if kind is FaultKind.TWICE:
            reply = do(None)
        elif kind in (FaultKind.CONTRADICT, FaultKind.PRETEND):
            with self.book.lying(fault.reason):
                reply = do(None)
        return reply

    async def _spoilt(self, request: web.Request, reply: Reply, fault: Fault) -> web.StreamResponse:
        kind = fault.kind
        if kind is FaultKind.LATE:
            await self._context.clock.sleep(fault.delay_ms / 1000)
        elif kind is FaultKind.HOLD and self._held < HELD_MAX:
            self._held += 1
            released = self._released
            await released.wait()
            self._held -= 1
        elif kind is FaultKind.RESET:
            return await replies.broken_off(request, reply, fault.bytes)
        elif kind is FaultKind.SLOW_BODY:
            return await replies.by_halves(request, reply, fault, self._context.clock)
        elif kind is FaultKind.ANSWER_TWICE:
            return await replies.two_times(request, reply)
        elif kind in _SPOILT:
            return _SPOILT[kind](request, reply, fault)
        elif kind is FaultKind.WRONG_SIGNATURE:
            return answer(self._spoil(reply))
        return answer(reply)

    def end_later(
        self,
        reference: str,
        delay_ms: int,
        status: EntryStatus = EntryStatus.BOOKED,
        reason: str | None = None,
    ) -> None:
        """End a pending entry so on the next release, or when the delay (if any) is over."""
        self._pending[reference] = status, reason
        if delay_ms:
            self._context.tasks.start(
                f"{self._network}-sandbox-pending", self._end_after(reference, delay_ms)
            )

    async def _end_after(self, reference: str, delay_ms: int) -> None:
        await self._context.clock.sleep(delay_ms / 1000)
        ended = self._pending.pop(reference, None)
        if ended is not None:
            self.book.end(reference, *ended)

    async def _state(self, _: web.Request) -> web.Response:
        return as_json(self.book.state(self._network))

    async def _list_requests(self, _: web.Request) -> web.Response:
        return as_json({"requests": list(self._requests)})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            waiting = self._faults.add(await read_control(request))
        except ControlError as error:
            return refused_control(error)
        return as_json({"waiting": waiting})

    async def _show_faults(self, _: web.Request) -> web.Response:
        return as_json(self._faults.shown())

    async def _show_lies(self, _: web.Request) -> web.Response:
        return as_json({"references": self.book.lied_about()})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._faults.clear()
        return as_json({"waiting": 0})

    async def _set_clock(self, request: web.Request) -> web.Response:
        try:
            ahead_ms = wanted(await read_control(request), "ahead_ms", int)
        except ControlError as error:
            return refused_control(error)
        if not 0 <= ahead_ms <= AHEAD_MS_MAX:
            return refused_control(ControlError(f"ahead_ms: 0 to {AHEAD_MS_MAX}"))
        clock = self._context.clock
        assert isinstance(clock, SimulatorClock), "a context makes it so"
        clock.put_back(-timedelta(milliseconds=ahead_ms))
        return as_json({"ahead_ms": ahead_ms})

    async def _release(self, _: web.Request) -> web.Response:
        released, self._released = self._released, asyncio.Event()
        held = self._held
        released.set()
        pending, self._pending = self._pending, {}
        for reference, ended in pending.items():
            self.book.end(reference, *ended)
        return as_json({"released": held})


def _not_executed(request: web.Request, fault: Fault) -> web.Response:
    if fault.kind is FaultKind.UNAVAILABLE:
        return web.Response(status=fault.status)
    return cut(request)


def _cut(request: web.Request, _: Reply, __: Fault) -> web.Response:
    return cut(request)


def _bare(_: web.Request, __: Reply, fault: Fault) -> web.Response:
    return web.Response(status=fault.status)


def _unreadable(_: web.Request, reply: Reply, __: Fault) -> web.Response:
    return answer(replace(reply, body=b"\x00\xff<garbage"))


def _elsewhere(request: web.Request, _: Reply, __: Fault) -> web.Response:
    return web.Response(status=307, headers={"Location": f"/elsewhere{request.path}"})


def _oversized(_: web.Request, reply: Reply, fault: Fault) -> web.Response:
    return answer(replace(reply, body=reply.body + b" " * (fault.bytes or OVERSIZE_BYTES)))


_SPOILT: Final[Mapping[FaultKind, Callable[[web.Request, Reply, Fault], web.Response]]] = (
    MappingProxyType(
        {
            FaultKind.DROP_ANSWER: _cut,
            FaultKind.ERROR_500: _bare,
            FaultKind.GARBAGE: _unreadable,
            FaultKind.REDIRECT: _elsewhere,
            FaultKind.OVERSIZE: _oversized,
        }
    )
)
