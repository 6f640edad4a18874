"""What is done to a PostgreSQL store beside its processes: migrate it, look at it as of one moment.

Errors of the server come out as :class:`StoreUnreachable` with one sentence; the address is shown
without its user and password.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from switch.store.contract import StoreAbsent, StoreUnreachable
from switch.store.postgresql_link import AWAY, connect, is_away, query_on, shown
from switch.store.postgresql_read import PostgresReader
from switch.store.postgresql_schema import current, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switch.store.postgresql_link import Connection


async def migrated(url: str) -> tuple[int, int]:
    """Bring the database to the current schema; the versions before and after.

    Raises :class:`StoreUnreachable` and :class:`~switch.store.contract.SchemaUnknown`.
    """
    async with opened(url) as connection:
        return await migrate(connection)


async def is_empty(url: str) -> bool:
    """Whether nothing was ever committed there. Raises :class:`StoreUnreachable`."""
    async with opened(url) as connection:
        if await connection.fetchval("SELECT to_regclass('block')") is None:
            return True
        return await connection.fetchval("SELECT 1 FROM block LIMIT 1") is None


@asynccontextmanager
async def snapshot(url: str, slot: int) -> AsyncIterator[PostgresReader]:
    """Reads of one moment, beside the processes that write: journal and balances agree.

    Raises :class:`StoreUnreachable` and :class:`~switch.store.contract.SchemaUnknown`.
    """
    async with opened(url) as connection:
        await current(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresReader(query_on(connection), slot)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Connection]:
    """A connection.

    Raises :class:`StoreUnreachable`, and where no server answers its kind :class:`StoreAbsent`.
    """
    try:
        connection = await connect(url)
    except (*AWAY, asyncpg.PostgresError) as error:
        kind = StoreAbsent if is_away(error) else StoreUnreachable
        raise kind(f"{shown(url)}: cannot be used: {type(error).__name__}") from None
    try:
        yield connection
    finally:
        connection.terminate()
