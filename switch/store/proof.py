"""The proof of one payment: its journal entries in their signed blocks, and nobody else's.

A proof holds each entry with its salt and the hashes on its way to the block's root, and chains of
signed headers: from the block of an entry up to the next published head, shared by the entries on
the way. Of other entries it shows hashes that were salted, so they tell nothing. Entries name the
block of the one before them: none can be left out. What is read is bounded, in pages between which
others have their turn. The surprise: where the next published head is too far, a block stands
alone, because its own signature vouches for it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.delta import BLOCK_BITS
from switch.store.journal import Block, audit_path, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from switch.store.contract import Reads
    from switch.store.tables import Row

KIND: Final = "bakong-switch payment proof"
VERSION: Final = 1
ENTRIES_MAX: Final = 1_000
"""Entries of one payment that a proof may hold: enquiries are bounded far below."""

CHAIN_MAX: Final = 4_096
"""Headers of all chains of a proof, about a mebibyte; heads are published much more often."""

TAIL_MAX: Final = 256
"""Headers up to the journal's end, where no head was published behind a block."""

PAGE: Final = 256
"""Headers that are read at once."""

ENTRIES_BYTES_MAX: Final = 1 << 20
"""Bytes of the entries with their hashes."""

LEAVES_MAX: Final = 4_096
"""Entries of one block."""

NUMBER_MASK: Final = (1 << BLOCK_BITS) - 1


class NotProvable(Exception):  # noqa: N818  the name says what happened
    """There is nothing to prove, or the journal does not show it; the message says which."""


@dataclass(frozen=True, slots=True)
class Written:
    """One entry of a payment where it stands: its block, and what a proof shows of it."""

    block: Block
    view: Mapping[str, object]
    size: int


def _written(block: Block, place: int, leaves: Sequence[tuple[bytes, bytes]]) -> Written:
    salt, content = leaves[place]
    path = [other.hex() for other in audit_path([leaf_hash(*leaf) for leaf in leaves], place)]
    view = {
        "slot": block.slot,
        "number": block.number,
        "place": place,
        "salt": salt.hex(),
        "content": content.decode(),
        "path": path,
    }
    return Written(block, view, len(content) + sum(map(len, path)))


@dataclass(frozen=True, slots=True)
class Chain:
    """Blocks of a slot that follow each other, from one that holds an entry."""

    blocks: tuple[Block, ...]
    published: bool

    def view(self) -> dict[str, object]:
        """Plain values: the first header whole, the others as links."""
        return {
            "block": block_json(self.blocks[0]),
            "links": [link_json(block) for block in self.blocks[1:]],
            "head": self.blocks[-1].hash().hex(),
            "published": self.published,
        }


async def _no_pause() -> None:
    """Whoever has a loop for himself lets nobody else have a turn."""


def block_json(block: Block) -> dict[str, object]:
    """A block's header and signature as plain values: whoever has the public key can check it."""
    return {
        "slot": block.slot,
        "number": block.number,
        "epoch": block.epoch,
        "previous": block.previous.hex(),
        "root": block.root.hex(),
        "at": block.at,
        "leaves": block.leaves,
        "signature": block.signature.hex(),
    }


def link_json(block: Block) -> list[object]:
    """A block of a chain, told without slot, number and predecessor: the chain gives them."""
    return [block.epoch, block.root.hex(), block.at, block.leaves, block.signature.hex()]


async def prove(
    read: Reads,
    uetr: str,
    heads: Mapping[tuple[int, int], bytes],
    pause: Callable[[], Awaitable[None]] = _no_pause,
) -> dict[str, object]:
    """The proof of a payment. ``heads`` are published blocks by slot and number.

    ``pause`` lets others have their turn. Raises :class:`NotProvable`.
    """
    rows = await read.payment_rows([uetr])
    if not rows:
        raise NotProvable("there is no payment of this UETR")
    found = await _entries(read, uetr, rows[0], pause)
    chains = await _chains(read, [written.block for written in found], heads, pause)
    return {
        "kind": KIND,
        "version": VERSION,
        "uetr": uetr,
        "entries": [written.view for written in found],
        "chains": [chain.view() for chain in chains],
    }


