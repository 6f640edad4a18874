"""``restore status`` and ``done`` on a server that is not as hoped: one sentence, and status 2.

Status 1 would say that payments are left, and 0 that none is, on the worst of nights.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from switch.store.contract import StoreAbsent
from switch.store.postgresql_admin import opened
from switch.store.postgresql_schema import SCHEMA_VERSION
from switch.stores import VARIABLE
from tests.cli.typed_commands import typed
from tests.servers.fixtures import POSTGRES_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.processes import PostgresServer

pytestmark = POSTGRES_GROUP
DATABASE = "restore_on_server"


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database of its own."""
    server = postgres_server.url()
    asyncio.run(_sent(server, f"CREATE DATABASE {DATABASE}"))
    yield urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}"))
    asyncio.run(_sent(server, f"DROP DATABASE {DATABASE} WITH (FORCE)"))


async def _sent(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def both(data: Path) -> set[tuple[int, str, str]]:
    """What ``status`` and ``done`` say."""
    words = ("--store", "postgresql", "--data", str(data))
    return {typed("restore", word, *words) for word in ("status", "done")}


def refused(sentence: str) -> set[tuple[int, str, str]]:
    """What both say where they cannot."""
    return {(2, "", f"bakong-switch: {sentence}\n")}


def test_a_schema_of_another_program_is_named(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, url)
    empty = both(tmp_path)
    asyncio.run(
        _sent(
            url,
            "CREATE TABLE schema_version (version integer)",
            "CREATE TABLE loss (restored_at bigint, head_at bigint, done boolean)",
            "INSERT INTO schema_version VALUES (99)",
        )
    )

    assert empty == refused(
        f"schema version 0, this program works on {SCHEMA_VERSION}: run `bakong-switch db migrate`"
    )
    assert both(tmp_path) == refused(f"schema version 99, this program knows {SCHEMA_VERSION}")


def test_a_server_that_refuses_us_or_is_away_is_named(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = urlsplit(postgres_server.url())
    host = parts.netloc.rpartition("@")[2]
    said = {}
    for netloc, path in ((parts.netloc, "/nowhere"), (f"nobody:pw@{host}", parts.path),
                         ("127.0.0.1:1", parts.path)):  # fmt: skip
        monkeypatch.setenv(VARIABLE, urlunsplit(parts._replace(netloc=netloc, path=path)))
        shown = f"postgresql://{netloc.rpartition('@')[2]}{path}: cannot be used: "
        said[shown] = both(tmp_path)

    causes = ("InvalidCatalogNameError", "InvalidPasswordError", "ConnectionRefusedError")
    assert list(said.values()) == [
        refused(shown + cause) for shown, cause in zip(said, causes, strict=True)
    ]


async def test_a_connection_that_is_lost_in_the_middle_is_told_of(
    postgres_server: PostgresServer,
) -> None:
    with pytest.raises(StoreAbsent, match="was lost"):
        async with opened(postgres_server.url()) as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
