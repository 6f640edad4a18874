"""A member's server that takes events over real HTTP, and a switch that sends them there.

The server verifies what it gets with nothing but the switch's public key, as a member would, and
does what its script says: answer a status, hang after it has handled the event, or redirect. What
it keeps is what a careful member keeps: each event once, by its identifier.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from iso20022.jws import verify_detached
from switch.runtime.clock import SystemClock
from switch.runtime.ports import free_ports
from switch.webhooks import EVENT_HEADER, peers_of
from switch.wire.authenticate import HEADER
from switch.wire.net import Served, TcpNet
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, Rig, configured, thai_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from switch.config import Config
    from switch.keys import KeyFolder

PATH: Final = "/switch?source=bakong"
HANG: Final = 0
"""Of a script: handle the event, and answer nothing."""

REDIRECT: Final = 307
WITHIN_S: Final = 15.0


@dataclass
class Taken:
    """One request: what it said, its body as it came, and its signed header."""

    event: dict[str, Any]
    body: bytes
    signed: dict[str, object]
    event_id: str
    path: str
    token: str


@dataclass
class Receiver:
    """A member's server. ``script`` is how it answers next; then ``otherwise``."""

    keys: KeyFolder
    otherwise: int = 204
    script: list[int] = field(default_factory=list)
    refuses: dict[int, int] = field(default_factory=dict)
    """Answer to single events, by sequence."""
    requests: list[Taken] = field(default_factory=list)
    handled: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every event once, by its identifier: what a member acts on."""
    at_once: int = 0
    most_at_once: int = 0
    slow_s: float = 0

    async def take(self, request: web.Request) -> web.Response:
        """Take one event."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._take(request)
        finally:
            self.at_once -= 1

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        public = self.keys.ec_private("switch-answers").public_key()
        token = request.headers[HEADER]
        signed = dict(verify_detached(token, body, {"BKSWKHPPXXX": public}))
        event = orjson.loads(body)
        taken = Taken(event, body, signed, request.headers[EVENT_HEADER], request.raw_path, token)
        self.requests.append(taken)
        await asyncio.sleep(self.slow_s)
        status = self.script.pop(0) if self.script else self.otherwise
        status = self.refuses.get(event["sequence"], status)
        if status in (HANG, 200, 204):
            self.handled[event["event_id"]] = event
        if status == HANG:
            await asyncio.sleep(3_600)
        headers = {"Location": "/elsewhere"} if status == REDIRECT else {}
        return web.Response(status=status, headers=headers)

    def sequences(self) -> list[int]:
        """The sequences of all requests, repeats too."""
        return [taken.event["sequence"] for taken in self.requests]


def told(config: Config, webhooks: dict[str, str | None], **rules: int) -> Config:
    """A configuration in which these members subscribe."""
    members = {
        bic: replace(member, events=True, webhook=webhooks[bic]) if bic in webhooks else member
        for bic, member in config.members.items()
    }
    section = config.events.model_copy(update={"attempt_within_ms": 400, **rules})
    return replace(config, members=members, events=section)


@dataclass
class EventRig:
    """A switch that tells two members, each with a server of its own."""

    rig: Rig
    receivers: dict[str, Receiver]
    net: TcpNet
    served: list[Served]

    async def again(self, off_for: timedelta) -> None:
        """Stop the switch, and start it on the same store after some time."""
        before = self.rig
        await before.close()
        self.rig = Rig(before.config, before.keys, before.data, peers=before.peers)
        self.rig.clock.passed = before.clock.passed + off_for
        await self.rig.start()

    async def settled(self, bic: str) -> None:
        """Wait until what became of a member's events is written down."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                standing = await self.rig.store.outbox.standing(bic)
                if standing is not None and standing.done == standing.last:
                    return
                await asyncio.sleep(0.02)

    async def pay(self, key: str, bic: str = MEMBER) -> str:
        """A payment of 345 baht that ends; returns its UETR."""
        client = self.rig.client(bic)
        quote = (await client.scan(thai_code())).json()["quotes"][0]["quote"]
        paid = await client.pay(key, {"quote": quote, "debtor": DEBTOR})
        uetr: str = paid.json()["uetr"] if paid.status == 200 else paid.json()["payment"]["uetr"]
        return uetr

    async def close(self) -> None:
        """Stop the switch, then the servers."""
        await self.rig.close()
        for served in self.served:
            await served.close()
        await self.net.close()


async def started(keys: KeyFolder, data: Path, **rules: int) -> EventRig:
    """A switch and two receivers, all serving."""
    bics = (MEMBER, OTHER_MEMBER)
    ports = dict(zip(bics, free_ports(2), strict=True))
    receivers = {bic: Receiver(keys) for bic in bics}
    net = TcpNet(SystemClock(), {bic: ("127.0.0.1", port) for bic, port in ports.items()}, {})
    served = [await serving(net, bic, receivers[bic]) for bic in bics]
    webhooks: dict[str, str | None] = {
        bic: f"http://127.0.0.1:{port}{PATH}" for bic, port in ports.items()
    }
    config = told(configured(), webhooks, **rules)
    rig = Rig(config, keys, data, peers=peers_of(config.members))
    await rig.start()
    return EventRig(rig, receivers, net, served)


async def serving(net: TcpNet, name: str, receiver: Receiver) -> Served:
    """A receiver's server."""
    app = web.Application()
    app.router.add_post("/switch", receiver.take)
    return await net.serve(app, name)


async def until(true: Callable[[], bool]) -> None:
    """Wait until something holds, but not for ever."""
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110  what is waited for tells nobody
            await asyncio.sleep(0.02)
