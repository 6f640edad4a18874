"""The writer gathers while it works, takes urgent items first, has a bound, and drains."""

from __future__ import annotations

import asyncio
import threading

import pytest

from switch.runtime.threads import QueueFull, WriterClosed, WriterThread, post_to_loop


class Recorder:
    """Records batches and can hold the first one."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.entered = threading.Event()
        self.release = threading.Event()

    def execute(self, batch: list[str]) -> None:
        self.batches.append(batch)
        self.entered.set()
        self.release.wait(5)


def test_what_waits_during_a_batch_becomes_the_next_batch_urgent_first() -> None:
    recorder = Recorder()
    writer = WriterThread("writer", recorder.execute)

    writer.submit("first", urgent=False)
    recorder.entered.wait(5)
    for item in ("intent 1", "intent 2"):
        writer.submit(item, urgent=False)
    writer.submit("conclusion", urgent=True)
    recorder.release.set()
    writer.close()

    assert recorder.batches == [["first"], ["conclusion", "intent 1", "intent 2"]]


def test_what_is_submitted_together_is_never_split() -> None:
    recorder = Recorder()
    recorder.release.set()
    writer = WriterThread("writer", recorder.execute)

    with writer.together():
        writer.submit("intent 1", urgent=False)
        assert not recorder.entered.wait(0.05), "the thread took the first without the others"
        writer.submit("intent 2", urgent=False)
        writer.submit("conclusion", urgent=True)
    writer.close()

    assert recorder.batches == [["conclusion", "intent 1", "intent 2"]]


def test_batch_and_queues_are_bounded() -> None:
    recorder = Recorder()
    writer = WriterThread("writer", recorder.execute, batch_max=2, waiting_max=3)
    writer.submit("0", urgent=False)
    recorder.entered.wait(5)

    for item in ("1", "2", "3"):
        writer.submit(item, urgent=False)
    with pytest.raises(QueueFull):
        writer.submit("4", urgent=False)
    writer.submit("5", urgent=True)
    recorder.release.set()
    writer.close()

    assert recorder.batches == [["0"], ["5", "1"], ["2", "3"]]


def test_closed_writer_takes_nothing() -> None:
    recorder = Recorder()
    writer = WriterThread("writer", recorder.execute)
    writer.close()

    with pytest.raises(WriterClosed):
        writer.submit("late", urgent=True)

    assert recorder.batches == []


def test_escaped_exception_crashes_and_stops_taking() -> None:
    crashed: list[str] = []
    done = threading.Event()

    def execute(_: list[str]) -> None:
        raise OSError("fsync")

    def on_crash(name: str, failure: BaseException) -> None:
        crashed.append(f"{name} {type(failure).__name__}")
        done.set()

    writer = WriterThread("writer", execute, on_crash=on_crash)
    writer.submit("item", urgent=False)
    done.wait(5)

    assert crashed == ["writer OSError"]
    with pytest.raises(WriterClosed):
        writer.submit("next", urgent=False)


def test_results_come_back_on_the_loop() -> None:
    async def program() -> tuple[str, bool]:
        post = post_to_loop()
        loop_thread = threading.get_ident()
        answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        executed_on: list[int] = []

        def execute(batch: list[str]) -> None:
            executed_on.append(threading.get_ident())
            post(answered.set_result, batch[0])

        writer = WriterThread("writer", execute)
        writer.submit("row", urgent=False)
        result = await answered
        writer.close()
        return result, executed_on[0] != loop_thread

    assert asyncio.run(program()) == ("row", True)
