"""Quotes that were given and can still be used: each is a free option, so they are counted.

A quote holds a provider to a rate while the market moves, and costs its holder nothing to let
expire; so a member may hold only so many of one provider. Counts live in memory: a restart forgets
them, and the quotes given before it expire by themselves. The surprise: a quote that was used is
taken off by its id, whoever asks; one that loses the race for it was never counted twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class Outstanding:
    """Counts open quotes by (member, provider); never more than ``most`` of each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[tuple[str, str], dict[str, datetime]] = {}
        self._places: dict[str, tuple[tuple[str, str], ...]] = {}

    def full(self, member: str, provider: str, at: datetime) -> bool:
        """Whether this member may be given no more quotes of this provider now."""
        return self.count(member, provider, at) >= self._most

    def count(self, member: str, provider: str, at: datetime) -> int:
        """How many quotes of this provider this member can still use."""
        held = self._open.get((member, provider))
        if held is None:
            return 0
        while held:
            oldest = next(iter(held))
            if held[oldest] > at:
                break
            self.used(oldest)
        if len(held) >= self._most:
            # One behind the oldest may have expired before it: limits on the expiry differ.
            for quote_id in [each for each, until in held.items() if until <= at]:
                self.used(quote_id)
        return len(held)

    def given(
        self, quote_id: str, member: str, providers: Iterable[str], expires_at: datetime
    ) -> None:
        """Count a quote; one through two providers counts for both."""
        places = tuple((member, provider) for provider in providers)
        for place in places:
            self._open.setdefault(place, {})[quote_id] = expires_at
        self._places[quote_id] = places

    def used(self, quote_id: str) -> None:
        """Take a quote off: claimed, or expired. One that is not counted changes nothing."""
        for place in self._places.pop(quote_id, ()):
            self._open[place].pop(quote_id, None)

    def all(self, at: datetime) -> Mapping[tuple[str, str], int]:
        """Every member and provider with open quotes, by name."""
        counts = {place: self.count(*place, at) for place in sorted(self._open)}
        return {place: count for place, count in counts.items() if count}
