"""aiohttp's server, quiet about what it could not read.

aiohttp answers a request that is not HTTP by itself: it quotes the broken line in the answer and
logs a traceback with header content. Neither may leave the house: input is never echoed and never
logged. The surprise: aiohttp offers no setting for it, so the request handler, the server that
makes it and the runner that makes that server are each replaced by a subclass.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

UNREADABLE = "The request could not be read."


class QuietHandler(RequestHandler):
    """Answers what it cannot read with one fixed sentence, and logs nothing of it."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with the status alone."""
        del exc, message
        return super().handle_error(request, status, None, UNREADABLE)


class QuietServer(web.Server):
    """Makes quiet handlers."""

    def __call__(self) -> QuietHandler:
        """Return the protocol of one connection."""
        return QuietHandler(self, loop=self._loop, **self._kwargs)


class QuietRunner(web.AppRunner):
    """Runs an application behind a quiet server."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        silent = logging.Logger("aiohttp.server.silent")  # noqa: LOG001  must reach no configured handler
        silent.disabled = True
        return QuietServer(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=False,
            loop=made._loop,  # noqa: SLF001  the server is rebuilt as it was, and quiet
            **(made._kwargs | {"logger": silent}),  # noqa: SLF001
        )
