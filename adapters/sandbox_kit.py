"""What every sandbox shares: a book, faults on demand, and a list of the requests that arrived.

A sandbox plays a network on that network's own wire. Its messages and rules are its own; this kit
knows HTTP, time and faults. Every fault that answers badly (``garbage``, ``wrong_signature``,
``error_500``, ``drop_answer``) happens *after* the payment is booked, because that case loses money
when it is taken for a failure. The surprise: a held answer waits for an event and not for a time,
so a test decides the order of things and no test sleeps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

import orjson
from aiohttp import web

from fx.money import Money
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from switch.port import Operation

__all__ = [
    "BODY_BYTES_MAX",
    "BOOK_ENTRIES_MAX",
    "Book",
    "BookFullError",
    "ControlError",
    "Entry",
    "EntryStatus",
    "Execute",
    "Fault",
    "FaultKind",
    "Reply",
    "SandboxContext",
    "SandboxKit",
    "Spoil",
    "answer",
    "as_json",
    "read_control",
    "refused_control",
    "wanted",
]

BODY_BYTES_MAX: Final = 262_144
"""Largest request body that a sandbox reads."""

BOOK_ENTRIES_MAX: Final = 100_000
"""Entries of a book; a payment beyond is answered as if the sandbox were down (HTTP 500)."""

REQUESTS_MAX: Final = 10_000
"""Requests remembered for ``GET /control/requests``; the oldest is forgotten first."""

FAULTS_MAX: Final = 1_000
"""Faults that wait to happen; one more is refused."""

HELD_MAX: Final = 1_000
"""Answers held at a time; one more is answered at once."""

DELAY_MS_MAX: Final = 600_000
"""Longest delay of a fault."""

_Wanted = TypeVar("_Wanted", str, int)


class FaultKind(StrEnum):
    """What can go wrong. "Booked" says that the payment is executed all the same."""

    REFUSE = "refuse"
    """Refused with ``reason``; not booked."""
    PENDING = "pending"
    """An interim answer; booked on release, or ``delay_ms`` later."""
    SLOW = "slow"
    """Waits ``delay_ms``, then does all as usual."""
    LATE = "late"
    """Booked at once, answered ``delay_ms`` later."""
    HOLD = "hold"
    """Booked at once, answered on release."""
    DROP_REQUEST = "drop_request"
    """The connection is cut; nothing is booked."""
    DROP_ANSWER = "drop_answer"
    """Booked, then the connection is cut."""
    TWICE = "twice"
    """The request is executed twice, as a network does that repeats inside; booked once."""
    GARBAGE = "garbage"
    """Booked; the answer cannot be read."""
    WRONG_SIGNATURE = "wrong_signature"
    """Booked; the answer was altered after it was signed."""
    ERROR_500 = "error_500"
    """Booked; the answer is HTTP 500 without a message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that waits for the next request of its operation."""

    kind: FaultKind
    reason: str = ""
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a sandbox before a fault spoils it."""

    body: bytes = field(repr=False)
    content_type: str
    status: int = 200


