"""Sends one stored request once, and says what is known about it afterwards.

Three results, split by what the caller may do: an :class:`Answer` is read by the adapter,
:class:`NotSent` means that no byte can have left (safe to end or to send later), :class:`MaybeSent`
means that the counterparty may have acted. A 5xx is an answer; whether it says anything about the
payment is the adapter's to judge. The surprise: there is no retry here of any kind.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from switch.wire.guard import SendGuard
from switch.wire.net import CONNECTIONS_MAX, NEVER_ROUND_S
from switch.wire.room import NoRoom, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from switch.runtime.clock import Clock
    from switch.wire.net import Net

ANSWER_BYTES_MAX: Final = 262_144
"""Default bound of an answer's body."""

BODY_BYTES_MAX: Final = 1024 * 1024
"""Bound of a request's body."""

CONNECT_WITHIN_S: Final = 5.0
"""Default bound of making a connection, name look-up and TLS included, and of waiting for room."""

_EVERYWHERE: Final[Mapping[str, int]] = MappingProxyType({})

_TOKEN: Final = re.compile(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE: Final = re.compile(r"\A[\t\x20-\x7e\x80-\xff]*\Z")
_PATH: Final = re.compile(r"\A/[\x21-\x22\x24-\x7e]*\Z")
_OURS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was stored; what leaves is this plus ``Host`` and ``Content-Length``.

    ``path`` starts with a slash, may hold a query, and is sent as it stands. A request that cannot
    be written safely (control characters, framing headers, a body beyond 1 MiB) is a bug of the
    adapter: :class:`ValueError`.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __post_init__(self) -> None:
        if _TOKEN.match(self.method) is None or _PATH.match(self.path) is None:
            raise ValueError("the method or the path cannot be written")
        if len(self.body) > BODY_BYTES_MAX:
            raise ValueError("the body is beyond the bound")
        for name, value in self.headers:
            if _TOKEN.match(name) is None or _VALUE.match(value) is None:
                raise ValueError("a header cannot be written")
            if name.lower() in _OURS:
                raise ValueError(f"the header {name} belongs to the transport")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. Names are lower case; a repeated header is joined by ``", "``.

    ``took_s`` is the time from the call to the last byte, for metrics only.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte has left, and none will.

    ``why`` is ``send_by`` (``may_send`` said no), ``connect_refused``, ``connect_failed`` (name,
    route, TLS), ``connect_timeout``, ``connection_closed`` (a kept connection that closed before
    the write, or on which something came that nobody had asked for), ``busy`` (no room among the
    requests on their way) or ``paused`` (the gate said no).
    """

    why: str


@dataclass(frozen=True, slots=True)
class MaybeSent:
    """Something may have arrived.

    ``why`` is ``timeout``, ``connection_lost``, ``answer_too_large`` or ``answer_malformed``.
    ``status`` is that of an answer whose body is too large, for whoever wants no body; else 0.
    """

    why: str
    status: int = 0


class Gate(Protocol):
    """Says which operations of which networks are not worth a try just now."""

    def allows(self, network: str, operation: str) -> bool:
        """Whether to send now."""

    def came(self, network: str, operation: str, result: Answer | NotSent | MaybeSent) -> None:
        """Learn what came of a request."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a request is about: its payment, empty where it has none, and the operation."""

    uetr: str
    operation: str


class Tracer(Protocol):
    """Is told of every request, for whoever follows one payment."""

    def exchanged(
        self, network: str, trace: Trace, result: Answer | NotSent | MaybeSent, took_s: float
    ) -> None:
        """A request has ended, or was not made; ``took_s`` from the call to then."""


class Transport:
    """Sends to networks by name.

    ``at_once`` bounds the requests that are on their way to a network at a time; one beyond waits
    for room as long as it would for a connection. A request to one of ``alone`` has a connection
    of its own: its answers do not say what they answer, so what comes late on a connection that is
    used again would be read as the answer to the next request (decision 59).
    """

    __slots__ = (
        "_alone",
        "_at_once",
        "_clock",
        "_connect_within_s",
        "_gate",
        "_net",
        "_rooms",
        "_tracer",
    )

    def __init__(
        self,
        net: Net,
        clock: Clock,
        *,
        connect_within_s: float = CONNECT_WITHIN_S,
        at_once: Mapping[str, int] = _EVERYWHERE,
        alone: Container[str] = (),
        gate: Gate | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._net = net
        self._clock = clock
        self._connect_within_s = connect_within_s
        self._at_once = at_once
        self._alone = alone
        self._gate = gate
        self._tracer = tracer
        self._rooms: dict[str, Room] = {}

    async def send(
        self,
        network: str,
        request: Request,
        *,
        may_send: Callable[[], bool],
        answer_within_s: float,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        operation: str = "",
        trace: Trace | None = None,
    ) -> Answer | NotSent | MaybeSent:
        """Send once; ``answer_within_s`` covers everything from this call to the last byte.

        ``may_send`` is asked once, right before the first byte is written, and must not wait.
        Cancelling this call leaves the exchange as unknown as a time-out does. ``operation`` is
        what the gate judges; a request that names none is always let through. The tracer is told
        of one that says what it is about.
        """
        started = self._clock.monotonic()
        gate = self._gate if operation else None
        result: Answer | NotSent | MaybeSent = NotSent("paused")
        if gate is None or gate.allows(network, operation):
            result = await self._once(network, request, may_send, answer_within_s, answer_bytes_max)
            if gate is not None:
                gate.came(network, operation, result)
        if self._tracer is not None and trace is not None:
            self._tracer.exchanged(network, trace, result, self._clock.monotonic() - started)
        return result

    async def _once(
        self,
        network: str,
        request: Request,
        may_send: Callable[[], bool],
        answer_within_s: float,
        answer_bytes_max: int,
    ) -> Answer | NotSent | MaybeSent:
        guard = SendGuard(may_send)
        try:
            async with asyncio.timeout(answer_within_s), self._room(network):
                return await self._exchange(network, request, guard, answer_bytes_max)
        except NoRoom:
            return NotSent("busy")
        except TimeoutError as failure:
            return _after(guard, failure, "timeout")
        except aiohttp.ClientPayloadError as failure:
            return _after(guard, failure, "connection_lost")
        except (aiohttp.ClientResponseError, HttpProcessingError) as failure:
            return _after(guard, failure, "answer_malformed")
        except (aiohttp.ClientError, OSError) as failure:
            return _after(guard, failure, "connection_lost")
        finally:
            guard.finish()

    def _room(self, network: str) -> Room:
        found = self._rooms.get(network)
        if found is None:
            most = self._at_once.get(network, CONNECTIONS_MAX)
            found = self._rooms[network] = Room(most, self._connect_within_s)
        return found

    async def _exchange(
        self, network: str, request: Request, guard: SendGuard, answer_bytes_max: int
    ) -> Answer | NotSent | MaybeSent:
        started = self._clock.monotonic()
        session = self._net.session(network, alone=network in self._alone)
        response = await session.request(
            request.method,
            URL(self._net.url(network) + request.path, encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._connect_within_s, ceil_threshold=NEVER_ROUND_S
            ),
            middlewares=(guard.attach,),
        )
        if not guard.written:
            # It answers something else: nothing of this request has left, and now nothing will.
            guard.finish()
            response.close()
            return NotSent("connection_closed")
        async with response:
            body = await _read(response.content, answer_bytes_max)
            if body is None:
                response.close()
                return MaybeSent("answer_too_large", response.status)
            took_s = self._clock.monotonic() - started
            return Answer(response.status, _headers(response), body, took_s)


async def _read(content: aiohttp.StreamReader, bytes_max: int) -> bytes | None:
    """Read to the end, or return ``None`` as soon as there is more than allowed."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await content.readany():
        size += len(chunk)
        if size > bytes_max:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return MappingProxyType(joined)


def _after(guard: SendGuard, failure: Exception, why: str) -> NotSent | MaybeSent:
    """Say what a failure means: the guard knows whether a byte can have left."""
    if guard.written:
        return MaybeSent(why)
    if guard.refused:
        return NotSent(guard.refused)
    if isinstance(failure, TimeoutError):
        return NotSent("connect_timeout")
    refused = isinstance(failure, aiohttp.ClientConnectorError) and isinstance(
        failure.os_error, ConnectionRefusedError
    )
    return NotSent("connect_refused" if refused else "connect_failed")
