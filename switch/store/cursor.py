"""A table read page by page in the order of its keys, for whoever must not hold it whole.

Keys must grow from row to row: in a damaged file they need not, and then a reader that went on
could go round for ever, so it ends there and says so.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from switch.store.contract import RecordUnreadable
from switch.store.tables import TABLES

if TYPE_CHECKING:
    from switch.store.contract import Reads
    from switch.store.tables import Key, Row


class Cursor:
    """Where a reader of a table stands, at first behind the key ``after``.

    Reading raises :class:`RecordUnreadable`.
    """

    def __init__(self, read: Reads, table: str, rows_max: int, after: Key = ()) -> None:
        self.table = table
        self._read = read
        self._keyed = TABLES[table].keyed
        self._limit = rows_max
        self._after = after
        self._rows: list[Row] = []
        self._at = 0
        self._ended = False

    async def page(self) -> list[Row]:
        """The next rows, none at the end."""
        if self._at >= len(self._rows) and not self._ended:
            await self._fetch()
        rows, self._at = self._rows[self._at :], len(self._rows)
        return rows

    async def page_until(self, bound: Key) -> list[Row]:
        """The next rows whose key begins with ``bound`` or less, none at the end of those."""
        if self._at >= len(self._rows) and not self._ended:
            await self._fetch()
        width, start = len(bound), self._at
        self._at = bisect_right(self._rows, bound, lo=start, key=lambda row: row[:width])
        return self._rows[start : self._at]

    async def until(self, bound: Key, rows_max: int) -> tuple[list[Row], int]:
        """The rows whose key begins with ``bound`` or less; those above the bound are counted."""
        taken: list[Row] = []
        left_out, width = 0, len(bound)
        while True:
            if self._at >= len(self._rows) and not self._ended:
                await self._fetch()
            rows, start = self._rows, self._at
            self._at = bisect_right(rows, bound, lo=start, key=lambda row: row[:width])
            room = max(0, rows_max - len(taken))
            left_out += max(0, self._at - start - room)
            taken += rows[start : self._at][:room]
            if self._at < len(rows) or self._ended:
                return taken, left_out

    async def _fetch(self) -> None:
        rows = await self._read.record_page(self.table, self._after, self._limit)
        self._rows, self._at = rows, 0
        self._ended = len(rows) < self._limit
        if not rows:
            return
        keys = [row[: self._keyed] for row in rows]
        if self._after:
            keys.insert(0, self._after)
        try:
            in_order = all(first < second for first, second in pairwise(keys))
        except TypeError:
            in_order = False
        if not in_order or None in keys[-1]:
            self._rows, self._ended = [], True
            raise RecordUnreadable(f"table {self.table}: its rows are not in the order of its keys")
        self._after = keys[-1]
