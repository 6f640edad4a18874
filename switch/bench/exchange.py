"""What HTTP costs a payment: one request served and one sent.

The switch serves its member one request and sends its partner one, so a single round trip of both
ends in one process is exactly its share. It goes through the doors of the product: the transport
with its guard on one side, the application runner with its ``Date`` on the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.bench.machine import MICROS, own_cpu_us
from switch.runtime.ports import free_ports
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, Request, Transport

if TYPE_CHECKING:
    from switch.runtime.clock import Clock

NAME: Final = "exchange"
WITHIN_S: Final = 10


async def exchange_cost(
    clock: Clock, path: str, body: bytes, answer: bytes, repeats: int
) -> tuple[int, int]:
    """Median wall and mean CPU microseconds of one round trip, one at a time."""
    port = free_ports(1)[0]
    net = TcpNet(clock, {NAME: ("127.0.0.1", port)}, {NAME: f"http://127.0.0.1:{port}"})

    async def serve(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=answer, headers={"Content-Type": "application/xml"})

    app = web.Application()
    app.router.add_post(path, serve)
    served = await net.serve(app, NAME)
    transport = Transport(net, clock)
    request = Request("POST", path, (("Content-Type", "application/xml"),), body)
    walls = []
    before = own_cpu_us()
    for _ in range(repeats):
        started = clock.monotonic()
        result = await transport.send(
            NAME, request, may_send=lambda: True, answer_within_s=WITHIN_S
        )
        walls.append(clock.monotonic() - started)
        assert isinstance(result, Answer), "a server in this process answers"
    used = own_cpu_us() - before
    await net.close()
    await served.close()
    return round(sorted(walls)[len(walls) // 2] * MICROS), used // repeats
