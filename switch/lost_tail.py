"""Whether a store has lost its end: a block that was published is not in it any more.

The last head that this process published for each slot must be in its journal, with the hash that
was published. It is committed before it is published, so a store without it came back from a copy,
whoever brought it back and whether or not they said so. What was lost after the last head was
published is not seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.store.chain import block_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.store.contract import Reads


async def has_lost_its_tail(read: Reads, published: Mapping[tuple[int, int], bytes]) -> bool:
    """Hold the last published head of each slot against the journal; ``published`` is in order."""
    last = {slot: (number, hashed) for (slot, number), hashed in published.items()}
    for slot in sorted(last):
        number, hashed = last[slot]
        rows = await read.record_page("block", (slot, number - 1), 1)
        block = block_of(rows[0]) if rows else None
        if block is None or (block.slot, block.number, block.hash()) != (slot, number, hashed):
            return True
    return False
