"""Whoever takes no answer loses their place among the connections; who is only slow keeps it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from switch.runtime.clock import SystemClock
from switch.wire import net, quiet
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT_S = 0.1
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LIVE = b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
BYTES = 150_000
LARGE_BYTES = 16_000_000
PLACES = 3


async def _middling(_: web.Request) -> web.Response:
    return web.Response(body=bytes(BYTES))


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=bytes(LARGE_BYTES))


async def _live(_: web.Request) -> web.Response:
    return web.Response(text="alive")


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """A server of three places that waits 0.1 s for everything."""
    monkeypatch.setattr(quiet, "HEAD_WITHIN_S", LIMIT_S)
    monkeypatch.setattr(quiet, "TAKEN_WITHIN_S", LIMIT_S)
    monkeypatch.setattr(net, "IDLE_SERVER_S", LIMIT_S)
    monkeypatch.setattr(quiet, "CONNECTIONS_SERVED_MAX", PLACES)
    app = web.Application(client_max_size=1024)
    app.router.add_get("/", _middling)
    app.router.add_get("/large", _large)
    app.router.add_get("/live", _live)
    served = await TcpNet(SystemClock(), {"switch": ("127.0.0.1", 0)}, {}).serve(app, "switch")
    host, _, port = served.url.removeprefix("http://").partition(":")
    yield host, int(port)
    await served.close()


async def _alive(address: tuple[str, int]) -> bool:
    """Whether the server has a place for one more."""
    try:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(LIVE)
        came = await asyncio.wait_for(reader.read(), 2)
    except ConnectionError:
        return False
    writer.close()
    return came.endswith(b"alive")


@pytest.mark.parametrize(
    "asked",
    [ASKED, ASKED * 32, ASKED * 200, LAST, LARGE],
    ids=["one", "a queue", "more than a queue", "the last", "a large one, the last"],
)
async def test_who_reads_no_answer_is_cut(address: tuple[str, int], asked: bytes) -> None:
    held = []
    for _ in range(PLACES):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(address)
        sock.sendall(asked)
        held.append(sock)
    for _ in range(100):
        await asyncio.sleep(LIMIT_S)
        if alive := await _alive(address):
            break
    for sock in held:
        sock.close()

    assert alive


async def test_a_slow_reader_gets_all_of_a_large_answer(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet, "TAKEN_WITHIN_S", 5 * LIMIT_S)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(LARGE)
    taken, began = 0, asyncio.get_running_loop().time()
    while came := await reader.read(LARGE_BYTES):
        taken += len(came)
        await asyncio.sleep(LIMIT_S / 3)
    took_s = asyncio.get_running_loop().time() - began
    writer.close()

    assert taken > LARGE_BYTES
    assert took_s > 10 * LIMIT_S
