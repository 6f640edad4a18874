"""A simulated backbone on loopback and the adapter that speaks to it, for one test at a time.

Time is moved by hand, so a test decides when a transfer settles; after each use the ledger is
asked whether its sums are still what they were.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from adapters.bakong.sandbox import create
from adapters.sandbox_kit import SandboxContext
from switch.port import IncomingItem, Outcome, Planning, WireAnswer
from switch.runtime.entropy import Ids, SeededEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, MaybeSent, Request, Transport
from tests.adapters.bakong.bakong_cases import ADAPTER, UNKNOWN, Keys, particulars

if TYPE_CHECKING:
    from switch.model import Particulars, Payment
    from switch.port import Exchange

TOTALS = {"KHR": "60000000000.00", "USD": "15000000.00"}


class HandClock:
    """Time that moves only when the test says so; a sleep moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_795_000_000 + self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


@dataclasses.dataclass
class Bench:
    """A sandbox that listens, and the adapter that speaks to it."""

    clock: HandClock
    net: TcpNet
    transport: Transport
    number: int = 1_700_000_000_000 << 20

    def planning(self) -> Planning:
        self.number += 1
        now = self.clock.now()
        return Planning(now=now, message_number=self.number, slot=1, send_by=now)

    async def send(self, exchange: Exchange) -> WireAnswer | None:
        request = Request(exchange.method, exchange.path, exchange.headers, exchange.body)
        got = await self.transport.send(
            "bakong",
            request,
            may_send=lambda: True,
            answer_within_s=2.0,
            answer_bytes_max=ADAPTER.facts.answer_bytes_max,
        )
        assert isinstance(got, Answer | MaybeSent)
        return WireAnswer(got.status, got.headers, got.body) if isinstance(got, Answer) else None

    async def pay(self, what: Payment, who: Particulars | None = None) -> tuple[Outcome, Exchange]:
        exchange = ADAPTER.plan_pay(what, who or particulars(), self.planning())
        return await self.again(exchange, what), exchange

    async def again(self, exchange: Exchange, what: Payment) -> Outcome:
        answer = await self.send(exchange)
        return UNKNOWN if answer is None else ADAPTER.read(exchange, what, answer)

    async def enquire(self, what: Payment) -> Outcome:
        return await self.again(ADAPTER.plan_enquire(what, particulars(), self.planning()), what)

    async def collect(self) -> list[IncomingItem]:
        exchange = ADAPTER.plan_collect(self.planning(), 200)
        answer = await self.send(exchange)
        assert answer is not None
        found = ADAPTER.read_collect(exchange, answer)
        assert found is not None
        return list(found.items)

    async def acknowledge(self, item: IncomingItem) -> bool:
        exchange = ADAPTER.plan_acknowledge(item, self.planning())
        answer = await self.send(exchange)
        return answer is not None and ADAPTER.read_acknowledge(exchange, answer)

    async def get(self, path: str) -> dict[str, object]:
        session = self.net.session("bakong")
        async with session.get(self.net.url("bakong") + path) as response:
            shown = orjson.loads(await response.read())
        assert isinstance(shown, dict)
        return shown

    async def control(self, name: str, **given: object) -> dict[str, object]:
        session = self.net.session("bakong")
        url = f"{self.net.url('bakong')}/control/{name}"
        async with session.post(url, data=orjson.dumps(given)) as response:
            assert response.status == 200
            shown = orjson.loads(await response.read())
        assert isinstance(shown, dict)
        return shown

    async def entry(self) -> tuple[object, object]:
        """Status and reason of the only line of the book."""
        book = (await self.get("/state"))["book"]
        assert isinstance(book, list)
        assert len(book) == 1
        return book[0]["status"], book[0]["reason"]


Use = Callable[[Bench], Awaitable[None]]


def run(use: Use, **options: str) -> None:
    """Run a test against a fresh sandbox, then look whether money was kept."""

    async def whole() -> None:
        clock = HandClock()
        server = TcpNet(clock, {"bakong": ("127.0.0.1", 0)}, {})
        ids = Ids(clock, SeededEntropy(1))
        keys, tasks = Keys(), Tasks()
        served = await server.serve(
            create(SandboxContext(clock, ids, tasks, server, keys, options)), "bakong"
        )
        client = TcpNet(clock, {}, {"bakong": served.url})
        bench = Bench(clock, client, Transport(client, clock))
        try:
            await use(bench)
            assert (await bench.get("/ledger"))["totals"] == TOTALS
        finally:
            await client.close()
            await tasks.close()
            await served.close()

    asyncio.run(whole())
