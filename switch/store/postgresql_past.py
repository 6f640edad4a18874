"""Reads of the ledger's past in the PostgreSQL store: balances, statements, what may be let go of.

As on SQLite (see :mod:`switch.store.sqlite_ledger`): the block at a moment is found by halving, and
the balance is the newest kept before it. Several processes write here, each its own chain: accounts
are locked while a block is dated, so of two blocks that touched one account the later knows the
earlier, as far as the clocks of their machines agree.
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

    import asyncpg

    from switch.store.postgresql_link import Query

FINAL: Final = tuple(state.value for state, facts in STATES.items() if facts.final)
_NUMBER: Final = (1 << BLOCK_BITS) - 1
_AT: Final = "SELECT at FROM block WHERE slot = $1 AND number >= $2 ORDER BY number LIMIT 1"
_NEWEST: Final = "SELECT at FROM block WHERE slot = $1 ORDER BY number DESC LIMIT 1"
_EDGES: Final = (
    "SELECT (SELECT number FROM block WHERE slot = $1 ORDER BY number LIMIT 1), "
    "(SELECT number FROM block WHERE slot = $1 ORDER BY number DESC LIMIT 1)"
)
_BALANCE: Final = (
    "SELECT number, debits_posted, credits_posted, debits_pending, credits_pending "
    "FROM balance_after WHERE slot = $1 AND number < $2 AND account = $3 "
    "ORDER BY number DESC LIMIT 1"
)
_SCAN: Final = (
    "SELECT entry_id, uetr, account, side, minor, phase, pending_entry FROM entry "
    "WHERE entry_id > $1 AND entry_id < $2 ORDER BY entry_id LIMIT $3"
)
_LINES: Final = (
    "SELECT e.entry_id, b.at, e.uetr, e.side, e.minor, e.phase, e.pending_entry "  # noqa: S608
    f"FROM ({_SCAN}) e JOIN block b ON b.slot = e.entry_id >> {BLOCK_BITS + ENTRIES_PER_BLOCK_BITS}"
    f" AND b.number = (e.entry_id >> {ENTRIES_PER_BLOCK_BITS}) & {_NUMBER} "
    "WHERE e.account = $4 ORDER BY e.entry_id LIMIT $5"
)
_LAST_SCANNED: Final = f"SELECT max(entry_id), count(*) FROM ({_SCAN}) AS scanned"  # noqa: S608
_BOUND: Final = (
    "SELECT payment_id, uetr, CASE WHEN state IN "  # noqa: S608  constants
    f"{FINAL} THEN updated_at END, scope, key FROM binding JOIN payment USING (payment_id) "
    "WHERE payment_id > $1 ORDER BY payment_id LIMIT $2"
)
_GRAVES: Final = "SELECT scope, uetr FROM tombstone WHERE at < $1 ORDER BY at, scope, uetr LIMIT $2"


async def _row(query: Query, sql: str, *values: Any) -> asyncpg.Record | None:
    rows = await query(sql, *values)
    return rows[0] if rows else None


async def slots(query: Query) -> list[int]:
    """The slots that have written blocks, in order; each is found by one step of the key."""
    found: list[int] = []
    behind = 0
    while True:
        row = await _row(query, "SELECT min(slot) FROM block WHERE slot > $1", behind)
        if row is None or row[0] is None:
            return found
        behind = row[0]
        found.append(behind)


async def first_block_at(query: Query, slot: int, moment: int) -> int:
    """The number of a slot's first block at or after a moment; one more than its last if none."""
    edges = await _row(query, _EDGES, slot)
    assert edges is not None, "a slot that has written blocks has a first and a last"
    low, high = edges[0], edges[1] + 1
    while low < high:
        middle = (low + high) // 2
        if await _time(query, slot, middle) < moment:
            low = middle + 1
        else:
            high = middle
    return int(low)


async def newest_at(query: Query) -> int:
    """The time of the newest block of any slot; zero where there is none."""
    times = [await _row(query, _NEWEST, slot) for slot in await slots(query)]
    return max((row[0] for row in times if row is not None), default=0)


async def _time(query: Query, slot: int, number: int) -> int:
    """The time of a slot's block of a number, or where one is missing, of the next."""
    row = await _row(query, _AT, slot, number)
    assert row is not None, "the block is not behind the last"
    return int(row[0])


async def balance(query: Query, key: str, before: datetime) -> Account | None:
    """An account's sums as all blocks before a moment left them; None where it was not there."""
    newest: tuple[int, asyncpg.Record] | None = None
    for slot in await slots(query):
        limit = await first_block_at(query, slot, to_micros(before))
        row = await _row(query, _BALANCE, slot, limit, key)
        if row is not None:
            at = await _time(query, slot, row[0])
            if newest is None or at >= newest[0]:
                newest = (at, row)
    return None if newest is None else Account(key, key.split("/")[2], *tuple(newest[1])[1:])


async def statement(
    query: Query, key: str, since: datetime, until: datetime, after: int, limit: int
) -> StatementPage:
    """A page of an account's entries of blocks since a moment and before another."""
    lines: list[StatementLine] = []
    room = SCANNED_MAX
    for slot in await slots(query):
        first, end = [
            across_slots(slot, await first_block_at(query, slot, to_micros(moment)))
            << ENTRIES_PER_BLOCK_BITS
            for moment in (since, until)
        ]
        behind = max(after, first - 1)
        if behind >= end:
            continue
        scan = (behind, end, room)
        rows = await query(_LINES, *scan, key, limit - len(lines))
        lines += [StatementLine(row[0], from_micros(row[1]), *tuple(row)[2:]) for row in rows]
        if len(lines) == limit:
            return StatementPage(tuple(lines), lines[-1].entry_id)
        last, count = await _row(query, _LAST_SCANNED, *scan) or (None, 0)
        if count == room:
            return StatementPage(tuple(lines), last)
        room -= count
    return StatementPage(tuple(lines), None)


async def bound(query: Query, after: int, limit: int) -> list[BoundPayment]:
    """Payments whose key is bound, in the order they were opened, from behind a number."""
    return [
        BoundPayment(number, uetr, None if ended is None else from_micros(ended), (scope, key))
        for number, uetr, ended, scope, key in await query(_BOUND, after, limit)
    ]


async def graves(query: Query, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Tombstones from before a moment, the oldest first: scope and UETR."""
    return [(row[0], row[1]) for row in await query(_GRAVES, to_micros(before), limit)]
