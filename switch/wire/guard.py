"""Asks "may it still be sent?" at the last moment, and knows whether a byte can have left.

aiohttp buffers the headers and writes them together with the body, in a task of its own when there
is a body. So the question is asked inside that write, after the connection stands and with nothing
awaited between the answer and the socket. The surprise: a request whose caller has given up must
stay unsent too, because that write task may still be waiting for its first turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientHandlerType, ClientResponse
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection


class NotAdmitted(aiohttp.ClientError):
    """The guard refused, before any byte of the request was written."""


class SendGuard:
    """The state of one request: its question, whether it was let through, why it was not.

    ``written`` turns true before the first byte can leave and never back; while it is false nothing
    has left.
    """

    __slots__ = ("_may_send", "_over", "refused", "written")

    def __init__(self, may_send: Callable[[], bool]) -> None:
        self._may_send = may_send
        self._over = False
        self.written = False
        self.refused = ""

    def admit(self, conn: Connection) -> bool:
        """Decide right before a write on this connection."""
        if self.written:
            return True
        transport = conn.transport
        if self._over:
            self.refused = "abandoned"
        elif transport is None or transport.is_closing() or _spoke_first(conn):
            self.refused = "connection_closed"
        elif not self._may_send():
            self.refused = "send_by"
        else:
            self.written = True
        return self.written

    def finish(self) -> None:
        """Refuse every later write: the caller has its result."""
        self._over = True

    async def attach(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> ClientResponse:
        """Client middleware that hands this guard to the request it belongs to."""
        if isinstance(request, GuardedRequest):
            request.guard = self
        return await handler(request)


def _spoke_first(conn: Connection) -> bool:
    """Whether the other side has said something that nobody asked for, or nothing more is due.

    aiohttp looks when a connection is given back, and what comes while it is kept would be read as
    the answer to the next request.
    """
    return conn.protocol is None or conn.protocol.should_close


class GuardedRequest(aiohttp.ClientRequest):
    """A request that asks its guard, when it has one, right before its first byte."""

    guard: SendGuard | None = None

    async def send(self, conn: Connection) -> ClientResponse:
        """Write the headers, and start to write the body if there is one.

        Without a body the base class writes before it awaits anything, so this is the last moment.
        With one it only buffers here; :meth:`write_bytes` is the last moment. But an answer that is
        there already would be read before that, so it is looked for here.
        """
        if self.guard is not None and _spoke_first(conn):
            self.guard.refused = "connection_closed"
            raise NotAdmitted(self.guard.refused)
        if self.guard is not None and not self.body and not self.guard.admit(conn):
            raise NotAdmitted(self.guard.refused)
        return await super().send(conn)

    async def write_bytes(
        self,
        writer: AbstractStreamWriter,
        conn: Connection,
        content_length: int | None = None,
    ) -> None:
        """Write headers and body, or fail the request unwritten."""
        if self.guard is not None and not self.guard.admit(conn):
            if conn.protocol is not None:
                conn.protocol.set_exception(NotAdmitted(self.guard.refused))
            return
        await super().write_bytes(writer, conn, content_length)
