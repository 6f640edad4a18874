"""A network has room for so many requests at a time, and one network's never takes another's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from switch.runtime.clock import SystemClock
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, MaybeSent, NotSent, Request, Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

import pytest


@dataclass
class Slow:
    """A network that answers when it is let."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    working: int = 0
    most: int = 0

    async def reached(self, count: int) -> None:
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.working >= count)

    async def pay(self, _: web.Request) -> web.Response:
        async with self.arrived:
            self.working += 1
            self.most = max(self.most, self.working)
            self.arrived.notify_all()
        await self.go.wait()
        self.working -= 1
        return web.Response(text="booked")


@dataclass
class Link:
    """Two networks and a transport to them."""

    slow: Slow
    transport: Transport

    async def send(self, network: str) -> Answer | NotSent | MaybeSent:
        return await self.transport.send(
            network, Request("POST", "/pay", (), b"x"), may_send=lambda: True, answer_within_s=5
        )


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    clock, slow = SystemClock(), Slow()
    app = web.Application(client_max_size=1024)
    app.router.add_post("/pay", slow.pay)
    far = TcpNet(clock, {"slow": ("127.0.0.1", 0)}, {})
    served = await far.serve(app, "slow")
    near = TcpNet(clock, {}, {"slow": served.url, "other": served.url})
    at_once = {"slow": 2, "other": 2}

    yield Link(slow, Transport(near, clock, connect_within_s=0.2, at_once=at_once))

    slow.go.set()
    await near.close()
    await served.close()


async def test_one_beyond_the_room_waits_and_then_is_not_sent(link: Link) -> None:
    working = [asyncio.ensure_future(link.send("slow")) for _ in range(2)]
    await link.slow.reached(2)
    beyond = await link.send("slow")
    elsewhere = asyncio.ensure_future(link.send("other"))
    await link.slow.reached(3)
    link.slow.go.set()

    assert beyond == NotSent("busy")
    assert [type(each) for each in await asyncio.gather(*working, elsewhere)] == [Answer] * 3
    assert link.slow.most == 3


async def test_room_that_comes_free_is_taken_and_given_back(link: Link) -> None:
    waiting = [asyncio.ensure_future(link.send("slow")) for _ in range(6)]
    await link.slow.reached(2)
    link.slow.go.set()
    results = await asyncio.gather(*waiting)

    assert [type(each) for each in results] == [Answer] * 6
    assert link.slow.most == 2
    assert isinstance(await link.send("slow"), Answer)


async def test_room_is_given_back_when_the_caller_goes_away(link: Link) -> None:
    working = [asyncio.ensure_future(link.send("slow")) for _ in range(2)]
    queued = asyncio.ensure_future(link.send("slow"))
    await link.slow.reached(2)
    for each in (queued, *working):
        each.cancel()
    await asyncio.gather(queued, *working, return_exceptions=True)
    link.slow.go.set()

    assert isinstance(await link.send("slow"), Answer)
    assert isinstance(await link.send("slow"), Answer)
