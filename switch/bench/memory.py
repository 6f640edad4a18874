"""Whether memory stays flat: what the switch holds after each ten thousand payments.

One long run at one depth, looked at from outside. What grows is judged over the second half alone:
caches, windows and arenas fill in the first. The surprise: a switch that keeps what it promised to
keep, such as the signatures of five minutes, grows until the oldest of them may go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switch.bench.gate import faults
from switch.bench.gauges import Gauges
from switch.bench.ground import Ground
from switch.bench.load import drive, prepare
from switch.bench.machine import MICROS, description, resident_kib
from switch.bench.run import SWITCHES, evidence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from switch.bench.load import Answered
    from switch.config import Config

IN_FLIGHT: Final = 64
EVERY: Final = 10_000
PREPARED: Final = 1_000
"""Quotes taken at a time: they must be paid while they are good."""


@dataclass(frozen=True, slots=True)
class Point:
    """How a switch stood after so many payments; where there are several, the largest of them."""

    payments: int
    resident_kib: int
    cpu_us: int
    """CPU time of one payment since the point before."""
    seconds: int


@dataclass(frozen=True, slots=True)
class MemoryMeasured:
    """A whole run."""

    points: tuple[Point, ...]
    faults: tuple[str, ...]
    machine: dict[str, object]

    @property
    def bytes_per_payment(self) -> int:
        """Growth over the second half; what is below a few bytes is noise of the allocator."""
        return growth(self.points)

    def view(self) -> dict[str, object]:
        """The figures as plain values."""
        return {
            "points": [
                {
                    "payments": point.payments,
                    "resident_kib": point.resident_kib,
                    "cpu_us_per_payment": point.cpu_us,
                    "seconds": point.seconds,
                }
                for point in self.points
            ],
            "grown_bytes_per_payment": self.bytes_per_payment,
        }


def growth(points: Sequence[Point]) -> int:
    """Bytes for each payment between the middle of the run and its end."""
    middle, last = points[len(points) // 2 - 1 if len(points) > 1 else 0], points[-1]
    paid = last.payments - middle.payments
    return 0 if paid == 0 else (last.resident_kib - middle.resident_kib) * 1024 // paid


async def run_memory(
    config: Config,
    config_folder: Path | None,
    payments: int,
    store: str,
    told: Callable[[Point], None],
) -> MemoryMeasured:
    """Pay so many, and tell each point as it is reached.

    Raises ``ChildFailed``, ``LoadFailed``, ``NoServer`` or ``NoMeter``.
    """
    async with Ground(config, config_folder, store=store, switches=SWITCHES[store]) as stage:
        answered: list[Answered] = []
        points: list[Point] = []
        while len(answered) < payments:
            count = min(EVERY, payments - len(answered))
            point, answers = await _span(stage, count, len(answered))
            answered += answers
            points.append(point)
            told(point)
        found = await evidence_of(stage, answered)
    return MemoryMeasured(tuple(points), tuple(faults(found)), description())


async def _span(stage: Ground, count: int, paid: int) -> tuple[Point, list[Answered]]:
    gauges, used_us = Gauges.of(stage), 0
    answered: list[Answered] = []
    started = stage.clock.monotonic()
    while len(answered) < count:
        requests = await prepare(stage, min(PREPARED, count - len(answered)))
        before = gauges.read()
        answered += await drive(stage, requests, IN_FLIGHT)
        used_us += gauges.read().since(before).switch.total_us
    held = max(resident_kib(pid) for pid in gauges.switches)
    seconds = round((stage.clock.monotonic() - started) * MICROS) // MICROS
    return Point(paid + count, held, used_us // count, seconds), answered
