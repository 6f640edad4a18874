"""One run: processes up, load at each level, the gate, the table of stages.

The switch runs alone on a core of its own, as it is shipped: its own process, its logs on, its
database synced; on PostgreSQL two switches share one server. Load, simulators and server share the
other cores. The CPU time of the switch is read right before the first request of a span leaves and
right after the last answer came, so commits, logs and timers are in it; divided by payments it is
the cost of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.bench.durable import durability
from switch.bench.gate import Evidence, evidence, faults
from switch.bench.gauges import PARTNER as NETWORK
from switch.bench.gauges import Gauges
from switch.bench.ground import Ground
from switch.bench.load import drive, drive_at, prepare
from switch.bench.machine import (
    MICROS,
    Cores,
    Percentiles,
    description,
    machine_busy_us,
    percentiles,
    resident_kib,
    sync_cost,
    sync_times,
)
from switch.bench.stages import measure
from switch.demo.scenes import MEMBER
from switch.keys import KeyFolder
from switch.store.audit import audit_reads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switch.bench.load import Answered
    from switch.bench.stages import Cost
    from switch.config import Config
    from switch.model import Payment
    from switch.store.contract import Reads

LEVELS: Final = (1, 16, 64)
"""Payments in flight (issue: 1, 16, 64)."""

SWITCHES: Final = MappingProxyType({"sqlite": 1, "postgresql": 2})
"""Processes of the switch by store: an embedded one has one, a server is there for several."""

SPAN_PAYMENTS_MAX: Final = 10_000
"""Largest span; beyond it, preparing takes longer than measuring."""

IN_FLIGHT_MAX: Final = 1_000
"""Payments that may wait at a fixed rate before the rate is called too high."""

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure: seconds of each level's span, repeats of each stage, syncs."""

    seconds: int
    pilot: int
    repeats: int
    syncs: int


FULL_PLAN: Final = Plan(seconds=5, pilot=60, repeats=400, syncs=300)
QUICK_PLAN: Final = Plan(seconds=0, pilot=20, repeats=10, syncs=20)


@dataclass(frozen=True, slots=True)
class Level:
    """One level: what a payment cost the switch, how many a second, how long each took.

    ``commits`` counts journal blocks, one for each durable commit of a batch. Shares are of one
    core; ``others`` is what neither switch, load nor simulator used: a quiet machine has next to
    none. ``written_bytes`` is what the switch caused to be written in the span, logs and both
    copies of the database's log included; ``resident_kib`` what it held in memory at its end.
    """

    in_flight: int
    payments: int
    commits: int
    elapsed_us: int
    user_us: int
    system_us: int
    store_us: int
    latency: Percentiles
    written_bytes: int
    resident_kib: int
    switch_busy_percent: int
    partner_busy_percent: int
    store_busy_percent: int
    load_busy_percent: int
    others_busy_percent: int

    @property
    def cpu_us(self) -> int:
        """CPU time of the switch for one payment, user and system."""
        return (self.user_us + self.system_us) // self.payments

    @property
    def store_per_payment_us(self) -> int:
        """CPU time of the store's server for one payment; an embedded store has none."""
        return self.store_us // self.payments

    @property
    def batch(self) -> int:
        """Commands that shared a commit, on average; a payment has two."""
        return round(2 * self.payments / self.commits)

    @property
    def written_per_payment(self) -> int:
        """Bytes that the switch caused to be written to disk for one payment."""
        return self.written_bytes // self.payments

    @property
    def per_second(self) -> int:
        """Payments a second."""
        return self.payments * MICROS // self.elapsed_us