class EntryStatus(StrEnum):
    """What a network's own book says of a payment."""

    BOOKED = "booked"
    REFUSED = "refused"
    PENDING = "pending"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a network's book, without anything personal.

    ``reference`` is the key that the network itself goes by; ``direction`` is seen from Cambodia:
    ``outbound`` when a Cambodian pays abroad.
    """

    uetr: str
    reference: str
    direction: str
    amount: Money
    status: EntryStatus
    at: datetime
    reason: str | None = None


class BookFullError(RuntimeError):
    """The book has reached its bound; nothing was added."""


class Book:
    """A network's own book: one entry for each reference, in order of arrival."""

    def __init__(self, entries_max: int = BOOK_ENTRIES_MAX) -> None:
        self._entries: dict[str, Entry] = {}
        self._entries_max = entries_max

    def find(self, reference: str) -> Entry | None:
        """The entry of this reference, if there is one."""
        return self._entries.get(reference)

    def add(self, entry: Entry) -> Entry:
        """Add an entry under a new reference; raises :class:`BookFullError`."""
        assert entry.reference not in self._entries, "a reference is booked once"
        if len(self._entries) >= self._entries_max:
            raise BookFullError(entry.direction)
        self._entries[entry.reference] = entry
        return entry

    def end(self, reference: str, status: EntryStatus, reason: str | None = None) -> Entry:
        """End a pending entry; one that has ended stays as it is, unless it is cancelled now."""
        entry = self._entries[reference]
        if entry.status is EntryStatus.PENDING or status is EntryStatus.CANCELLED:
            entry = replace(entry, status=status, reason=reason)
            self._entries[reference] = entry
        return entry

    def state(self, network: str) -> dict[str, object]:
        """Return the book as ``GET /state`` shows it; totals count booked entries both ways."""
        totals: dict[str, Money] = {}
        lines: list[dict[str, object]] = []
        for entry in self._entries.values():
            code = entry.amount.currency.code
            if entry.status is EntryStatus.BOOKED:
                known = totals.get(code)
                totals[code] = entry.amount if known is None else known + entry.amount
            lines.append({
                "uetr": entry.uetr,
                "reference": entry.reference,
                "direction": entry.direction,
                "amount": str(entry.amount),
                "currency": code,
                "status": entry.status.value,
                "reason": entry.reason,
                "at": entry.at.isoformat(),
            })  # fmt: skip
        return {
            "network": network,
            "book": lines,
            "totals": {code: str(total) for code, total in totals.items()},
        }


class ControlError(ValueError):
    """A control request that cannot be used; the text says why and echoes nothing."""


Execute = Callable[[Fault | None], Reply]
"""Executes one request and builds its answer. Called again with the same request it must answer the
same. Only ``refuse`` and ``pending`` are its business; other faults never reach it."""

Spoil = Callable[[Reply], Reply]
"""Alters a reply so that its signature no longer holds."""


