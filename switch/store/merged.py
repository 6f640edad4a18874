"""The journal as it was written: blocks of all slots by their times, with the rows beside each.

Times rise within a slot, and a process begins later than all that was there, so the order of times
is that of commits; between processes that write at once it is, as far as their clocks agree. Each
slot is read by cursors of its own, so that memory is bounded by the number of slots. The surprise:
a cursor begins where the slot before it ends, so that rows of a slot without blocks are found too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from switch.batch import ENTRIES_PER_BLOCK_BITS
from switch.delta import BLOCK_BITS
from switch.store.contract import RecordUnreadable
from switch.store.cursor import Cursor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from switch.store.contract import Reads
    from switch.store.journal import Faults
    from switch.store.tables import Key, Row

BLOCKS_PAGE: Final = 32
ROWS_PAGE: Final = 4_000
"""Rows of one table that are read at once, shared among the slots."""

ROWS_PAGE_MIN: Final = 250
CHUNK_ROWS_MAX: Final = 1_000_000
"""Rows of entries that the blocks of one page may bring; those above are only counted."""

BESIDE: Final = ("leaf", "entry", "balance_check", "balance_after")
"""Tables that are read along with the blocks."""

SLOTS_MAX: Final = 128
NUMBER_MAX: Final = 2**63 - 1
AT: Final = 5
"""Column of a block's time."""

Chunk = dict[str, list["Row"]]


class Merged:
    """Reads the journal once. Reading raises :class:`RecordUnreadable`."""

    def __init__(self, read: Reads, slots: Sequence[int], faults: Faults) -> None:
        self._read = read
        self._slots = slots
        self._faults = faults

    async def pages(self) -> AsyncIterator[tuple[list[Row], Chunk]]:
        """Blocks of one slot that follow each other, with the rows beside them."""
        befores = (None, *self._slots)
        sources = [
            _Source(self._read, slot, before, len(self._slots))
            for before, slot in zip(befores, self._slots, strict=False)
        ]
        for source in sources:
            await source.fill()
        while living := [source for source in sources if source.page]:
            # Of one time, the block of the lower slot comes first.
            first = min(living, key=lambda source: (source.at, source.slot))
            others = [source.at for source in living if source is not first]
            page = first.take(min(others, default=NUMBER_MAX))
            yield page, await self._beside(first, page[-1][:2])
            if not first.page:
                await first.fill()
        for source in sources:
            for table, cursor in source.beside.items():
                await self._strays(cursor, _bound(table, (source.slot, NUMBER_MAX)))
        for table in BESIDE:
            last = self._slots[-1] if self._slots else None
            await self._strays(Cursor(self._read, table, ROWS_PAGE, _start(table, last)), None)

    async def _beside(self, source: _Source, last: Row) -> Chunk:
        chunk: Chunk = {}
        for table, cursor in source.beside.items():
            chunk[table], more = await cursor.until(_bound(table, last), CHUNK_ROWS_MAX)
            if more:
                self._faults.add(f"block {last[0]}/{last[1]}", f"too many rows of {table}")
        return chunk

    async def _strays(self, cursor: Cursor, bound: Key | None) -> None:
        """Rows that no block was read with, up to a bound or up to the end of the table."""
        while page := await (cursor.page() if bound is None else cursor.page_until(bound)):
            self._in_no_block(cursor.table, page)

    def _in_no_block(self, table: str, rows: Sequence[Row]) -> None:
        for row in rows:
            number = "/".join(map(str, row[: 1 if table == "entry" else 2]))
            self._faults.add(f"{table} {number}", "is in no block")


class _Source:
    """One slot's blocks and the rows beside them, as far as they were read."""

    def __init__(self, read: Reads, slot: int, before: int | None, slots: int) -> None:
        rows = max(ROWS_PAGE_MIN, ROWS_PAGE // slots)
        self.slot = slot
        self.page: list[Row] = []
        self.beside = {table: Cursor(read, table, rows, _start(table, before)) for table in BESIDE}
        self._blocks = Cursor(read, "block", BLOCKS_PAGE, _start("block", before))
        self._last = 0

    @property
    def at(self) -> int:
        """The time of the next block; one that is not later than the last takes that one's."""
        at = self.page[0][AT]
        return max(at, self._last) if isinstance(at, int) else self._last

    async def fill(self) -> None:
        """Read the next blocks of the slot; none at its end."""
        self.page = await self._blocks.page_until((self.slot, NUMBER_MAX))

    def take(self, until: int) -> list[Row]:
        """The first block, and those behind it that are earlier than ``until``."""
        self._last = self.at
        taken = [self.page.pop(0)]
        while self.page and self.at < until:
            self._last = self.at
            taken.append(self.page.pop(0))
        return taken


async def written_slots(read: Reads) -> list[int]:
    """The slots that have blocks, in order."""
    found: list[int] = []
    after: tuple[Any, ...] = ()
    while rows := await read.record_page("block", after, 1):
        slot = rows[0][0]
        if not isinstance(slot, int) or not 0 <= slot < SLOTS_MAX or slot in found:
            raise RecordUnreadable("table block: its keys are no numbers of slots")
        found.append(slot)
        after = (slot, NUMBER_MAX)
    return found


def _start(table: str, behind: int | None) -> Key:
    """The key behind all rows of a slot."""
    if behind is None:
        return ()
    return {
        "block": (behind, NUMBER_MAX),
        "entry": (_entry_end(behind, (1 << BLOCK_BITS) - 1),),
        "leaf": (behind, NUMBER_MAX, 0),
        "balance_check": (behind, NUMBER_MAX, "", ""),
        "balance_after": (behind, NUMBER_MAX, ""),
    }[table]


def _bound(table: str, block: Row) -> Key:
    """What keys of rows of a block, and of those before it, begin with at most."""
    if table != "entry":
        return block
    number = block[1] if isinstance(block[1], int) else None
    if number is None:
        raise RecordUnreadable("table block: its keys are no numbers")
    return (_entry_end(block[0], min(number, (1 << BLOCK_BITS) - 1)),)


def _entry_end(slot: int, number: int) -> int:
    """The greatest number of a ledger entry that a block can hold."""
    return ((slot << BLOCK_BITS | number) + 1 << ENTRIES_PER_BLOCK_BITS) - 1
