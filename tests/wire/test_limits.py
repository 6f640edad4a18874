"""What a server holds open is bounded, and no answer names what the server is made of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from switch.runtime.clock import SystemClock
from switch.wire import quiet
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT_S = 0.2
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def _hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def _broken(_: web.Request) -> web.Response:
    raise ValueError


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """A server whose heads must be whole after 0.2 s and that holds three connections."""
    monkeypatch.setattr(quiet, "HEAD_WITHIN_S", LIMIT_S)
    monkeypatch.setattr(quiet, "CONNECTIONS_SERVED_MAX", 3)
    app = web.Application(client_max_size=1024)
    app.router.add_get("/", _hello)
    app.router.add_get("/broken", _broken)
    app.router.add_post("/", _echo)
    served = await TcpNet(SystemClock(), {"switch": ("127.0.0.1", 0)}, {}).serve(app, "switch")
    host, _, port = served.url.removeprefix("http://").partition(":")
    yield host, int(port)
    await served.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Read one answer of a known length."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
    length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def _took_to_close(reader: asyncio.StreamReader) -> float:
    """Wait for the end of a connection on which nothing more comes."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert await asyncio.wait_for(reader.read(), 2) == b""
    return loop.time() - started


@pytest.mark.parametrize("sent", [b"", HALF, b"G"], ids=["nothing", "half a head", "one byte"])
async def test_head_that_stays_half_closes_the_connection(
    address: tuple[str, int], sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(sent)

    assert LIMIT_S / 2 < await _took_to_close(reader) < 5 * LIMIT_S
    writer.close()


async def test_head_that_drips_is_not_given_more_time(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)

    async def drip() -> None:
        for byte in WHOLE * 2:
            writer.write(bytes([byte]))
            await asyncio.sleep(LIMIT_S / 8)

    dripping = asyncio.create_task(drip())
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _answer(reader)
    dripping.cancel()
    writer.transport.abort()


async def test_half_head_on_a_kept_connection_is_bounded_too(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(WHOLE)
    await _answer(reader)
    await asyncio.sleep(2 * LIMIT_S)
    writer.write(HALF)

    assert LIMIT_S / 2 < await _took_to_close(reader) < 5 * LIMIT_S
    writer.close()


async def test_kept_connection_may_be_idle_longer_than_a_head_takes(
    address: tuple[str, int],
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(3):
        writer.write(HALF)
        await asyncio.sleep(LIMIT_S / 4)
        writer.write(b"\r\n")
        assert (await _answer(reader)).endswith(b"hello")
        await asyncio.sleep(1.5 * LIMIT_S)
    writer.close()


async def test_body_may_take_longer_than_a_head(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(2):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(1.5 * LIMIT_S)
        writer.write(b"b")
        assert (await _answer(reader)).endswith(b"\r\n\r\nab")
    writer.close()


async def test_connection_beyond_the_bound_is_closed_and_the_others_are_served(
    address: tuple[str, int],
) -> None:
    held = []
    for _ in range(3):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(WHOLE)
        await _answer(reader)
        held.append((reader, writer))
    beyond, beyond_writer = await asyncio.open_connection(*address)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await _answer(beyond)
    for reader, writer in held:
        writer.write(WHOLE)
        assert (await _answer(reader)).endswith(b"hello")
    held[0][1].close()
    await asyncio.sleep(0.05)

    reader, writer = await asyncio.open_connection(*address)
    writer.write(WHOLE)
    assert (await _answer(reader)).endswith(b"hello")
    for each in (writer, beyond_writer, *(kept for _, kept in held)):
        each.close()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (WHOLE, b"200"),
        (b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", b"500"),
        (b"canary\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9000 + b"\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n" + b"a" * 1025, b"413"),
    ],
    ids=["answer", "not found", "failure", "not http", "long header", "too large"],
)
async def test_server_is_named_without_library_and_version(
    address: tuple[str, int], request_bytes: bytes, status: bytes
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request_bytes)
    answer = await _answer(reader)
    writer.close()

    assert answer.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status))
    assert answer.lower().count(b"\r\nserver: ") == 1
    assert b"\r\nServer: bakong-switch\r\n" in answer
    assert b"aiohttp" not in answer.lower()
    assert b"canary" not in answer
