"""Whatever happens to a connection or to the server, a batch is kept once or not at all.

A proxy cuts the connection before a COMMIT, after it, or in the middle of a batch; the server is
killed and comes back. What was answered is there, what was not is done again, and the record of it
all is the one that the model leaves for the same commands.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from switch.commands import Done, Known
from switch.lifecycle import Event
from switch.runtime.clock import SystemClock
from switch.runtime.tasks import Tasks
from switch.store import postgresql, postgresql_link
from switch.store.audit import audit
from switch.store.contract import Fenced, StoreBusy
from switch.store.loop_committer import LoopCommitter
from switch.store.postgresql import PostgresEngine
from switch.store.postgresql_link import StoreAway
from switch.store.postgresql_tail import CommitsLost
from tests.contract.contract_engines import KEY, MemoryPlace, dump
from tests.contract.postgres_place import PostgresPlace
from tests.servers.proxy import CuttingProxy
from tests.switch_core.core_values import capped, concluded, opened, payment, uetr

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from switch.commands import Command, Result
    from switch.model import Payment
    from tests.servers.processes import PostgresServer


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


def outbound(number: int) -> Payment:
    """A payment with a quote of its own."""
    return payment(number, quote=f"quote-{number}")


def engine_at(url: str, slot: int = 1) -> PostgresEngine:
    """An engine on the machine's clock."""
    return PostgresEngine(url, clock=SystemClock(), sign=KEY.sign, slot=slot)


