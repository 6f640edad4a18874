"""The two doors to the network: ``serve`` an application, open a ``session`` to a peer, by name.

Names, not addresses: configuration binds a name to a port here, the simulation binds it to memory,
and aiohttp is the same in both. Sessions keep no cookies, follow no proxy of the environment and
never repeat a request on their own. The surprise: aiohttp repeats an idempotent request on a
connection that turns out closed, and only a private switch turns that off; see :func:`new_session`.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import format_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

import aiohttp
from aiohttp import web

from switch.wire.guard import GuardedRequest
from switch.wire.quiet import SERVER_NAME, QuietRunner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from ssl import SSLContext

    from switch.runtime.clock import Clock

REQUEST_BYTES_MAX: Final = 1024 * 1024
"""Largest request body any of our servers reads."""

CONNECTIONS_MAX: Final = 256
"""Connections of one session to one peer; a request beyond waits inside its own time limit."""

IDLE_CLIENT_S: Final = 20.0
"""A client connection is closed when idle this long: sooner than any server of ours does."""

IDLE_SERVER_S: Final = 75.0
"""A server connection is closed when idle this long."""

SHUTDOWN_S: Final = 2.0
"""Requests in progress may take this long to end when a server closes."""

NEVER_ROUND_S: Final = 1_000_000
"""aiohttp rounds time limits above this up to whole seconds; a deadline must not move."""

_NOTHING: Final[Mapping[str, SSLContext]] = MappingProxyType({})


class UnknownPeer(LookupError):  # noqa: N818  the name says what happened
    """No address is configured for this name."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is listening; ``url`` has no slash at its end."""

    name: str
    url: str
    close: Callable[[], Awaitable[None]]


class Net(Protocol):
    """The network as a process sees it."""

    async def serve(self, app: web.Application, name: str) -> Served:
        """Listen under this name."""
        ...

    def session(self, name: str, *, alone: bool = False) -> aiohttp.ClientSession:
        """Return the session to this peer, the same one each time.

        ``alone``: the one in which every request has a connection of its own.
        """
        ...

    def url(self, name: str) -> str:
        """Return the base URL of this peer, without a slash at its end."""
        ...

    async def close(self) -> None:
        """Close every session."""
        ...


def new_session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    """Return a session that adds nothing to a request and sends it at most once."""
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=GuardedRequest,
        auto_decompress=False,
        trust_env=False,
        # Every caller sets its own limit on an injected clock; the default of 300 s is nobody's.
        timeout=aiohttp.ClientTimeout(total=None, ceil_threshold=NEVER_ROUND_S),
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
    )
    # aiohttp has no public switch for its own repeat (its test client sets this very attribute);
    # a repeat must be ours, after a row says so. A test with a closed connection watches it.
    session._retry_connection = False  # noqa: SLF001
    return session


async def new_runner(app: web.Application, clock: Clock) -> web.AppRunner:
    """Return a set-up runner of this application: no access log, ``Date`` from our clock.

    ``Server`` names the product alone.

    Raises :class:`ValueError` when the application would read larger bodies than the bound.
    """
    if not 0 < app._client_max_size <= REQUEST_BYTES_MAX:  # noqa: SLF001  no public reader exists
        raise ValueError("the application reads larger bodies than the bound")

    written: list[tuple[datetime, str]] = []

    async def stamp(_: web.Request, response: web.StreamResponse) -> None:
        second = clock.now().replace(microsecond=0)
        if not written or written[0][0] != second:
            written[:] = [(second, format_datetime(second, usegmt=True))]
        response.headers["Server"] = SERVER_NAME
        response.headers["Date"] = written[0][1]

    app.on_response_prepare.append(stamp)
    runner = QuietRunner(
        app,
        handle_signals=False,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_SERVER_S,
        shutdown_timeout=SHUTDOWN_S,
    )
    await runner.setup()
    return runner


class TcpNet:
    """TCP, with TLS where a context is given for the name.

    ``binds`` maps a served name to (host, port), port 0 meaning any free one; ``peers`` maps a peer
    to its base URL.
    """

    def __init__(
        self,
        clock: Clock,
        binds: Mapping[str, tuple[str, int]],
        peers: Mapping[str, str],
        *,
        server_tls: Mapping[str, SSLContext] = _NOTHING,
        client_tls: Mapping[str, SSLContext] = _NOTHING,
    ) -> None:
        self._clock = clock
        self._binds = dict(binds)
        self._peers = {name: url.rstrip("/") for name, url in peers.items()}
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._sessions: dict[tuple[str, bool], aiohttp.ClientSession] = {}

    async def serve(self, app: web.Application, name: str) -> Served:
        """Listen on the address of this name; raises :class:`UnknownPeer` or :class:`OSError`."""
        if name not in self._binds:
            raise UnknownPeer(name)
        host, port = self._binds[name]
        runner = await new_runner(app, self._clock)
        tls = self._server_tls.get(name)
        try:
            site = web.TCPSite(runner, host, port, ssl_context=tls)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        shown = f"[{host}]" if ":" in host else host
        url = f"{'http' if tls is None else 'https'}://{shown}:{site.port}"
        return Served(name, url, runner.cleanup)

    def session(self, name: str, *, alone: bool = False) -> aiohttp.ClientSession:
        """Return the session to this peer; raises :class:`UnknownPeer`."""
        if name not in self._peers:
            raise UnknownPeer(name)
        found = self._sessions.get((name, alone))
        if found is None:
            tls = self._client_tls.get(name)
            connector = aiohttp.TCPConnector(
                limit=CONNECTIONS_MAX,
                keepalive_timeout=None if alone else IDLE_CLIENT_S,
                force_close=alone,
                ssl=True if tls is None else tls,
            )
            found = self._sessions[name, alone] = new_session(connector)
        return found

    def url(self, name: str) -> str:
        """Return the base URL of this peer; raises :class:`UnknownPeer`."""
        if name not in self._peers:
            raise UnknownPeer(name)
        return self._peers[name]

    async def close(self) -> None:
        """Close every session."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
