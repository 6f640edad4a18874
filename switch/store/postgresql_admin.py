"""What is done to a PostgreSQL store beside its processes: migrate it, look at it as of one moment.

Errors of the server come out as :class:`StoreUnreachable` with one sentence; the address is shown
without its user and password. The surprise: the bounds of a process that serves hold for none of
this. A step of a migration takes as long as the rows it goes over, and whoever reads a snapshot may
pause; only for a lock nobody waits long, because all who write queue up behind whoever does.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import asyncpg

from switch.store.contract import StoreAbsent, StoreUnreachable
from switch.store.postgresql_link import AWAY, BESIDE, SETTINGS, connect, is_away, query_on, shown
from switch.store.postgresql_read import PostgresReader
from switch.store.postgresql_schema import current, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from switch.store.postgresql_link import Connection

FOR_MIGRATION: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: value
        for name, value in BESIDE.items()
        # It goes over whole tables: they may be scanned.
        if not name.startswith("enable_") and name != "plan_cache_mode"
    }
    | {"lock_timeout": "10000"}
)
"""Of a session that migrates. It waits ten seconds for a lock, and then says so."""

LOST: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the library raises in the middle; of them :func:`is_away` tells what is no bug."""

IN_THE_WAY: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def migrated(url: str, settings: Mapping[str, str] = FOR_MIGRATION) -> tuple[int, int]:
    """Bring the database to the current schema; the versions before and after.

    Raises :class:`StoreUnreachable`, of its kind :class:`StoreAbsent` where it can be tried again,
    and :class:`~switch.store.contract.SchemaUnknown`.
    """
    async with opened(url, settings, patient=True) as connection:
        try:
            return await migrate(connection)
        except IN_THE_WAY:
            raise StoreAbsent(
                f"{shown(url)}: somebody works on it, a switch or another migration: stop the "
                "switches and try again; what was begun was undone"
            ) from None
        except AWAY as error:
            if not is_away(error, connection):
                raise
            raise StoreAbsent(
                f"{shown(url)}: was lost in a migration ({type(error).__name__}): try again; what "
                "was begun was undone"
            ) from None


async def is_empty(url: str) -> bool:
    """Whether nothing was ever committed there. Raises :class:`StoreUnreachable`."""
    async with opened(url) as connection:
        if await connection.fetchval("SELECT to_regclass('block')") is None:
            return True
        return await connection.fetchval("SELECT 1 FROM block LIMIT 1") is None


@asynccontextmanager
async def snapshot(url: str, slot: int) -> AsyncIterator[PostgresReader]:
    """Reads of one moment, beside the processes that write: journal and balances agree.

    It may be read as slowly as one likes; the server keeps what was erased meanwhile for it.

    Raises :class:`StoreUnreachable` and :class:`~switch.store.contract.SchemaUnknown`.
    """
    async with opened(url, BESIDE, patient=True) as connection:
        await current(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresReader(query_on(connection), slot)


@asynccontextmanager
async def opened(
    url: str, settings: Mapping[str, str] = SETTINGS, *, patient: bool = False
) -> AsyncIterator[Connection]:
    """A connection.

    Raises :class:`StoreUnreachable`, and where no server answers its kind :class:`StoreAbsent`.
    """
    try:
        connection = await connect(url, settings, patient=patient)
    except (*AWAY, asyncpg.PostgresError) as error:
        kind = StoreAbsent if is_away(error) else StoreUnreachable
        raise kind(f"{shown(url)}: cannot be used: {type(error).__name__}") from None
    try:
        yield connection
    except LOST as error:
        if not is_away(error, connection):
            raise
        raise StoreAbsent(f"{shown(url)}: was lost ({type(error).__name__})") from None
    finally:
        connection.terminate()
