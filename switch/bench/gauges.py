"""What the processes of a run used: switches together, store, partner, load.

All of it is the kernel's own accounting, read right before and right after a span. The surprise: a
server of the store is a family of processes, and what it used stands beside the switch and is never
part of the cost of a payment that is compared between engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from switch.bench.machine import Cpu, cpu_of, cpu_of_family, own_pid, written_by, written_by_family

if TYPE_CHECKING:
    from switch.bench.ground import Ground

PARTNER: Final = "thailand"


@dataclass(frozen=True, slots=True)
class Used:
    """CPU time and bytes written, from the start of the processes or of a span."""

    switch: Cpu
    store: Cpu
    partner_us: int
    load_us: int
    written_bytes: int

    def since(self, start: Used) -> Used:
        """What was used from ``start`` until now."""
        return Used(
            self.switch.since(start.switch),
            self.store.since(start.store),
            self.partner_us - start.partner_us,
            self.load_us - start.load_us,
            self.written_bytes - start.written_bytes,
        )


@dataclass(frozen=True, slots=True)
class Gauges:
    """Reads the meters of a run's processes; ``server`` is None for an embedded store."""

    switches: tuple[int, ...]
    partner: int
    server: int | None

    @classmethod
    def of(cls, stage: Ground) -> Self:
        """The processes of a stage as they are now."""
        server = None if stage.server is None else stage.server.pid
        return cls(tuple(stage.switch_pids()), stage.pid(PARTNER), server)

    def read(self) -> Used:
        """Everything that was used so far. Raises ``NoMeter``."""
        each = [cpu_of(pid) for pid in self.switches]
        written = sum(written_by(pid) for pid in self.switches)
        return Used(
            switch=Cpu(sum(one.user_us for one in each), sum(one.system_us for one in each)),
            store=Cpu(0, 0) if self.server is None else cpu_of_family(self.server),
            partner_us=cpu_of(self.partner).total_us,
            load_us=cpu_of(own_pid()).total_us,
            written_bytes=written + (0 if self.server is None else written_by_family(self.server)),
        )
