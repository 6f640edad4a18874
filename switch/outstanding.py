"""Quotes that were given and can still be used: each is a free option, so they are counted.

A quote holds a provider to a rate while the market moves, and costs its holder nothing to let
expire; so a member may hold only so many of one provider. ``Meter`` is what quoting needs of a
count; ``Outstanding`` is the one of a single process, in memory: a restart forgets it, and the
quotes given before it expire by themselves. The surprise: expiry is counted in whole
seconds, so that looking for what has expired costs the same however many quotes are held.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, Protocol

from switch.model import to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    Place = tuple[str, str]

MICROS: Final = 1_000_000


class Meter(Protocol):
    """Counts open quotes by (member, provider).

    No call waits, because each quote makes several: a count that processes share answers from what
    it last heard and passes on what it is told, so it may be behind by its own interval.
    """

    def full(self, member: str, provider: str, at: datetime) -> bool:
        """Whether this member may be given no more quotes of this provider now."""

    def given(
        self, quote_id: str, member: str, providers: Iterable[str], expires_at: datetime
    ) -> None:
        """Count a quote until it expires; one through two providers counts for both."""

    def used(self, quote_id: str) -> None:
        """Take a quote off: claimed. One that is not counted, or counted elsewhere, may be told."""

    def all(self, at: datetime) -> Mapping[tuple[str, str], int]:
        """Every member and provider with open quotes, by name."""


@dataclass(slots=True)
class _Held:
    """The open quotes of one member and provider by the second they expire in, soonest first."""

    count: int = 0
    seconds: list[int] = field(default_factory=list)
    quotes: dict[int, dict[str, None]] = field(default_factory=dict)


class Outstanding:
    """Counts open quotes by (member, provider); ``most`` of each are let through."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Place, _Held] = {}
        self._places: dict[str, tuple[int, tuple[Place, ...]]] = {}

    def full(self, member: str, provider: str, at: datetime) -> bool:
        """Whether this member may be given no more quotes of this provider now."""
        return self.count(member, provider, at) >= self._most

    def count(self, member: str, provider: str, at: datetime) -> int:
        """How many quotes of this provider this member can still use."""
        held = self._held.get((member, provider))
        if held is None:
            return 0
        now = to_micros(at) // MICROS
        while held.seconds and held.seconds[0] <= now:
            for quote_id in list(held.quotes[held.seconds[0]]):
                self.used(quote_id)
            del held.quotes[heappop(held.seconds)]
        return held.count

    def given(
        self, quote_id: str, member: str, providers: Iterable[str], expires_at: datetime
    ) -> None:
        """Count a quote; one through two providers counts for both."""
        second = to_micros(expires_at) // MICROS
        # Each once: what another process told may be anything.
        places = tuple((member, provider) for provider in dict.fromkeys(providers))
        for place in places:
            held = self._held.setdefault(place, _Held())
            if second not in held.quotes:
                heappush(held.seconds, second)
                held.quotes[second] = {}
            held.quotes[second][quote_id] = None
            held.count += 1
        self._places[quote_id] = (second, places)

    def used(self, quote_id: str) -> None:
        """Take a quote off: claimed, or expired. One that is not counted changes nothing."""
        second, places = self._places.pop(quote_id, (0, ()))
        for place in places:
            held = self._held[place]
            del held.quotes[second][quote_id]
            held.count -= 1

    def all(self, at: datetime) -> Mapping[Place, int]:
        """Every member and provider with open quotes, by name."""
        counts = {place: self.count(*place, at) for place in sorted(self._held)}
        return {place: count for place, count in counts.items() if count}
