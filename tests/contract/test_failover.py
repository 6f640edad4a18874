"""A server that comes back changed: without the last commits, or after everybody's lease.

What was confirmed and is gone was sent, so the process that notices marks the loss for all and
opens nothing more. And while nobody could renew, nobody was dead: processes that live through an
outage longer than a lease leave each other's payments alone.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from switch.commands import Done
from switch.runtime.clock import SystemClock
from switch.store.contract import Takeover
from switch.store.postgresql import PostgresEngine
from switch.store.postgresql_link import Readers
from switch.store.postgresql_loss import LossRow
from switch.store.postgresql_tail import CommitsLost
from tests.contract.contract_engines import KEY
from tests.contract.postgres_place import PostgresPlace
from tests.contract.test_lost_answers import outbound
from tests.servers.proxy import CuttingProxy
from tests.switch_core.core_values import opened, uetr

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.servers.processes import PostgresServer

LEASE_S = 2


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


class Lagging:
    """A database that can be put back to what it was: a node that lacks the last commits."""

    def __init__(self, connection: Any, tables: list[str], proxy: CuttingProxy) -> None:
        self._connection = connection
        self._tables = tables
        self._proxy = proxy

    async def keep(self) -> None:
        """Keep what is there now."""
        for table in self._tables:
            await self._connection.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")

    async def fail_over(self) -> None:
        """Cut every connection, and come back with what was kept."""
        self._proxy.drop()
        await self._connection.execute("SET session_replication_role = replica")
        for table in self._tables:
            sql = f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"
            await self._connection.execute(sql)


@asynccontextmanager
async def lagging(pg: PostgresPlace) -> AsyncIterator[tuple[PostgresEngine, Lagging, list[Any]]]:
    """An engine behind a proxy, its database, and what it says of losses."""
    said: list[Any] = []
    proxy = CuttingProxy(pg.server.port)
    url = pg.server.url(port=await proxy.start(), search_path=pg.schema)
    engine = PostgresEngine(
        url,
        clock=SystemClock(),
        sign=KEY.sign,
        slot=1,
        on_loss=lambda *what: said.append(what),
    )
    await engine.start()
    connection = await asyncpg.connect(pg.url)
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' "
        "AND relname NOT IN ('schema_version', 'loss')",
        pg.schema,
    )
    try:
        yield engine, Lagging(connection, [row[0] for row in tables], proxy), said
    finally:
        await connection.close()
        await engine.close()
        await proxy.stop()


@pytest.mark.parametrize("first", ["batch", "read", "renewal"])
async def test_a_node_without_the_last_commits_is_used_for_nothing_and_the_loss_is_marked(
    pg: PostgresPlace, first: str
) -> None:
    async with lagging(pg) as (engine, node, said):
        await engine.execute([opened(outbound(1))])
        kept_at = engine.head.at if engine.head else None
        await node.keep()
        (lost,) = await engine.execute([opened(outbound(2))])
        assert isinstance(lost, Done)
        await node.fail_over()

        work = {
            "batch": lambda: engine.execute([opened(outbound(2))]),
            "read": lambda: engine.payment(uetr(2)),
            "renewal": engine.renew,
        }[first]
        with pytest.raises(CommitsLost):
            await work()
        with pytest.raises(CommitsLost):
            await engine.execute([opened(outbound(3))])

        assert {newest for _, newest in said} == {kept_at}
        readers = Readers(pg.url, SystemClock(), 1)
        assert await LossRow(readers.query).read() == (*said[-1], False)
        rows = await readers.query("SELECT uetr FROM payment")
        assert [row[0] for row in rows] == [uetr(1)], "nothing was opened there"
        await readers.close()


async def test_a_node_that_has_every_commit_is_gone_on_with(pg: PostgresPlace) -> None:
    async with lagging(pg) as (engine, node, said):
        await engine.execute([opened(outbound(1))])
        await node.keep()
        await node.fail_over()

        assert isinstance((await engine.execute([opened(outbound(2))]))[0], Done)
        assert said == []


async def test_after_an_outage_longer_than_a_lease_those_who_live_leave_each_other_alone(
    pg: PostgresPlace,
) -> None:
    one, other = (
        PostgresEngine(pg.url, clock=SystemClock(), sign=KEY.sign, slot=slot, lease_s=LEASE_S)
        for slot in (1, 2)
    )
    for engine in (one, other):
        await engine.start()
    await one.execute([opened(outbound(1))])
    await asyncio.to_thread(pg.server.kill)
    await asyncio.sleep(LEASE_S * 1.25)
    await asyncio.to_thread(pg.server.start)

    # In this order the first would end the other, whose lease ran out while it could not renew.
    assert await one.adopt() == []
    await one.renew()
    assert await one.adopt() == []
    await other.renew()
    assert isinstance((await other.execute([opened(outbound(2))]))[0], Done)

    await other.close()
    for _ in range(2 * LEASE_S):
        await asyncio.sleep(0.6)
        await one.renew()
    assert await one.adopt() == [Takeover(2, 1)], "who did not come back is taken over"
    await one.close()
