"""The digest of everything that happened, in order.

Two runs are the same run if their digests are equal, so a failure can be replayed from its seed
alone. The last lines are kept in words, to see where two runs part. The surprise: names of tasks
are left out, because asyncio numbers them across the whole interpreter.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final

LINES_KEPT: Final = 400
"""Lines kept in words."""

GATHERED: Final = 512
"""Lines that are hashed together: the digest is the same, and hashing each alone costs more."""


class Trace:
    """A running SHA-256 over (step, virtual time, owner, event), a line each."""

    def __init__(self, *, lines_kept: int = LINES_KEPT) -> None:
        self._digest = hashlib.sha256()
        self._kept: deque[str] = deque(maxlen=lines_kept)
        self._gathered: list[str] = []
        self._time_s: float = -1
        self._time = ""

    def note(self, step: int, time_s: float, owner: object, event: str) -> None:
        """Add one event; the time is virtual seconds."""
        if time_s != self._time_s:
            # Many steps in a row are at one time.
            self._time_s, self._time = time_s, f"{time_s:.9f}"
        self._gathered.append(f"{step} {self._time} {owner} {event}")
        if len(self._gathered) >= GATHERED:
            self._hash()

    @property
    def lines(self) -> list[str]:
        """The last lines in words."""
        self._hash()
        return list(self._kept)

    def hex(self) -> str:
        """Return the digest so far."""
        self._hash()
        return self._digest.hexdigest()

    def _hash(self) -> None:
        self._kept.extend(self._gathered)
        if self._gathered:
            self._digest.update(("\n".join(self._gathered) + "\n").encode())
            self._gathered.clear()
