"""The outbox of the SQLite store: events read, and how far each receiver is.

Writes are transactions of their own on the writer's connection, fenced as a batch is; reads are on
the reader's. The surprise: who serves a receiver is no lease of its own but the slot's, so there is
nothing to renew, and a restart of the same slot takes its receivers at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
from switch.store.sqlite_read import row_of, rows_of
from switch.store.sqlite_slots import fence, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import apsw

    from switch.outbox import OutboxRow
    from switch.runtime.clock import Clock
    from switch.store.outbox_port import Retry, Settlement, Standing
    from switch.store.sqlite_slots import Held

_ENROL: Final = "INSERT INTO receiver VALUES (?, 0) ON CONFLICT DO NOTHING"
_DELIVER: Final = (
    "INSERT INTO delivery (receiver, done) SELECT receiver, last FROM receiver WHERE receiver = ? "
    "ON CONFLICT DO NOTHING"
)
_MINE: Final = STANDING + "WHERE d.slot = ? AND d.epoch = ? AND d.receiver = ?"
_FREE: Final = (
    "SELECT 1 FROM delivery d WHERE receiver = ?1 AND (slot <> ?2 OR epoch <> ?3) AND NOT EXISTS "
    "(SELECT 1 FROM slot s WHERE s.slot = d.slot AND s.slot <> ?2 AND s.lease_until > ?4)"
)
_TAKE: Final = "UPDATE delivery SET slot = ?, epoch = ? WHERE receiver = ?"
_SETTLE: Final = (
    "UPDATE delivery SET done = ?, tries = ?, next_at = ?, failing_since = ?, stopped = ? "
    "WHERE receiver = ? AND slot = ? AND epoch = ? AND done = ?"
)
_REPLAY: Final = (
    "UPDATE delivery SET done = min(done, ?), tries = 0, next_at = NULL, failing_since = NULL, "
    "stopped = 0, slot = 0, epoch = 0 WHERE receiver = ?"
)
_TRIM: Final = (
    "DELETE FROM outbox WHERE receiver = ?1 AND number IN (SELECT number FROM outbox "
    "WHERE receiver = ?1 ORDER BY number LIMIT ?3) AND at < ?2"
)

_TRIM_RETRIES: Final = (
    "DELETE FROM delivery_retry WHERE receiver = ?1 AND NOT EXISTS (SELECT 1 "
    "FROM outbox AS o WHERE o.receiver = ?1 AND o.number = delivery_retry.number)"
)
"""What is to be tried again goes with its event: nothing could send it any more."""


class SqliteOutbox:
    """The outbox as one process holds it; ``enrolled`` are the receivers it writes events for."""

    def __init__(
        self, writer: apsw.Connection, reader: apsw.Connection, held: Held, clock: Clock
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._held = held
        self._clock = clock
        self.enrolled: frozenset[str] = frozenset()

    def load(self, wanted: Iterable[str]) -> dict[str, int]:
        """Numbers of the newest events, on the connection that will write the next."""
        found = {}
        for receiver in wanted:
            if receiver in self.enrolled:
                found[receiver] = _last(self._writer, receiver)
        return found

    def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """Write events for these from now on."""
        with writing(self._writer):
            fence(self._writer, self._held)
            self._writer.executemany(_ENROL, [(name,) for name in receivers])
            self._writer.executemany(_DELIVER, [(name,) for name in delivered])
        self.enrolled = frozenset(receivers)

    def free(self, receivers: Sequence[str]) -> list[str]:
        """Those that nobody alive serves; read only."""
        return self._free(self._reader, receivers)

    def take(self, receivers: Sequence[str]) -> None:
        """Serve those of them that nobody alive serves."""
        with writing(self._writer):
            fence(self._writer, self._held)
            for name in self._free(self._writer, receivers):
                self._writer.execute(_TAKE, (self._held.slot, self._held.epoch, name))

    def _free(self, connection: apsw.Connection, receivers: Sequence[str]) -> list[str]:
        told = (self._held.slot, self._held.epoch, to_micros(self._clock.now()))
        return [name for name in receivers if row_of(connection, _FREE, (name, *told))]

    def mine(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves."""
        mine = (self._held.slot, self._held.epoch)
        found = (row_of(self._reader, _MINE, (*mine, name)) for name in receivers)
        return [standing_of(row) for row in found if row is not None]

    def standing(self, receiver: str) -> Standing | None:
        """How a receiver's deliveries stand."""
        row = row_of(self._reader, STANDING + "WHERE d.receiver = ?", (receiver,))
        return None if row is None else standing_of(row)

    def last(self, receiver: str) -> int:
        """Number of the newest event of a receiver."""
        return _last(self._reader, receiver)

    def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """Events behind a number, in the order of numbers."""
        sql = f"SELECT {EVENT} WHERE o.receiver = ? AND o.number > ? ORDER BY o.number LIMIT ?"
        return [event_of(row) for row in rows_of(self._reader, sql, (receiver, after, limit))]

    def retries(self, receiver: str, at: datetime, limit: int) -> list[tuple[Retry, OutboxRow]]:
        """Events to be tried again whose time has come, the most overdue first."""
        sql = (
            f"SELECT t.number, t.tries, t.since, t.next_at, {EVENT}"
            "JOIN delivery_retry t ON t.receiver = o.receiver AND t.number = o.number "
            "WHERE t.receiver = ? AND t.next_at <= ? ORDER BY t.next_at, t.number LIMIT ?"
        )
        rows = rows_of(self._reader, sql, (receiver, to_micros(at), limit))
        return [(retry_of(row[:4]), event_of(row[4:])) for row in rows]

    def kept(self, receiver: str) -> int:
        """How many events are to be tried again."""
        sql = "SELECT count(*) FROM delivery_retry WHERE receiver = ?"
        (count,) = row_of(self._reader, sql, (receiver,)) or (0,)
        return int(count)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep what became of sending, where the receiver is still served by this process."""
        with writing(self._writer):
            fence(self._writer, self._held)
            for each in settlements:
                values = settled(each.after, each.before)
                mine = (self._held.slot, self._held.epoch, each.before.done)
                self._writer.execute(_SETTLE, (*values, *mine))
                if not self._writer.changes():
                    continue
                name = each.after.receiver
                self._writer.executemany(
                    "INSERT OR REPLACE INTO delivery_retry VALUES (?, ?, ?, ?, ?)",
                    [retry_row(name, retry) for retry in each.kept],
                )
                self._writer.executemany(
                    "DELETE FROM delivery_retry WHERE receiver = ? AND number = ?",
                    [(name, number) for number in each.cleared],
                )

    def replay(self, receiver: str, after: int) -> Standing | None:
        """Send what is kept behind a number once more, and go on where the receiver said stop."""
        with writing(self._writer):
            fence(self._writer, self._held)
            self._writer.execute(_REPLAY, (after, receiver))
            self._writer.execute(
                "DELETE FROM delivery_retry WHERE receiver = ? AND number > ?", (receiver, after)
            )
        return self.standing(receiver)

    def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """Let go of at most so many of the oldest events from before a moment."""
        with writing(self._writer):
            fence(self._writer, self._held)
            self._writer.execute(_TRIM, (receiver, to_micros(before), limit))
            gone = self._writer.changes()
            self._writer.execute(_TRIM_RETRIES, (receiver,))
            return gone


def _last(connection: apsw.Connection, receiver: str) -> int:
    (last,) = row_of(connection, "SELECT last FROM receiver WHERE receiver = ?", (receiver,)) or (
        0,
    )
    return int(last)
