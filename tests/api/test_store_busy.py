"""A store that cannot keep up turns new payments away with 503, and nothing of them is kept.

The database is really locked, by another connection that holds the right to write, so the writer
waits in the middle of a batch while commands pile up behind it, up to a bound of two.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw
import orjson

from switch.runtime.threads import WriterThread
from tests.api.api_rig import DEBTOR, Rig, new_rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from switch.client import ClientAnswer
    from switch.keys import KeyFolder
    from switch.store.committer import Waiting

WAITING_MAX = 2
CALLS = 12


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the right to write; a writer waits for it for a few seconds."""
    connection = apsw.Connection(str(data / "switch.db"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def turned_away(rig: Rig, calls: list[asyncio.Task[ClientAnswer]]) -> list[int]:
    """Wait until as many calls are answered as cannot be taken, and return their places."""
    async with asyncio.timeout(4):
        while sum(call.done() for call in calls) < CALLS - 2 * WAITING_MAX:
            waiting = [call for call in calls if not call.done()]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return [place for place, call in enumerate(calls) if call.done()]


async def test_what_the_store_cannot_take_is_a_503_and_is_not_kept(
    keys: KeyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writer(self: Rig, execute: Callable[[list[Waiting]], None]) -> WriterThread[Waiting]:
        return WriterThread(
            "store-writer",
            execute,
            on_crash=lambda name, error: self.crashes.append(f"{name}: {error!r}"),
            waiting_max=WAITING_MAX,
            batch_max=WAITING_MAX,
        )

    monkeypatch.setattr(Rig, "_writer", writer)
    rig = await new_rig(keys, tmp_path).start()
    payments = [{"quote": await rig.quote(), "debtor": DEBTOR} for _ in range(CALLS)]
    with locked(rig.data):
        calls = [
            asyncio.create_task(rig.client().pay(f"k{place}", payment))
            for place, payment in enumerate(payments)
        ]
        places = await turned_away(rig, calls)
        busy = [calls[place].result() for place in places]
        bound = rig.engine.connection.execute("SELECT count(*) FROM binding").fetchall()
    taken = [answer for answer in await asyncio.gather(*calls) if answer.status != 503]
    kept = rig.engine.connection.execute("SELECT count(*) FROM payment").fetchall()
    again = [await rig.client().pay(f"k{place}", payments[place]) for place in places]
    await rig.close()

    assert {(answer.status, answer.headers["retry-after"]) for answer in busy} == {(503, "1")}
    assert {orjson.loads(answer.body)["title"] for answer in busy} == {
        "The switch is busy; nothing was stored."
    }
    assert bound == [(0,)]
    assert [answer.status for answer in taken] == [200] * len(taken)
    assert kept == [(len(taken),)]
    assert 0 < len(taken) <= 2 * WAITING_MAX
    assert [answer.status for answer in again] == [200] * len(again), "the keys were free"
