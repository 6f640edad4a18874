"""The journal: salted leaves under an RFC 9162 Merkle root, in blocks chained and signed.

A block is what one durable commit wrote. Its hash covers its signature, so no block can be
re-signed in place; its predecessor's hash is inside what is signed. A leaf is hashed with its salt,
so its hash tells nothing about guessable content. A leaf is shown to be in a block by the hashes on
its way to the root (:func:`audit_path`), which say nothing of the other leaves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GENESIS: Final = bytes(32)
"""Hash that the first block of a slot names as its predecessor."""

FAULTS_MAX: Final = 1_000
"""Faults that are listed; a damaged file may have millions."""


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


class Faults:
    """What verification found: the first ones in full, the others counted."""

    def __init__(self, kept_max: int = FAULTS_MAX) -> None:
        self._kept_max = kept_max
        self._kept: list[JournalFault] = []
        self._left_out = 0

    def add(self, place: str, what: str) -> None:
        """Take one more."""
        if len(self._kept) < self._kept_max:
            self._kept.append(JournalFault(place, what))
        else:
            self._left_out += 1

    def all(self) -> tuple[JournalFault, ...]:
        """Those kept, and one that says how many more there are."""
        if not self._left_out:
            return tuple(self._kept)
        more = JournalFault("journal", f"{self._left_out} more faults are not listed")
        return (*self._kept, more)


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


def audit_path(hashes: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes that lead from the leaf at ``place`` to the root (RFC 9162, 2.1.3.1)."""
    assert 0 <= place < len(hashes), "the leaf is one of the tree"
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if place < split:
        return [*audit_path(hashes[:split], place), merkle_root(hashes[split:])]
    return [*audit_path(hashes[split:], place - split), merkle_root(hashes[:split])]


def root_by_path(leaf: bytes, place: int, leaves: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its path lead to; None where the path has another length.

    Checking is as in RFC 9162, 2.1.3.2: the shape of the tree follows from its size alone.
    """
    if not 0 <= place < leaves:
        return None
    here, last, root = place, leaves - 1, leaf
    for other in path:
        if last == 0:
            return None
        if here % 2 or here == last:
            root = hashlib.sha256(b"\x01" + other + root).digest()
            while here % 2 == 0 and here:
                here, last = here >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\x01" + root + other).digest()
        here, last = here >> 1, last >> 1
    return root if last == 0 else None
