"""``commit`` answers when durable, puts conclusions first, is bounded, and hides no fault."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from switch.commands import Command, Done, Result
from switch.lifecycle import Event
from switch.runtime.threads import WriterThread
from switch.store.committer import GATHER_TURNS, IDLE_TURN_S, Committer, Waiting
from switch.store.contract import StoreBusy
from switch.store.memory import MemoryEngine, MemoryTables
from tests.contract.contract_engines import KEY, AnyEngine, Place, SteppingClock
from tests.switch_core.core_values import concluded, enquired, opened, payment, received, uetr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switch.runtime.threads import Writer
    from switch.store.contract import Engine


class HeldEngine(MemoryEngine):
    """An engine whose disk can be held, so that commands gather behind it."""

    def __init__(self) -> None:
        super().__init__(MemoryTables(), clock=SteppingClock(), sign=KEY.sign)
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.batches: list[list[Command]] = []
        self.failure: Exception | None = None
        self.closed = False

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        self.batches.append(list(commands))
        self.entered.set()
        assert self.free.wait(10)
        if self.failure is not None:
            raise self.failure
        return super().execute(commands)

    def close(self) -> None:
        self.closed = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the next batch until the block is left."""
        self.entered.clear()
        self.free.clear()
        try:
            yield
        finally:
            self.free.set()


def committer(
    engine: AnyEngine,
    crashed: Callable[[str, BaseException], None] | None = None,
    waiting_max: int = 100,
    monotonic: Callable[[], float] = lambda: 0.0,
) -> Committer:
    """A committer with a real writer thread; a crash that nobody expects fails the test."""

    def unexpected(name: str, escaped: BaseException) -> None:
        raise AssertionError(name) from escaped

    def writer(execute: Callable[[list[Waiting]], None]) -> Writer[Waiting]:
        return WriterThread(
            "store-writer", execute, on_crash=crashed or unexpected, waiting_max=waiting_max
        )

    return Committer(cast("Engine", engine), writer, gather_turns=GATHER_TURNS, monotonic=monotonic)


async def held_batch(store: Committer, engine: HeldEngine) -> asyncio.Task[Result]:
    """Submit a command and wait until the writer is busy with it."""
    task = asyncio.create_task(store.commit(received("busy")))
    await asyncio.sleep(0)
    assert await asyncio.to_thread(engine.entered.wait, 10)
    return task


@pytest.mark.parametrize("place", ["memory", "sqlite", "sqlite-exclusive"], indirect=True)
async def test_the_result_comes_once_it_can_be_read(place: Place) -> None:
    engine = place.open()
    store = committer(engine)
    result = await store.commit(opened(payment()))

    assert isinstance(result, Done)
    assert await store.read.payment(uetr(1)) == result.payment
    store.close()


async def test_what_gathers_behind_a_batch_is_the_next_one() -> None:
    engine = HeldEngine()
    store = committer(engine)
    with engine.held():
        first = await held_batch(store, engine)
        commands = [opened(payment(n, quote=f"quote-{n}")) for n in (1, 2, 3)]
        tasks = [asyncio.create_task(store.commit(command)) for command in commands]
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
    results = await asyncio.gather(first, *tasks)

    assert [type(result) for result in results] == [Done] * 4
    assert engine.batches == [[received("busy")], commands]
    store.close()


async def test_what_comes_turn_after_turn_shares_a_batch_and_nothing_waits_for_long() -> None:
    engine = HeldEngine()
    store = committer(engine)
    tasks = []
    with engine.held():
        for number in range(1, GATHER_TURNS + 4):
            command = opened(payment(number, quote=f"quote-{number}"))
            tasks.append(asyncio.create_task(store.commit(command)))
            await asyncio.sleep(0)
            if number == GATHER_TURNS + 2:
                assert engine.entered.wait(10), "others keep coming, and it did not wait for them"
    await asyncio.gather(*tasks)

    assert [len(batch) for batch in engine.batches] == [GATHER_TURNS + 1, 2]
    store.close()


async def test_a_turn_without_company_ends_the_wait() -> None:
    engine = HeldEngine()
    store = committer(engine)
    with engine.held():
        first = asyncio.create_task(store.commit(opened(payment(1, quote="quote-1"))))
        for _ in range(4):
            await asyncio.sleep(0)
        assert engine.entered.wait(10), "handed over without another turn"
        second = asyncio.create_task(store.commit(opened(payment(2, quote="quote-2"))))
        await asyncio.sleep(0)
    await asyncio.gather(first, second)

    assert [len(batch) for batch in engine.batches] == [1, 1]
    store.close()


