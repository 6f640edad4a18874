"""A server that may lose what it confirmed, or has another schema, is refused in one sentence."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import asyncpg
import pytest

from switch.config import default_folder, load_config
from switch.keys import KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SeededEntropy, drawn_of
from switch.store.audit import audit
from switch.store.contract import StoreAbsent, StoreUnreachable
from switch.store.postgresql import PostgresEngine
from switch.store.postgresql_admin import is_empty, migrated, snapshot
from switch.store.postgresql_link import shown
from switch.store.postgresql_schema import SCHEMA_VERSION, ServerUnsafe, migrate
from switch.store.sqlite import SchemaUnknown
from switch.stores import START_WAIT_S, VARIABLE, await_server
from tests.contract.contract_engines import KEY
from tests.contract.engine_clock import SteppingClock
from tests.contract.postgres_place import PostgresPlace
from tests.servers.processes import PASSWORD
from tests.switch_core.core_values import MEMBER_KHR, capped, opened, payment, received, uetr

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switch.config import Config
    from tests.servers.processes import PostgresServer


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


@asynccontextmanager
async def bare(server: PostgresServer) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """A schema without tables: its address and a connection to it."""
    connection = await asyncpg.connect(server.url(search_path="bare"))
    await connection.execute("CREATE SCHEMA bare")
    yield server.url(search_path="bare"), connection
    await connection.execute("DROP SCHEMA bare CASCADE")
    await connection.close()


def engine_at(url: str) -> PostgresEngine:
    """An engine that was not started."""
    return PostgresEngine(url, clock=SystemClock(), sign=KEY.sign)


# What the server must promise.


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_a_server_that_may_lose_commits_is_refused_by_the_setting(
    pg: PostgresPlace, name: str
) -> None:
    connection = await asyncpg.connect(pg.url)

    async def put(value: str) -> None:
        await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        await connection.execute("SELECT pg_reload_conf()")
        for _ in range(200):
            if await connection.fetchval(f"SHOW {name}") == value:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(name)

    await put("off")
    try:
        engine = engine_at(pg.url)
        with pytest.raises(ServerUnsafe) as refused:
            await engine.start()
        await engine.close()
    finally:
        await put("on")
        await connection.close()

    assert str(refused.value) == f"PostgreSQL runs with {name} = off: switch it on"


async def test_a_server_synced_to_another_node_is_said_to_be(pg: PostgresPlace) -> None:
    engine = engine_at(pg.url + "&synchronous_commit=remote_write")
    await engine.start()
    said = engine.durability
    await engine.close()

    assert said == "fsync on, synchronous_commit remote_write, one node"


# Addresses.


def test_an_address_is_shown_without_user_and_password(postgres_server: PostgresServer) -> None:
    url = postgres_server.url(search_path="x")

    assert PASSWORD in url
    assert shown(url) == f"postgresql://127.0.0.1:{postgres_server.port}/postgres"


@pytest.mark.parametrize("wrong", ["password", "database", "port"])
async def test_a_server_that_cannot_be_used_is_named_without_its_password(
    postgres_server: PostgresServer, wrong: str
) -> None:
    url = {
        "password": postgres_server.url().replace(PASSWORD, "another"),
        "database": postgres_server.url("nothing"),
        "port": postgres_server.url(port=1),
    }[wrong]
    with pytest.raises(
        StoreUnreachable, match=r"^postgresql://127\.0\.0\.1:\d+/\w+: cannot"
    ) as said:
        await migrated(url)

    assert "another" not in str(said.value)
    assert PASSWORD not in str(said.value)


# A start.


def configured(server: PostgresServer, monkeypatch: pytest.MonkeyPatch, port: int) -> Config:
    """The shipped configuration on a server, by its port."""
    monkeypatch.setenv(VARIABLE, server.url(port=port))
    config = load_config(default_folder())
    return replace(config, store=config.store.model_copy(update={"engine": "postgresql"}))


async def test_a_start_waits_for_a_server_that_is_away_but_not_for_ever(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, config = SteppingClock(), configured(postgres_server, monkeypatch, 1)
    before = clock.monotonic()
    with pytest.raises(StoreAbsent, match=r"^postgresql://127\.0\.0\.1:1/postgres: cannot"):
        await await_server(config, KeyFolder(tmp_path), clock, partial(drawn_of, SeededEntropy(1)))

    assert START_WAIT_S <= clock.monotonic() - before < START_WAIT_S + 2


async def test_a_start_does_not_wait_where_it_is_refused(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteppingClock()
    config = configured(postgres_server, monkeypatch, postgres_server.port)
    await await_server(config, KeyFolder(tmp_path), clock, partial(drawn_of, SeededEntropy(1)))
    monkeypatch.setenv(VARIABLE, postgres_server.url().replace(PASSWORD, "another"))
    with pytest.raises(StoreUnreachable) as said:
        await await_server(config, KeyFolder(tmp_path), clock, partial(drawn_of, SeededEntropy(1)))

    assert not isinstance(said.value, StoreAbsent)
    assert clock.monotonic() < 1


# Schemas.


async def test_an_engine_refuses_a_schema_that_is_not_its_own(
    postgres_server: PostgresServer,
) -> None:
    async with bare(postgres_server) as (url, connection):
        with pytest.raises(SchemaUnknown, match="db migrate"):
            await engine_at(url).start()
        await migrate(connection, SCHEMA_VERSION - 1)
        with pytest.raises(SchemaUnknown, match=f"version {SCHEMA_VERSION - 1}, .*db migrate"):
            await engine_at(url).start()
        assert await migrated(url) == (SCHEMA_VERSION - 1, SCHEMA_VERSION)
        assert await migrated(url) == (SCHEMA_VERSION, SCHEMA_VERSION)
        await connection.execute("INSERT INTO schema_version VALUES (99)")
        with pytest.raises(SchemaUnknown, match="version 99"):
            await engine_at(url).start()
        with pytest.raises(SchemaUnknown, match="version 99"):
            await migrated(url)


async def test_two_that_migrate_at_once_do_it_once(postgres_server: PostgresServer) -> None:
    async with bare(postgres_server) as (url, _):
        assert await is_empty(url)
        found = sorted(await asyncio.gather(*[migrated(url) for _ in range(3)]))

        expected = [(0, SCHEMA_VERSION), *[(SCHEMA_VERSION, SCHEMA_VERSION)] * 2]
        assert found == expected
        assert await is_empty(url)


async def test_a_step_that_fails_leaves_the_version_before(postgres_server: PostgresServer) -> None:
    async with bare(postgres_server) as (url, connection):
        await migrate(connection, 1)
        await connection.execute("CREATE TABLE balance_after (one INTEGER)")
        with pytest.raises(asyncpg.DuplicateTableError):
            await migrated(url)
        assert await connection.fetchval("SELECT max(version) FROM schema_version") == 1
        assert await connection.fetchval("SELECT to_regclass('retention')") is None
        await connection.execute("DROP TABLE balance_after")

        assert await migrated(url) == (1, SCHEMA_VERSION)


# A snapshot beside the writers.


async def test_a_snapshot_is_of_one_moment(pg: PostgresPlace) -> None:
    engine = engine_at(pg.url)
    await engine.start()
    await engine.execute([opened(payment(1, quote="q1"))])
    async with snapshot(pg.url, 1) as reads:
        assert await reads.payment(uetr(1)) is not None
        await engine.execute([opened(payment(2, quote="q2")), received(), capped(7)])

        assert await reads.payment(uetr(2)) is None
        held = await reads.account(MEMBER_KHR)
        assert held is not None
        assert held.net_debit_max is None
    await engine.close()


# What the database itself refuses.


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entry SET minor = minor + 1",
        "DELETE FROM entry",
        "TRUNCATE entry",
        "UPDATE leaf SET salt = ''",
        "DELETE FROM leaf",
        "TRUNCATE leaf",
        "UPDATE block SET at = 0",
        "DELETE FROM block",
        "TRUNCATE block",
        "UPDATE balance_check SET debits = 0, credits = 0",
        "DELETE FROM balance_after",
        "UPDATE binding SET key = 'other'",
        "DELETE FROM binding",
        "DELETE FROM data_key",
        "UPDATE sealed SET blob = ''",
        "DELETE FROM sealed",
        "INSERT INTO entry VALUES (70368744181760, 'u', 'a', 'debit', 'KHR', 1, 'posted', NULL)",
    ],
)
def test_the_database_refuses_what_no_batch_would_do(pg: PostgresPlace, sql: str) -> None:
    engine = pg.open()
    engine.execute([opened(payment()), received()])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        pg.sql(sql)

    assert audit(engine, KEY.public_key()).faults == ()
