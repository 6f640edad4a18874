"""aiohttp's server, quiet about what it could not read, and bounded in what it holds open.

aiohttp answers a request that is not HTTP by itself: it quotes the broken line in the answer and
logs a traceback with header content. Neither may leave the house: input is never echoed and never
logged. And it waits for the rest of a head as long as for the next request, on any number of
connections, and without end for a reader that takes no answer. The surprise: aiohttp offers no
setting for any of it, so the request handler, the server that makes it and the runner that makes
that server are each replaced by a subclass.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from switch.runtime.alarm import call_after

if TYPE_CHECKING:
    import asyncio

    from aiohttp.web_request import BaseRequest

UNREADABLE = "The request could not be read."

SERVER_NAME: Final = "bakong-switch"
"""What every answer says in ``Server``: no library, no version."""

HEAD_WITHIN_S = 10.0
"""A request's head must be whole this long after the connection was made, and on a connection kept
open this long after its first bytes; else the connection is closed without an answer. A head that
began while an earlier request was worked on is bounded by the idle limit alone."""

TAKEN_WITHIN_S = 60.0
"""A connection is cut when of what waits to be written nothing is taken for so long: while an
answer cannot go on, or once the connection is to close."""

CONNECTIONS_SERVED_MAX = 2000
"""Connections that one server holds at once; each one beyond is closed at once."""


class QuietHandler(RequestHandler):
    """One connection. Answers what it cannot read with one fixed sentence, and logs nothing."""

    __slots__ = ("_head_due", "_taken_due")

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._head_due: asyncio.TimerHandle | None = None
        self._taken_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve, or close at once when the server holds all that it may."""
        if isinstance(self._manager, QuietServer) and self._manager.is_full():
            self._force_close = True
            cast("asyncio.Transport", transport).abort()
            return
        super().connection_made(transport)
        self._expect_head()
        if self._task_handler is not None:
            # What is not taken yet when the work here ends has its time too.
            served = cast("asyncio.Transport", transport)
            self._task_handler.add_done_callback(lambda _: self._expect_taking(served))

    def data_received(self, data: bytes) -> None:
        """Read on; what is neither a whole head nor part of a body must soon become a head."""
        read_before = self._request_count
        super().data_received(data)
        if self._request_count > read_before:
            self._head_came()
        elif data and self._is_waiting():
            self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._head_came()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the reader, for a time."""
        super().pause_writing()
        self._expect_taking(self.transport)

    def resume_writing(self) -> None:
        """Go on: the reader has taken most of it."""
        self._taken()
        super().resume_writing()

    def _expect_taking(self, transport: asyncio.Transport | None) -> None:
        """Start the time in which something must be taken, unless it runs or all is taken."""
        left = 0 if transport is None else transport.get_write_buffer_size()
        if transport is not None and left and self._taken_due is None:
            overdue = partial(self._look_taken, transport, left)
            self._taken_due = call_after(TAKEN_WITHIN_S, overdue)

    def _taken(self) -> None:
        if self._taken_due is not None:
            self._taken_due.cancel()
            self._taken_due = None

    def _look_taken(self, transport: asyncio.Transport, before: int) -> None:
        self._taken_due = None
        if transport.get_write_buffer_size() < before:
            self._expect_taking(transport)
        else:
            transport.abort()

    def _is_waiting(self) -> bool:
        """Tell whether no request is being worked on and none has been read."""
        return self._waiter is not None and not self._waiter.done()

    def _expect_head(self) -> None:
        """Start the time of a head, unless it runs: more bytes do not prolong it."""
        if self._head_due is None:
            self._head_due = call_after(HEAD_WITHIN_S, self._head_overdue)

    def _head_came(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_overdue(self) -> None:
        self._head_due = None
        if self._is_waiting():
            self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with the status alone."""
        del exc, message
        response = super().handle_error(request, status, None, UNREADABLE)
        # The application never sees these answers, so it cannot name the server in them.
        response.headers["Server"] = SERVER_NAME
        return response


class QuietServer(web.Server):
    """Makes quiet handlers."""

    def __call__(self) -> QuietHandler:
        """Return the protocol of one connection."""
        return QuietHandler(self, loop=self._loop, **self._kwargs)

    def is_full(self) -> bool:
        """Tell whether one more connection would be too many.

        One whose client has gone counts until the work on its request ends.
        """
        return len(self._connections) >= CONNECTIONS_SERVED_MAX


class QuietRunner(web.AppRunner):
    """Runs an application behind a quiet server."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        # A logger of its own, because it must reach no configured handler.
        silent = logging.Logger("aiohttp.server.silent")  # noqa: LOG001
        silent.disabled = True
        return QuietServer(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=False,
            loop=made._loop,  # noqa: SLF001  the server is rebuilt as it was, and quiet
            **(made._kwargs | {"logger": silent}),  # noqa: SLF001
        )
