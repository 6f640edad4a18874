"""What a switch needs of whatever its processes share, and nothing of how it is done.

Bounds are drawn upon before anything is stored, and hints are told after it is; both may be lost.
A hint says only that it is worth looking, so whoever hears one reads the store. The surprise: a
bound is split, so that most calls ask nobody: each process has a share of its own, and only what
goes beyond it is drawn from a pool that all processes have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.runtime.tasks import Tasks

MOST: int = 2**53 - 1
"""Largest bound: beyond it a number is not exact everywhere."""


class Topic(StrEnum):
    """What a hint is about, and what its text is."""

    ENDED = "ended"
    """A payment ended: its UETR."""
    QUOTES = "quotes"
    """A quote was given or used: see :mod:`switch.coordination.quotes`."""
    NETWORK = "network"
    """A network cannot be reached: see :mod:`switch.breakers`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` within any ``window_ms``, for each who draws."""

    name: str
    window_ms: int
    most: int

    def __post_init__(self) -> None:
        assert 0 < self.most <= MOST, "a bound is a number that is exact everywhere"


def spread(name: str, window_ms: int, most: int, parts: int) -> Limit:
    """A limit of that length, or of longer where a process's share would be nothing.

    Half of a bound is dealt out to processes that share something, and that half is all there is
    while it is lost: ``parts`` is twice their number.
    """
    times = max(1, -(-parts // most))
    return Limit(name, window_ms * times, most * times)


@dataclass(frozen=True, slots=True)
class Draw:
    """What ``who`` (an institution) wants to draw of a limit."""

    limit: Limit
    who: str
    amount: int = 1


class Coordination(Protocol):
    """What processes share."""

    @property
    def state(self) -> str:
        """``in process``, ``shared``, or ``lost`` while the shared part cannot be reached."""

    async def take(self, draws: Sequence[Draw], at_ms: int) -> int:
        """Draw all or nothing at a monotonic time; 0, or after how many ms to try again."""

    def largest(self, limit: Limit) -> int:
        """The most that one draw of a limit may ever be; a larger one never goes through."""

    def publish(self, topic: Topic, text: str) -> None:
        """Tell every other process, soon; never waits, and may be lost. One line of text."""

    def subscribe(self, topic: Topic, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with each text that another process publishes; it must not wait."""

    def heard_all_for(self, seconds: int) -> bool:
        """Whether no hint can have been missed for so long, as far as this process can tell."""

    def start(self, tasks: Tasks) -> None:
        """Begin to listen and to publish."""

    async def close(self) -> None:
        """Let go of what is held."""
