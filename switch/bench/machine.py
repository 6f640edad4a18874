"""Meters of the machine: CPU time of a process, how busy a core was, what a sync to disk costs.

CPU times are those of the kernel's accounting (``/proc``), so they hold every thread of a process
and cost the measured one nothing. Their step is one tick, a hundredth of a second: a span must be
seconds long. The surprise: a child takes over the cores of whoever starts it, threads included,
which is how the switch is pinned without knowing of it.
"""

from __future__ import annotations

import os
import platform
import resource
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switch.runtime.clock import Clock

PROC: Final = Path("/proc")
MICROS: Final = 1_000_000
SYNC_BYTES: Final = 4096
"""What one commit of a lone payment appends, rounded to a page of SQLite."""


class NoMeter(Exception):  # noqa: N818  the name says what happened
    """This system does not tell the CPU time of another process."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU time in microseconds."""

    user_us: int
    system_us: int

    @property
    def total_us(self) -> int:
        """User and system together."""
        return self.user_us + self.system_us

    def since(self, start: Cpu) -> Cpu:
        """What was used from ``start`` until now."""
        return Cpu(self.user_us - start.user_us, self.system_us - start.system_us)


def cpu_of(pid: int, *, ended: bool = False) -> Cpu:
    """CPU time of a process with all its threads, ended ones too. Raises :class:`NoMeter`.

    With ``ended`` that of its children which have ended, too.
    """
    try:
        text = (PROC / str(pid) / "stat").read_text("ascii", "replace")
    except OSError:
        raise NoMeter("the CPU time of a process is read from /proc, which is not here") from None
    # proc(5): the name may hold anything, so fields are counted from behind its last bracket.
    fields = text.rpartition(")")[2].split()
    tick_us = MICROS // os.sysconf("SC_CLK_TCK")
    user, system = int(fields[11]), int(fields[12])
    if ended:
        user, system = user + int(fields[13]), system + int(fields[14])
    return Cpu(user * tick_us, system * tick_us)


def cpu_of_family(pid: int) -> Cpu:
    """CPU time of a process, its children, and those of either that have ended."""
    each = [cpu_of(one, ended=True) for one in _family(pid)]
    return Cpu(sum(one.user_us for one in each), sum(one.system_us for one in each))


def written_by_family(pid: int) -> int:
    """Bytes written by a process, its children and those that have ended."""
    return sum(written_by(one) for one in _family(pid))


def _family(pid: int) -> list[int]:
    """The process and its children that live; a server that is at work starts and ends none."""
    found = [pid]
    for path in sorted(PROC.glob("[0-9]*/stat")):
        try:
            fields = path.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def written_by(pid: int) -> int:
    """Bytes that a process has caused to be written to disk. Raises :class:`NoMeter`."""
    try:
        lines = (PROC / str(pid) / "io").read_text("ascii").splitlines()
    except OSError:
        raise NoMeter("what a process wrote is read from /proc, which is not here") from None
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))


def resident_kib(pid: int) -> int:
    """Memory that a process holds now, in KiB. Raises :class:`NoMeter`."""
    try:
        lines = (PROC / str(pid) / "status").read_text("ascii", "replace").splitlines()
    except OSError:
        raise NoMeter("the memory of a process is read from /proc, which is not here") from None
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def machine_busy_us() -> int:
    """CPU time that the whole machine has used, by anybody."""
    # proc(5): user nice system idle iowait irq softirq steal
    fields = [int(word) for word in (PROC / "stat").read_text("ascii").split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) * (MICROS // os.sysconf("SC_CLK_TCK"))


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the switch has to itself, and which everything else shares; empty: not pinned."""

    switch: tuple[int, ...] = ()
    load: tuple[int, ...] = ()


def split_cores(switches: int = 1) -> Cores:
    """Give each switch a core and the load the others; with too few all switches share the first.

    On one core nothing is pinned.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Cores()
    cores = tuple(sorted(os.sched_getaffinity(0)))
    own = switches if len(cores) > switches else 1
    return Cores(cores[:own], cores[own:]) if len(cores) > 1 else Cores()


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Run, and start children, on these cores; on the ones of before afterwards."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Three of a distribution, in microseconds, by nearest rank."""

    p50_us: int
    p95_us: int
    p99_us: int


def percentiles(micros: Sequence[int]) -> Percentiles:
    """The three percentiles of at least one value."""
    ordered = sorted(micros)
    ranks = [-(-len(ordered) * percent // 100) - 1 for percent in (50, 95, 99)]
    return Percentiles(*(ordered[rank] for rank in ranks))


def sync_cost(folder: Path, clock: Clock, count: int) -> Percentiles:
    """Append a page and sync it, ``count`` times: the floor under every durable commit."""
    return percentiles(sync_times(folder, clock, count))


def sync_times(folder: Path, clock: Clock, count: int) -> list[int]:
    """How long each of ``count`` syncs of an appended page took, in microseconds."""
    path = folder / "sync-cost"
    micros = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            started = clock.monotonic()
            file.write(bytes(SYNC_BYTES))
            os.fdatasync(file.fileno())
            micros.append(round((clock.monotonic() - started) * MICROS))
    path.unlink()
    return micros


def description() -> dict[str, object]:
    """The kind of machine: processor, cores, system, interpreter."""
    model = platform.machine()
    try:
        lines = (PROC / "cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "processor": model,
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def own_pid() -> int:
    """The process id of this process."""
    return os.getpid()


def own_cpu_us() -> int:
    """CPU time of this process in microseconds; a finer step than :func:`cpu_of` has."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return round((usage.ru_utime + usage.ru_stime) * MICROS)
