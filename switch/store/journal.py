"""The journal: salted leaves under an RFC 9162 Merkle root, in blocks chained and signed.

A block is what one durable commit wrote. Its hash covers its signature, so no block can be
re-signed in place; its predecessor's hash is inside what is signed. A leaf is hashed with its salt,
so its hash tells nothing about guessable content. :func:`verify` reads only bytes and the public
key, and replays the ledger from the leaves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
from cryptography.exceptions import InvalidSignature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

GENESIS: Final = bytes(32)
"""Hash that the first block of a slot names as its predecessor."""


@dataclass(frozen=True, slots=True)
class Block:
    """A signed block header. ``at`` is microseconds since 1970; hashes are SHA-256."""

    slot: int
    number: int
    epoch: int
    previous: bytes
    root: bytes
    at: int
    leaves: int
    signature: bytes

    def header(self) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {
                "slot": self.slot,
                "number": self.number,
                "epoch": self.epoch,
                "previous": self.previous.hex(),
                "root": self.root.hex(),
                "at": self.at,
                "leaves": self.leaves,
            }
        )

    def hash(self) -> bytes:
        """The hash that the next block names."""
        return hashlib.sha256(self.header() + self.signature).digest()


@dataclass(frozen=True, slots=True)
class JournalFault:
    """One thing that verification found wrong: where, and what."""

    place: str
    what: str


def canonical(content: Mapping[str, object]) -> bytes:
    """Canonical JSON (RFC 8785) of content made of text, whole numbers, null and lists."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def leaf_hash(salt: bytes, content: bytes) -> bytes:
    """Hash of a leaf: RFC 9162 leaf prefix, the salt, the canonical content."""
    return hashlib.sha256(b"\x00" + salt + content).digest()


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162 Merkle tree hash of leaf hashes."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    left, right = merkle_root(hashes[:split]), merkle_root(hashes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify(
    blocks: Iterable[tuple[Block, Sequence[tuple[bytes, bytes]]]],
    balances: Mapping[str, tuple[int, int, int, int]],
    key: Ed25519PublicKey,
) -> list[JournalFault]:
    """Check a slot's blocks in order and the balances they imply.

    ``blocks`` yields each block with its leaves as (salt, content); ``balances`` holds posted
    debits, posted credits, pending debits and pending credits by account. Returns what is wrong;
    an empty list means that nothing was changed, removed, added or reordered, up to the last block.
    """
    faults: list[JournalFault] = []
    replayed: dict[str, list[int]] = {}
    previous, number = GENESIS, 0
    for block, leaves in blocks:
        number += 1
        place = f"block {block.slot}/{block.number}"
        if block.number != number:
            faults.append(JournalFault(place, f"block {number} is missing"))
            number = block.number
        if block.previous != previous:
            faults.append(JournalFault(place, "does not follow the block before it"))
        hashes = [leaf_hash(salt, content) for salt, content in leaves]
        if block.leaves != len(leaves) or block.root != merkle_root(hashes):
            faults.append(JournalFault(place, "its entries are not the ones it was made of"))
        try:
            key.verify(block.signature, block.header())
        except InvalidSignature:
            faults.append(JournalFault(place, "its signature does not verify"))
        previous = block.hash()
        for _, content in leaves:
            _replay(content, replayed, place, faults)
    faults.extend(_compare(replayed, balances))
    return faults


def _replay(
    content: bytes, sums: dict[str, list[int]], place: str, faults: list[JournalFault]
) -> None:
    try:
        entries = orjson.loads(content).get("entries", [])
        for _, account, side, _, minor, phase in entries:
            row = sums.setdefault(account, [0, 0, 0, 0])
            column = 0 if side == "debit" else 1
            if phase == "pending":
                row[column + 2] += minor
                continue
            if phase == "posted":
                row[column] += minor
            if _was_reserved(content):
                row[column + 2] -= minor
    except (ValueError, TypeError, AttributeError, KeyError):
        faults.append(JournalFault(place, "an entry cannot be read"))


def _was_reserved(content: bytes) -> bool:
    """Entries of a payment resolve its reservation; money that merely arrived had none."""
    return bool(orjson.loads(content)["kind"] != "received")


def _compare(
    replayed: Mapping[str, list[int]], balances: Mapping[str, tuple[int, int, int, int]]
) -> list[JournalFault]:
    zero = (0, 0, 0, 0)
    return [
        JournalFault(f"account {account}", "its balance is not what was booked")
        for account in sorted(replayed.keys() | balances.keys())
        if tuple(replayed.get(account, zero)) != balances.get(account, zero)
    ]
