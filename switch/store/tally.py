"""Two multisets of any size compared in bounded memory: what the journal says, what tables hold.

Each item is hashed under a key made for this run and added into one of a fixed number of buckets,
with a plus on one side and a minus on the other: equal multisets leave every bucket at zero. Nobody
who wrote the data knew the key, so nobody can have chosen rows whose sums cancel. A bucket that is
not zero is gone through once more, item by item, to name what differs.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKETS: Final = 1 << 16
MASK: Final = BUCKETS - 1
ODD_BUCKETS_MAX: Final = 256
"""Buckets that are gone through once more; if more differ, those behind are only counted."""

KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 16


class Tally:
    """Sums of keyed hashes by bucket. ``key`` is random bytes of this run."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == KEY_BYTES, "the key has 256 bits"
        self._hash = blake2b(key=key, digest_size=DIGEST_BYTES)
        self._sums = [0] * BUCKETS

    def add(self, items: Iterable[bytes], sign: int) -> None:
        """Count items on one side (1) or the other (-1)."""
        sums, copy, number_of = self._sums, self._hash.copy, int.from_bytes
        for item in items:
            state = copy()
            state.update(item)
            number = number_of(state.digest(), "big")
            sums[number & MASK] += sign * number

    def odd(self) -> frozenset[int]:
        """The buckets in which the two sides differ."""
        return frozenset(place for place, total in enumerate(self._sums) if total)

    def bucket(self, item: bytes) -> int:
        """The bucket of an item."""
        state = self._hash.copy()
        state.update(item)
        return int.from_bytes(state.digest(), "big") & MASK


class Differing:
    """The second look: the items of odd buckets, and which of them are on one side only."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        odd = sorted(tally.odd())
        self.left_out = max(0, len(odd) - ODD_BUCKETS_MAX)
        self._odd = frozenset(odd[:ODD_BUCKETS_MAX])
        self._counts: Counter[bytes] = Counter()

    def add(self, items: Iterable[bytes], sign: int) -> None:
        """Look at items again, as they were counted."""
        for item in items:
            if self._tally.bucket(item) in self._odd:
                self._counts[item] += sign

    def found(self) -> list[tuple[bytes, int]]:
        """Items that are on one side only, with how often more they are on the first."""
        return sorted((item, count) for item, count in self._counts.items() if count)
