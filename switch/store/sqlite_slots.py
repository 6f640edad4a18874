"""Writer slots of the SQLite store: claimed, renewed, taken over, and the numbers leased to them.

A process writes under one numbered slot, and every transaction of it first asks whether the slot's
epoch is still its own. The lease is of the slot, not of each payment: one row is renewed however
many payments are open. The surprise: a lease that ran out forbids nothing by itself; only the epoch
does, which grows when another process takes the slot's work over in one transaction.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switch.store.contract import Fenced, Takeover
from switch.store.sqlite_read import row_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

_LEFT: Final = (
    "SELECT slot FROM slot AS s WHERE slot <> ?1 AND lease_until <= ?2 AND (owner <> '' OR EXISTS "
    "(SELECT 1 FROM payment AS p WHERE p.slot = s.slot AND p.next_at IS NOT NULL)) ORDER BY slot"
)
"""Slots whose lease ran out and that somebody held to the end, or that have work left."""


@dataclass(frozen=True, slots=True)
class Held:
    """A slot as one process holds it."""

    slot: int
    epoch: int


@contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """One transaction, alone in writing: all of it or, after an exception, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.get_autocommit():
            connection.execute("ROLLBACK")
        raise


def claim(connection: apsw.Connection, slot: int, owner: str, until_us: int) -> Held:
    """Take a slot from whoever held it: its number is this process's by configuration.

    Whoever is replaced may be in the middle of a batch and is waited for.
    """
    with writing(connection):
        row = row_of(
            connection,
            "INSERT INTO slot VALUES (?1, 1, ?2, ?3) ON CONFLICT DO UPDATE SET epoch = epoch + 1, "
            "owner = excluded.owner, lease_until = excluded.lease_until RETURNING epoch",
            (slot, owner, until_us),
        )
    assert row is not None, "the slot has a row now"
    return Held(slot, int(row[0]))


def fence(connection: apsw.Connection, held: Held) -> None:
    """Raise :class:`Fenced` when another process has taken the slot; call inside a transaction."""
    row = row_of(connection, "SELECT epoch FROM slot WHERE slot = ?", (held.slot,))
    if row is None or row[0] != held.epoch:
        raise Fenced


def renew(connection: apsw.Connection, held: Held, until_us: int) -> None:
    """Hold the slot until then. Raises :class:`Fenced`."""
    with writing(connection):
        fence(connection, held)
        connection.execute("UPDATE slot SET lease_until = ? WHERE slot = ?", (until_us, held.slot))


def release(connection: apsw.Connection, held: Held) -> None:
    """Let the slot go, so that nobody has to wait for its lease; nothing when it was taken."""
    with writing(connection):
        connection.execute(
            "UPDATE slot SET owner = '', lease_until = 0 WHERE slot = ? AND epoch = ?",
            (held.slot, held.epoch),
        )


def adopt(connection: apsw.Connection, held: Held, now_us: int) -> list[Takeover]:
    """Take over every slot whose lease ran out. Raises :class:`Fenced`."""
    if not rows_of(connection, _LEFT, (held.slot, now_us)):
        return []
    with writing(connection):
        fence(connection, held)
        return [
            _adopted(connection, held, slot)
            for (slot,) in rows_of(connection, _LEFT, (held.slot, now_us))
        ]


def _adopted(connection: apsw.Connection, held: Held, slot: int) -> Takeover:
    connection.execute("UPDATE slot SET epoch = epoch + 1, owner = '' WHERE slot = ?", (slot,))
    connection.execute(
        "UPDATE payment SET slot = ?, epoch = 0 WHERE slot = ? AND next_at IS NOT NULL",
        (held.slot, slot),
    )
    return Takeover(slot, connection.changes())


def lease_numbers(
    connection: apsw.Connection, held: Held, name: tuple[str, str, str], count: int, last: int
) -> range:
    """The next numbers of a sequence, for this process alone; none when they are used up.

    ``name`` is network, kind and day; ``last`` the greatest number that there may be. Raises
    :class:`Fenced`.
    """
    with writing(connection):
        fence(connection, held)
        row = row_of(
            connection,
            "SELECT next FROM sequence WHERE network = ? AND kind = ? AND day = ?",
            name,
        )
        first = 1 if row is None else int(row[0])
        leased = range(first, max(first, min(first + count, last + 1)))
        connection.execute(
            "INSERT OR REPLACE INTO sequence VALUES (?, ?, ?, ?)", (*name, leased.stop)
        )
    return leased
