"""Contenders at one job measured in turns: a round of each, then the next round.

A machine that slows down slows all of them, so ratios hold where times do not. Every contender is
warm before its first round. Each brings the answer of one call, which is held against that of the
first: one that differs keeps its figure, says why, and is never compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from switch.runtime.clock import Clock

NANOS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RacePlan:
    """How long to measure: rounds of each contender, and how long one is about to take.

    Before the rounds each contender runs for ``warming_us``, because Node translates a function to
    machine code only after thousands of calls.
    """

    rounds: int
    warming_us: int
    span_us: int


FULL_RACE: Final = RacePlan(rounds=21, warming_us=600_000, span_us=30_000)
QUICK_RACE: Final = RacePlan(rounds=3, warming_us=0, span_us=1_000)


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work of one contender.

    ``work`` makes as many calls as it is told and returns how many nanoseconds they took.
    ``checked`` tells whether it refuses input that is wrong; ``checks`` says so in words.
    ``answer`` is what one call gave: fields by our names, or a text.
    """

    work: Callable[[int], Awaitable[int]]
    checks: str
    checked: bool
    answer: Mapping[str, str] | str = field(repr=False)


class NotThere(Exception):  # noqa: N818  the name says what happened
    """A peer is not installed."""


def repeated(clock: Clock, call: Callable[[], object]) -> Callable[[int], Awaitable[int]]:
    """Work that is a Python call."""

    async def work(count: int) -> int:
        started = clock.monotonic()
        for _ in range(count):
            call()
        return round((clock.monotonic() - started) * NANOS)

    return work


@dataclass(frozen=True, slots=True)
class Speed:
    """One contender at one job: nanoseconds of a call, median, least and most of the rounds.

    ``fault`` says why its answer is not comparable with ours, if it is not. ``share_permille`` is
    its time in thousandths of ours, the median of the rounds: both times of a round are of one
    moment.
    """

    name: str
    checks: str
    checked: bool
    fault: str | None
    median_ns: int
    least_ns: int
    most_ns: int
    share_permille: int = 1_000

    @property
    def per_second(self) -> int:
        """Calls a second, of the median."""
        return NANOS // max(1, self.median_ns)

    @property
    def counts(self) -> bool:
        """Whether ours is measured against it."""
        return self.checked and self.fault is None

    def times(self) -> dict[str, int]:
        """Its times as plain values."""
        return {
            "median_ns": self.median_ns,
            "least_ns": self.least_ns,
            "most_ns": self.most_ns,
        }

    def view(self) -> dict[str, str | int | None]:
        """Its name, what it checks and its times as plain values."""
        return {
            "name": self.name,
            "checks": self.checks,
            "checked": self.checked,
            "comparable": self.fault is None,
            "why_not": self.fault,
            **self.times(),
        }


@dataclass(frozen=True, slots=True)
class Race:
    """All contenders at one job, ours first."""

    speeds: tuple[Speed, ...]

    @property
    def fastest(self) -> Speed | None:
        """The fastest of the others that check and whose answer is comparable."""
        others = [speed for speed in self.speeds[1:] if speed.counts]
        return min(others, key=lambda speed: speed.median_ns, default=None)

    @property
    def ratio_percent(self) -> int | None:
        """How many of our calls fit into a hundred of the fastest."""
        fastest = self.fastest
        if fastest is None:
            return None
        return 100 * fastest.median_ns // max(1, self.speeds[0].median_ns)


async def race(
    contenders: Sequence[tuple[str, Job]],
    plan: RacePlan,
    fault: Callable[[Job, Job], str | None] = lambda _ours, _theirs: None,
) -> Race:
    """Measure everybody; ``fault`` says why an answer is not comparable with the first one's."""
    counts = [await _calls(job.work, plan) for _, job in contenders]
    taken: list[list[int]] = [[] for _ in contenders]
    for _ in range(plan.rounds):
        for (_, job), count, times in zip(contenders, counts, taken, strict=True):
            times.append(await job.work(count) // count)
    _, first = contenders[0]
    return Race(
        tuple(
            Speed(
                name=name,
                checks=job.checks,
                checked=job.checked,
                fault=fault(first, job),
                median_ns=_median(times),
                least_ns=min(times),
                most_ns=max(times),
                share_permille=_median(
                    [1_000 * ns // max(1, ours) for ns, ours in zip(times, taken[0], strict=True)]
                ),
            )
            for (name, job), times in zip(contenders, taken, strict=True)
        )
    )


async def stages(
    clock: Clock, calls: Mapping[str, Callable[[], object]], plan: RacePlan
) -> tuple[Speed, ...]:
    """Measure calls that are not compared with each other, in turns all the same."""
    jobs = [
        (name, Job(repeated(clock, call), "", checked=True, answer=""))
        for name, call in calls.items()
    ]
    return (await race(jobs, plan)).speeds


def _median(values: Sequence[int]) -> int:
    return sorted(values)[len(values) // 2]


async def _calls(work: Callable[[int], Awaitable[int]], plan: RacePlan) -> int:
    """Warm up, and return how many calls take about a span then."""
    span_ns = 1000 * plan.span_us
    count, spent_ns = 1, 0
    while True:
        ns = await work(count)
        spent_ns += ns
        if 2 * ns < span_ns:
            count *= 2
        else:
            count = max(1, count * span_ns // ns)
            if spent_ns >= 1000 * plan.warming_us:
                return count
