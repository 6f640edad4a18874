"""One run: processes up, load at each level, the gate, the table of stages.

The switch runs alone on a core of its own, as it is shipped: its own process, its logs on, its
database synced. Load and simulators share the other cores. The CPU time of the switch is read right
before the first request of a span leaves and right after the last answer came, so commits, logs and
timers are in it; divided by payments it is the cost of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from switch.bench.commits import durability
from switch.bench.gate import Evidence, evidence, faults
from switch.bench.load import drive, drive_at, prepare
from switch.bench.machine import (
    MICROS,
    Cores,
    Percentiles,
    cpu_of,
    description,
    machine_busy_us,
    own_pid,
    percentiles,
    pinned,
    resident_kib,
    split_cores,
    sync_cost,
    sync_times,
    written_by,
)
from switch.bench.stages import measure
from switch.demo.stage import Stage
from switch.keys import KeyFolder
from switch.runtime.private_files import write_private
from switch.store.audit import audit
from switch.store.sqlite import open_reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switch.bench.load import Answered
    from switch.bench.stages import Cost
    from switch.config import Config
    from switch.model import Payment
    from switch.runtime.children import Child
    from switch.store.contract import Reader
    from switch.store.sqlite_read import SqliteReader

LEVELS: Final = (1, 16, 64)
"""Payments in flight (issue: 1, 16, 64)."""

NETWORK: Final = "thailand"
OWN_KEY: Final = "switch-thailand"
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
    latency: Percentiles
    written_bytes: int
    resident_kib: int
    switch_busy_percent: int
    partner_busy_percent: int
    load_busy_percent: int
    others_busy_percent: int

    @property
    def cpu_us(self) -> int:
        """CPU time of the switch for one payment, user and system."""
        return (self.user_us + self.system_us) // self.payments

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


class Ground(Stage):
    """A stage whose switch has a core of its own, and signs to the network by ES256."""

    cores = Cores()

    def prepare_keys(self, folder: Path) -> None:
        """Sign to the network by ES256, which costs a tenth of what RSA costs."""
        folder.mkdir(parents=True, exist_ok=True)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_private(folder / f"{OWN_KEY}.pem", pem)

    async def start_switch(self, port: int) -> Child:
        """Start the switch on its core."""
        with pinned(self.cores.switch):
            return await super().start_switch(port)

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return next(child.pid for child in self.children if child.name == name)


async def run(config: Config, config_folder: Path | None, plan: Plan) -> Measured:
    """Measure. Raises ``ChildFailed``, ``LoadFailed`` or ``NoMeter``."""
    cores = split_cores()
    stage = Ground(config, config_folder, log_level="info")
    stage.cores = cores
    with pinned(cores.load):
        async with stage:
            answered: list[Answered] = []
            levels = []
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
                stages = await measure(
                    config, stage.data, stage.clock, uetr, plan.repeats, levels[-1].batch
                )
    return Measured(found, wrong, tuple(levels), paced, stages, disk, description(), cores)


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
    pids = (stage.pid("switch"), stage.pid(NETWORK), own_pid())
    blocks_before, written_before = _blocks(stage), written_by(pids[0])
    before, machine_before = [cpu_of(pid) for pid in pids], machine_busy_us()
    started = clock.monotonic()
    answers = await drive(stage, requests[ramp:], in_flight)
    elapsed_us = round((clock.monotonic() - started) * MICROS)
    ours, partner, load = (cpu_of(pid).since(b) for pid, b in zip(pids, before, strict=True))
    machine_us = machine_busy_us() - machine_before
    known_us = ours.total_us + partner.total_us + load.total_us
    level = Level(
        in_flight=in_flight,
        payments=len(answers),
        commits=_blocks(stage) - blocks_before,
        elapsed_us=elapsed_us,
        user_us=ours.user_us,
        system_us=ours.system_us,
        latency=percentiles([answer.took_us for answer in answers]),
        written_bytes=written_by(pids[0]) - written_before,
        resident_kib=resident_kib(pids[0]),
        switch_busy_percent=_share(ours.total_us, elapsed_us),
        partner_busy_percent=_share(partner.total_us, elapsed_us),
        load_busy_percent=_share(load.total_us, elapsed_us),
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


def _reader(stage: Ground) -> SqliteReader:
    return open_reader(str(stage.data / "switch.db"), stage.config.switch.slot)


def _blocks(stage: Ground) -> int:
    """Blocks in the journal so far."""
    reader = _reader(stage)
    last = max((block.number for block, _ in reader.blocks(last_only=True)), default=0)
    reader.connection.close()
    return last


def _share(used_us: int, elapsed_us: int) -> int:
    return round(100 * used_us / elapsed_us)


async def evidence_of(
    stage: Ground, answered: Sequence[Answered], without: range = range(0)
) -> Evidence:
    """What a run is judged by; payments numbered ``without`` are not of the run."""
    reader = _reader(stage)
    key = KeyFolder(stage.data / "keys").ed25519_private("journal").public_key()
    book = (await stage.sandbox(NETWORK, "GET", "/state"))["book"]
    payments = [each for each in _payments(reader) if each.payment_id not in without]
    report = audit(reader, key)
    synced = durability(stage.config, stage.data, stage.clock)
    reader.connection.close()
    return evidence(answered, payments, book, report, synced)


def _payments(reader: Reader) -> list[Payment]:
    found: list[Payment] = []
    after = 0
    while page := reader.listed(after, PAGE):
        found += page
        after = page[-1].payment_id
    return found
