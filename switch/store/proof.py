"""The proof of one payment: its journal entries in their signed blocks, and nobody else's.

A proof holds each entry with its salt, the hashes on its way to the block's root, the block's
header and signature, and the headers from there up to a published head. Of other entries it shows
hashes that were salted, so they tell nothing. Entries name the block of the one before them: none
can be left out. The surprise: a header is told without its predecessor's hash, because whoever
checks the chain works that out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.delta import BLOCK_BITS
from switch.store.journal import Block, audit_path, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.store.contract import Reads
    from switch.store.tables import Row

KIND: Final = "bakong-switch payment proof"
VERSION: Final = 1
ENTRIES_MAX: Final = 1_000
"""Entries of one payment that a proof may hold: enquiries are bounded far below."""

CHAIN_MAX: Final = 4_096
"""Headers from an entry's block up to a head; heads are published much more often."""

LEAVES_MAX: Final = 4_096
"""Entries of one block."""

NUMBER_MASK: Final = (1 << BLOCK_BITS) - 1


class NotProvable(Exception):  # noqa: N818  the name says what happened
    """There is nothing to prove, or the journal does not show it; the message says which."""


@dataclass(frozen=True, slots=True)
class Written:
    """One entry of a payment where it stands: its block, its place in it, and all leaves."""

    block: Block
    place: int
    leaves: tuple[tuple[bytes, bytes], ...]


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
    read: Reads, uetr: str, heads: Mapping[tuple[int, int], bytes]
) -> dict[str, object]:
    """The proof of a payment. ``heads`` are published blocks by slot and number.

    Raises :class:`NotProvable`.
    """
    rows = await read.payment_rows([uetr])
    if not rows:
        raise NotProvable("there is no payment of this UETR")
    found = await _entries(read, uetr, rows[0])
    proofs = []
    for written in found:
        hashes = [leaf_hash(*leaf) for leaf in written.leaves]
        salt, content = written.leaves[written.place]
        chain, published = await _chain(read, written.block, heads)
        proofs.append(
            {
                "block": block_json(written.block),
                "place": written.place,
                "salt": salt.hex(),
                "content": content.decode(),
                "path": [other.hex() for other in audit_path(hashes, written.place)],
                "chain": [link_json(block) for block in chain],
                "head": (chain[-1] if chain else written.block).hash().hex(),
                "published": published,
            }
        )
    return {"kind": KIND, "version": VERSION, "uetr": uetr, "entries": proofs}


async def _entries(read: Reads, uetr: str, row: Row) -> list[Written]:
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
        newest = steps[-1][1]
    if not found:
        raise NotProvable("its entries were written before they could be found one by one")
    return found[::-1]


async def _in_block(read: Reads, uetr: str, across: int) -> list[tuple[Written, int | None]]:
    """The payment's entries in one block, the last one first, each with the block before it."""
    slot, number = across >> BLOCK_BITS, across & NUMBER_MASK
    blocks = await blocks_from(read, slot, number, 1)
    if not blocks or blocks[0].number != number:
        raise NotProvable(f"{_named(across)} is missing: verify the journal")
    rows = await read.record_page("leaf", (slot, number, -1), LEAVES_MAX)
    leaves = tuple((row[3], row[4]) for row in rows if row[:2] == (slot, number))
    own = []
    for place, (_, text) in enumerate(leaves):
        content = _content(text)
        if content.get("uetr") == uetr and "version" in content:
            before = content.get("before")
            if content["version"] > 1 and before is None:
                raise NotProvable("its first entries were written before entries named another")
            own.append((Written(blocks[0], place, leaves), before))
    # Within one block each names that block itself: the walk goes on from the first of them.
    return own[::-1]


async def _chain(
    read: Reads, block: Block, heads: Mapping[tuple[int, int], bytes]
) -> tuple[list[Block], bool]:
    """The blocks behind one up to the next published head, or up to the end."""
    if (block.slot, block.number) in heads:
        return [], True
    chain = await blocks_from(read, block.slot, block.number + 1, CHAIN_MAX)
    for place, each in enumerate(chain):
        if (each.slot, each.number) in heads:
            return chain[: place + 1], True
    return chain, False


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


def texts(proofs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The entries of a proof as they were journaled."""
    return [proof["content"] for proof in proofs]
