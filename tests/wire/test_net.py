"""Servers and sessions are found by name; they are quiet, bounded and dated by our clock."""

from __future__ import annotations

import asyncio
import io
import socket
from datetime import UTC, datetime

import pytest
from aiohttp import web

from switch.runtime.clock import SystemClock
from switch.wire.net import Served, TcpNet, UnknownPeer


class OldClock(SystemClock):
    """The system's clock with a wall that stands still."""

    def now(self) -> datetime:
        return datetime(2001, 2, 3, 4, 5, 6, 700, tzinfo=UTC)


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


def _app(client_max_size: int = 1024 * 1024) -> web.Application:
    app = web.Application(client_max_size=client_max_size)
    app.router.add_post("/", _echo)
    return app


async def _exchange(body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
    clock = OldClock()
    server = TcpNet(clock, {"switch": ("127.0.0.1", 0)}, {})
    served = await server.serve(_app(), "switch")
    client = TcpNet(clock, {}, {"switch": served.url + "/"})
    try:
        async with client.session("switch").post(
            client.url("switch") + "/", data=io.BytesIO(body), headers=headers
        ) as response:
            return response.status, response.headers["Date"], await response.read()
    finally:
        await client.close()
        await served.close()


def test_served_application_answers_with_the_date_of_the_clock() -> None:
    status, date, body = asyncio.run(_exchange(b"hello", {}))

    assert (status, date, body) == (200, "Sat, 03 Feb 2001 04:05:06 GMT", b"hello")


def test_oversize_body_is_refused() -> None:
    status, _, _ = asyncio.run(_exchange(b"a" * (1024 * 1024 + 1), {}))

    assert status == 413


def test_compressed_body_is_not_unpacked() -> None:
    status, _, body = asyncio.run(_exchange(b"\x1f\x8b", {"Content-Encoding": "gzip"}))

    assert (status, body) == (200, b"\x1f\x8b")


@pytest.mark.parametrize("size", [0, 20 * 1024 * 1024])
def test_application_without_the_bound_is_not_served(size: int) -> None:
    async def program() -> Served:
        net = TcpNet(SystemClock(), {"switch": ("127.0.0.1", 0)}, {})
        return await net.serve(_app(client_max_size=size), "switch")

    with pytest.raises(ValueError, match="bound"):
        asyncio.run(program())


def test_names_without_an_address_are_refused() -> None:
    async def program() -> None:
        net = TcpNet(SystemClock(), {}, {})
        with pytest.raises(UnknownPeer):
            await net.serve(_app(), "switch")
        with pytest.raises(UnknownPeer):
            net.session("thailand")
        with pytest.raises(UnknownPeer):
            net.url("thailand")

    asyncio.run(program())


def test_port_in_use_is_an_error_and_leaves_nothing_open() -> None:
    async def program() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            net = TcpNet(SystemClock(), {"switch": taken.getsockname()[:2]}, {})
            with pytest.raises(OSError, match="in use"):
                await net.serve(_app(), "switch")

    asyncio.run(program())


def test_session_of_a_peer_is_the_same_each_time() -> None:
    async def program() -> bool:
        net = TcpNet(SystemClock(), {}, {"thailand": "http://127.0.0.1:1"})
        same = net.session("thailand") is net.session("thailand")
        await net.close()
        return same

    assert asyncio.run(program())
