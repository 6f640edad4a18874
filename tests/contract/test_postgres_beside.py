"""What is done beside the processes has bounds of its own: long migrations end, readers pause.

On a real server: an index that takes longer to make than a serving process waits for an answer, a
writer and another migration in the way, and a reader that stops between two pages.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from switch.store import postgresql_link
from switch.store.contract import StoreAbsent
from switch.store.postgresql_admin import FOR_MIGRATION, migrated, snapshot
from switch.store.postgresql_schema import MIGRATING, SCHEMA_VERSION, migrate
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import received

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.servers.processes import PostgresServer

BEFORE = 6
"""The step after this version makes an index of ``payment``."""

SLOW = """
CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_sleep(1.5);
END $$;
CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION slow()
"""


@asynccontextmanager
async def earlier(server: PostgresServer) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """A database of the schema before: its address and a connection to it."""
    beside = await asyncpg.connect(server.url())
    await beside.execute("CREATE DATABASE beside")
    connection = await asyncpg.connect(server.url("beside"))
    try:
        await migrate(connection, BEFORE)
        yield server.url("beside"), connection
    finally:
        await connection.close()
        await beside.execute("DROP DATABASE beside WITH (FORCE)")
        await beside.close()


async def version(connection: asyncpg.Connection) -> int:
    """The version of the schema."""
    return int(await connection.fetchval("SELECT max(version) FROM schema_version"))


async def test_a_step_takes_as_long_as_it_needs(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if a serving process waited half a second, and the role's statements were bounded too.
    monkeypatch.setattr(postgresql_link, "ANSWER_WITHIN_S", 0.5)
    async with earlier(postgres_server) as (url, connection):
        await connection.execute(SLOW)
        await connection.execute("ALTER DATABASE beside SET statement_timeout = '500ms'")

        assert await migrated(url) == (BEFORE, SCHEMA_VERSION)


async def test_whoever_is_in_the_way_is_told_of_and_it_can_be_tried_again(
    postgres_server: PostgresServer,
) -> None:
    soon = {**FOR_MIGRATION, "lock_timeout": "300"}
    async with earlier(postgres_server) as (url, connection):
        async with connection.transaction():
            await connection.execute("LOCK TABLE payment IN ROW EXCLUSIVE MODE")
            with pytest.raises(StoreAbsent, match="stop the switches and try again"):
                await migrated(url, soon)
        await connection.execute(f"SELECT pg_advisory_lock({MIGRATING})")
        with pytest.raises(StoreAbsent, match="another migration"):
            await migrated(url, soon)
        assert await version(connection) == BEFORE
        await connection.execute(f"SELECT pg_advisory_unlock({MIGRATING})")

        assert await migrated(url, soon) == (BEFORE, SCHEMA_VERSION)


async def test_a_server_that_is_lost_in_a_migration_is_told_of(
    postgres_server: PostgresServer,
) -> None:
    async with earlier(postgres_server) as (url, connection):
        await connection.execute(SLOW)
        migrating = asyncio.create_task(migrated(url))
        ended = False
        while not ended:
            await asyncio.sleep(0.05)
            ended = await connection.fetchval(
                "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = 'beside' AND query LIKE '%CREATE INDEX%' "
                "AND pid <> pg_backend_pid()"
            )
        with pytest.raises(StoreAbsent, match="was lost in a migration"):
            await migrating

        assert await version(connection) == BEFORE


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


def test_a_reader_may_pause_longer_than_a_writer_may(pg: PostgresPlace) -> None:
    bound = int(postgresql_link.SETTINGS["idle_in_transaction_session_timeout"]) / 1000
    pg.open().execute([received()])

    async def read() -> list[int]:
        async with snapshot(pg.url, 1) as reads:
            before = await reads.record_page("block", (), 2)
            await asyncio.sleep(bound + 0.5)
            return [len(before), len(await reads.record_page("block", (), 2))]

    assert pg._loop.run_until_complete(read()) == [1, 1]
