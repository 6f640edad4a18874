"""The outbox of the PostgreSQL store: events read, and how far each receiver is.

Any number of processes share the database; a receiver is sent its events by the one whose slot its
row names, and another takes it when that slot's lease has run out by the server's clock. Marks are
not waited for on the disk: one that is lost makes an event be sent again, and nothing else. The
surprise: counts and marks are rows of two tables, so that sending holds up no batch of another
process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from switch.model import to_micros
from switch.store.outbox_rows import (
    EVENT,
    STANDING,
    event_of,
    retry_of,
    retry_row,
    settled,
    standing_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from switch.outbox import OutboxRow
    from switch.store.outbox_port import Retry, Settlement, Standing
    from switch.store.postgresql_link import Connection, Query

Found = TypeVar("Found")

_NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_LAST: Final = "SELECT receiver, last FROM receiver WHERE receiver = ANY($1::text[])"
_LOCKED: Final = _LAST + " ORDER BY receiver FOR NO KEY UPDATE"
_ENROL: Final = (
    "INSERT INTO receiver SELECT name, 0 FROM unnest($1::text[]) AS name ORDER BY name "
    "ON CONFLICT DO NOTHING"
)
_DELIVER: Final = (
    "INSERT INTO delivery (receiver, done) SELECT receiver, last FROM receiver "
    "WHERE receiver = ANY($1::text[]) ORDER BY receiver ON CONFLICT DO NOTHING"
)
_MINE: Final = STANDING + (
    "WHERE d.slot = $1 AND d.epoch = $2 AND d.receiver = ANY($3::text[]) ORDER BY d.receiver"
)
_FREE: Final = (
    "SELECT receiver FROM delivery d WHERE receiver = ANY($3::text[]) "  # noqa: S608  constants
    "AND (slot <> $1 OR epoch <> $2) AND NOT EXISTS (SELECT FROM slot s "
    f"WHERE s.slot = d.slot AND s.slot <> $1 AND s.lease_until > {_NOW}) ORDER BY receiver"
)
_TAKE: Final = "UPDATE delivery SET slot = $1, epoch = $2 WHERE receiver = ANY($3::text[])"
_SETTLE: Final = (
    "UPDATE delivery SET done = $1, tries = $2, next_at = $3, failing_since = $4, stopped = $5 "
    "WHERE receiver = $6 AND slot = $7 AND epoch = $8 AND done = $9"
)
_KEEP: Final = (
    "INSERT INTO delivery_retry VALUES ($1, $2, $3, $4, $5) ON CONFLICT (receiver, number) "
    "DO UPDATE SET tries = excluded.tries, next_at = excluded.next_at"
)
_CLEAR: Final = "DELETE FROM delivery_retry WHERE receiver = $1 AND number = ANY($2::bigint[])"
_REPLAY: Final = (
    "UPDATE delivery SET done = least(done, $1), tries = 0, next_at = NULL, failing_since = NULL, "
    "stopped = 0, slot = 0, epoch = 0 WHERE receiver = $2"
)
_TRIM: Final = (
    "DELETE FROM outbox WHERE receiver = $1 AND number IN (SELECT number FROM outbox "
    "WHERE receiver = $1 ORDER BY number LIMIT $3) AND at < $2"
)
_TRIM_RETRIES: Final = (
    "DELETE FROM delivery_retry AS r WHERE receiver = $1 AND NOT EXISTS "
    "(SELECT 1 FROM outbox AS o WHERE o.receiver = r.receiver AND o.number = r.number)"
)
"""What is to be tried again goes with its event: nothing could send it any more."""


async def load_numbers(
    connection: Connection, wanted: Iterable[str], enrolled: frozenset[str]
) -> dict[str, int]:
    """Lock the counts of receivers in the order of their names, and load them."""
    names = sorted(name for name in wanted if name in enrolled)
    if not names:
        return {}
    return {row[0]: row[1] for row in await connection.fetch(_LOCKED, names)}


class PostgresOutbox:
    """The outbox as one process holds it.

    ``apart`` does work in a transaction of its own that is fenced as a batch is; ``owner`` tells
    the slot and the epoch of this process.
    """

    def __init__(
        self,
        query: Query,
        apart: Callable[[Callable[[Connection], Awaitable[Any]]], Awaitable[Any]],
        owner: Callable[[], tuple[int, int]],
    ) -> None:
        self._query = query
        self._apart = apart
        self._owner = owner
        self.enrolled: frozenset[str] = frozenset()

    async def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """Write events for these from now on."""

        async def enrolled(connection: Connection) -> None:
            await connection.execute(_ENROL, receivers)
            await connection.execute(_DELIVER, delivered)

        await self._apart(enrolled)
        self.enrolled = frozenset(receivers)

    async def held(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves, having taken those that nobody alive serves."""
        mine = self._owner()
        if await self._query(_FREE, *mine, receivers):

            async def taken(connection: Connection) -> None:
                locked = await connection.fetch(_FREE + " FOR UPDATE SKIP LOCKED", *mine, receivers)
                await connection.execute(_TAKE, *mine, [row[0] for row in locked])

            await self._apart(taken)
        return [standing_of(tuple(row)) for row in await self._query(_MINE, *mine, receivers)]

    async def standing(self, receiver: str) -> Standing | None:
        """How a receiver's deliveries stand."""
        rows = await self._query(STANDING + "WHERE d.receiver = $1", receiver)
        return standing_of(tuple(rows[0])) if rows else None

    async def last(self, receiver: str) -> int:
        """Number of the newest event of a receiver."""
        rows = await self._query(_LAST, [receiver])
        return int(rows[0][1]) if rows else 0

    async def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """Events behind a number, in the order of numbers."""
        sql = f"SELECT {EVENT} WHERE o.receiver = $1 AND o.number > $2 ORDER BY o.number LIMIT $3"
        return [event_of(tuple(row)) for row in await self._query(sql, receiver, after, limit)]

    async def retries(
        self, receiver: str, at: datetime, limit: int
    ) -> list[tuple[Retry, OutboxRow]]:
        """Events to be tried again whose time has come, the most overdue first."""
        sql = (
            f"SELECT t.number, t.tries, t.since, t.next_at, {EVENT}"
            "JOIN delivery_retry t ON t.receiver = o.receiver AND t.number = o.number "
            "WHERE t.receiver = $1 AND t.next_at <= $2 ORDER BY t.next_at, t.number LIMIT $3"
        )
        rows = [tuple(row) for row in await self._query(sql, receiver, to_micros(at), limit)]
        return [(retry_of(row[:4]), event_of(row[4:])) for row in rows]

    async def kept(self, receiver: str) -> int:
        """How many events are to be tried again."""
        sql = "SELECT count(*) FROM delivery_retry WHERE receiver = $1"
        return int((await self._query(sql, receiver))[0][0])

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep what became of sending, where the receiver is still served by this process."""
        mine = self._owner()

        async def kept(connection: Connection) -> None:
            await connection.execute("SET LOCAL synchronous_commit = off")
            for each in sorted(settlements, key=lambda each: each.after.receiver):
                values = (*settled(each.after, each.before), *mine, each.before.done)
                if await connection.execute(_SETTLE, *values) == "UPDATE 0":
                    continue
                name = each.after.receiver
                for retry in each.kept:
                    await connection.execute(_KEEP, *retry_row(name, retry))
                await connection.execute(_CLEAR, name, each.cleared)

        await self._apart(kept)

    async def replay(self, receiver: str, after: int) -> Standing | None:
        """Send what is kept behind a number once more, and go on where the receiver said stop."""

        async def replayed(connection: Connection) -> None:
            await connection.execute(_REPLAY, after, receiver)
            sql = "DELETE FROM delivery_retry WHERE receiver = $1 AND number > $2"
            await connection.execute(sql, receiver, after)

        await self._apart(replayed)
        return await self.standing(receiver)

    async def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """Let go of at most so many of the oldest events from before a moment."""

        async def trimmed(connection: Connection) -> int:
            done = await connection.execute(_TRIM, receiver, to_micros(before), limit)
            await connection.execute(_TRIM_RETRIES, receiver)
            return int(done.split()[-1])

        count: int = await self._apart(trimmed)
        return count
