"""A reader of the model's tables once nobody writes in them any more, for whoever reads them whole.

An audit reads every table page by page, and the model makes the rows of a table anew for each page.
Here they are made and sorted once. The surprise: what is written after the first page of a table is
not seen.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from switch.store.memory import MemoryReader
from switch.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.store.memory_tables import MemoryTables
    from switch.store.tables import Row


class RestedReader(MemoryReader):
    """Reads of tables that stay as they are."""

    def __init__(self, tables: MemoryTables, slot: int) -> None:
        super().__init__(tables, slot)
        self._sorted: dict[str, list[Row]] = {}

    def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table behind a key, in the order of keys."""
        rows = self._sorted.get(table)
        if rows is None:
            rows = self._sorted[table] = super().record_page(table, (), sys.maxsize)
        if not after:
            return rows[:limit]
        keyed, behind = TABLES[table].keyed, tuple(after)
        first = bisect_right(rows, behind, key=lambda row: row[:keyed])
        return rows[first : first + limit]
