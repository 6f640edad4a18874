"""What a payment costs in a store that already holds many: the same level before and after.

The store is filled through the engine itself, so its rows, indexes and journal are those of real
payments: made anew from one of the run, between institutions of their own, so that nobody's cap is
used up. The surprise: nothing is compared with a bound here; how far the two costs may be apart is
for whoever reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from switch.bench.gate import faults
from switch.bench.ground import Ground
from switch.bench.load import drive, prepare
from switch.bench.machine import description
from switch.bench.run import evidence_of, level_of
from switch.bench.stages import commands_like, read_sample
from switch.commands import Command, Done
from switch.keys import KeyFolder
from switch.runtime.private_files import sync_file
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from pathlib import Path

    from switch.bench.load import Answered
    from switch.bench.run import Level, Plan
    from switch.bench.stages import Sample
    from switch.config import Config

IN_FLIGHT: Final = 64
FILLED_AT_ONCE: Final = 512
"""Payments that share the two commits while the store is filled; a block has room for no more."""

LOG_PAGES: Final = 64_000
"""Pages of the log after which the fill copies them into the database: 256 MB."""

CACHE_KIB: Final = 1_000_000

SAMPLED: Final = 8
"""Payments of which one is the pattern."""


@dataclass(frozen=True, slots=True)
class FilledMeasured:
    """One level on a new store, and on the same store with ``filled`` payments more."""

    filled: int
    filling_us: int
    """Time of one payment while the store was filled, in microseconds."""
    store_bytes: int
    before: Level
    after: Level
    faults: tuple[str, ...]
    machine: dict[str, object]

    def view(self) -> dict[str, object]:
        """The figures as plain values."""
        return {
            "filled": self.filled,
            "filling_us_per_payment": self.filling_us,
            "store_bytes_per_payment": self.store_bytes // max(self.filled, 1),
            "cpu_us_per_payment": {"new": self.before.cpu_us, "filled": self.after.cpu_us},
            "payments_per_s": {"new": self.before.per_second, "filled": self.after.per_second},
            "p99_us": {"new": self.before.latency.p99_us, "filled": self.after.latency.p99_us},
            "resident_kib": {"new": self.before.resident_kib, "filled": self.after.resident_kib},
        }


async def run_filled(
    config: Config, config_folder: Path | None, plan: Plan, count: int
) -> FilledMeasured:
    """Measure, fill, measure again. Raises ``ChildFailed``, ``LoadFailed`` or ``NoMeter``."""
    async with Ground(config, config_folder) as stage:
        answered: list[Answered] = await drive(stage, await prepare(stage, SAMPLED), SAMPLED)
        before, answers = await level_of(stage, IN_FLIGHT, plan)
        answered += answers
        uetr = next(iter((await evidence_of(stage, answered)).answers))
        port = int(stage.urls["switch"].rpartition(":")[2])
        await stage.stop_switch()
        async with stage.reading() as read:
            sample = await read_sample(config, stage.data, stage.clock, read, uetr)
        started = stage.clock.monotonic()
        first, last = _fill(sample, stage.data, count)
        took_us = round((stage.clock.monotonic() - started) * 1_000_000)
        size = (stage.data / "switch.db").stat().st_size
        await stage.start_switch(port)
        after, answers = await level_of(stage, IN_FLIGHT, plan)
        answered += answers
        found = await evidence_of(stage, answered, without=range(first, last + 1))
    return FilledMeasured(
        filled=count,
        filling_us=took_us // max(count, 1),
        store_bytes=size,
        before=before,
        after=after,
        faults=tuple(faults(found)),
        machine=description(),
    )


def _fill(sample: Sample, data: Path, count: int) -> tuple[int, int]:
    """Add payments; returns the first and the last number."""
    institutions = replace(
        sample.payment.institutions,
        payer_side="FILLKHPPXXX",
        holder="FILLHLDRXXX",
        fee_taker="FILLFEESXXX",
        second_holder="",
    )
    terms = replace(sample.payment.terms, residues=())
    payment = replace(sample.payment, institutions=institutions, terms=terms)
    commands = commands_like(replace(sample, payment=payment))
    engine = SqliteEngine(
        str(data / "switch.db"),
        clock=sample.clock,
        sign=KeyFolder(data / "keys").ed25519_private("journal").sign,
        slot=sample.config.switch.slot,
    )
    _hurry(engine)
    pattern = commands.pair()
    first = last = 0
    for done in range(0, count, FILLED_AT_ONCE):
        size = min(FILLED_AT_ONCE, count - done)
        pairs = [commands.copied(pattern) for _ in range(size)]
        openings: list[Command] = [opening for opening, _ in pairs]
        conclusions: list[Command] = [conclusion for _, conclusion in pairs]
        results = [*engine.execute(openings), *engine.execute(conclusions)]
        assert all(isinstance(result, Done) for result in results), "payments like one that was"
        first = first or pairs[0][0].payment.payment_id
        last = pairs[-1][0].payment.payment_id
    engine.release()
    engine.close()
    sync_file(data / "switch.db")
    return first, last


def _hurry(engine: SqliteEngine) -> None:
    """Fill without waiting for the disk; the file is synced whole before a switch opens it."""
    for setting in (
        "synchronous = OFF",
        f"wal_autocheckpoint = {LOG_PAGES}",
        f"cache_size = -{CACHE_KIB}",
    ):
        engine.connection.execute(f"PRAGMA {setting}")
