"""The model's tables as the raw rows that an audit reads.

Rows are those that a database would hold, made anew for each page: the model is small. What a
database joins by the payment's number is told by its UETR here at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.batch import ENTRIES_PER_BLOCK_BITS
from switch.delta import BLOCK_BITS, Delta
from switch.ledger import Side
from switch.store.journal import GENESIS, Block
from switch.store.rows import payment_row
from switch.store.table_rows import table_rows
from switch.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.ledger import Account
    from switch.store.memory_tables import MemoryTables
    from switch.store.tables import Row

MASK: Final = (1 << BLOCK_BITS) - 1
NO_BLOCK: Final = Block(0, 0, 0, GENESIS, GENESIS, 0, 0, b"")
"""Stands for a block where none is written."""


def page(held: MemoryTables, table: str, after: Sequence[Any], limit: int) -> list[Row]:
    """Rows of a table behind a key, in the order of keys."""
    keyed = TABLES[table].keyed
    rows = sorted(_rows(held, table), key=lambda row: row[:keyed])
    return [row for row in rows if not after or row[:keyed] > tuple(after)][:limit]


def named(held: MemoryTables, uetrs: Sequence[str]) -> list[Row]:
    """Rows of the payments with these UETRs."""
    return [payment_row(held.payments[uetr]) for uetr in uetrs if uetr in held.payments]


def _rows(held: MemoryTables, table: str) -> list[Row]:
    chains = held.blocks.values()
    match table:
        case "payment":
            return named(held, list(held.payments))
        case "answer":
            return [
                (
                    held.payments[uetr].payment_id,
                    *(uetr, each.status, each.content_type, each.body, int(each.sealed)),
                )
                for uetr, each in held.answers.items()
            ]
        case "sealed":
            return [
                (each.record_id, each.uetr, each.kind, each.blob) for each in held.sealed.values()
            ]
        case "binding" | "exchange" | "data_key":
            return _beside_payments(held, table)
        case "leaf":
            return [
                (block.slot, block.number, place, salt, content)
                for chain in chains
                for block, leaves in chain
                for place, (salt, content) in enumerate(leaves)
            ]
        case "block":
            return [
                (*(getattr(block, name) for name in TABLES[table].columns.split(", ")),)
                for chain in chains
                for block, _ in chain
            ]
        case "balance_after":
            return [
                (number >> BLOCK_BITS, number & MASK, account.key, *_sums(account))
                for number, touched in held.balances.items()
                for account in touched
            ]
        case "balance_check":
            return _checks(held)
        case "retention":
            return list(held.retained.items())
    delta = Delta(
        entries=held.entries,
        accounts=held.accounts,
        claims=held.claims,
        tombstones=held.tombstones,
        incoming=list(held.incoming),
        rates=held.rates,
    )
    columns = len(TABLES[table].columns.split(", "))
    rows: list[Row] = getattr(table_rows(delta, NO_BLOCK, bytes), table)
    return [row[:columns] for row in rows]


def _beside_payments(held: MemoryTables, table: str) -> list[Row]:
    delta = Delta(
        payments=held.payments,
        bindings=list(held.bindings.values()),
        exchanges=list(held.exchanges.values()),
        wrapped_keys=list(held.wrapped_keys.items()),
    )
    names = {payment.payment_id: uetr for uetr, payment in held.payments.items()}
    rows: list[Row] = getattr(table_rows(delta, NO_BLOCK, bytes), table)
    if table == "exchange":
        return [(row[0], names[row[1]], *row[2:]) for row in rows]
    return [(row[0], names[row[0]], *row[1:]) for row in rows]


def _sums(account: Account) -> Row:
    return (
        *(account.debits_posted, account.credits_posted),
        *(account.debits_pending, account.credits_pending),
    )


def _checks(held: MemoryTables) -> list[Row]:
    """What a database adds up in each block; the model asserts it and keeps nothing."""
    sums: dict[Row, list[int]] = {}
    for entry in held.entries:
        block = entry.entry_id >> ENTRIES_PER_BLOCK_BITS
        key = (block >> BLOCK_BITS, block & MASK, entry.line.currency, entry.phase.value)
        sums.setdefault(key, [0, 0])[entry.line.side is Side.CREDIT] += entry.line.minor
    return [(*key, *total) for key, total in sums.items()]
