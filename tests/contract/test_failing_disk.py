"""A disk that fails ends the process: nobody is told anything, and what is durable is whole.

The real SQLite runs on a disk whose n-th operation fails, for every n of a batch: a write, a sync,
a truncation. Whether the batch is kept is then known only from what is found afterwards, with all
of it there or nothing.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import apsw
import pytest

from switch.lifecycle import Event
from switch.runtime.entropy import SeededEntropy
from switch.runtime.threads import WriterThread
from switch.simulation.disk import SimDisk
from switch.store.audit import audit
from switch.store.committer import Committer
from switch.store.sqlite import SqliteEngine
from tests.contract.contract_engines import KEY, SteppingClock
from tests.switch_core.core_values import concluded, opened, payment, received, uetr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.commands import Command

BATCH: Final[list[Command]] = [
    concluded(payment(1), Event.ACCEPTED),
    opened(payment(2, quote="quote-2")),
    received(),
]


class FailingDisk(SimDisk):
    """A disk on which one operation, counted from :meth:`fail_at`, and all after it fail."""

    def fail_at(self, number: int) -> None:
        first = self.operations + number

        def failing(operation: int, kind: str) -> None:
            if operation >= first:
                raise apsw.IOError(kind)

        self.on_operation = failing


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[FailingDisk]:
    made = FailingDisk(f"failing-{id(request):x}", SeededEntropy(1))
    yield made
    made.close()


def opened_on(disk: FailingDisk) -> SqliteEngine:
    return SqliteEngine(
        "switch.db", clock=SteppingClock(), sign=KEY.sign, vfs=disk.name, exclusive=True
    )


def operations() -> int:
    """How many operations of the disk the batch takes."""
    disk = FailingDisk("counting", SeededEntropy(1))
    engine = opened_on(disk)
    engine.execute([opened(payment(1))])
    before = disk.operations
    engine.execute(BATCH)
    count = disk.operations - before
    engine.close()
    disk.close()
    return count


def test_whichever_operation_fails_the_batch_is_kept_whole_or_not_at_all() -> None:
    """By turns the process ends there, or the power fails too."""
    kept = set()
    last = operations()
    for number in range(1, last + 1):
        disk = FailingDisk(f"failing-{number}", SeededEntropy(number))
        engine = opened_on(disk)
        engine.execute([opened(payment(1))])
        disk.fail_at(number)
        with pytest.raises(apsw.Error):
            engine.execute(BATCH)
        disk.on_operation = None
        if number % 2:
            disk.crash()
        else:
            disk.kill()
        with suppress(apsw.Error):
            engine.close()
        disk.boot()
        again = opened_on(disk)
        there = (again.payment(uetr(2)) is not None, again.answer(uetr(1)) is not None)
        assert len(set(there)) == 1
        assert audit(again, KEY.public_key()).faults == ()
        kept.add(there[0])
        again.close()
        disk.close()

    # After a failed sync what was written may be found or not: so nobody was told.
    assert kept == {False, True}


async def test_nobody_is_told_anything_after_a_failed_sync(disk: FailingDisk) -> None:
    ended = threading.Event()
    crashes: list[str] = []

    def on_crash(name: str, escaped: BaseException) -> None:
        crashes.append(f"{name} {type(escaped).__name__}")
        ended.set()

    engine = opened_on(disk)
    store = Committer(
        engine, lambda execute: WriterThread("store-writer", execute, on_crash=on_crash)
    )
    await store.commit(opened(payment(1)))
    disk.fail_at(1)
    first = asyncio.create_task(store.commit(concluded(payment(1), Event.ACCEPTED)))
    assert await asyncio.to_thread(ended.wait, 10)
    await asyncio.sleep(0.01)

    assert len(crashes) == 1
    assert crashes[0].startswith("store-writer ")
    assert not first.done()
    first.cancel()
    disk.on_operation = None
    engine.close()
