"""What the newer faults do on a real connection, and that a rate hits the same requests again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.sandbox_kit import (
    Book,
    ControlError,
    EntryStatus,
    Fault,
    FaultKind,
    Reply,
    SandboxContext,
)
from adapters.sandbox_kit.faults import FaultPlan
from switch.port import Operation
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.transport import Answer, MaybeSent, NotSent, Request, Transport
from tests.adapters.test_sandbox_kit import ENTRY, NoKeys, running

if TYPE_CHECKING:
    from tests.adapters.test_sandbox_kit import Running

__all__ = ["running"]


async def sent(
    running: Running, reference: str, within_s: float = 2.0
) -> Answer | NotSent | MaybeSent:
    """Send one payment as the switch does."""
    return await Transport(running.net, SystemClock()).send(
        "shop",
        Request("POST", "/pay", (), reference.encode()),
        may_send=lambda: True,
        answer_within_s=within_s,
        answer_bytes_max=1_000,
    )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "error_500", "status": 503}, Answer(503, {}, b"")),
        ({"kind": "reset", "bytes": 2}, MaybeSent("connection_lost")),
        ({"kind": "oversize"}, MaybeSent("answer_too_large", 200)),
        ({"kind": "oversize", "bytes": 996}, Answer(200, {}, b"good" + b" " * 996)),
        ({"kind": "slow_body", "delay_ms": 5}, Answer(200, {}, b"good")),
        ({"kind": "slow_body", "delay_ms": 60_000}, MaybeSent("timeout")),
        ({"kind": "redirect"}, Answer(307, {}, b"")),
    ],
)
async def test_an_answer_is_spoilt_after_the_payment_is_booked(
    running: Running, fault: dict[str, object], expected: Answer | MaybeSent
) -> None:
    await running.fault(**fault)  # type: ignore[arg-type]
    within_s = 0.3 if fault.get("delay_ms") == 60_000 else 2.0
    result = await sent(running, "r1", within_s)

    if isinstance(expected, Answer):
        assert isinstance(result, Answer)
        assert (result.status, result.body) == (expected.status, expected.body)
    else:
        assert result == expected
    assert [line["status"] for line in (await running.get("/state"))["book"]] == ["booked"]


async def test_what_is_unavailable_books_nothing(running: Running) -> None:
    await running.fault("unavailable", status=502)
    result = await sent(running, "r1")

    assert isinstance(result, Answer)
    assert result.status == 502
    assert (await running.get("/state"))["book"] == []


async def test_an_answer_that_comes_twice_is_never_the_answer_of_the_next_request(
    running: Running,
) -> None:
    await running.fault("answer_twice")
    first = await sent(running, "r1")
    await running.fault("refuse")
    following = [await sent(running, f"r{number}") for number in range(2, 8)]

    assert isinstance(first, Answer)
    assert first.body == b"good"
    assert [type(result) for result in following] == [Answer] * 6
    assert len((await running.get("/state"))["book"]) == 7


async def test_a_contradiction_is_only_in_the_answer(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(reference: str, fault: Fault | None) -> Reply:
        entry = running.shop.kit.book.find(reference)
        if entry is None:
            entry = running.shop.kit.book.add(replace(ENTRY, status=EntryStatus.BOOKED))
        assert fault is None
        return Reply(f"{entry.status} {entry.reason}".encode(), "text/plain")

    monkeypatch.setattr(running.shop, "book", told)
    await running.fault("contradict", reason="AM04")
    told_of = [await running.post("/pay", b"ref-1") for _ in range(2)]

    assert [body for _, body in told_of] == [b"refused AM04", b"booked None"]
    assert [line["status"] for line in (await running.get("/state"))["book"]] == ["booked"]


def test_a_refused_entry_is_booked_while_the_book_lies() -> None:
    book = Book()
    book.add(ENTRY)
    book.end("ref-1", EntryStatus.REFUSED, "AC01")
    with book.lying("AM04"):
        entry = book.find("ref-1")

    assert entry is not None
    assert (entry.status, entry.reason) == (EntryStatus.BOOKED, None)
    assert book.find("r2") is None


def test_a_rate_hits_its_part_and_the_same_requests_for_the_same_seed() -> None:
    def drawn(seed: int, *more: str) -> list[bool]:
        plan = FaultPlan([Operation.PAY])
        for kind in ("drop_answer", *more):
            plan.add({"operation": "pay", "kind": kind, "rate": Decimal("0.2"), "seed": seed})
        found = [plan.next(Operation.PAY) for _ in range(2_000)]
        return [each is not None and each.kind is FaultKind.DROP_ANSWER for each in found]

    hits = drawn(7)

    assert hits == drawn(7)
    assert hits == drawn(7, "garbage")
    assert hits != drawn(8)
    assert 340 <= sum(hits) <= 460


async def test_what_happened_is_counted(running: Running) -> None:
    await running.post("/control/faults", b'{"operation": "pay", "kind": "late", "rate": 1.0}')
    for number in range(3):
        await sent(running, f"r{number}")
    await running.fault("garbage")
    await sent(running, "r9")
    shown: dict[str, object] = {**await running.get("/control/faults")}

    assert shown["happened"] == {"pay garbage": 1, "pay late": 3}
    assert shown["rates"] == {"pay": [{"kind": "late", "millionths": 1_000_000}]}


@pytest.mark.parametrize("rate", ['"0.2"', "-0.1", "1.1", "0.12345678", "true", "null"])
async def test_a_rate_that_cannot_be_is_refused(running: Running, rate: str) -> None:
    body = f'{{"operation": "pay", "kind": "late", "rate": {rate}}}'
    status, _ = await running.post("/control/faults", body.encode())

    assert status == 400


def test_bad_sizes_and_statuses_are_refused() -> None:
    plan = FaultPlan([Operation.PAY])
    for more in ({"status": 200}, {"status": 600}, {"bytes": -1}, {"bytes": 10**9}):
        with pytest.raises(ControlError):
            plan.add({"operation": "pay", "kind": "oversize", **more})


async def test_a_wrong_clock_is_wrong_for_one_answer_only() -> None:
    clock, tasks = SystemClock(), Tasks()
    net = TcpNet(clock, {}, {})
    context = SandboxContext(clock, Ids(clock, SystemEntropy()), tasks, net, NoKeys(), {})
    again = SandboxContext(context.clock, context.ids, tasks, net, NoKeys(), {})
    with context.clock_behind(3600):
        behind = context.clock.now()
    right = context.clock.now()

    assert timedelta(minutes=59) < right - behind < timedelta(minutes=61)
    assert again.clock is context.clock
    await tasks.close()
