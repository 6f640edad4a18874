"""A PostgreSQL engine as the contract tests hold engines: each call runs to its end.

A place is a schema of its own in the database of the run, so that nothing of one test is seen by
another; one that is closed is emptied and used again, because making one takes half a second.
Engines of a place share one event loop, which runs only while one of them is called.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from switch.store.postgresql import PostgresEngine
from switch.store.postgresql_schema import migrate
from tests.contract.engine_clock import KEY, SteppingClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.processes import PostgresServer

NAMES: Final = count(1)


class Driven:
    """An engine whose coroutines are run to their end by whoever calls them."""

    def __init__(self, engine: PostgresEngine, run: Callable[[Any], Any]) -> None:
        self.engine = engine
        self._run = run

    def rows(self, sql: str) -> list[Any]:
        """The rows of a statement."""
        return [tuple(row) for row in self._run(self.engine._query(sql))]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.engine, name)
        if inspect.isasyncgenfunction(found):
            return lambda *values: iter(self._run(_all(found(*values))))
        if inspect.iscoroutinefunction(found):
            return lambda *values: self._run(found(*values))
        return found


@dataclass
class PostgresPlace:
    """A schema of the server; what is opened is closed by :meth:`close` at the latest."""

    server: PostgresServer
    spare: list[str] = field(default_factory=list)
    """Schemas that are empty and current."""

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._opened: list[Driven] = []
        if self.spare:
            self.schema = self.spare.pop()
        else:
            self.schema = f"place_{next(NAMES)}"
            self.sql(f"CREATE SCHEMA {self.schema}")
            self._loop.run_until_complete(self._migrate())

    @property
    def url(self) -> str:
        """Address of the schema."""
        return self.server.url(search_path=self.schema)

    def open(self, slot: int = 1) -> Driven:
        """Open an engine; one that was opened before and not closed is replaced."""
        return self.opened_by(
            PostgresEngine(self.url, clock=SteppingClock(), sign=KEY.sign, slot=slot)
        )

    def opened_by(self, engine: PostgresEngine) -> Driven:
        """Start an engine on this place."""
        self._loop.run_until_complete(engine.start())
        self._opened.append(Driven(engine, self._loop.run_until_complete))
        return self._opened[-1]

    def sql(self, text: str, *values: Any) -> list[Any]:
        """The rows of a statement on a connection of its own."""
        return self._loop.run_until_complete(self._sql(text, values))

    def silent(self, slot: int) -> None:
        """Let a slot's lease have run out."""
        self.sql("UPDATE slot SET lease_until = 0 WHERE slot = $1", slot)

    def emptied(self) -> None:
        """Empty every table."""
        tables = self.sql(
            "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' "
            "AND relname <> 'schema_version'",
            self.schema,
        )
        deletes = "; ".join(f"DELETE FROM {row[0]}" for row in tables)
        self.sql(f"SET session_replication_role = replica; {deletes}")

    def close(self) -> None:
        """Close what is open and leave the schema empty."""
        for engine in self._opened:
            engine.close()
        self.emptied()
        self.spare.append(self.schema)
        self._loop.close()

    async def _migrate(self) -> None:
        connection = await asyncpg.connect(self.url)
        await migrate(connection)
        await connection.close()

    async def _sql(self, text: str, values: tuple[Any, ...]) -> list[Any]:
        connection = await asyncpg.connect(self.url)
        try:
            if not values and not text.startswith("SELECT"):
                await connection.execute(text)
                return []
            return [tuple(row) for row in await connection.fetch(text, *values)]
        finally:
            await connection.close()


async def _all(found: Any) -> list[Any]:
    return [each async for each in found]
