"""What the delivery of events needs of a store: pages of events, and how far each receiver is.

Events are written by :mod:`switch.decide`; here they are read, and what became of sending them is
kept, so that a restart goes on where it was. A receiver is served by the one process whose slot its
row names; when that slot's lease has run out another takes it. Marks are no part of the journal:
one that is lost makes an event be sent again, under the same identifier, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from switch.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Standing:
    """How deliveries to a receiver stand.

    Of the events up to ``last`` those up to ``done`` are settled: taken, given up, or kept to be
    tried again. ``tries`` counts failures in a row since ``failing_since``; nothing is sent before
    ``next_at``, and nothing at all where the receiver said stop.
    """

    receiver: str
    last: int
    done: int
    tries: int = 0
    next_at: datetime | None = None
    failing_since: datetime | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """An event that was not taken although it was sent: tried so often, first at ``since``."""

    number: int
    tries: int
    since: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a round of sending. ``before`` is how it stood: else it changes nothing.

    ``kept`` are to be tried again, ``cleared`` are kept no longer.
    """

    before: Standing
    after: Standing
    kept: tuple[Retry, ...] = ()
    cleared: tuple[int, ...] = ()


class OutboxEngine(Protocol):
    """The outbox of an engine in this process."""

    def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """Write events for these from now on, and keep how far those are that are sent theirs.

        One that is sent events for the first time is sent those that come from now on.
        """

    def free(self, receivers: Sequence[str]) -> list[str]:
        """Those that nobody alive serves; read only."""

    def take(self, receivers: Sequence[str]) -> None:
        """Serve those of them that nobody alive serves."""

    def mine(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves."""

    def standing(self, receiver: str) -> Standing | None:
        """How a receiver's deliveries stand; None for one that was never sent an event."""

    def last(self, receiver: str) -> int:
        """Number of the newest event of a receiver; zero where there is none."""

    def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """Events behind a number, in the order of numbers; those of long ago are gone."""

    def retries(self, receiver: str, at: datetime, limit: int) -> list[tuple[Retry, OutboxRow]]:
        """Events to be tried again whose time has come, the most overdue first."""

    def kept(self, receiver: str) -> int:
        """How many events are to be tried again."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Keep what became of sending, where the receiver is still served by this process."""

    def replay(self, receiver: str, after: int) -> Standing | None:
        """Send what is kept behind a number once more, and go on where the receiver said stop.

        Nobody serves it then, so that what is on its way marks nothing any more.
        """

    def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """Let go of at most so many of the oldest events from before a moment; returns how many."""


class Outbox(Protocol):
    """The same, awaited: what use cases hold."""

    async def enrol(self, receivers: Sequence[str], delivered: Sequence[str]) -> None:
        """As :meth:`OutboxEngine.enrol`."""

    async def held(self, receivers: Sequence[str]) -> list[Standing]:
        """Those that this process serves, having taken those that nobody alive serves."""

    async def standing(self, receiver: str) -> Standing | None:
        """As :meth:`OutboxEngine.standing`."""

    async def last(self, receiver: str) -> int:
        """As :meth:`OutboxEngine.last`."""

    async def events(self, receiver: str, after: int, limit: int) -> list[OutboxRow]:
        """As :meth:`OutboxEngine.events`."""

    async def retries(
        self, receiver: str, at: datetime, limit: int
    ) -> list[tuple[Retry, OutboxRow]]:
        """As :meth:`OutboxEngine.retries`."""

    async def kept(self, receiver: str) -> int:
        """As :meth:`OutboxEngine.kept`."""

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """As :meth:`OutboxEngine.settle`."""

    async def replay(self, receiver: str, after: int) -> Standing | None:
        """As :meth:`OutboxEngine.replay`."""

    async def trim(self, receiver: str, before: datetime, limit: int) -> int:
        """As :meth:`OutboxEngine.trim`."""