class SandboxKit:
    """Faults, book and control endpoints of one sandbox."""

    def __init__(
        self, context: SandboxContext, network: str, operations: Iterable[Operation], spoil: Spoil
    ) -> None:
        self.book = Book()
        self._context = context
        self._network = network
        self._spoil = spoil
        self._faults: dict[str, deque[Fault]] = {
            operation.value: deque() for operation in operations
        }
        self._requests: deque[dict[str, str]] = deque(maxlen=REQUESTS_MAX)
        self._released = asyncio.Event()
        self._pending: dict[str, None] = {}
        self._held = 0

    def application(self) -> web.Application:
        """Return an application with ``/state`` and ``/control/…``, for the network to add to."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_get("/state", self._state)
        app.router.add_get("/control/requests", self._list_requests)
        app.router.add_post("/control/faults", self._add_fault)
        app.router.add_delete("/control/faults", self._clear_faults)
        app.router.add_post("/control/release", self._release)
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
        fault = self._next(operation)
        if fault is not None and fault.kind is FaultKind.DROP_REQUEST:
            return _cut(request)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await self._context.clock.sleep(fault.delay_ms / 1000)
        decides = fault is not None and fault.kind in (FaultKind.REFUSE, FaultKind.PENDING)
        try:
            reply = do(fault if decides else None)
            if fault is not None and fault.kind is FaultKind.TWICE:
                reply = do(None)
        except BookFullError:
            return web.Response(status=500)
        if fault is None:
            return answer(reply)
        return await self._spoilt(request, reply, fault)

    async def _spoilt(self, request: web.Request, reply: Reply, fault: Fault) -> web.StreamResponse:
        kind = fault.kind
        if kind is FaultKind.LATE:
            await self._context.clock.sleep(fault.delay_ms / 1000)
        elif kind is FaultKind.HOLD and self._held < HELD_MAX:
            self._held += 1
            released = self._released
            await released.wait()
            self._held -= 1
        elif kind is FaultKind.DROP_ANSWER:
            return _cut(request)
        elif kind is FaultKind.ERROR_500:
            return web.Response(status=500)
        elif kind is FaultKind.GARBAGE:
            return answer(Reply(b"\x00\xff<garbage", reply.content_type))
        elif kind is FaultKind.WRONG_SIGNATURE:
            return answer(self._spoil(reply))
        return answer(reply)

    def end_later(self, reference: str, delay_ms: int) -> None:
        """Book a pending entry on the next release, or when the delay (if any) is over."""
        self._pending[reference] = None
        if delay_ms:
            self._context.tasks.start(
                f"{self._network}-sandbox-pending", self._end_after(reference, delay_ms)
            )

    async def _end_after(self, reference: str, delay_ms: int) -> None:
        await self._context.clock.sleep(delay_ms / 1000)
        self._pending.pop(reference, None)
        self.book.end(reference, EntryStatus.BOOKED)

    def _next(self, operation: Operation) -> Fault | None:
        waiting = self._faults.get(operation.value)
        return waiting.popleft() if waiting else None

    async def _state(self, _: web.Request) -> web.Response:
        return as_json(self.book.state(self._network))

    async def _list_requests(self, _: web.Request) -> web.Response:
        return as_json({"requests": list(self._requests)})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            given = await read_control(request)
            waiting = self._plan(given)
        except ControlError as error:
            return refused_control(error)
        return as_json({"waiting": waiting})

    def _plan(self, given: Mapping[str, object]) -> int:
        waiting = self._faults.get(wanted(given, "operation", str))
        if waiting is None:
            raise ControlError("operation: not one of this network")
        fault = _fault(given)
        times = wanted(given, "times", int, 1)
        if not 1 <= times <= FAULTS_MAX - len(waiting):
            raise ControlError(f"times: at most {FAULTS_MAX} faults wait")
        waiting.extend([fault] * times)
        return len(waiting)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        for waiting in self._faults.values():
            waiting.clear()
        return as_json({"waiting": 0})

    async def _release(self, _: web.Request) -> web.Response:
        released, self._released = self._released, asyncio.Event()
        held = self._held
        released.set()
        pending, self._pending = self._pending, {}
        for reference in pending:
            self.book.end(reference, EntryStatus.BOOKED)
        return as_json({"released": held})


def _fault(given: Mapping[str, object]) -> Fault:
    name = wanted(given, "kind", str)
    if name not in FaultKind.__members__.values():
        raise ControlError("kind: no such fault")
    delay_ms = wanted(given, "delay_ms", int, 0)
    if not 0 <= delay_ms <= DELAY_MS_MAX:
        raise ControlError(f"delay_ms: 0 to {DELAY_MS_MAX}")
    return Fault(FaultKind(name), wanted(given, "reason", str, ""), delay_ms)


def _cut(request: web.Request) -> web.Response:
    """Close the connection now; the response returned is never written."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def answer(reply: Reply) -> web.Response:
    """Return the HTTP response of a reply."""
    return web.Response(
        status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type}
    )


def as_json(value: object, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


def refused_control(error: ControlError) -> web.Response:
    """Return the answer to a control request that cannot be used."""
    return as_json({"error": str(error)}, 400)


async def read_control(request: web.Request) -> Mapping[str, object]:
    """Read the JSON object of a control request; raises :class:`ControlError`."""
    try:
        given = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise ControlError("the body is not JSON") from None
    if not isinstance(given, dict):
        raise ControlError("the body is not a JSON object")
    return given


def wanted(
    given: Mapping[str, object], name: str, kind: type[_Wanted], default: _Wanted | None = None
) -> _Wanted:
    """Return one value of a control request; raises :class:`ControlError` for another type."""
    value = given.get(name, default)
    if type(value) is not kind:
        raise ControlError(f"{name}: missing or not {kind.__name__}")
    return value
