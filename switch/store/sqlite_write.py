"""What a batch leaves, written row by row into the tables of the SQLite store.

Everything here runs inside the transaction of the engine's ``execute`` and decides nothing: the
delta is complete, and a clash with what is stored is a bug that fails the batch whole. The rows are
those of :mod:`switch.store.table_rows`; here is only how each table takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.store.rows import PAYMENT_COLUMNS
from switch.store.statements import BALANCES_EVERY
from switch.store.table_rows import table_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import apsw

    from switch.delta import Delta
    from switch.store.journal import Block
    from switch.store.table_rows import Row

_PAYMENT: Final = (
    f"INSERT INTO payment ({PAYMENT_COLUMNS}, slot, epoch) "  # noqa: S608  constants
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MOVED: Final = (
    "UPDATE payment SET state = ?5, version = ?6, updated_at = ?7, next_at = ?8, rung = ?9, "
    "reason = ?10, far_reference = ?11, disputed = ?12, reservation = ?13, block = ?15, "
    "slot = ?16, epoch = ?17 "
    "WHERE payment_id = ?1"
)
_FROZEN_AT: Final = PAYMENT_COLUMNS.split(", ").index("frozen")
_RATE: Final = (
    "INSERT INTO rate VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET published_at = excluded.published_at, "
    "withdrawn_at = excluded.withdrawn_at"
)
_REWRAPPED: Final = (
    "UPDATE data_key SET wrapped = ? "
    "WHERE payment_id = (SELECT payment_id FROM payment WHERE uetr = ?)"
)
_ACCOUNT: Final = (
    "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET debits_posted = excluded.debits_posted, "
    "credits_posted = excluded.credits_posted, debits_pending = excluded.debits_pending, "
    "credits_pending = excluded.credits_pending, net_debit_max = excluded.net_debit_max, "
    "net_credit_max = excluded.net_credit_max"
)
_RETENTION: Final = (
    "INSERT INTO retention VALUES (?, ?) "
    "ON CONFLICT DO UPDATE SET before = max(before, excluded.before)"
)
_BALANCE: Final = "INSERT INTO balance_after VALUES (?, ?, ?, ?, ?, ?, ?)"
_CHECK: Final = (
    "INSERT INTO balance_check SELECT ?1, ?2, currency, phase, "
    "sum((side = 'debit') * minor), sum((side = 'credit') * minor) "
    "FROM entry WHERE entry_id BETWEEN ?3 AND ?4 GROUP BY currency, phase"
)
"""Adds up what was just stored; a set that does not sum to zero fails the batch."""

_ALL_BALANCES: Final = (
    "INSERT INTO balance_after SELECT ?, ?, key, debits_posted, credits_posted, debits_pending, "
    "credits_pending FROM account"
)
_LET_GO: Final = "DELETE FROM erasure_request WHERE uetr = ?"
_WRITES: Final = (
    ("retention", _RETENTION),
    ("unbound", "DELETE FROM binding WHERE payment_id = ?"),
    ("unbound", "DELETE FROM answer WHERE payment_id = ?"),
    ("unburied", "DELETE FROM tombstone WHERE scope = ? AND uetr = ?"),
    ("binding", "INSERT INTO binding VALUES (?, ?, ?, ?)"),
    ("answer", "INSERT INTO answer VALUES (?, ?, ?, ?, ?)"),
    ("data_key", "INSERT INTO data_key (payment_id, wrapped) VALUES (?, ?)"),
    ("rewrapped", _REWRAPPED),
    ("erased", _LET_GO),
    ("sealed", "INSERT INTO sealed VALUES (?, ?, ?, ?)"),
    ("exchange", "INSERT INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    ("entry", "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    ("account", _ACCOUNT),
    ("claim", "INSERT OR REPLACE INTO claim VALUES (?, ?, ?)"),
    ("tombstone", "INSERT INTO tombstone VALUES (?, ?, ?)"),
    ("incoming", "INSERT INTO incoming VALUES (?)"),
    ("outbox", "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)"),
    (
        "receiver",
        "INSERT INTO receiver VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last",
    ),
    (
        "rate",
        _RATE,
    ),
    ("leaf", "INSERT INTO leaf VALUES (?, ?, ?, ?, ?)"),
    ("block", "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
)
"""How each table takes its rows, in the order in which tables are written."""


def let_go(connection: apsw.Connection, delta: Delta) -> None:
    """Take out the requests to erase that are done, where a batch writes nothing else."""
    if delta.erased:
        connection.executemany(_LET_GO, [(uetr,) for uetr in delta.erased])


def write(
    connection: apsw.Connection, delta: Delta, block: Block, pack: Callable[[bytes], bytes]
) -> None:
    """Write a delta and its block inside the caller's transaction."""
    rows = table_rows(delta, block, pack)
    _write_payments(connection, rows.payment)
    for table, sql in _WRITES:
        found = getattr(rows, table)
        # Most tables have none in most batches.
        if found:
            connection.executemany(sql, found)
    if rows.entry:
        connection.execute(_CHECK, (block.slot, block.number, rows.entry[0][0], rows.entry[-1][0]))
    if block.number % BALANCES_EVERY == 0:
        connection.execute(_ALL_BALANCES, (block.slot, block.number))
    elif rows.balance_after:
        connection.executemany(_BALANCE, rows.balance_after)


def _write_payments(connection: apsw.Connection, rows: Sequence[Row]) -> None:
    """Insert the new ones; of one that is stored, what can change."""
    new = [row for row in rows if row[_FROZEN_AT] is not None]
    moved = [row for row in rows if row[_FROZEN_AT] is None]
    if new:
        connection.executemany(_PAYMENT, new)
    if moved:
        connection.executemany(_MOVED, moved)
