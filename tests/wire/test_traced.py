"""The requests of a payment can be followed in the log, and what they say is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import web

from switch.logs import LogTracer, json_log
from switch.runtime.clock import SystemClock
from switch.wire.net import TcpNet
from switch.wire.transport import Request, Trace, Transport

if TYPE_CHECKING:
    from switch.wire.transport import Answer, MaybeSent, NotSent

TRACE = Trace("00000001-0000-4000-8000-000000000000", "pay")
REQUEST = Request("POST", "/pay?debtor=Sok", (("X-Name", "Sok"),), b"Sok Dara")


class NobodyPays:
    """A gate that lets nothing through."""

    def allows(self, network: str, operation: str) -> bool:
        return not (network and operation)

    def came(self, network: str, operation: str, result: Answer | NotSent | MaybeSent) -> None:
        raise AssertionError(network, operation, result)


async def _said(_: web.Request) -> web.Response:
    return web.Response(status=418, text="Sok Dara")


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_each_request_is_a_line_where_it_is_asked_for(
    level: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    clock = SystemClock()
    app = web.Application()
    app.router.add_post("/pay", _said)
    served = await TcpNet(clock, {"switch": ("127.0.0.1", 0)}, {}).serve(app, "switch")
    net = TcpNet(clock, {}, {"thailand": served.url})
    tracer = LogTracer(json_log(clock, level))
    for transport in (
        Transport(net, clock, tracer=tracer),
        Transport(net, clock, tracer=tracer, gate=NobodyPays()),
    ):
        await transport.send(
            "thailand",
            REQUEST,
            may_send=lambda: True,
            answer_within_s=5,
            operation="pay",
            trace=TRACE,
        )
    await net.close()
    await served.close()

    written = capfdbinary.readouterr().err
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert [(line["uetr"], line["sent"], line["came"]) for line in lines] == (
        [(TRACE.uetr, "yes", 418), (TRACE.uetr, "no", "paused")] if level == "debug" else []
    )
    assert b"Sok" not in written
