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


class Trace:
    """A running SHA-256 over (step, virtual time, owner, event)."""

    def __init__(self, *, lines_kept: int = LINES_KEPT) -> None:
        self._digest = hashlib.sha256()
        self.lines: deque[str] = deque(maxlen=lines_kept)

    def note(self, step: int, time_s: float, owner: object, event: str) -> None:
        """Add one event; the time is virtual seconds."""
        line = f"{step} {time_s:.9f} {owner} {event}"
        self._digest.update(line.encode())
        self._digest.update(b"\n")
        self.lines.append(line)

    def hex(self) -> str:
        """Return the digest so far."""
        return self._digest.hexdigest()
