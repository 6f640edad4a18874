"""The outermost middleware: how long each operation took, and with which status it ended.

An operation is named by the table of routes, a partner's door by its network; what was asked for
under any other address is ``other``, so nobody outside can make a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler, Middleware

    from switch.metering.meters import Meters
    from switch.runtime.clock import Clock

OTHER: Final = "other"


def counted(meters: Meters, clock: Clock, named: Mapping[web.AbstractRoute, str]) -> Middleware:
    """The middleware; ``named`` gives the operation of each route, and may still be filled."""

    @web.middleware
    async def counting(request: web.Request, handler: Handler) -> web.StreamResponse:
        operation = named.get(request.match_info.route, OTHER)
        under_way = meters.under_way.each
        place = (operation,)
        under_way[place] = under_way.get(place, 0) + 1
        started = clock.monotonic()
        try:
            response = await handler(request)
        finally:
            under_way[place] -= 1
        meters.requests.took((operation, str(response.status)), clock.monotonic() - started)
        return response

    return counting
