"""One count of open quotes for several processes: each tells the others what it gives and uses.

Every process counts all of them, from what it did and what it heard, so no quote waits for anybody.
A process that may have missed something, because it has just begun or could not listen, lets
through only its share until every quote of before has expired. The surprise: what it gives while it
cannot be heard is missing at the others; they may let through its share too many, and no more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.coordination.ports import Topic
from switch.model import from_micros, to_micros
from switch.outstanding import Outstanding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from switch.coordination.ports import Coordination

GIVEN: Final = "given"
USED: Final = "used"
PROVIDERS_MAX: Final = 2
"""A quote goes through two providers at most."""

LET_GO_EVERY: Final = timedelta(seconds=10)
"""How often quotes that nobody used are looked for, of all members."""

TIME_DIGITS_MAX: Final = 17
"""Microseconds since 1970 until the year 5138: every time so short can be told as a date."""


class SharedQuotes:
    """Counts by (member, provider); ``valid_s_max`` is the longest that any quote can be used."""

    def __init__(
        self, most: int, coordination: Coordination, *, processes_max: int, valid_s_max: int
    ) -> None:
        self._all = Outstanding(most)
        self._own = Outstanding(max(1, most // processes_max))
        self._coordination = coordination
        self._valid_s_max = valid_s_max
        self._let_go_at: datetime | None = None
        coordination.subscribe(Topic.QUOTES, self.heard)

    def full(self, member: str, provider: str, at: datetime) -> bool:
        """Whether this member may be given no more quotes of this provider now."""
        self._let_go(at)
        counted = self._all
        if not self._coordination.heard_all_for(self._valid_s_max):
            counted = self._own
        return counted.full(member, provider, at)

    def _let_go(self, at: datetime) -> None:
        """Forget what expired of whoever asks no more: neither count is asked about everybody."""
        if self._let_go_at is None or abs(at - self._let_go_at) >= LET_GO_EVERY:
            self._let_go_at = at
            for counted in (self._all, self._own):
                counted.all(at)

    def given(
        self, quote_id: str, member: str, providers: Iterable[str], expires_at: datetime
    ) -> None:
        """Count a quote until it expires, here and at the others."""
        names = tuple(providers)
        for counted in (self._all, self._own):
            counted.given(quote_id, member, names, expires_at)
        expires = to_micros(expires_at)
        text = " ".join((GIVEN, quote_id, str(expires), member, *names))
        self._coordination.publish(Topic.QUOTES, text)

    def used(self, quote_id: str) -> None:
        """Take a quote off, here and at the others."""
        self._own.used(quote_id)
        self._all.used(quote_id)
        self._coordination.publish(Topic.QUOTES, f"{USED} {quote_id}")

    def all(self, at: datetime) -> Mapping[tuple[str, str], int]:
        """Every member and provider with open quotes, by name, as far as this process knows."""
        return self._all.all(at)

    def heard(self, text: str) -> None:
        """Count what another process told; what cannot be read is passed over."""
        kind, _, rest = text.partition(" ")
        words = rest.split(" ")
        if kind == USED and len(words) == 1:
            self._all.used(words[0])
        elif kind == GIVEN and len(words) in range(4, 4 + PROVIDERS_MAX) and _is_time(words[1]):
            quote_id, expires, member, *providers = words
            self._all.used(quote_id)
            self._all.given(quote_id, member, providers, from_micros(int(expires)))


def _is_time(text: str) -> bool:
    """Whether this is a number of microseconds that stands for a date; anybody may publish."""
    return len(text) <= TIME_DIGITS_MAX and text.isascii() and text.isdecimal()
