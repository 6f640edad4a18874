"""Reads of the ledger's past in the SQLite store: balances, statements, and what may be let go of.

The block at a moment is found by halving, because times never go back within a slot; the balance is
then the newest kept at or before it. No index by account is kept: a statement walks the entries of
its time, which costs the hot path nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.batch import ENTRIES_PER_BLOCK_BITS
from switch.delta import BLOCK_BITS, across_slots
from switch.ledger import Account
from switch.lifecycle import STATES
from switch.model import from_micros, to_micros
from switch.store.statements import SCANNED_MAX, BoundPayment, StatementLine, StatementPage

if TYPE_CHECKING:
    from datetime import datetime

    import apsw

FINAL: Final = tuple(state.value for state, facts in STATES.items() if facts.final)
_NUMBER: Final = (1 << BLOCK_BITS) - 1
_AT: Final = "SELECT at FROM block WHERE slot = ? AND number >= ? ORDER BY number LIMIT 1"
_NEWEST: Final = "SELECT at FROM block WHERE slot = ? ORDER BY number DESC LIMIT 1"
_EDGE: Final = "SELECT number FROM block WHERE slot = ? ORDER BY number {} LIMIT 1"
_BALANCE: Final = (
    "SELECT number, debits_posted, credits_posted, debits_pending, credits_pending "
    "FROM balance_after WHERE slot = ? AND number < ? AND account = ? ORDER BY number DESC LIMIT 1"
)
_SCAN: Final = (
    "SELECT entry_id, uetr, account, side, minor, phase, pending_entry FROM entry "
    "WHERE entry_id > ? AND entry_id < ? ORDER BY entry_id LIMIT ?"
)
_LINES: Final = (
    "SELECT e.entry_id, b.at, e.uetr, e.side, e.minor, e.phase, e.pending_entry "  # noqa: S608
    f"FROM ({_SCAN}) e JOIN block b ON b.slot = e.entry_id >> {BLOCK_BITS + ENTRIES_PER_BLOCK_BITS}"
    f" AND b.number = (e.entry_id >> {ENTRIES_PER_BLOCK_BITS}) & {_NUMBER} "
    "WHERE e.account = ? ORDER BY e.entry_id LIMIT ?"
)
_LAST_SCANNED: Final = f"SELECT max(entry_id), count(*) FROM ({_SCAN})"  # noqa: S608  a constant
_BOUND: Final = (
    "SELECT payment_id, uetr, CASE WHEN state IN "  # noqa: S608  constants
    f"{FINAL} THEN updated_at END, scope, key FROM binding JOIN payment USING (payment_id) "
    "WHERE payment_id > ? ORDER BY payment_id LIMIT ?"
)
_GRAVES: Final = "SELECT scope, uetr FROM tombstone WHERE at < ? ORDER BY at, scope, uetr LIMIT ?"


Row = tuple[Any, ...]
"""A row as apsw gives it; the schema fixes the types of its columns."""


def _row(connection: apsw.Connection, sql: str, *values: Any) -> Row | None:
    return connection.execute(sql, values).fetchone()


def _rows(connection: apsw.Connection, sql: str, *values: Any) -> list[Row]:
    return connection.execute(sql, values).fetchall()


def slots(connection: apsw.Connection) -> list[int]:
    """The slots that have written blocks, in order; each is found by one step of the key."""
    found: list[int] = []
    behind = 0
    while True:
        row = _row(connection, "SELECT min(slot) FROM block WHERE slot > ?", behind)
        if row is None or row[0] is None:
            return found
        behind = row[0]
        found.append(behind)


def first_block_at(connection: apsw.Connection, slot: int, moment: int) -> int:
    """The number of a slot's first block at or after a moment; one more than its last if none."""
    first, last = (_row(connection, _EDGE.format(order), slot) for order in ("ASC", "DESC"))
    assert first is not None, "a slot that has written blocks has a first"
    assert last is not None, "a slot that has written blocks has a last"
    low, high = first[0], last[0] + 1
    while low < high:
        middle = (low + high) // 2
        if _time(connection, slot, middle) < moment:
            low = middle + 1
        else:
            high = middle
    return int(low)


def newest_at(connection: apsw.Connection) -> int:
    """The time of the newest block of any slot; zero where there is none."""
    times = [_row(connection, _NEWEST, slot) for slot in slots(connection)]
    return max((row[0] for row in times if row is not None), default=0)


def _time(connection: apsw.Connection, slot: int, number: int) -> int:
    """The time of a slot's block of a number, or where one is missing, of the next."""
    row = _row(connection, _AT, slot, number)
    assert row is not None, "the block is not behind the last"
    return int(row[0])


def balance(connection: apsw.Connection, key: str, before: datetime) -> Account | None:
    """An account's sums as all blocks before a moment left them; None where it was not there."""
    newest: tuple[int, Any] | None = None
    for slot in slots(connection):
        limit = first_block_at(connection, slot, to_micros(before))
        row = _row(connection, _BALANCE, slot, limit, key)
        if row is not None:
            at = _time(connection, slot, row[0])
            # Only one process at a time writes here, so the later block knows the earlier ones.
            if newest is None or at >= newest[0]:
                newest = (at, row)
    return None if newest is None else Account(key, key.split("/")[2], *newest[1][1:])


def statement(
    connection: apsw.Connection, key: str, since: datetime, until: datetime, after: int, limit: int
) -> StatementPage:
    """A page of an account's entries of blocks since a moment and before another."""
    lines: list[StatementLine] = []
    room = SCANNED_MAX
    for slot in slots(connection):
        first, end = (
            across_slots(slot, first_block_at(connection, slot, to_micros(moment)))
            << ENTRIES_PER_BLOCK_BITS
            for moment in (since, until)
        )
        behind = max(after, first - 1)
        if behind >= end:
            continue
        scan = (behind, end, room)
        rows = _rows(connection, _LINES, *scan, key, limit - len(lines))
        lines += [StatementLine(row[0], from_micros(row[1]), *row[2:]) for row in rows]
        if len(lines) == limit:
            return StatementPage(tuple(lines), lines[-1].entry_id)
        last, count = _row(connection, _LAST_SCANNED, *scan) or (None, 0)
        if count == room:
            return StatementPage(tuple(lines), last)
        room -= count
    return StatementPage(tuple(lines), None)


def bound(connection: apsw.Connection, after: int, limit: int) -> list[BoundPayment]:
    """Payments whose key is bound, in the order they were opened, from behind a number."""
    rows = _rows(connection, _BOUND, after, limit)
    return [
        BoundPayment(number, uetr, None if ended is None else from_micros(ended), (scope, key))
        for number, uetr, ended, scope, key in rows
    ]


def graves(connection: apsw.Connection, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Tombstones from before a moment, the oldest first: scope and UETR."""
    return [(row[0], row[1]) for row in _rows(connection, _GRAVES, to_micros(before), limit)]
