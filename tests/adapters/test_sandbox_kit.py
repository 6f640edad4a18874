"""The kit keeps one line for each reference, and every fault does what its name says, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from adapters.sandbox_kit import (
    Book,
    BookFullError,
    Entry,
    EntryStatus,
    Fault,
    FaultKind,
    Reply,
    SandboxContext,
    SandboxKit,
)
from fx.money import Money
from switch.port import Operation
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ENTRY = Entry("uetr-1", "ref-1", "outbound", Money.parse("345.00", "THB"), EntryStatus.PENDING, NOW)


class NoKeys:
    """A network without keys."""

    def rsa_private(self, name: str) -> RSAPrivateKey:
        raise KeyError(name)

    def message_private(self, name: str) -> RSAPrivateKey:
        raise KeyError(name)

    def certificate(self, name: str) -> Certificate:
        raise KeyError(name)

    def secret(self, name: str) -> str:
        raise KeyError(name)

    def naming(self) -> bytes:
        raise KeyError


@dataclass
class Shop:
    """A network that books what is posted to ``/pay`` under the reference in the body."""

    kit: SandboxKit
    executed: int = 0
    faults: list[Fault | None] = field(default_factory=list)

    async def pay(self, request: web.Request) -> web.StreamResponse:
        reference = (await request.read()).decode()
        return await self.kit.serve(
            request, Operation.PAY, reference, "uetr-1", lambda fault: self.book(reference, fault)
        )

    def book(self, reference: str, fault: Fault | None) -> Reply:
        self.executed += 1
        self.faults.append(fault)
        if self.kit.book.find(reference) is None:
            pending = fault is not None and fault.kind is FaultKind.PENDING
            status = EntryStatus.PENDING if pending else EntryStatus.BOOKED
            self.kit.book.add(replace(ENTRY, reference=reference, status=status))
            if fault is not None and pending:
                self.kit.end_later(reference, fault.delay_ms)
        return Reply(b"good", "text/plain")


@dataclass
class Running:
    """The shop over HTTP."""

    shop: Shop
    net: TcpNet

    async def post(self, path: str, body: bytes | dict[str, object]) -> tuple[int, bytes]:
        session, url = self.net.session("shop"), self.net.url("shop") + path
        sent = {"json": body} if isinstance(body, dict) else {"data": body}
        async with session.post(url, **sent) as response:
            return response.status, await response.read()

    async def get(self, path: str) -> dict[str, list[dict[str, str]]]:
        url = self.net.url("shop") + path
        async with self.net.session("shop").get(url) as response:
            given = await response.json()
            assert isinstance(given, dict)
            return given

    async def fault(self, kind: str, **more: object) -> None:
        status, _ = await self.post("/control/faults", {"operation": "pay", "kind": kind, **more})
        assert status == 200


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    clock = SystemClock()
    tasks = Tasks()
    net = TcpNet(clock, {"shop": ("127.0.0.1", 0)}, {})
    context = SandboxContext(clock, Ids(clock, SystemEntropy()), tasks, net, NoKeys(), {})
    kit = SandboxKit(
        context, "shop", [Operation.PAY], lambda reply: replace(reply, body=b"altered")
    )
    shop = Shop(kit)
    app = kit.application()
    app.router.add_post("/pay", shop.pay)
    served = await net.serve(app, "shop")
    client = TcpNet(clock, {}, {"shop": served.url})

    yield Running(shop, client)

    await client.close()
    await served.close()
    await tasks.close()


def test_a_reference_is_booked_once_and_ends_once() -> None:
    book = Book()
    book.add(ENTRY)
    first = book.end("ref-1", EntryStatus.BOOKED)

    assert first.status is EntryStatus.BOOKED
    assert book.end("ref-1", EntryStatus.REFUSED, "AC01") == first
    with pytest.raises(AssertionError):
        book.add(ENTRY)


def test_what_is_booked_can_only_be_cancelled() -> None:
    book = Book()
    book.add(replace(ENTRY, status=EntryStatus.BOOKED))

    assert book.end("ref-1", EntryStatus.REFUSED).status is EntryStatus.BOOKED
    assert book.end("ref-1", EntryStatus.CANCELLED).status is EntryStatus.CANCELLED
    assert book.end("ref-1", EntryStatus.BOOKED).status is EntryStatus.CANCELLED
    assert book.state("toy")["totals"] == {}


def test_a_full_book_refuses() -> None:
    book = Book(entries_max=1)
    book.add(ENTRY)

    with pytest.raises(BookFullError):
        book.add(replace(ENTRY, reference="ref-2"))


def test_totals_count_what_is_booked_by_currency() -> None:
    book = Book()
    khr = Money.parse("41000", "KHR")
    for number, status in enumerate([EntryStatus.BOOKED, EntryStatus.BOOKED, EntryStatus.REFUSED]):
        book.add(replace(ENTRY, reference=f"r{number}", status=status))
    book.add(replace(ENTRY, reference="r9", status=EntryStatus.BOOKED, amount=khr))

    assert book.state("shop")["totals"] == {"THB": "690.00", "KHR": "41000.00"}


async def test_without_a_fault_a_request_is_booked_and_listed(running: Running) -> None:
    answer = await running.post("/pay", b"r1")
    state = await running.get("/state")
    requests = (await running.get("/control/requests"))["requests"]

    assert answer == (200, b"good")
    assert [(line["reference"], line["status"]) for line in state["book"]] == [("r1", "booked")]
    assert [(r["operation"], r["reference"], r["uetr"]) for r in requests] == [
        ("pay", "r1", "uetr-1")
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("garbage", (200, b"\x00\xff<garbage")),
        ("wrong_signature", (200, b"altered")),
        ("error_500", (500, b"")),
        ("late", (200, b"good")),
        ("slow", (200, b"good")),
        ("twice", (200, b"good")),
    ],
)
async def test_a_fault_happens_once_after_booking(
    running: Running, kind: str, expected: tuple[int, bytes]
) -> None:
    await running.fault(kind, delay_ms=5)
    spoilt = await running.post("/pay", b"r1")
    good = await running.post("/pay", b"r1")

    assert (spoilt, good) == (expected, (200, b"good"))
    assert len((await running.get("/state"))["book"]) == 1
    assert running.shop.executed == (3 if kind == "twice" else 2)
    assert running.shop.faults == [None] * running.shop.executed


@pytest.mark.parametrize(("kind", "booked"), [("drop_request", 0), ("drop_answer", 1)])
async def test_a_cut_connection_gives_no_answer(running: Running, kind: str, booked: int) -> None:
    await running.fault(kind)
    with pytest.raises(aiohttp.ClientError):
        await running.post("/pay", b"r1")

    assert len((await running.get("/state"))["book"]) == booked
    assert len((await running.get("/control/requests"))["requests"]) == 1


async def test_held_answers_come_on_release(running: Running) -> None:
    await running.fault("hold", times=2)
    waiting = [asyncio.ensure_future(running.post("/pay", name)) for name in (b"r1", b"r2")]
    while len((await running.get("/state"))["book"]) < 2:
        assert not any(task.done() for task in waiting)

    assert not any(task.done() for task in waiting)
    assert await running.post("/control/release", {}) == (200, b'{"released":2}')
    assert await asyncio.gather(*waiting) == [(200, b"good")] * 2
    assert await running.post("/control/release", {}) == (200, b'{"released":0}')


async def test_a_pending_entry_ends_on_release(running: Running) -> None:
    await running.fault("pending")
    await running.post("/pay", b"r1")
    before = (await running.get("/state"))["book"][0]["status"]
    await running.post("/control/release", {})

    assert before == "pending"
    assert (await running.get("/state"))["book"][0]["status"] == "booked"


async def test_refuse_and_pending_are_told_to_the_network(running: Running) -> None:
    await running.fault("refuse", reason="AM04")
    await running.post("/pay", b"r1")

    assert running.shop.faults == [Fault(FaultKind.REFUSE, "AM04")]


async def test_what_was_lied_about_is_told(running: Running) -> None:
    await running.fault("contradict", reason="AM04")
    await running.post("/pay", b"r1")
    await running.post("/pay", b"r2")

    lies = (await running.get("/control/lies"))["references"]
    assert [str(each) for each in lies] == ["r1"]


async def test_what_is_refused_may_be_answered_as_booked(running: Running) -> None:
    await running.fault("pretend", reason="AM04")
    await running.post("/pay", b"r1")

    assert running.shop.faults == [Fault(FaultKind.REFUSE, "AM04"), None]
    assert [str(each) for each in (await running.get("/control/lies"))["references"]] == ["r1"]


async def test_faults_can_be_cleared(running: Running) -> None:
    await running.fault("error_500", times=3)
    url = running.net.url("shop") + "/control/faults"
    async with running.net.session("shop").delete(url) as response:
        assert response.status == 200

    assert await running.post("/pay", b"r1") == (200, b"good")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        {"operation": "pay"},
        {"operation": "collect", "kind": "slow"},
        {"operation": "pay", "kind": "explode"},
        {"operation": "pay", "kind": "slow", "delay_ms": -1},
        {"operation": "pay", "kind": "slow", "delay_ms": True},
        {"operation": "pay", "kind": "slow", "times": 0},
        {"operation": "pay", "kind": "slow", "times": 1001},
        {"operation": "pay", "kind": "refuse", "reason": 7},
    ],
)
async def test_bad_control_requests_are_refused(
    running: Running, body: bytes | dict[str, object]
) -> None:
    status, _ = await running.post("/control/faults", body)

    assert status == 400
