"""Random bytes, and the identifiers made of them.

Keys that the store sorts by are time-ordered, because random primary keys scatter a B-tree; what
leaves the house (UETR, keys of requests) is random and tells nothing about volume. The surprise:
:meth:`Ids.ordered` never repeats within a process even when the wall clock is set back, because it
continues from its last value instead of reading the clock alone.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from switch.runtime.clock import Clock

SALT_BYTES: Final = 16
"""Length of a salt of a journal leaf."""

PAGE_BYTES: Final = 4096
"""Bytes taken from the operating system at a time."""

SEQUENCE_BITS: Final = 20
"""Low bits of an ordered key, below the milliseconds since 1970, which fit until the year 2248."""

COUNT_BITS: Final = 13
"""Bits of those that count within a millisecond; the slot of the process (seven) stands above."""

COUNT_START_BITS: Final = 12
"""Random start within a millisecond; the other half is room to count up."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def made_at(key: int) -> datetime:
    """When an ordered key was made, to the millisecond below."""
    return _EPOCH + timedelta(milliseconds=key >> SEQUENCE_BITS)


def least_made_at(at: datetime) -> int:
    """The least ordered key that may be made in the millisecond of ``at``."""
    return (at - _EPOCH) // timedelta(milliseconds=1) << SEQUENCE_BITS


class Entropy(Protocol):
    """A source of random bytes."""

    def bytes(self, count: int) -> bytes:
        """Return this many random bytes."""
        ...


class SystemEntropy:
    """The operating system's generator, asked for a page at a time.

    A payment takes some sixteen draws and a call of the system costs six microseconds. What was
    handed out is wiped from the page; a process that forks would share it, and this one does not.
    """

    __slots__ = ("_at", "_page")

    def __init__(self) -> None:
        self._page = bytearray()
        self._at = 0

    def bytes(self, count: int) -> bytes:
        """Return this many bytes fit for keys."""
        if count > PAGE_BYTES:
            return os.urandom(count)
        if self._at + count > len(self._page):
            self._page, self._at = bytearray(os.urandom(PAGE_BYTES)), 0
        end = self._at + count
        taken = bytes(self._page[self._at : end])
        self._page[self._at : end] = bytes(count)
        self._at = end
        return taken


class SeededEntropy:
    """SHA-256 of a seed and a counter: the same seed gives the same bytes.

    For the simulation and tests only, never for the keys of a real switch.
    """

    __slots__ = ("_counter", "_seed", "_spare")

    def __init__(self, seed: int | str) -> None:
        self._seed = hashlib.sha256(f"bakong-switch entropy {seed}".encode()).digest()
        self._counter = 0
        self._spare = b""

    def bytes(self, count: int) -> bytes:
        """Return the next bytes of the stream."""
        while len(self._spare) < count:
            block = self._seed + self._counter.to_bytes(8, "big")
            self._spare += hashlib.sha256(block).digest()
            self._counter += 1
        taken, self._spare = self._spare[:count], self._spare[count:]
        return taken

    def below(self, bound: int) -> int:
        """Return a number from 0 up to and without ``bound``, for choosing faults and delays."""
        return int.from_bytes(self.bytes(8), "big") % bound

    def fork(self, name: str) -> SeededEntropy:
        """Return an independent stream, so that one user's draws do not shift another's."""
        return SeededEntropy(f"{self._seed.hex()} {name}")


def uuid_of(drawn: bytes) -> str:
    """Sixteen random bytes as a UUID version 4 in lower case."""
    return str(uuid.UUID(bytes=drawn, version=4))


def drawn_of(entropy: Entropy) -> int:
    """A number from 0 to 65,535 by chance: how much longer a pause is, or how much of it."""
    return int.from_bytes(entropy.bytes(2), "big")


class Ids:
    """Identifiers of one process, which writes under a numbered slot."""

    __slots__ = ("_clock", "_entropy", "_last", "_slot")

    def __init__(self, clock: Clock, entropy: Entropy, slot: int = 0) -> None:
        self._clock = clock
        self._entropy = entropy
        self._slot = slot << COUNT_BITS
        self._last = 0

    def uetr(self) -> str:
        """Return a new UETR: a UUID version 4 in lower case (ISO 20022 ``UUIDv4Identifier``)."""
        return self.uuid()

    def uuid(self) -> str:
        """Return a new UUID version 4 in lower case."""
        return uuid_of(self._entropy.bytes(16))

    def ordered(self) -> int:
        """Return a positive 63-bit key, larger than every earlier one of this process.

        Processes of different slots never make the same one.
        """
        milliseconds = int(self._clock.now().timestamp() * 1000)
        start = int.from_bytes(self._entropy.bytes(3), "big") >> (24 - COUNT_START_BITS)
        fresh = milliseconds << SEQUENCE_BITS | self._slot | start
        if fresh <= self._last:
            fresh = self._last + 1
            if not fresh & (1 << COUNT_BITS) - 1:
                # Counted to the end of this slot's part of the millisecond.
                fresh = self._after(self._last)
        self._last = fresh
        return fresh

    def go_on_after(self, last: int) -> None:
        """Make no key up to ``last`` any more: what an earlier life of the process may have made.

        So a clock that is set back before a restart repeats nothing.
        """
        if last > self._last:
            self._last = self._after(last)

    def _after(self, key: int) -> int:
        """The least key of this slot in the millisecond after that of ``key``."""
        return ((key >> SEQUENCE_BITS) + 1) << SEQUENCE_BITS | self._slot

    def drawn(self) -> int:
        """Return a number from 0 to 65,535 by chance, for a pause."""
        return drawn_of(self._entropy)

    def salt(self) -> bytes:
        """Return 16 random bytes."""
        return self._entropy.bytes(SALT_BYTES)
