"""How long networks' hops take, as measured, and what that leaves of a deadline.

A hop lasts from its first send to the network's final word, polls included; the 99.9th percentile
of the last minutes counts. Facts state how much time a hop needs; where it is measured to need
more, less time is taken for enough and an instruction that comes late is refused before anything
is sent. The surprise: what is measured never takes more than half of a deadline, because else a
network that is slow for a while would get no payment that could show that it is fast again.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

from switch.lifecycle import Event
from switch.port import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.facts import Facts
    from switch.logs import Log
    from switch.metering.meters import Meters
    from switch.runtime.clock import Clock
    from switch.seams import Seams

LEAST: Final = 1_000
"""Hops without which there is no 99.9th percentile: one in a thousand must have been seen."""

OF_THOUSAND: Final = 999
HALF_S: Final = 600
"""What is measured is from one or two of these: at least ten minutes, at most twenty."""

LONGEST_MS: Final = 60_000
"""A hop beyond this is counted as this long."""

BEGUN_MAX: Final = 10_000
"""Hops that have begun and whose word is awaited; beyond, the oldest is not measured."""

LOOK_EVERY_S: Final = 1
SAID_EVERY_S: Final = 600
"""How often a percentile is worked out, and the log told that facts state too little."""

_ENDS: Final = (Event.ACCEPTED, Event.REFUSED, Event.READY)
_GOES_ON: Final = (Event.PENDING, Event.UNPOSTED, Event.RUNG)


def _bounds() -> tuple[int, ...]:
    bounds = [1]
    while bounds[-1] < LONGEST_MS:
        bounds.append(min(max(bounds[-1] + 1, bounds[-1] * 11 // 10), LONGEST_MS))
    return tuple(bounds)


BOUNDS_MS: Final = _bounds()
"""Upper bounds of the classes of a time, a tenth apart; the last one takes whatever is longer."""


@dataclass(slots=True)
class _Recent:
    """Counts of the half window that runs, and of the one before; ``since`` is monotonic."""

    since: float
    running: list[int] = field(default_factory=lambda: [0] * len(BOUNDS_MS))
    before: list[int] = field(default_factory=lambda: [0] * len(BOUNDS_MS))
    worked_out_at: float | None = None
    percentile_ms: int | None = None

    def turned(self, at: float) -> None:
        """Let go of what is too old."""
        if at - self.since < HALF_S:
            return
        empty = [0] * len(BOUNDS_MS)
        self.before = self.running if at - self.since < 2 * HALF_S else empty
        self.running, self.since = [0] * len(BOUNDS_MS), at

    def worked_out(self, least: int) -> int | None:
        """The 99.9th percentile, as the upper bound of its class; None of too few."""
        both = [a + b for a, b in zip(self.running, self.before, strict=True)]
        count = sum(both)
        if count < least:
            return None
        beyond, place = -(-count * OF_THOUSAND // 1_000), 0
        for bound, held in zip(BOUNDS_MS, both, strict=True):
            place += held
            if place >= beyond:
                return bound
        raise AssertionError("every hop has its class")


class HopTimes:
    """What one process measures of hops; ``least`` is of how many a percentile is made."""

    def __init__(self, clock: Clock, log: Log, *, least: int = LEAST) -> None:
        self._clock = clock
        self._log = log
        self._least = least
        self._begun: dict[str, tuple[float, str, str]] = {}
        self._recent: dict[tuple[str, str], _Recent] = {}
        self._needs: dict[tuple[str, str], tuple[int, int]] = {}
        self._said_at: dict[tuple[str, str], float] = {}

    def begun(self, uetr: str, network: str, operation: Operation) -> None:
        """A hop's first send begins now."""
        self._begun.pop(uetr, None)
        while len(self._begun) >= BEGUN_MAX:
            del self._begun[next(iter(self._begun))]
        self._begun[uetr] = (self._clock.monotonic(), network, operation.value)

    def heard(self, uetr: str, event: Event) -> None:
        """Something became known of a payment: the hop's end, or that its time says nothing.

        Where an answer was lost, how long we waited says nothing about the network.
        """
        if event in _GOES_ON:
            return
        begun = self._begun.pop(uetr, None)
        if begun is not None and event in _ENDS:
            started, network, operation = begun
            self.took(network, operation, self._clock.monotonic() - started)

    def took(self, network: str, operation: str, seconds: float) -> None:
        """Count a hop that took this long."""
        recent = self._of(network, operation)
        place = bisect_left(BOUNDS_MS, ceil(seconds * 1_000))
        recent.running[min(place, len(BOUNDS_MS) - 1)] += 1

    def percentile_ms(self, network: str, operation: str) -> int | None:
        """The 99.9th percentile of the last minutes, in ms; None of too few."""
        if (network, operation) not in self._recent:
            return None
        recent, at = self._of(network, operation), self._clock.monotonic()
        if recent.worked_out_at is None or at - recent.worked_out_at >= LOOK_EVERY_S:
            recent.worked_out_at = at
            recent.percentile_ms = recent.worked_out(self._least)
        return recent.percentile_ms

    def needs(self, facts: Facts, hop: str, within: timedelta | None = None) -> timedelta:
        """Least time before the deadline of ``facts`` at which a payment of ``hop`` may begin.

        As stated, or as measured with the margin for our answer, up to half of the deadline, or of
        the time that whoever waits gives it (``within``) where that is less.
        """
        stated, place = facts.hop_needs_ms, (facts.network, hop)
        measured = self.percentile_ms(hop, Operation.PAY.value)
        used = stated
        if measured is not None:
            wanted = measured + facts.answer_margin_ms
            whole_ms = facts.deadline_ms
            if within is not None:
                whole_ms = min(whole_ms, within // timedelta(milliseconds=1))
            used = max(stated, min(wanted, whole_ms // 2))
            if wanted > stated:
                self._say(place, wanted, stated)
        self._needs[place] = (stated, used)
        return timedelta(milliseconds=used)

    def percentiles(self) -> Mapping[tuple[str, str], int]:
        """Every 99.9th percentile there is, in ms, by network and operation."""
        found = {place: self.percentile_ms(*place) for place in self._recent}
        return {place: ms for place, ms in found.items() if ms is not None}

    def needed(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """What was last needed, as stated and as used, in ms, by whose deadline and whose hop."""
        return dict(self._needs)

    def _of(self, network: str, operation: str) -> _Recent:
        at = self._clock.monotonic()
        recent = self._recent.get((network, operation))
        if recent is None:
            recent = self._recent[network, operation] = _Recent(at)
        recent.turned(at)
        return recent

    def _say(self, place: tuple[str, str], wanted_ms: int, stated_ms: int) -> None:
        at, said_at = self._clock.monotonic(), self._said_at.get(place)
        if said_at is None or at - said_at >= SAID_EVERY_S:
            self._said_at[place] = at
            told = {"deadline_of": place[0], "wanted_ms": wanted_ms, "stated_ms": stated_ms}
            self._log.warning("hop_slower_than_stated", network=place[1], **told)


def measured_hops(seams: Seams, meters: Meters) -> HopTimes:
    """What a process measures, shown among its figures."""
    hops = HopTimes(seams.clock, seams.log)
    meters.hop_percentiles, meters.hop_needs = hops.percentiles, hops.needed
    return hops
