"""Counters and timings of one process, as cheap as a dictionary.

Whoever counts adds to a plain number; what a page of figures needs is made of them when somebody
asks. Times are seconds of the monotonic clock. The surprise: nothing here is locked, because
everything that counts runs on the loop.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BOUNDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds of the classes of a time, in seconds; one more class has none."""


class Timing:
    """How often something took how long."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total_s = 0.0

    def took(self, seconds: float) -> None:
        """Count one that took this long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self.counts)


class Timings:
    """Timings by label values; one is made when its values are first met."""

    __slots__ = ("each",)

    def __init__(self) -> None:
        self.each: dict[tuple[str, ...], Timing] = {}

    def took(self, labels: tuple[str, ...], seconds: float) -> None:
        """Count one under these label values."""
        found = self.each.get(labels)
        if found is None:
            found = self.each[labels] = Timing()
        found.took(seconds)


class Counts:
    """Numbers by label values."""

    __slots__ = ("each",)

    def __init__(self) -> None:
        self.each: dict[tuple[str, ...], int] = {}

    def add(self, labels: tuple[str, ...], by: int = 1) -> None:
        """Add to the number under these label values."""
        self.each[labels] = self.each.get(labels, 0) + by


@dataclass(slots=True)
class Meters:
    """Everything that one process counts.

    ``requests`` are by operation and HTTP status, ``commits`` by command and result, ``steps`` by
    corridor, command and the state that a payment was then in. ``exchanges`` are those that were
    answered, by network and operation, ``unanswered`` the others, with why; ``enquiries`` are by
    network, ``asked`` or ``put_off``. ``under_way`` counts requests being served, ``waiting``
    commands in the committer's two queues or being committed, ``refused`` those for which there was
    no room. ``breakers`` tells which are open, ``hop_percentiles`` how long hops take (ms, 99.9th),
    and ``hop_needs`` what they need before a deadline (ms).
    """

    requests: Timings = field(default_factory=Timings)
    under_way: Counts = field(default_factory=Counts)
    commits: Timings = field(default_factory=Timings)
    waiting: Counts = field(default_factory=Counts)
    refused: Counts = field(default_factory=Counts)
    steps: Counts = field(default_factory=Counts)
    exchanges: Timings = field(default_factory=Timings)
    unanswered: Counts = field(default_factory=Counts)
    enquiries: Counts = field(default_factory=Counts)
    lag: Timing = field(default_factory=Timing)
    breakers: Callable[[], Mapping[tuple[str, str], bool]] = dict
    hop_percentiles: Callable[[], Mapping[tuple[str, str], int]] = dict
    hop_needs: Callable[[], Mapping[tuple[str, str], tuple[int, int]]] = dict
