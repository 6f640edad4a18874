"""The committer of an awaited engine: bounded, conclusions first, no timers; errors are fatal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from switch.commands import Done
from switch.lifecycle import Event
from switch.runtime.tasks import Tasks
from switch.store.contract import Fenced, StoreBusy
from switch.store.loop_committer import LoopCommitter
from tests.switch_core.core_values import concluded, opened, payment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.commands import Command, Result


class SlowEngine:
    """Says "done" to each batch when it is let go on; keeps what it was given."""

    slot, head = 1, None

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.away = False
        self.error: Exception | None = None
        self.closed: list[str] = []

    async def execute(self, commands: Sequence[Command]) -> list[Result]:
        self.batches.append([type(command).__name__ for command in commands])
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return [Done(None) for _ in commands]

    async def release(self) -> None:
        self.closed.append("released")

    async def close(self) -> None:
        self.closed.append("closed")


def committer(engine: SlowEngine, **bounds: int) -> tuple[LoopCommitter, list[Any]]:
    """A committer, and what ended its process."""
    ended: list[Any] = []
    given: Any = engine
    tasks = Tasks(lambda name, error: ended.append((name, type(error))))
    return LoopCommitter(given, given, tasks, **bounds), ended


OPEN = opened(payment())
END = concluded(payment(), Event.ACCEPTED)


async def submitted(store: LoopCommitter, *commands: Command) -> list[asyncio.Task[Result]]:
    """Commits under way."""
    tasks = [asyncio.create_task(store.commit(command)) for command in commands]
    await asyncio.sleep(0)
    return tasks


async def test_what_arrives_while_a_batch_is_under_way_is_the_next_one() -> None:
    engine = SlowEngine()
    store, _ = committer(engine)
    waiting = await submitted(store, OPEN, OPEN)
    await asyncio.sleep(0)
    waiting += await submitted(store, OPEN, END, OPEN)
    engine.go_on.set()

    assert await asyncio.gather(*waiting) == [Done(None)] * 5
    assert engine.batches == [["Open", "Open"], ["Conclude", "Open", "Open"]]


async def test_a_batch_is_bounded_and_conclusions_fill_it_first() -> None:
    engine = SlowEngine()
    store, _ = committer(engine, batch_max=2)
    waiting = await submitted(store, OPEN, OPEN, OPEN, END)
    engine.go_on.set()
    await asyncio.gather(*waiting)

    assert engine.batches == [["Conclude", "Open"], ["Open", "Open"]]


async def test_a_full_queue_is_refused_and_the_other_is_not() -> None:
    engine = SlowEngine()
    store, _ = committer(engine, batch_max=1, waiting_max=2)
    waiting = await submitted(store, OPEN)
    await asyncio.sleep(0)
    waiting += await submitted(store, OPEN, OPEN)
    with pytest.raises(StoreBusy):
        await store.commit(OPEN)
    waiting += await submitted(store, END)
    engine.go_on.set()
    await asyncio.gather(*waiting)

    assert engine.batches == [["Open"], ["Conclude"], ["Open"], ["Open"]]


async def test_while_the_server_is_away_only_conclusions_are_taken() -> None:
    engine = SlowEngine()
    engine.away = True
    store, _ = committer(engine)
    with pytest.raises(StoreBusy):
        await store.commit(OPEN)
    (waiting,) = await submitted(store, END)
    engine.go_on.set()

    assert await waiting == Done(None)


async def test_a_caller_that_gives_up_takes_nobody_with_it() -> None:
    engine = SlowEngine()
    store, _ = committer(engine)
    first, second = await submitted(store, OPEN, OPEN)
    first.cancel()
    await asyncio.sleep(0)
    engine.go_on.set()

    assert await second == Done(None)
    assert engine.batches == [["Open", "Open"]]


async def test_closing_finishes_what_waits_and_takes_no_more() -> None:
    engine = SlowEngine()
    store, _ = committer(engine)
    waiting = await submitted(store, OPEN, END)
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await store.commit(END)
    engine.go_on.set()
    await closing

    assert await asyncio.gather(*waiting) == [Done(None)] * 2
    assert engine.closed == ["released", "closed"]


@pytest.mark.parametrize("error", [Fenced(), RuntimeError("a bug")])
async def test_an_error_of_the_engine_ends_the_process_and_answers_nobody(
    error: Exception,
) -> None:
    engine = SlowEngine()
    store, ended = committer(engine)
    engine.error = error
    (waiting,) = await submitted(store, OPEN)
    engine.go_on.set()
    await asyncio.sleep(0.01)

    assert ended == [("store", type(error))]
    assert not waiting.done()
    waiting.cancel()
