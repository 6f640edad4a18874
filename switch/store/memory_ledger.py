"""The ledger's past in the model store: balances, statements, and what may be let go of.

Everything is gone through from the beginning, because the model is small. The answers are those of
the durable engines, page for page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch import lifecycle
from switch.batch import ENTRIES_PER_BLOCK_BITS
from switch.delta import across_slots
from switch.ledger import Account
from switch.model import from_micros, to_micros
from switch.store.statements import SCANNED_MAX, BoundPayment, StatementLine, StatementPage

if TYPE_CHECKING:
    from datetime import datetime

    from switch.store.journal import Block
    from switch.store.memory_tables import MemoryTables


def blocks_by_number(held: MemoryTables) -> dict[int, Block]:
    """Every block by its number across slots."""
    return {
        across_slots(block.slot, block.number): block
        for chain in held.blocks.values()
        for block, _ in chain
    }


def balance(held: MemoryTables, key: str, before: datetime) -> Account | None:
    """An account's sums as all blocks before a moment left them; None where it was not there."""
    blocks = blocks_by_number(held)
    past = [
        (blocks[number].at, number, account)
        for number, touched in held.balances.items()
        for account in touched
        if account.key == key and blocks[number].at < to_micros(before)
    ]
    if not past:
        return None
    _, _, last = max(past, key=lambda each: each[:2])
    sums = (last.debits_posted, last.credits_posted, last.debits_pending, last.credits_pending)
    return Account(key, last.currency, *sums)


def statement(
    held: MemoryTables, key: str, since: datetime, until: datetime, after: int, limit: int
) -> StatementPage:
    """A page of an account's entries of blocks since a moment and before another."""
    blocks = blocks_by_number(held)
    lines: list[StatementLine] = []
    scanned = 0
    for entry in sorted(held.entries, key=lambda entry: entry.entry_id):
        at = blocks[entry.entry_id >> ENTRIES_PER_BLOCK_BITS].at
        if entry.entry_id <= after or not to_micros(since) <= at < to_micros(until):
            continue
        scanned += 1
        if entry.line.account == key:
            line = entry.line
            lines.append(
                StatementLine(
                    entry.entry_id,
                    from_micros(at),
                    entry.uetr,
                    line.side.value,
                    line.minor,
                    entry.phase.value,
                    entry.pending_entry,
                )
            )
        if len(lines) == limit or scanned == SCANNED_MAX:
            return StatementPage(tuple(lines), entry.entry_id)
    return StatementPage(tuple(lines), None)


def bound(held: MemoryTables, after: int, limit: int) -> list[BoundPayment]:
    """Payments whose key is bound, in the order they were opened, from behind a number."""
    payments = [(held.payments[each.uetr], key) for key, each in held.bindings.items()]
    behind = sorted((p.payment_id, p, key) for p, key in payments if p.payment_id > after)
    return [
        BoundPayment(number, p.uetr, p.updated_at if lifecycle.is_final(p) else None, key)
        for number, p, key in behind[:limit]
    ]


def graves(held: MemoryTables, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Tombstones from before a moment, the oldest first: scope and UETR."""
    old = [(at, grave) for grave, at in held.tombstones.items() if at < before]
    return [grave for _, grave in sorted(old)[:limit]]