@dataclass(frozen=True, slots=True)
class Paced:
    """Payments sent at half the highest rate of the levels, whether or not answers are there.

    ``disk`` is what a sync of the same disk took right before and after.
    """

    rate: int
    payments: int
    latency: Percentiles
    disk: Percentiles


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole run."""

    evidence: Evidence
    faults: tuple[str, ...]
    levels: tuple[Level, ...]
    paced: Paced
    stages: tuple[Cost, ...]
    disk: Percentiles
    machine: dict[str, object]
    cores: Cores
    switches: int = 1
    idle_us: int = 0
    """CPU time of all switches in a second without work: timers, leases, looks at the store."""


async def run(
    config: Config, config_folder: Path | None, plan: Plan, store: str = "sqlite"
) -> Measured:
    """Measure. Raises ``ChildFailed``, ``LoadFailed``, ``NoServer`` or ``NoMeter``."""
    switches = SWITCHES[store]
    async with Ground(config, config_folder, store=store, switches=switches) as stage:
        answered: list[Answered] = []
        levels = []
        idle_us = await _idle(stage, plan)
        for in_flight in LEVELS:
            level, answers = await level_of(stage, in_flight, plan)
            levels.append(level)
            answered += answers
        paced, answers = await _paced(stage, max(level.per_second for level in levels), plan)
        answered += answers
        found = await evidence_of(stage, answered)
        wrong = tuple(faults(found))
        disk = sync_cost(stage.data, stage.clock, plan.syncs)
        stages: tuple[Cost, ...] = ()
        if not wrong:
            uetr = next(iter(found.answers))
            stages = await measure(stage, uetr, plan.repeats, levels[-1].batch)
        cores = stage.cores
    return Measured(
        found, wrong, tuple(levels), paced, stages, disk, description(), cores, switches, idle_us
    )


async def _idle(stage: Ground, plan: Plan) -> int:
    """What the switches use in a second in which nobody pays."""
    seconds = max(plan.seconds, 1)
    gauges = Gauges.of(stage)
    before = gauges.read()
    await stage.clock.sleep(seconds)
    return gauges.read().since(before).switch.total_us // seconds


async def level_of(stage: Ground, in_flight: int, plan: Plan) -> tuple[Level, list[Answered]]:
    """A pilot tells the pace; the span is as many payments as that pace makes in its seconds."""
    clock = stage.clock
    first = await prepare(stage, max(plan.pilot, 8 * in_flight) if plan.seconds else plan.pilot)
    started = clock.monotonic()
    pilot = await drive(stage, first, in_flight)
    pace = len(pilot) / (clock.monotonic() - started)
    count = min(max(round(pace * plan.seconds), plan.pilot), SPAN_PAYMENTS_MAX)
    # The ramp: connections open, caches warm, the queue as deep as it will be.
    ramp = count // 8
    requests = await prepare(stage, ramp + count)
    warm = await drive(stage, requests[:ramp], in_flight) if ramp else []
    gauges, machine_before = Gauges.of(stage), machine_busy_us()
    blocks_before = await stage.blocks(MEMBER)
    before = gauges.read()
    started = clock.monotonic()
    answers = await drive(stage, requests[ramp:], in_flight)
    elapsed_us = round((clock.monotonic() - started) * MICROS)
    used = gauges.read().since(before)
    machine_us = machine_busy_us() - machine_before
    known_us = used.switch.total_us + used.store.total_us + used.partner_us + used.load_us
    level = Level(
        in_flight=in_flight,
        payments=len(answers),
        commits=await stage.blocks(MEMBER) - blocks_before,
        elapsed_us=elapsed_us,
        user_us=used.switch.user_us,
        system_us=used.switch.system_us,
        store_us=used.store.total_us,
        latency=percentiles([answer.took_us for answer in answers]),
        written_bytes=used.written_bytes,
        resident_kib=max(resident_kib(pid) for pid in gauges.switches),
        switch_busy_percent=_share(used.switch.total_us, elapsed_us),
        partner_busy_percent=_share(used.partner_us, elapsed_us),
        store_busy_percent=_share(used.store.total_us, elapsed_us),
        load_busy_percent=_share(used.load_us, elapsed_us),
        others_busy_percent=max(0, _share(machine_us - known_us, elapsed_us)),
    )
    return level, [*pilot, *warm, *answers]


async def _paced(stage: Ground, highest: int, plan: Plan) -> tuple[Paced, list[Answered]]:
    """Half the highest rate, for as long as a level's span."""
    rate = max(1, highest // 2)
    count = min(max(rate * plan.seconds, plan.pilot), SPAN_PAYMENTS_MAX)
    requests = await prepare(stage, count)
    syncs = sync_times(stage.data, stage.clock, plan.syncs)
    answers = await drive_at(stage, requests, rate, IN_FLIGHT_MAX)
    syncs += sync_times(stage.data, stage.clock, plan.syncs)
    latency = percentiles([answer.took_us for answer in answers])
    return Paced(rate, count, latency, percentiles(syncs)), answers


def _share(used_us: int, elapsed_us: int) -> int:
    return round(100 * used_us / elapsed_us)


async def evidence_of(
    stage: Ground, answered: Sequence[Answered], without: range = range(0)
) -> Evidence:
    """What a run is judged by; payments numbered ``without`` are not of the run."""
    key = KeyFolder(stage.data / "keys").ed25519_private("journal").public_key()
    book = (await stage.sandbox(NETWORK, "GET", "/state"))["book"]
    async with stage.reading() as read:
        payments = await held_payments(read, without)
        report = await audit_reads(read, [key], {})
    return evidence(answered, payments, book, report, await durability(stage))


async def held_payments(read: Reads, without: range = range(0)) -> list[Payment]:
    """The payments that the switch holds; those numbered ``without`` are left out."""
    found: list[Payment] = []
    after = 0
    while page := await read.listed(after, PAGE):
        found += [each for each in page if each.payment_id not in without]
        after = page[-1].payment_id
    return found
