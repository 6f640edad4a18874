"""The page of figures: for the overseer on the switch's own door, for a collector on loopback.

A collector cannot sign requests, so it gets a door of its own that listens on this machine alone,
and only where it was asked for; on the door that everybody reaches the page is the overseer's. The
surprise: the first is also open before recovery is done, because that is when one wants to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.api.intake import take_in
from switch.api.problems import expect, guard
from switch.metering.page import TYPE, page

if TYPE_CHECKING:
    from switch.logs import Log
    from switch.metering.readings import Reader
    from switch.wire.authenticate import MemberAuthenticator

PATH: Final = "/metrics"
BYTES_MAX: Final = 1024
"""Of a request to the collector's door; it needs no body."""


class MetricsApi:
    """Serves ``/v1/oversight/metrics``, and ``/metrics`` to a collector."""

    def __init__(self, overseers: MemberAuthenticator, reader: Reader) -> None:
        self._overseers = overseers
        self._reader = reader

    async def signed(self, request: web.Request) -> web.Response:
        """``GET /v1/oversight/metrics``."""
        await take_in(request, self._overseers, ())
        return await self.open(request)

    async def open(self, _: web.Request) -> web.Response:
        """``GET /metrics`` of the collector's door."""
        body = page(self._reader.meters, await self._reader.read())
        return web.Response(body=body, headers={"Content-Type": TYPE, "Cache-Control": "no-store"})


def door(metrics: MetricsApi, log: Log) -> web.Application:
    """What a collector on this machine is served, and nothing else."""
    app = web.Application(client_max_size=BYTES_MAX, middlewares=[guard(log)])
    app.router.add_route("GET", PATH, metrics.open, expect_handler=expect)
    return app
