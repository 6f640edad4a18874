"""A network answers a request twice, the second time just after the next one was written.

Over a shared connection that is the answer to the next one; over connections of their own it is
nobody's. Real sockets: the peer is a few lines that say what and when.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from switch.config import default_folder, load_config
from switch.coordination.local import InProcess
from switch.linked import made_adapters
from switch.metering.meters import Meters
from switch.network_side import transport_of
from switch.runtime.clock import SystemClock
from switch.simulation.town import TownKeys
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, Request, Transport

if TYPE_CHECKING:
    from collections.abc import Collection

NETWORK = "bakong"
FIRST, SECOND = b"first.", b"second"


class Peer:
    """Refuses the first request, twice, and carries the second out; ``connections`` counts."""

    def __init__(self) -> None:
        self.connections = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        refused_here = False
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if await reader.readexactly(6) == FIRST:
                    refused_here = True
                    writer.write(_answer(b"refused"))
                    continue
                if refused_here:
                    writer.write(_answer(b"refused"))  # the first one's answer, once more
                    await asyncio.sleep(0.05)
                writer.write(_answer(b"carried"))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + body


async def _both(alone: Collection[str]) -> tuple[list[bytes], int]:
    """What two requests in turn are answered, and over how many connections."""
    peer = Peer()
    server = await asyncio.start_server(peer.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    net = TcpNet(SystemClock(), {}, {NETWORK: f"http://127.0.0.1:{port}"})
    transport = Transport(net, SystemClock(), alone=alone)
    said = []
    try:
        for body in (FIRST, SECOND):
            answer = await transport.send(
                NETWORK, Request("POST", "/", (), body), may_send=lambda: True, answer_within_s=5
            )
            assert isinstance(answer, Answer)
            said.append(answer.body)
    finally:
        await net.close()
        server.close()
        await server.wait_closed()
    return said, peer.connections


@pytest.mark.parametrize(
    ("alone", "heard"),
    [((), ([b"refused", b"refused"], 1)), ((NETWORK,), ([b"refused", b"carried"], 2))],
    ids=["shared", "alone"],
)
def test_what_is_said_twice_answers_the_next_request_over_a_shared_connection_only(
    alone: Collection[str], heard: tuple[list[bytes], int]
) -> None:
    assert asyncio.run(_both(alone)) == heard


def test_each_network_whose_answers_name_nothing_is_asked_alone() -> None:
    config = load_config(default_folder())
    adapters = made_adapters(config, TownKeys())
    alone = {name for name, each in adapters.items() if not each.facts.answers_named}
    shared = InProcess()
    seams: Any = SimpleNamespace(net=None, clock=SystemClock(), coordination=shared, log=None)
    transport = transport_of(config, seams, Meters(), adapters)

    assert alone == {"bakong", "alipayplus", "japan", "malaysia"}
    assert transport._alone == alone