@pytest.mark.parametrize("turn_s", [0.00001, 0.001], ids=["idle", "busy"])
async def test_a_loop_that_is_busy_gathers_on_and_an_idle_one_does_not(turn_s: float) -> None:
    engine = HeldEngine()
    turns = iter(range(1_000))
    store = committer(engine, monotonic=lambda: next(turns) * turn_s)
    task = asyncio.create_task(store.commit(opened(payment(1, quote="quote-1"))))
    waited = 0
    while not engine.entered.wait(0.01):
        waited += 1
        await asyncio.sleep(0)
    await task

    busy = turn_s > IDLE_TURN_S
    assert waited in (range(GATHER_TURNS, GATHER_TURNS + 4) if busy else range(1, 4))
    store.close()


async def test_conclusions_and_enquiries_go_before_intents() -> None:
    engine = HeldEngine()
    store = committer(engine)
    for number in (1, 2):
        await store.commit(opened(payment(number, quote=f"quote-{number}")))
    unknown = await store.commit(concluded(payment(2), Event.LOST))
    assert isinstance(unknown, Done)
    assert unknown.payment is not None
    commands: list[Command] = [
        opened(payment(3, quote="quote-3")),
        concluded(payment(1), Event.ACCEPTED),
        opened(payment(4, quote="quote-4")),
        enquired(unknown.payment),
    ]
    with engine.held():
        first = await held_batch(store, engine)
        tasks = [asyncio.create_task(store.commit(command)) for command in commands]
        await asyncio.sleep(0)
    await asyncio.gather(first, *tasks)

    assert engine.batches[-1] == [commands[1], commands[3], commands[0], commands[2]]
    store.close()


async def test_a_full_queue_is_refused_at_once_and_stores_nothing() -> None:
    engine = HeldEngine()
    store = committer(engine, waiting_max=2)
    await store.commit(opened(payment()))
    with engine.held():
        first = await held_batch(store, engine)
        intents = [
            asyncio.create_task(store.commit(opened(payment(n, quote=f"quote-{n}"))))
            for n in (2, 3)
        ]
        await asyncio.sleep(0)
        with pytest.raises(StoreBusy):
            await store.commit(opened(payment(4, quote="quote-4")))
        conclusion = asyncio.create_task(store.commit(concluded(payment(), Event.ACCEPTED)))
        await asyncio.sleep(0)
    results = await asyncio.gather(first, *intents, conclusion)

    assert [type(result) for result in results] == [Done] * 4
    assert engine.payment(uetr(4)) is None
    assert isinstance(await store.commit(opened(payment(4, quote="quote-4"))), Done)
    store.close()


async def test_a_cancelled_caller_does_not_take_its_command_or_its_batch_with_it() -> None:
    engine = HeldEngine()
    store = committer(engine)
    with engine.held():
        first = await held_batch(store, engine)
        gone, kept = (
            asyncio.create_task(store.commit(opened(payment(n, quote=f"quote-{n}"))))
            for n in (1, 2)
        )
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        assert gone.cancelled()
    await first
    assert isinstance(await kept, Done)

    assert engine.payment(uetr(1)) is not None
    assert isinstance(await store.commit(concluded(payment(1), Event.ACCEPTED)), Done)
    store.close()


async def test_an_error_of_the_engine_reaches_the_crash_handler_and_no_caller() -> None:
    engine = HeldEngine()
    engine.failure = OSError("fsync")
    crashes: list[tuple[str, str]] = []
    crashed = threading.Event()

    def on_crash(name: str, escaped: BaseException) -> None:
        crashes.append((name, type(escaped).__name__))
        crashed.set()

    store = committer(engine, on_crash)
    task = asyncio.create_task(store.commit(opened(payment())))
    assert await asyncio.to_thread(crashed.wait, 10)
    await asyncio.sleep(0)

    assert crashes == [("store-writer", "OSError")]
    assert not task.done(), "nobody is told anything about what may or may not be durable"
    task.cancel()
    store.close()


async def test_closing_finishes_what_waits_and_then_closes_the_engine() -> None:
    engine = HeldEngine()
    store = committer(engine)
    tasks = [
        asyncio.create_task(store.commit(opened(payment(n, quote=f"quote-{n}"))))
        for n in range(1, 9)
    ]
    await asyncio.sleep(0)
    store.close()

    assert engine.closed
    assert [type(result) for result in await asyncio.gather(*tasks)] == [Done] * 8
    assert sum(len(batch) for batch in engine.batches) == 8
