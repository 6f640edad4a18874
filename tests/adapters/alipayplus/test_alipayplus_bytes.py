"""What Alipay+ sends is judged, whatever its bytes: in a header they may be no text."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from switch.port import OutcomeKind, WireAnswer, WireRefusal
from switch.runtime.clock import SystemClock
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, Request, Transport
from tests.adapters.alipayplus.alipayplus_parts import (
    OPTIONS,
    new_adapter,
    outbound_payment,
    particulars,
    planning,
)

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Client-Id: " + OPTIONS["partner_client_id"].encode() + b"\r\n"
    b"Response-Time: 2026-11-21T03:15:02Z\xff\r\n"
    b"Signature: algorithm=RSA256,keyVersion=1,signature=AAAA\r\n\r\n{}"
)


async def _came() -> WireAnswer:
    """The answer as the transport hands it on."""

    async def far(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(far, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    net = TcpNet(SystemClock(), {}, {"far": f"http://127.0.0.1:{port}"})
    sent = await Transport(net, SystemClock()).send(
        "far", Request("GET", "/", (), b""), may_send=lambda: True, answer_within_s=2
    )
    await net.close()
    server.close()
    assert isinstance(sent, Answer), sent
    return WireAnswer(sent.status, sent.headers, sent.body)


async def test_alipayplus_an_answer_with_a_byte_that_is_no_text_is_unknown() -> None:
    adapter, payment = new_adapter(), outbound_payment()
    exchange = adapter.plan_pay(payment, particulars(), planning())
    outcome = adapter.read(exchange, payment, await _came())

    assert outcome.kind is OutcomeKind.UNKNOWN


def test_alipayplus_a_request_with_a_byte_that_is_no_text_is_refused() -> None:
    headers = {
        ":path": "/networks/alipayplus/aps/api/v1/payments/notifyPayment",
        "content-type": "application/json",
        "client-id": OPTIONS["partner_client_id"],
        "request-time": "2026-11-21T03:15:02Z\udcff",
        "signature": "algorithm=RSA256,keyVersion=1,signature=AAAA",
    }
    with pytest.raises(WireRefusal):
        new_adapter().translate(headers, orjson.dumps({}), planning())
