"""A breaker: after some failures in a row nothing is tried for a while, then one attempt at a time.

It protects whoever waits, not the other side: what would only time out is not waited for. The
surprise: when its pause is over it lets one attempt through and begins the next pause at once, so a
dead peer costs one wait in each pause, however many ask.
"""

from __future__ import annotations


class Breaker:
    """One breaker; times are seconds of a monotonic clock."""

    __slots__ = ("_failures", "_failures_max", "_pause_s", "_until")

    def __init__(self, *, failures_max: int, pause_s: float) -> None:
        self._failures_max = failures_max
        self._pause_s = pause_s
        self._failures = 0
        self._until: float | None = None

    def allows(self, at: float) -> bool:
        """Whether to try now. When a pause has just ended, only the first who asks may."""
        if self._until is None:
            return True
        if at < self._until:
            return False
        self._until = at + self._pause_s
        return True

    def is_open(self, at: float) -> bool:
        """Whether a pause is on; asking changes nothing."""
        return self._until is not None and at < self._until

    def worked(self) -> None:
        """An attempt worked: try freely from now on."""
        self._failures = 0
        self._until = None

    def failed(self, at: float) -> bool:
        """An attempt failed; True when this begins the first pause."""
        self._failures += 1
        if self._failures < self._failures_max:
            return False
        began = self._until is None
        self._until = at + self._pause_s
        return began

    def hold(self, until: float) -> None:
        """Begin a pause because somebody else says so; one that lasts longer stays."""
        self._until = until if self._until is None else max(self._until, until)
