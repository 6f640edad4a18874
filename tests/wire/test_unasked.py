"""What a peer says unasked on a kept connection is never the answer to the next request."""

from __future__ import annotations

import asyncio

from switch.wire.transport import Answer, NotSent, Transport
from tests.wire.test_transport import OK, REQUEST, Peer, Result, read_request, served


def test_an_answer_that_nobody_asked_for_is_not_that_of_the_next_request() -> None:
    stale = OK.replace(b"ok", b"no")

    async def handle(
        peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await read_request(peer, reader)
        writer.write(OK)
        await writer.drain()
        if peer.connections == 1:
            await asyncio.sleep(0.02)
            writer.write(stale)
            await writer.drain()
        await reader.read()

    async def twice(peer: Peer, transport: Transport) -> Result:
        async def once() -> Result:
            return await transport.send(
                "thailand", REQUEST, may_send=lambda: True, answer_within_s=0.5
            )

        first = await once()
        await asyncio.sleep(0.05)
        second, third = await once(), await once()
        assert (first, second) == (third, NotSent("connection_closed"))
        assert peer.connections == 2
        return third

    result, peer = asyncio.run(served(handle, twice))

    assert isinstance(result, Answer)
    assert result.body == b"ok"
    assert peer.received.count(b"POST ") == 2