async def _entries(
    read: Reads, uetr: str, row: Row, pause: Callable[[], Awaitable[None]]
) -> list[Written]:
    """A payment's entries, the first one first, found from the last by what each names."""
    newest = row[-1]
    found: list[Written] = []
    while newest is not None:
        if len(found) == ENTRIES_MAX:
            raise NotProvable(f"the payment has more than {ENTRIES_MAX} entries")
        steps = await _in_block(read, uetr, newest)
        if not steps:
            raise NotProvable(f"{_named(newest)} holds no entry of the payment: verify the journal")
        found += [written for written, _ in steps]
        if sum(written.size for written in found) > ENTRIES_BYTES_MAX:
            raise NotProvable(f"its entries are more than {ENTRIES_BYTES_MAX} bytes")
        newest = steps[-1][1]
        await pause()
    if not found:
        raise NotProvable("its entries were written before they could be found one by one")
    return found[::-1]


async def _in_block(read: Reads, uetr: str, across: int) -> list[tuple[Written, int | None]]:
    """The payment's entries in one block, the last one first, each with the block before it."""
    slot, number = across >> BLOCK_BITS, across & NUMBER_MASK
    blocks = await blocks_from(read, slot, number, 1)
    if not blocks or blocks[0].number != number:
        raise NotProvable(f"{_named(across)} is missing: verify the journal")
    limit = min(blocks[0].leaves, LEAVES_MAX)
    rows = await read.record_page("leaf", (slot, number, -1), limit)
    leaves = tuple((row[3], row[4]) for row in rows if row[:2] == (slot, number))
    own = []
    for place, (_, text) in enumerate(leaves):
        content = _content(text)
        if content.get("uetr") == uetr and "version" in content:
            before = content.get("before")
            if content["version"] > 1 and before is None:
                raise NotProvable("its first entries were written before entries named another")
            own.append((_written(blocks[0], place, leaves), before))
    # Within one block each names that block itself: the walk goes on from the first of them.
    return own[::-1]


async def _chains(
    read: Reads,
    blocks: Sequence[Block],
    heads: Mapping[tuple[int, int], bytes],
    pause: Callable[[], Awaitable[None]],
) -> list[Chain]:
    """Chains in which each block stands once, up to published heads that are near enough."""
    published = {slot: sorted(n for s, n in heads if s == slot) for slot in _slots(blocks)}
    room, found = CHAIN_MAX, list[Chain]()
    for block in sorted(blocks, key=lambda each: (each.slot, each.number)):
        last = found[-1].blocks[-1] if found else None
        if last is not None and last.slot == block.slot and last.number >= block.number:
            continue
        numbers = published[block.slot]
        place = bisect_left(numbers, block.number)
        head = numbers[place] if place < len(numbers) else None
        if head is None:
            limit = min(TAIL_MAX, room)
            further = await blocks_from(read, block.slot, block.number + limit, 1)
            limit = 0 if further else limit
        else:
            limit = head - block.number if head - block.number <= room else 0
        behind = await _behind(read, block, limit, pause)
        chain = Chain((block, *behind), published=(block, *behind)[-1].number == head)
        if (
            chain.published
            and heads[block.slot, chain.blocks[-1].number] != chain.blocks[-1].hash()
        ):
            raise NotProvable("another block than this journal's was published: verify the journal")
        room -= len(behind)
        found.append(chain)
    return found


def _slots(blocks: Sequence[Block]) -> frozenset[int]:
    return frozenset(block.slot for block in blocks)


async def _behind(
    read: Reads, block: Block, limit: int, pause: Callable[[], Awaitable[None]]
) -> list[Block]:
    """At most so many blocks that follow one, fewer at the journal's end."""
    found: list[Block] = []
    while len(found) < limit:
        first = block.number + 1 + len(found)
        page = await blocks_from(read, block.slot, first, min(PAGE, limit - len(found)))
        if not page:
            break
        if [each.number for each in page] != list(range(first, first + len(page))):
            raise NotProvable(f"blocks behind {block.slot}/{first} are missing: verify the journal")
        found += page
        await pause()
    return found


async def blocks_from(read: Reads, slot: int, number: int, limit: int) -> list[Block]:
    """At most so many blocks of a slot from a number on."""
    rows = await read.record_page("block", (slot, number - 1), limit)
    return [Block(*row) for row in rows if row[0] == slot]


def _content(text: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(text)
    except ValueError:
        raise NotProvable("an entry cannot be read: verify the journal") from None
    return content if isinstance(content, dict) else {}


def _named(across: int) -> str:
    return f"block {across >> BLOCK_BITS}/{across & NUMBER_MASK}"
