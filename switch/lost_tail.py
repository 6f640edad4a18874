"""Whether a store has lost its end: a block that was published is not in it any more.

The last head that this process published for each slot must be in its journal, with the hash that
was published. It is committed before it is published, so a store without it came back from a copy,
whoever brought it back and whether or not they said so. The surprise: a slot that nobody writes any
more keeps its lost heads in the file for ever, so a loss remembers which it wrote off. What was
lost after the last head was published is not seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.restoring import LostHead
from switch.store.chain import block_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.store.contract import Reads


async def lost_heads(
    read: Reads,
    published: Mapping[tuple[int, int], bytes],
    written_off: Iterable[LostHead] = (),
) -> tuple[LostHead, ...]:
    """The last published head of each slot that the journal lacks and no earlier loss wrote off.

    ``published`` is in the order of publishing.
    """
    found = []
    for slot, heads in sorted(_standing(published, written_off).items()):
        if not heads or await _is_there(read, slot, *heads[-1]):
            continue
        kept = 0
        for number, hashed in reversed(heads[:-1]):
            if await _is_there(read, slot, number, hashed):
                kept = number
                break
        found.append(LostHead(slot, *heads[-1], kept))
    return tuple(found)


def _standing(
    published: Mapping[tuple[int, int], bytes], written_off: Iterable[LostHead]
) -> dict[int, list[tuple[int, bytes]]]:
    """Heads by slot, in their order, without those that a loss took."""
    off = {head.slot: head for head in written_off}
    standing: dict[int, list[tuple[int, bytes]]] = {}
    for (slot, number), hashed in published.items():
        heads = standing.setdefault(slot, [])
        heads.append((number, hashed))
        lost = off.get(slot)
        if lost is not None and (number, hashed) == (lost.number, lost.hashed):
            # All that was published up to here is from before that loss.
            standing[slot] = [each for each in heads if each[0] <= lost.kept]
    return standing


async def _is_there(read: Reads, slot: int, number: int, hashed: bytes) -> bool:
    rows = await read.record_page("block", (slot, number - 1), 1)
    block = block_of(rows[0]) if rows else None
    return block is not None and (block.slot, block.number, block.hash()) == (slot, number, hashed)
