"""How an answer leaves a sandbox, sound or spoilt.

What is spoilt here was executed before. The surprise: an answer that breaks off, or comes twice, is
written to the connection by hand, because a server library writes whole answers only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from adapters.sandbox_kit.faults import Fault
    from switch.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of a sandbox before a fault spoils it."""

    body: bytes = field(repr=False)
    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def answer(reply: Reply) -> web.Response:
    """Return the HTTP response of a reply."""
    return web.Response(status=reply.status, body=reply.body, headers=_headers(reply))


def cut(request: web.Request) -> web.Response:
    """Close the connection now; the response returned is never written."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def broken_off(request: web.Request, reply: Reply, count: int) -> web.StreamResponse:
    """Write the first ``count`` bytes of the body, then reset the connection."""
    response = await _begun(request, reply)
    await response.write(reply.body[:count])
    return cut(request)


async def by_halves(
    request: web.Request, reply: Reply, fault: Fault, clock: Clock
) -> web.StreamResponse:
    """Write half of the body, wait, then write the rest."""
    response = await _begun(request, reply)
    half = len(reply.body) // 2
    await response.write(reply.body[:half])
    await clock.sleep(fault.delay_ms / 1000)
    await response.write(reply.body[half:])
    await response.write_eof()
    return response


async def two_times(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Write a whole answer that nobody asked for behind the one that was asked for."""
    response = await _begun(request, reply)
    await response.write(reply.body)
    await response.write_eof()
    if request.transport is not None:
        headers = {**_headers(reply), "Content-Length": str(len(reply.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request.transport.write(
            f"HTTP/1.1 {reply.status} OK\r\n{head}\r\n".encode("latin-1") + reply.body
        )
    return response


async def _begun(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=_headers(reply))
    response.content_length = len(reply.body)
    await response.prepare(request)
    return response


def _headers(reply: Reply) -> dict[str, str]:
    return {"Content-Type": reply.content_type, **dict(reply.headers)}
