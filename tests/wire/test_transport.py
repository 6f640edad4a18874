"""A send says "not sent" only when no byte can have left, against real servers on loopback.

Each server here is a bare socket server, so that it can refuse, hold, cut, or answer by halves at
an exact byte; what it received is the proof of what was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from switch.runtime.clock import SystemClock
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, MaybeSent, NotSent, Request, Transport

Result = Answer | NotSent | MaybeSent
REQUEST = Request("POST", "/pay?a=%2F1", (("X-Signature", "abc"),), b"<Document/>")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\nx-one: 2\r\n\r\nok"


@dataclass
class Peer:
    """A server under the test's control, and what reached it."""

    port: int = 0
    received: bytearray = field(default_factory=bytearray)
    connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


Handler = Callable[[Peer, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(peer: Peer, reader: asyncio.StreamReader) -> None:
    """Read one request with the body of REQUEST, or whatever comes before the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    peer.received += head
    if b"ontent-Length" in head:
        peer.received += await reader.readexactly(len(REQUEST.body))
    peer.arrived.set()


def answering(*pieces: bytes, abort: bool = False, hold: bool = False) -> Handler:
    """Return a handler that reads one request and writes these pieces, then closes or holds."""

    async def handle(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(peer, reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        if hold:
            await reader.read()
        if abort:
            writer.transport.abort()

    return handle


async def served(
    handler: Handler, use: Callable[[Peer, Transport], Awaitable[Result]]
) -> tuple[Result, Peer]:
    """Run a peer with this handler and use a transport to it."""
    peer = Peer()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        try:
            await handler(peer, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    net = TcpNet(SystemClock(), {}, {"thailand": f"http://127.0.0.1:{peer.port}"})
    try:
        result = await use(peer, Transport(net, SystemClock(), connect_within_s=0.5))
    finally:
        await net.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)
    return result, peer


def send_once(
    handler: Handler, *, may_send: bool = True, request: Request = REQUEST, bytes_max: int = 1000
) -> tuple[Result, Peer]:
    """Send one request to a peer with this handler."""

    async def use(_: Peer, transport: Transport) -> Result:
        return await transport.send(
            "thailand",
            request,
            may_send=lambda: may_send,
            answer_within_s=0.3,
            answer_bytes_max=bytes_max,
        )

    return asyncio.run(served(handler, use))


def test_answer_is_returned_with_lower_case_headers() -> None:
    result, _ = send_once(answering(OK))

    assert Answer(200, {"content-length": "2", "x-one": "1, 2"}, b"ok") == result


def test_what_leaves_is_the_stored_request_and_nothing_else() -> None:
    _, peer = send_once(answering(OK))

    expected = (
        f"POST /pay?a=%2F1 HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nX-Signature: abc\r\n"
        "Content-Length: 11\r\n\r\n<Document/>"
    )
    assert expected == peer.received.decode()


@pytest.mark.parametrize("status", [301, 307, 404, 500, 503])
def test_any_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".encode()

    result, peer = send_once(answering(answer))

    assert isinstance(result, Answer)
    assert status == result.status
    assert peer.connections == 1


def test_compressed_answer_is_not_unpacked() -> None:
    bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"

    result, _ = send_once(answering(bomb))

    assert isinstance(result, Answer)
    assert result.body == b"\x1f\x8b\x08\x00"


@pytest.mark.parametrize("body", [b"<Document/>", b""])
def test_refused_by_may_send_leaves_no_byte(body: bytes) -> None:
    request = Request("POST" if body else "GET", "/", (), body)

    result, peer = send_once(answering(OK), may_send=False, request=request)

    assert NotSent("send_by") == result
    assert bytes(peer.received) == b""
    assert peer.connections == 1


def test_may_send_is_asked_once_and_after_the_connection_stands() -> None:
    asked: list[int] = []

    async def use(peer: Peer, transport: Transport) -> Result:
        def may_send() -> bool:
            asked.append(peer.port)
            return True

        return await transport.send("thailand", REQUEST, may_send=may_send, answer_within_s=1)

    _, peer = asyncio.run(served(answering(OK), use))

    assert [peer.port] == asked


def test_refused_connection_is_not_sent_and_may_send_is_not_asked() -> None:
    async def program() -> Result:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        net = TcpNet(SystemClock(), {}, {"thailand": f"http://127.0.0.1:{port}"})
        transport = Transport(net, SystemClock())
        try:
            return await transport.send(
                "thailand", REQUEST, may_send=pytest.fail, answer_within_s=1
            )
        finally:
            await net.close()

    assert NotSent("connect_refused") == asyncio.run(program())


def test_tls_failure_is_not_sent() -> None:
    async def speak_plain(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(100)
        writer.write(b"not tls at all")

    async def use(peer: Peer, _: Transport) -> Result:
        net = TcpNet(SystemClock(), {}, {"thailand": f"https://127.0.0.1:{peer.port}"})
        transport = Transport(net, SystemClock())
        try:
            return await transport.send(
                "thailand", REQUEST, may_send=pytest.fail, answer_within_s=1
            )
        finally:
            await net.close()

    result, _ = asyncio.run(served(speak_plain, use))

    assert NotSent("connect_failed") == result


def test_connect_timeout_is_not_sent() -> None:
    async def silent(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()

    async def use(peer: Peer, _: Transport) -> Result:
        # A TLS handshake that is never answered stands for a connection that is never made.
        net = TcpNet(SystemClock(), {}, {"thailand": f"https://127.0.0.1:{peer.port}"})
        transport = Transport(net, SystemClock(), connect_within_s=0.1)
        try:
            return await transport.send(
                "thailand", REQUEST, may_send=pytest.fail, answer_within_s=1
            )
        finally:
            await net.close()

    result, _ = asyncio.run(served(silent, use))

    assert NotSent("connect_timeout") == result


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(answering(hold=True), "timeout", id="no answer"),
        pytest.param(answering(OK[:20], hold=True), "timeout", id="half a head"),
        pytest.param(answering(OK[:-1], hold=True), "timeout", id="half a body"),
        pytest.param(answering(*(bytes([b]) for b in OK * 2)), "timeout", id="slow"),
        pytest.param(answering(), "connection_lost", id="closed after the request"),
        pytest.param(answering(abort=True), "connection_lost", id="reset after the request"),
        pytest.param(answering(OK[:-1]), "connection_lost", id="closed within the body"),
        pytest.param(answering(OK[:-1], abort=True), "connection_lost", id="reset in the body"),
        pytest.param(answering(b"SSH-2.0-x\r\n\r\n"), "answer_malformed", id="not HTTP"),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
            "answer_malformed",
            id="bad length",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"),
            "answer_malformed",
            id="huge header",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"a" * 1001),
            "answer_too_large",
            id="declared too large",
        ),
        pytest.param(
            answering(b"HTTP/1.1 200 OK\r\n\r\n", *[b"a" * 600] * 4, hold=True),
            "answer_too_large",
            id="endless",
        ),
    ],
)
def test_anything_after_the_first_byte_may_be_sent(handler: Handler, expected: str) -> None:
    result, peer = send_once(handler)

    status = 200 if expected == "answer_too_large" else 0
    assert MaybeSent(expected, status) == result
    assert peer.received.endswith(REQUEST.body)
    assert peer.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_kept_connection_that_turns_out_closed_is_not_repeated(method: str) -> None:
    """The peer answers the first request, then reads the second and closes without a word."""
    request = Request(method, "/", (), b"" if method == "GET" else REQUEST.body)

    async def handle(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(peer, reader)
        writer.write(OK)
        await read_request(peer, reader)

    async def use(_: Peer, transport: Transport) -> Result:
        await transport.send("thailand", request, may_send=lambda: True, answer_within_s=1)
        return await transport.send("thailand", request, may_send=lambda: True, answer_within_s=1)

    result, peer = asyncio.run(served(handle, use))

    assert MaybeSent("connection_lost") == result
    assert peer.connections == 1
    assert peer.received.count(b" HTTP/1.1\r\n") == 2


def test_connection_closed_while_idle_is_replaced_before_anything_is_sent() -> None:
    async def use(_: Peer, transport: Transport) -> Result:
        await transport.send("thailand", REQUEST, may_send=lambda: True, answer_within_s=1)
        await asyncio.sleep(0.05)
        return await transport.send("thailand", REQUEST, may_send=lambda: True, answer_within_s=1)

    result, peer = asyncio.run(served(answering(OK), use))

    assert isinstance(result, Answer)
    assert peer.connections == 2


def test_connection_closed_right_before_the_write_is_not_sent() -> None:
    """The connection closes between being chosen and being written to."""

    async def use(peer: Peer, transport: Transport) -> Result:
        await transport.send("thailand", REQUEST, may_send=lambda: True, answer_within_s=1)
        session = transport._net.session("thailand")
        connector = session.connector
        assert connector is not None
        real_get = connector._get

        async def get_then_lose(*args: object) -> object:
            connection = await real_get(*args)  # type: ignore[arg-type]
            assert connection is not None
            assert connection.transport is not None
            connection.transport.close()
            return connection

        connector._get = get_then_lose  # type: ignore[method-assign, assignment]
        return await transport.send("thailand", REQUEST, may_send=pytest.fail, answer_within_s=1)

    result, peer = asyncio.run(served(answering(OK, hold=True), use))

    assert NotSent("connection_closed") == result
    assert peer.received.count(b" HTTP/1.1\r\n") == 1


def test_cancelled_send_writes_nothing_afterwards() -> None:
    async def use(peer: Peer, transport: Transport) -> Result:
        sending = asyncio.create_task(
            transport.send("thailand", REQUEST, may_send=lambda: True, answer_within_s=5)
        )
        await peer.arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return NotSent("test")

    _, peer = asyncio.run(served(answering(hold=True), use))

    assert peer.received.count(b" HTTP/1.1\r\n") == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET /", "/", (), b""),
        ("GET", "no-slash", (), b""),
        ("GET", "/a b", (), b""),
        ("GET", "/a#b", (), b""),
        ("GET", "/a\r\nX: y", (), b""),
        ("GET", "/", (("X", "a\r\nY: b"),), b""),
        ("GET", "/", (("X Y", "a"),), b""),
        ("GET", "/", (("Content-Length", "5"),), b""),
        ("GET", "/", (("host", "elsewhere"),), b""),
        ("POST", "/", (), b"a" * (1024 * 1024 + 1)),
    ],
)
def test_request_that_cannot_be_written_safely_is_refused(
    method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    with pytest.raises(ValueError, match=r"cannot be written|beyond|belongs"):
        Request(method, path, headers, body)
