"""Test servers are real processes that can be killed and come back; a missing one is a failure."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
import redis

from tests.servers import fixtures

if TYPE_CHECKING:
    from tests.servers.processes import PostgresServer, RedisServer


def test_postgres_syncs_commits_and_outlives_a_kill(postgres_server: PostgresServer) -> None:
    async def run() -> list[str]:
        connection = await asyncpg.connect(postgres_server.url())
        names = ("fsync", "full_page_writes", "synchronous_commit")
        said = [await connection.fetchval(f"SHOW {name}") for name in names]
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        postgres_server.kill()
        connection.terminate()
        postgres_server.start()
        connection = await asyncpg.connect(postgres_server.url(search_path="public"))
        said.append(await connection.fetchval("SELECT one FROM kept"))
        await connection.execute("DROP TABLE kept")
        await connection.close()
        return said

    assert asyncio.run(run()) == ["on", "on", "on", 1]


def test_postgres_runs_without_privileges(postgres_server: PostgresServer) -> None:
    assert postgres_server.process is not None
    owner = Path(f"/proc/{postgres_server.process.pid}").stat().st_uid

    assert owner != 0


def test_redis_answers_and_comes_back_empty_after_a_kill(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url()) as client:
        client.set("kept", "1")
        redis_server.kill()
        redis_server.start()

        assert client.get("kept") is None


def test_a_missing_server_fails_and_is_skipped_only_where_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(_: object) -> PostgresServer:
        raise AssertionError

    monkeypatch.delenv(fixtures.SETTING, raising=False)
    with pytest.raises(pytest.fail.Exception, match="neither on the path"):
        next(fixtures.started(None, "PostgreSQL", never))
    monkeypatch.setenv(fixtures.SETTING, "1")
    with pytest.raises(pytest.skip.Exception, match="neither on the path"):
        next(fixtures.started(None, "PostgreSQL", never))
