"""One slot's chain of blocks as an audit reads it: links, roots, signatures, and whose key signs.

A block is checked against the one before it and against its own leaves. The key changes only where
an entry of kind ``key``, signed under the old one, names the new one: from the time of its block on
it signs for all slots, and a key that was replaced does not come back. So whoever holds the first
public key can follow the journal to its end, and a stolen old key opens nothing behind the change,
no new slot either. The surprise: a journal brought back from before a change cannot be told of it
under the old key, which is gone; its first block under the new one carries what the old one signed
of its successor. Blocks are taken in the order of their times across slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from switch.store.journal import GENESIS, Block, Faults, leaf_hash, merkle_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switch.store.tables import Row

HASH_BYTES: Final = 32
BLOCK_TYPES: Final = (int, int, int, bytes, bytes, int, int, bytes)

SUCCESSION: Final = b"bakong-switch journal key: after this one follows that one\0"
"""Begins what a key signs of its successor, so that it is the header of no block."""


def succession(before: bytes, public: bytes) -> bytes:
    """What a key signs when another takes its place; both are 32 raw bytes."""
    return SUCCESSION + before + public


class Keyring:
    """Public keys that blocks may be signed under, and the one of now, which all slots share.

    Those given stand for the first block of all; whatever comes next, the journal names.
    """

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key.public_bytes_raw(): key for key in keys}
        self._current: bytes | None = None

    def change(self, raw: bytes) -> None:
        """Go on with a key that a verified entry names. Raises :class:`ValueError` for no key."""
        self._keys.setdefault(raw, Ed25519PublicKey.from_public_bytes(raw))
        self._current = raw

    def signed(self, block: Block) -> bool:
        """Whether a block is signed under the key of now; the first one finds out which it is."""
        for raw in self._keys if self._current is None else (self._current,):
            if _verifies(self._keys[raw], block.signature, block.header()):
                self._current = raw
                return True
        return False

    def followed(self, block: Block, steps: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a block is signed under a successor of the key of now; then that is the key.

        ``steps`` are public keys, each with what the key before it signed of it.
        """
        raw = self._current
        if raw is None:
            return False
        key = self._keys[raw]
        for public, signature in steps:
            if not _verifies(key, signature, succession(raw, public)):
                return False
            # A key that another one signed was a key when it did.
            raw, key = public, Ed25519PublicKey.from_public_bytes(public)
        if not _verifies(key, block.signature, block.header()):
            return False
        self.change(raw)
        return True


def _verifies(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


class Chain:
    """What is known of one slot's chain so far. ``faults`` are handed to ``report``."""

    def __init__(self, slot: int, keys: Keyring, faults: Faults) -> None:
        self.slot = slot
        self.number = 0
        self.last: Block | None = None
        self._previous = GENESIS
        self._keys = keys
        self._faults = faults

    def take(self, block: Block, leaves: Sequence[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
        """Check the next block; returns what its entries say, unreadable ones left out."""
        place = f"block {block.slot}/{block.number}"
        self.number += 1
        if block.number != self.number:
            gap = min(block.number, self.number)
            self._fault(place, f"block {gap} is missing or out of order")
            self.number = block.number
        if block.previous != self._previous:
            self._fault(place, "does not follow the block before it")
        root = merkle_root([leaf_hash(salt, content) for salt, content in leaves])
        whole = block.leaves == len(leaves) and block.root == root
        if not whole:
            self._fault(place, "its entries are not the ones it was made of")
        if self.last is not None and block.epoch < self.last.epoch:
            self._fault(place, "is of an earlier epoch than the block before it")
        if self.last is not None and block.at <= self.last.at:
            self._fault(place, "is not later than the block before it")
        signed = self._keys.signed(block) or (whole and self._is_followed(block, leaves))
        if not signed:
            self._fault(place, "its signature does not verify")
        self._previous, self.last = block.hash(), block
        contents = [self._content(content, place) for _, content in leaves]
        for content in contents:
            if content.get("kind") == "key" and signed and whole:
                self._rekey(content, place)
        return contents

    def _is_followed(self, block: Block, leaves: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether entries of a block say how its key came to follow the one before."""
        steps = []
        for _, text in leaves:
            try:
                content = orjson.loads(text)
                if content["kind"] == "key":
                    public, signed = content["public"], content["signed"]
                    steps.append((bytes.fromhex(public), bytes.fromhex(signed)))
            except (KeyError, TypeError, ValueError):
                # What is no such entry is none; the block is signed by nobody then.
                continue
        return self._keys.followed(block, steps)

    def _content(self, text: bytes, place: str) -> dict[str, Any]:
        try:
            content = orjson.loads(text)
        except ValueError:
            content = None
        if isinstance(content, dict):
            return content
        self._fault(place, "an entry cannot be read")
        return {}

    def _rekey(self, content: dict[str, Any], place: str) -> None:
        try:
            self._keys.change(bytes.fromhex(content["public"]))
        except (KeyError, TypeError, ValueError):
            self._fault(place, "names a key that is none")

    def _fault(self, place: str, what: str) -> None:
        self._faults.add(place, what)


def block_of(row: Row) -> Block | None:
    """A block of its row; None where a value is of a kind that no block can hold."""
    held: list[Any] = [bytes(value) if isinstance(value, memoryview) else value for value in row]
    if len(held) != len(BLOCK_TYPES):
        return None
    if any(type(value) is not kind for value, kind in zip(held, BLOCK_TYPES, strict=True)):
        return None
    return Block(*held)
