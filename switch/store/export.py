"""The journal as JSON lines, for whoever keeps or checks a copy of it elsewhere.

A line is a block's header with its hash, or one of its entries with the salt it was hashed under,
so that a copy can be verified like the original. Nothing personal is in it, because nothing
personal is in the journal. Blocks come by slot and number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from switch.model import to_micros
from switch.store.chain import block_of
from switch.store.contract import RecordUnreadable
from switch.store.cursor import Cursor
from switch.store.proof import block_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from switch.store.contract import Reads
    from switch.store.tables import Row

BLOCKS_PAGE: Final = 256
ROWS_PAGE: Final = 4_000
ROWS_MAX: Final = 1_000_000


async def exported(
    read: Reads, since: datetime | None, until: datetime | None
) -> AsyncIterator[bytes]:
    """Lines of the blocks written at or after ``since`` and before ``until``, page by page.

    Raises :class:`RecordUnreadable`.
    """
    first = None if since is None else to_micros(since)
    end = None if until is None else to_micros(until)
    blocks, leaves = Cursor(read, "block", BLOCKS_PAGE), Cursor(read, "leaf", ROWS_PAGE)
    while page := await blocks.page():
        held, _ = await leaves.until(page[-1][:2], ROWS_MAX)
        by_block: dict[Row, list[Row]] = {}
        for row in held:
            by_block.setdefault(row[:2], []).append(row)
        wanted = [
            row
            for row in page
            if (first is None or row[5] >= first) and (end is None or row[5] < end)
        ]
        yield b"".join(_lines(row, by_block.get(row[:2], [])) for row in wanted)


def _lines(row: Row, leaves: list[Row]) -> bytes:
    block = block_of(row)
    if block is None:
        raise RecordUnreadable(f"block {row[0]}/{row[1]}: holds a value of another kind")
    lines = [orjson.dumps({"block": {**block_json(block), "hash": block.hash().hex()}})]
    for slot, number, place, salt, content in leaves:
        entry = {"slot": slot, "number": number, "place": place, "salt": salt.hex()}
        # As it was hashed, byte for byte.
        lines.append(orjson.dumps({**entry, "entry": orjson.Fragment(content)}))
    return b"\n".join(lines) + b"\n"
