"""One slot's chain of blocks as an audit reads it: links, roots, signatures, and whose key signs.

A block is checked against the one before it and against its own leaves. The key changes only where
an entry of kind ``key``, signed under the old one, names the new one; a key that was replaced does
not come back. So whoever holds the first public key can follow the journal to its end, and a stolen
old key opens nothing behind the change.
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


class Keyring:
    """Public keys that blocks may be signed under: those given, and those the journal names."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key.public_bytes_raw(): key for key in keys}

    def admit(self, raw: bytes) -> None:
        """Take a key that a verified entry names. Raises :class:`ValueError` for what is none."""
        self._keys.setdefault(raw, Ed25519PublicKey.from_public_bytes(raw))

    def signer(self, block: Block, current: bytes | None) -> bytes | None:
        """The key that a block is signed under: the current one, or any while there is none."""
        for raw in self._keys if current is None else (current,):
            try:
                self._keys[raw].verify(block.signature, block.header())
            except InvalidSignature:
                continue
            return raw
        return None


class Chain:
    """What is known of one slot's chain so far. ``faults`` are handed to ``report``."""

    def __init__(self, slot: int, keys: Keyring, faults: Faults) -> None:
        self.slot = slot
        self.number = 0
        self.last: Block | None = None
        self._previous = GENESIS
        self._keys = keys
        self._current: bytes | None = None
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
        signer = self._keys.signer(block, self._current)
        if signer is None:
            self._fault(place, "its signature does not verify")
        else:
            self._current = signer
        self._previous, self.last = block.hash(), block
        contents = [self._content(content, place) for _, content in leaves]
        for content in contents:
            if content.get("kind") == "key" and signer is not None and whole:
                self._rekey(content, place)
        return contents

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
            raw = bytes.fromhex(content["public"])
            self._keys.admit(raw)
        except (KeyError, TypeError, ValueError):
            self._fault(place, "names a key that is none")
        else:
            self._current = raw

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