@asynccontextmanager
async def proxied(pg: PostgresPlace) -> AsyncIterator[tuple[PostgresEngine, CuttingProxy]]:
    """An engine that reaches the server through a proxy."""
    proxy = CuttingProxy(pg.server.port)
    port = await proxy.start()
    engine = engine_at(pg.server.url(port=port, search_path=pg.schema))
    await engine.start()
    try:
        yield engine, proxy
    finally:
        proxy.refusing, proxy.cut, proxy.message = False, lambda: "", lambda: False
        await engine.close()
        await proxy.stop()


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something that another task brings about."""
    for _ in range(500):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


def batches(rounds: int) -> Iterator[list[Command]]:
    """Openings, and in the next batch their ends."""
    for number in range(rounds):
        held = [outbound(3 * number + place) for place in (1, 2, 3)]
        yield [opened(each) for each in held]
        yield [concluded(each, Event.ACCEPTED) for each in held]


async def carried_out(engine: PostgresEngine, rounds: int) -> list[Result]:
    """Execute the batches, each of which must be carried out whole."""
    results: list[Result] = []
    for batch in batches(rounds):
        results += await engine.execute(batch)
    return results


def as_the_model(pg: PostgresPlace, rounds: int) -> None:
    """What is stored is what the model holds after the same batches, and the record is sound."""
    model = MemoryPlace().open()
    for batch in batches(rounds):
        model.execute(batch)
    found = pg.open(9)

    expected = dump(model)
    held = dump(found)
    # The reader's own slot wrote no journal; that of slot 1 is judged by the audit.
    held.pop("leaves"), expected.pop("leaves")
    assert held == expected
    assert audit(found, KEY.public_key()).faults == ()


@pytest.mark.parametrize("how", ["before", "after"])
async def test_a_connection_cut_around_a_commit_keeps_the_batch_once(
    pg: PostgresPlace, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with proxied(pg) as (engine, proxy):
        proxy.cut = iter([how, "", how, how, ""] * 9).__next__
        resolved: list[bool] = []
        resolve = engine._resolved

        async def watched(connection: Any) -> Any:
            doubted = engine._doubt is not None
            found = await resolve(connection)
            if doubted:
                resolved.append(found is not None)
            return found

        monkeypatch.setattr(engine, "_resolved", watched)
        results = await carried_out(engine, 6)

        assert [type(result) for result in results] == [Done] * 36
        assert proxy.cuts[how] >= 7
        # A COMMIT that arrived is found again each time, one that did not is not.
        assert resolved == [how == "after"] * proxy.cuts[how]
        assert engine.head is not None
        assert engine.head.number == 12


def test_what_was_cut_anywhere_is_what_the_model_holds(pg: PostgresPlace) -> None:
    async def run() -> None:
        chance = random.Random(20_260_701)
        async with proxied(pg) as (engine, proxy):
            proxy.cut = lambda: chance.choice(["", "", "before", "after"])
            proxy.message = lambda: chance.random() < 0.08
            results = await carried_out(engine, 10)

            assert [type(result) for result in results] == [Done] * 60
            assert min(proxy.cuts.values()) >= 2, proxy.cuts

    asyncio.run(run())
    as_the_model(pg, 10)


async def test_a_repeat_after_a_lost_answer_finds_its_own_payment(pg: PostgresPlace) -> None:
    """Lesson 23: an honest repeat is the same request."""
    async with proxied(pg) as (engine, proxy):
        proxy.cut = iter(["after", *[""] * 9]).__next__
        (first,) = await engine.execute([opened(outbound(1))])
        (second,) = await engine.execute([opened(outbound(1))])

        assert isinstance(first, Done)
        assert isinstance(second, Known)
        assert first.payment == second.payment


async def test_whoever_lost_its_slot_together_with_the_answer_ends(pg: PostgresPlace) -> None:
    async with proxied(pg) as (engine, proxy):
        other = engine_at(pg.url)

        def taken() -> str:
            proxy.refusing = True
            return "before"

        proxy.cut = taken
        work = asyncio.create_task(engine.execute([opened(outbound(1))]))
        await until(lambda: proxy.refusing)
        await other.start()
        proxy.refusing, proxy.cut = False, lambda: ""
        with pytest.raises(Fenced):
            await work

        assert await other.payment(uetr(1)) is None
        await other.close()


@pytest.mark.parametrize("nth", range(1, 12))
async def test_a_doubt_is_resolved_although_the_connection_is_lost_again(
    pg: PostgresPlace, nth: int
) -> None:
    """The answer to a COMMIT is lost, and then the connection that asks about it, anywhere."""
    async with proxied(pg) as (engine, proxy):
        await engine.execute([opened(outbound(1))])
        messages = count(1)
        proxy.message = lambda: proxy.cuts["after"] == 1 and next(messages) == nth
        proxy.cut = lambda: "" if proxy.cuts["after"] else "after"
        results = await engine.execute([opened(outbound(2))])
        results += await engine.execute([concluded(outbound(2), Event.ACCEPTED)])

        assert [type(result) for result in results] == [Done, Done]
        assert engine.head is not None
        assert engine.head.number == 3


async def test_a_server_that_came_back_without_a_commit_ends_the_process(
    pg: PostgresPlace,
) -> None:
    async with proxied(pg) as (engine, proxy):
        await engine.execute([opened(outbound(1))])
        forget = "SET session_replication_role = replica; DELETE FROM block; DELETE FROM leaf"
        connection = await asyncpg.connect(pg.url)
        await connection.execute(forget)
        await connection.close()
        proxy.drop()

        with pytest.raises(CommitsLost):
            await engine.execute([opened(outbound(2))])


# The server.


async def paid(store: LoopCommitter, number: int) -> list[str]:
    """Open and end one payment, trying again while the store is busy."""
    said = []
    held = outbound(number)
    for command in (opened(held), concluded(held, Event.ACCEPTED)):
        while True:
            try:
                said.append(type(await store.commit(command)).__name__)
                break
            except StoreBusy:
                await asyncio.sleep(0.02)
    return said


def test_a_server_that_is_killed_under_load_loses_nothing(pg: PostgresPlace) -> None:
    async def run() -> None:
        engine = engine_at(pg.url)
        await engine.start()
        crashed: list[Any] = []
        tasks = Tasks(lambda *what: crashed.append(what))
        store = LoopCommitter(engine, engine, tasks)
        paying = [asyncio.create_task(paid(store, number)) for number in range(1, 301)]
        for _ in range(3):
            await asyncio.sleep(0.05)
            await asyncio.to_thread(pg.server.kill)
            await asyncio.to_thread(pg.server.start)
        more = [asyncio.create_task(paid(store, number)) for number in range(301, 321)]
        said = await asyncio.gather(*paying, *more)

        assert crashed == []
        # Twice "Done": what was kept although nobody heard of it is not done a second time.
        assert said == [["Done", "Done"]] * 320
        await store.close()

    asyncio.run(run())
    found = pg.open(9)
    assert len(found.listed(0, 999)) == 320
    assert audit(found, KEY.public_key()).faults == ()


async def test_while_the_server_is_away_intents_are_refused_and_conclusions_wait(
    pg: PostgresPlace,
) -> None:
    async with proxied(pg) as (engine, proxy):
        store = LoopCommitter(engine, engine, Tasks())
        held = outbound(1)
        await store.commit(opened(held))
        proxy.refusing = True
        proxy.drop()
        ended = asyncio.create_task(store.commit(concluded(held, Event.ACCEPTED)))
        await until(lambda: engine.away)
        with pytest.raises(StoreBusy):
            await store.commit(opened(outbound(2)))
        proxy.refusing = False

        assert isinstance(await ended, Done)
        assert isinstance(await store.commit(opened(outbound(3))), Done)
        assert await engine.payment(uetr(2)) is None


async def test_a_server_that_stays_away_is_given_up_within_a_bound(
    pg: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "AWAY_S_MAX", 0.3)
    monkeypatch.setattr(postgresql_link, "READ_AWAY_S_MAX", 0.3)
    async with proxied(pg) as (engine, proxy):
        proxy.refusing = True
        proxy.drop()
        with pytest.raises(StoreAway):
            await engine.execute([capped(7)])
        with pytest.raises(StoreAway):
            await engine.payment(uetr(1))
        proxy.refusing = False

        assert await engine.payment(uetr(1)) is None
        assert await engine.execute([capped(7)]) == [Done(None)]


async def test_a_read_outlives_the_loss_of_its_connection(pg: PostgresPlace) -> None:
    async with proxied(pg) as (engine, proxy):
        await engine.execute([opened(outbound(1))])
        await asyncio.gather(*[engine.payment(uetr(1)) for _ in range(9)])
        proxy.drop()

        found = await asyncio.gather(*[engine.payment(uetr(1)) for _ in range(9)])
        assert [None if each is None else each.uetr for each in found] == [uetr(1)] * 9
