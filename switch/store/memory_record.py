"""The model's tables as the raw rows that an audit reads.

Rows are those that a database would hold, made anew for each page: the model is small. What a
database joins by the payment's number is told by its UETR here at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.delta import Delta
from switch.store.journal import GENESIS, Block
from switch.store.rows import payment_row
from switch.store.table_rows import table_rows
from switch.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.store.memory import MemoryTables
    from switch.store.tables import Row

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
                (held.payments[uetr].payment_id, uetr, each.status, each.content_type, each.body)
                for uetr, each in held.answers.items()
            ]
        case "sealed":
            return [
                (each.record_id, each.uetr, each.kind, each.blob) for each in held.sealed.values()
            ]
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
    delta = Delta(
        entries=held.entries,
        accounts=held.accounts,
        claims=held.claims,
        tombstones=held.tombstones,
        incoming=list(held.incoming),
        rates=held.rates,
    )
    columns = len(TABLES[table].columns.split(", "))
    rows: list[Row] = getattr(table_rows(delta, NO_BLOCK), table)
    return [row[:columns] for row in rows]
