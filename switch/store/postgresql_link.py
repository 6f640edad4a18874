"""Connections to PostgreSQL: one to write, some to read, and what their errors mean.

An error is a clash (another process was first: roll back and decide again), or the server is away
(reconnect and try again, for a bounded time), or a bug. The surprise: plans of hot statements must
never scan a table that was empty when they were made, so sessions refuse to scan and hash.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import asyncpg

from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from switch.runtime.clock import Clock

    Connection = asyncpg.Connection[asyncpg.Record]
    Rows = list[asyncpg.Record]

CONNECT_WITHIN_S: Final = 5.0
ANSWER_WITHIN_S: Final = 30.0
"""A statement that takes longer has a server that does not answer: the connection is dropped."""

AWAY_S_MAX: Final = 30.0
"""How long a batch tries to reach the server; after that the process ends and recovers."""

READ_AWAY_S_MAX: Final = 2.0
"""How long a read tries to; after that it is refused (503 with Retry-After)."""

RETRY_EVERY_S: Final = 0.1
READERS_MAX: Final = 4

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "application_name": "bakong-switch",
        "timezone": "UTC",
        "jit": "off",
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "plan_cache_mode": "force_generic_plan",
        # A transaction whose process is gone, without the server hearing of it, blocks its slot.
        "idle_in_transaction_session_timeout": "3000",
        "lock_timeout": "5000",
    }
)

BESIDE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **SETTINGS,
        # They hold no slot. Whoever reads may pause for as long as it likes between two pages, and
        # a session whose machine is gone is found out by its silence.
        "idle_in_transaction_session_timeout": "0",
        "statement_timeout": "0",
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
    }
)
"""Of a session that checks or exports beside the processes."""

CLASHES: Final = (
    asyncpg.UniqueViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
"""Another transaction was first; after a rollback the batch is decided again on what it left."""

AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    EOFError,
)
"""The server is gone, going, full or read only. Two of the kinds are also raised for bugs, which
:func:`is_away` tells apart."""


class Query(Protocol):
    """Runs one statement: :meth:`Readers.query`, or the connection of one snapshot."""

    async def __call__(self, sql: str, *values: Any) -> Rows:
        """The rows of a statement."""


def query_on(connection: Connection) -> Query:
    """Statements on one connection."""

    async def query(sql: str, *values: Any) -> Rows:
        return await connection.fetch(sql, *values)

    return query


class StoreAway(StoreBusy):
    """The database cannot be reached; nothing was read or stored (503 with Retry-After)."""


def is_away(error: Exception, connection: Connection | None = None) -> bool:
    """Whether an error says that the server cannot be used now, rather than that we have a bug."""
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        # Also raised for misuse of the library; then the connection still stands.
        return connection is None or connection.is_closed()
    return isinstance(error, AWAY)


def shown(url: str) -> str:
    """An address as it may be shown: without user, password and settings."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 5432}{parts.path}"


async def connect(
    url: str, settings: Mapping[str, str] = SETTINGS, *, patient: bool = False
) -> Connection:
    """Open a connection; where it is ``patient``, a statement takes as long as it needs.

    Raises what :func:`is_away` tells apart.
    """
    return await asyncpg.connect(
        url,
        timeout=CONNECT_WITHIN_S,
        command_timeout=None if patient else ANSWER_WITHIN_S,
        server_settings=dict(settings),
        max_cached_statement_lifetime=0,
    )


async def unchecked(_connection: Connection) -> None:
    """Take a connection as it is."""


class Readers:
    """Up to so many connections for reads; each read is one statement on one of them.

    ``check`` refuses a new connection by an exception.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        size: int = READERS_MAX,
        *,
        check: Callable[[Connection], Awaitable[None]] = unchecked,
    ) -> None:
        self._url = url
        self._clock = clock
        self._check = check
        self._idle: list[Connection] = []
        self._gate = asyncio.Semaphore(size)

    async def query(self, sql: str, *values: Any) -> Rows:
        """The rows of a statement. Raises :class:`StoreAway` when no server answers."""
        ends = self._clock.monotonic() + READ_AWAY_S_MAX
        while True:
            connection: Connection | None = None
            try:
                async with self._one() as connection:
                    return await connection.fetch(sql, *values)
            except AWAY as error:
                if not is_away(error, connection):
                    raise
                # What one lost connection says is true of the others that stood idle beside it.
                self._drop_idle()
                if self._clock.monotonic() >= ends:
                    raise StoreAway("the server of the store does not answer") from None
            await self._clock.sleep(RETRY_EVERY_S)

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Connection]:
        async with self._gate:
            connection = self._idle.pop() if self._idle else await self._new()
            try:
                yield connection
            except asyncpg.PostgresError:
                self._keep(connection)
                raise
            except BaseException:
                # Cancelled or broken in the middle of an answer: nobody may read the rest of it.
                connection.terminate()
                raise
            self._keep(connection)

    async def _new(self) -> Connection:
        connection = await connect(self._url)
        try:
            await self._check(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _keep(self, connection: Connection) -> None:
        if not connection.is_closed():
            self._idle.append(connection)

    def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    async def close(self) -> None:
        """Close what stands idle."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()


class Link:
    """The one connection that writes, opened again when it was lost."""

    def __init__(
        self, url: str, clock: Clock, prepare: Callable[[Connection], Awaitable[None]]
    ) -> None:
        self._url = url
        self._clock = clock
        self._prepare = prepare
        self._connection: Connection | None = None
        self.away = False
        """True from a failure until the next success: intents are refused meanwhile."""

    async def connection(self) -> Connection:
        """The connection, opened and prepared if there is none."""
        if self._connection is None or self._connection.is_closed():
            connection = await connect(self._url)
            self._connection = connection
            await self._prepare(connection)
        return self._connection

    async def roll_back(self) -> None:
        """End the transaction; a connection that cannot is dropped."""
        try:
            if self._connection is not None:
                await self._connection.execute("ROLLBACK")
        except AWAY:
            self.drop()

    async def lost(self, error: Exception, ends: float) -> None:
        """After a failure: drop the connection; the second time in a row also wait a little.

        A bug is raised again, and lateness too: ``ends`` is when to give up, by
        :meth:`Clock.monotonic`.
        """
        if not is_away(error, self._connection):
            raise error
        self.drop()
        if self._clock.monotonic() >= ends:
            raise StoreAway("the server of the store does not answer") from None
        if self.away:
            await self._clock.sleep(RETRY_EVERY_S)
        self.away = True

    def drop(self) -> None:
        """Let go of the connection without a word."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()
        self._connection = None
