"""Journal entries as they are stored: compressed, because one is much like another.

What is hashed and signed is the canonical text; how it is stored is nobody's business but this
module's, so an entry of an earlier version stands as plain text and is told by its first byte. A
packed entry carries a check sum, because a changed bit may unpack to the same text and must be
found all the same. The surprise: what cannot be unpacked is handed on as it is, because whoever
reads a journal compares hashes, and a damaged entry is found there and named.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from switch.store.packing import LEAF, PackError, Packing

PLAIN: Final = b"{"
"""First byte of every canonical entry, and of no packed one."""

SUM_BYTES: Final = 4


class LeafPacking:
    """Packs and unpacks entries; for one thread."""

    __slots__ = ("_packing",)

    def __init__(self) -> None:
        self._packing = Packing()

    def pack(self, content: bytes) -> bytes:
        """A canonical entry as it is stored."""
        packed = self._packing.pack(LEAF, content)
        return packed + crc32(packed).to_bytes(SUM_BYTES, "big")

    def unpack(self, stored: bytes) -> bytes:
        """A canonical entry as it was made."""
        packed = stored[:-SUM_BYTES]
        if (
            stored.startswith(PLAIN)
            or crc32(packed).to_bytes(SUM_BYTES, "big") != stored[len(packed) :]
        ):
            return stored
        try:
            return self._packing.unpack(packed)
        except PackError:
            return stored
