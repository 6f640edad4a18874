"""A PostgreSQL database of every earlier schema is brought up to date with all that it holds.

What it holds are the rows of the dump that the SQLite store is tested with, put into the tables of
the first schema; at the end both engines hold the same, and go on.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import asyncpg
import pytest

from switch.commands import Done
from switch.lifecycle import Event
from switch.store.audit import audit
from switch.store.postgresql_schema import SCHEMA_VERSION, migrate
from tests.contract.contract_engines import KEY, SqlitePlace, dump
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import concluded, opened, payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.processes import PostgresServer

SLOT = 3
"""The slot that wrote the dump, twice opened."""

TABLES = (
    *("payment", "binding", "answer", "claim", "tombstone", "incoming", "account", "entry"),
    *("exchange", "sealed", "data_key", "rate", "block", "leaf"),
)


def dumped(path: Path) -> Path:
    """The database as the second schema's program left it."""
    text = (Path(__file__).parent / "data" / "schema_0002.dump").read_text("utf-8")
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(text)
        connection.execute("PRAGMA user_version = 2")
    return path


async def filled(url: str, source: Path) -> None:
    """Put the rows of the dump into the tables of the first schema."""
    connection = await asyncpg.connect(url)
    with closing(apsw.Connection(str(source))) as old:
        for table in TABLES:
            found = old.execute(f"SELECT * FROM {table}").fetchall()
            names = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
            extra: tuple[Any, ...] = ()
            if table == "payment":
                names, extra = [*names, "slot", "epoch"], (SLOT, 2)
            marks = ", ".join(f"${place}" for place in range(1, len(names) + 1))
            sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            await connection.executemany(sql, [(*row, *extra) for row in found])
    await connection.execute("INSERT INTO slot VALUES ($1, 2, 'switch', 0)", SLOT)
    await connection.close()


class EarlierPlace(PostgresPlace):
    """A schema that is not brought up to date as it is made, and removed at the end."""

    async def _migrate(self) -> None:
        """Nothing: the test does it."""

    async def reach(self, version: int) -> None:
        """Bring it to a version."""
        connection = await asyncpg.connect(self.url)
        await migrate(connection, version)
        await connection.close()

    def close(self) -> None:
        for engine in self._opened:
            engine.close()
        self.sql(f"DROP SCHEMA {self.schema} CASCADE")
        self._loop.close()


@pytest.fixture
def earlier(postgres_server: PostgresServer) -> Iterator[EarlierPlace]:
    """A schema without tables."""
    place = EarlierPlace(postgres_server)
    yield place
    place.close()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_what_an_earlier_schema_held_is_kept_and_goes_on(
    earlier: EarlierPlace, tmp_path: Path, version: int
) -> None:
    source = dumped(tmp_path / "switch.db")
    run = earlier._loop.run_until_complete
    run(earlier.reach(1))
    run(filled(earlier.url, source))
    run(earlier.reach(version))
    run(earlier.reach(SCHEMA_VERSION))
    found = earlier.open(SLOT)

    with closing(SqlitePlace(source).open(SLOT)) as embedded:
        assert dump(found) == dump(embedded)
        for engine in (found, embedded):
            (lost,) = engine.execute([concluded(payment(3), Event.LOST)])
            (more,) = engine.execute([opened(payment(6, quote="quote-6"))])
            assert isinstance(lost, Done)
            assert isinstance(more, Done)
        assert dump(found) == dump(embedded)
        assert audit(found, KEY.public_key()).faults == audit(embedded, KEY.public_key()).faults
