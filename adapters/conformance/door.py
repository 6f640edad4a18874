"""A door before the switch: what the network sends passes here, and may be lost, kept, or altered.

The network calls this address instead of the switch's; what it sends is kept as it came, so that it
can be sent again, in full or with a byte changed. The surprise: an answer is lost by cutting the
connection after the switch has answered, so the switch has done what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.wire.net import Net

BODY_BYTES_MAX: Final = 65_536
KEPT_MAX: Final = 1_000
WITHIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class Heard:
    """One request of the network, as it came, and the status that the switch answered."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


class Door:
    """Passes requests on to the switch, which ``net`` knows under ``behind``."""

    def __init__(self, net: Net, behind: str) -> None:
        self._net = net
        self._behind = behind
        self.heard: list[Heard] = []
        self._lose: dict[int, str] = {}

    def application(self) -> web.Application:
        """Return the application that listens in the switch's place."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._pass)
        return app

    def begin(self, *, lose_request: int = 0, lose_answer: int = 0) -> None:
        """Forget what was heard; lose the request or the answer of that number, from one."""
        self.heard.clear()
        self._lose = {lose_request: "request", lose_answer: "answer"}
        self._lose.pop(0, None)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = tuple(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length", "connection")
        )
        heard = Heard(request.method, request.path_qs, headers, body)
        if len(self.heard) < KEPT_MAX:
            self.heard.append(heard)
        lost = self._lose.pop(len(self.heard), "")
        if lost == "request":
            return _cut(request)
        found = await self.send(heard)
        if lost == "answer" or found is None:
            return _cut(request)
        status, told, answer = found
        return web.Response(status=status, headers=told, body=answer)

    async def send(self, heard: Heard) -> tuple[int, Mapping[str, str], bytes] | None:
        """Send a request to the switch; returns status, headers and body, or nothing."""
        try:
            async with self._net.session(self._behind).request(
                heard.method,
                self._net.url(self._behind) + heard.path,
                headers=heard.headers,
                data=heard.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=WITHIN_S),
            ) as response:
                answer = await response.read()
                told = {
                    name: value
                    for name, value in response.headers.items()
                    if name.lower() not in ("content-length", "connection", "date", "server")
                }
                return response.status, told, answer
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
