"""The gateway's word names no transfer: said twice, it is not taken for the next one's answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from adapters.malaysia.sandbox_messages import StatusOf
from switch.config import default_folder, load_config
from switch.linked import made_adapters
from switch.port import OutcomeKind, WireAnswer
from switch.runtime.clock import SystemClock
from switch.simulation.town import TownKeys
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, Request, Transport
from tests.adapters.malaysia.malaysia_parts import (
    new_adapter,
    new_desk,
    outbound_particulars,
    outbound_payment,
    planning,
)

if TYPE_CHECKING:
    from adapters.malaysia.sandbox_wire import Outgoing

OTHER = "11111111-6a2e-4c1f-9d0b-3a7f2b1c9e10"


def _http(outgoing: Outgoing, status: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"X-JWS-Signature: {outgoing.token}\r\nContent-Length: {len(outgoing.body)}\r\n\r\n"
    )
    return head.encode() + outgoing.body


def test_a_gateways_refusal_said_twice_does_not_end_the_next_transfer() -> None:
    """As tests/wire/test_answered_twice.py, with what PayNet's adapter really sends and reads."""
    first = outbound_payment()
    second = outbound_payment(reference=new_adapter().reference(planning(sequence=42)), uetr=OTHER)
    plans = [
        new_adapter().plan_pay(each, outbound_particulars(), planning()) for each in (first, second)
    ]
    desk = new_desk()
    refused = _http(desk.gateway("API.004", "value"), "400 Bad Request")
    carried = _http(desk.status(StatusOf(second.reference, OTHER, "ACSP", "U000")), "200 OK")

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refused_here = False
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                size = int(head.split("content-length:")[1].split("\r\n")[0])
                body = await reader.readexactly(size)
                if first.reference.encode() in body:
                    refused_here = True
                    writer.write(refused)
                    continue
                if refused_here:
                    writer.write(refused)  # the first one's answer, once more
                    await asyncio.sleep(0.05)
                writer.write(carried)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def both() -> list[Any]:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        net = TcpNet(SystemClock(), {}, {"malaysia": f"http://127.0.0.1:{port}"})
        adapters = made_adapters(load_config(default_folder()), TownKeys())
        alone = {name for name, each in adapters.items() if not each.facts.answers_named}
        transport = Transport(net, SystemClock(), alone=alone)
        said = []
        try:
            for plan, payment in zip(plans, (first, second), strict=True):
                request = Request(plan.method, plan.path, plan.headers, plan.body)
                got = await transport.send(
                    "malaysia", request, may_send=lambda: True, answer_within_s=5
                )
                assert isinstance(got, Answer)
                wire = WireAnswer(got.status, got.headers, got.body)
                said.append(new_adapter().read(plan, payment, wire).kind)
        finally:
            await net.close()
            server.close()
            await server.wait_closed()
        return said

    # PayNet carried the second one out: it must not be refused here.
    assert asyncio.run(both())[1] is not OutcomeKind.REFUSED
