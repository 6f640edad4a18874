"""``bench``: what a payment, a code, a message and a quote cost, measured on real parts.

A run whose payments do not add up prints no figure and ends with status 1; standard error says what
did not. Figures depend on the machine, so it is always named with them. Codes, messages and quotes
come first: the core is theirs alone while no process of the payments runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from switch.bench import fx, iso_report, qr_report
from switch.bench.iso import run_iso
from switch.bench.load import LoadFailed
from switch.bench.machine import NoMeter, description
from switch.bench.postgres import NoServer
from switch.bench.qr import run_qr
from switch.bench.race import FULL_RACE, QUICK_RACE
from switch.bench.run import FULL_PLAN, QUICK_PLAN, run
from switch.cli import bench_long
from switch.cli.options import config_option, guarded, read_config, say, stop, tell
from switch.runtime import process
from switch.runtime.children import ChildFailed
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switch.bench.blackhole import BlackholeMeasured
    from switch.bench.fx import FxMeasured
    from switch.bench.iso import IsoMeasured
    from switch.bench.machine import Percentiles
    from switch.bench.qr import QrMeasured
    from switch.bench.run import Measured

FAILURES = (ChildFailed, LoadFailed, NoMeter, NoServer)
PARTS = ("payments", "blackhole", "filled", "memory", "qr", "iso", "fx", "all")
SERVED = ("payments", "memory", "all")
FILLED_MAX = 10_000_000
SECONDS_MAX = 10
"""A span of ten seconds at each of three levels still ends within a minute."""


@click.command("bench")
@config_option
@click.option(
    "--store", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True
)
@click.option("--part", type=click.Choice(PARTS), default="all", show_default=True,
              help="What is measured; all: without those that take long.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--seconds", type=click.IntRange(1, SECONDS_MAX), default=FULL_PLAN.seconds,
              show_default=True, help="Length of each measured span.")  # fmt: skip
@click.option("--filled", type=click.IntRange(1, FILLED_MAX), default=100_000, show_default=True,
              help="Payments that the store holds before, for the part of that name.")  # fmt: skip
@click.option("--payments", type=click.IntRange(1, FILLED_MAX), default=200_000, show_default=True,
              help="Payments that are paid, for the part `memory`.")  # fmt: skip
@click.option("--quick", is_flag=True, help="A few payments only: shows that it works, no more.")
def command(
    config_folder: Path | None,
    store: str,
    part: str,
    seconds: int,
    filled: int,
    payments: int,
    *,
    as_json: bool,
    quick: bool,
) -> None:
    """Measure CPU per payment, payments a second, latency, stages; codes; messages; quotes.

    Starts the switch on a core of its own and the Thai simulator beside the load, and pays over
    HTTP with 1, 16 and 64 payments in flight. Codes and ISO 20022 messages are read and written in
    turns with other software, as far as it is installed. In the end payments are timed beside a
    network that is dead: status 1 where it holds others up.
    """
    if store != "sqlite" and part not in SERVED:
        stop(f"--store {store}: only the parts payments and memory are measured on a server")
    if part == "filled":
        bench_long.filled(config_folder, filled, seconds, as_json=as_json)
    if part == "blackhole":
        bench_long.blackhole(config_folder, seconds, as_json=as_json, quick=quick)
    if part == "memory":
        bench_long.memory(config_folder, payments, store, as_json=as_json)
    plan = QUICK_PLAN if quick else replace(FULL_PLAN, seconds=seconds)
    config = read_config(config_folder) if part in {"payments", "all"} else None
    race = QUICK_RACE if quick else FULL_RACE

    async def program() -> int:
        codes, messages, quotes, measured, hole = None, None, None, None, None
        try:
            if part in {"qr", "all"}:
                codes = await run_qr(SystemClock(), race)
            if part in {"iso", "all"}:
                messages = await run_iso(SystemClock(), race)
            if part in {"fx", "all"}:
                quotes = await fx.run_fx(SystemClock(), race)
            if config is not None:
                measured = await run(config, config_folder, plan, store)
            if config is not None and part == "all" and store == "sqlite":
                hole = await bench_long.beside_dead(config, config_folder, quick=quick)
        except FAILURES as error:
            stop(str(error))
        wrong = [sentence for each in (measured, hole) if each for sentence in each.faults]
        if wrong:
            return _not_valid(wrong, store, as_json=as_json)
        if as_json:
            shown = _beside(codes, messages, quotes, hole)
            said = {"machine": description()} if measured is None else _view(measured)
            say({"store": store, "valid": True, "quick": quick, **said, **shown})
        else:
            _print(measured, codes, messages, quotes)
            for line in () if hole is None else ("", *hole.lines()):
                tell(line)
        return 0 if hole is None else bench_long.held_up(hole)

    guarded(lambda: process.run(lambda stopped: bench_long.unless_stopped(stopped, program())))


def _beside(
    codes: QrMeasured | None,
    messages: IsoMeasured | None,
    quotes: FxMeasured | None,
    hole: BlackholeMeasured | None,
) -> dict[str, Any]:
    shown: dict[str, Any] = {} if codes is None else {"qr": qr_report.view(codes)}
    shown |= {} if messages is None else {"iso": iso_report.view(messages)}
    shown |= {} if quotes is None else {"fx": fx.view(quotes)}
    return shown | ({} if hole is None else {"blackhole": hole.view()})


def _not_valid(faults: Sequence[str], store: str, *, as_json: bool) -> int:
    for sentence in faults:
        click.echo(f"not valid: {sentence}", err=True)
    if as_json:
        say({"store": store, "valid": False, "faults": list(faults)})
    return 1


def _view(measured: Measured) -> dict[str, Any]:
    return {
        "gate": measured.evidence.view(),
        "machine": {
            **measured.machine,
            "switches": measured.switches,
            "switch_cores": list(measured.cores.switch),
            "load_cores": list(measured.cores.load),
        },
        "fsync_us": _spread(measured.disk),
        "idle_cpu_us_per_s": measured.idle_us,
        "levels": [
            {
                "in_flight": level.in_flight,
                "payments": level.payments,
                "commits": level.commits,
                "elapsed_us": level.elapsed_us,
                "payments_per_s": level.per_second,
                "cpu_us_per_payment": level.cpu_us,
                "store_cpu_us_per_payment": level.store_per_payment_us,
                "cpu_user_us": level.user_us,
                "cpu_system_us": level.system_us,
                "latency_us": _spread(level.latency),
                "written_bytes_per_payment": level.written_per_payment,
                "resident_kib": level.resident_kib,
                "switch_busy_percent": level.switch_busy_percent,
                "partner_busy_percent": level.partner_busy_percent,
                "store_busy_percent": level.store_busy_percent,
                "load_busy_percent": level.load_busy_percent,
                "others_busy_percent": level.others_busy_percent,
            }
            for level in measured.levels
        ],
        "at_half_rate": {
            "payments_per_s": measured.paced.rate,
            "payments": measured.paced.payments,
            "latency_us": _spread(measured.paced.latency),
            "fsync_us": _spread(measured.paced.disk),
        },
        "stages": [
            {
                "stage": cost.stage,
                "wall_us": cost.wall_us,
                "cpu_us": cost.cpu_us,
                "cold_us": cost.cold_us,
                "repeats": cost.repeats,
                "in_sum": cost.counts,
            }
            for cost in measured.stages
        ],
    }


def _spread(values: Percentiles) -> dict[str, int]:
    return {"p50": values.p50_us, "p95": values.p95_us, "p99": values.p99_us}


def _print(
    measured: Measured | None,
    codes: QrMeasured | None,
    messages: IsoMeasured | None,
    quotes: FxMeasured | None,
) -> None:
    if measured is None:
        _print_machine(description())
    else:
        _print_payments(measured)
    if codes is not None:
        tell()
        for line in qr_report.lines(codes):
            tell(line)
    if messages is not None:
        tell()
        for line in iso_report.lines(messages):
            tell(line)
    if quotes is not None:
        tell()
        for line in fx.lines(quotes):
            tell(line)


def _print_payments(measured: Measured) -> None:
    _print_conditions(measured)
    tell()
    tell("in flight  payments  commits  per sec.  CPU us/payment   p50 ms   p95 ms   p99 ms  busy")
    for level in measured.levels:
        latency = level.latency
        spread = "".join(
            f"{micros / 1000:9.1f}" for micros in (latency.p50_us, latency.p95_us, latency.p99_us)
        )
        server = (
            f"PostgreSQL {level.store_busy_percent} ({level.store_per_payment_us} us/payment), "
            if level.store_us
            else ""
        )
        tell(
            f"{level.in_flight:9}  {level.payments:8}  {level.commits:7}  {level.per_second:8}  "
            f"{level.cpu_us:14}{spread}  switch {level.switch_busy_percent}, "
            f"simulator {level.partner_busy_percent}, load {level.load_busy_percent}, "
            f"{server}others {level.others_busy_percent}"
        )
    last, paced = measured.levels[-1], measured.paced
    tell(
        f"At {paced.rate} a second: p50 {paced.latency.p50_us / 1000:.1f} ms, "
        f"p99 {paced.latency.p99_us / 1000:.1f} ms; fsync p99 meanwhile "
        f"{paced.disk.p99_us / 1000:.1f} ms. Written per payment at the last level: "
        f"{last.written_per_payment} bytes; memory {last.resident_kib // 1024} MiB"
    )
    _print_stages(measured)


def _print_conditions(measured: Measured) -> None:
    machine, gate, cores = measured.machine, measured.evidence.view(), measured.cores
    where = (
        f"{_counted(measured.switches)} on core {', '.join(map(str, cores.switch))}, "
        f"everything else on the other {len(cores.load)}"
        if cores.switch
        else "not pinned"
    )
    _print_machine(machine, f"; {where}")
    tell(
        f"Valid: {gate['sent']} payments sent, {gate['answered_accc']} answered ACCC, "
        f"{gate['held_by_switch']} in the switch, {gate['booked_by_network']} in the network's "
        "book; ledger balanced, journal verified, fsync on"
    )
    disk = measured.disk
    tell(
        f"Disk: fsync of a page p50 {disk.p50_us} us, p99 {disk.p99_us} us; "
        f"without work {measured.idle_us} us of CPU a second"
    )


def _counted(switches: int) -> str:
    return "switch" if switches == 1 else f"{switches} switches"


def _print_machine(machine: dict[str, object], where: str = "") -> None:
    tell(
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}{where}"
    )


def _print_stages(measured: Measured) -> None:
    tell()
    tell(f"  {'Stage, one payment':46}  wall us   CPU us  cold us")
    for cost in measured.stages:
        mark = " " if cost.counts else "-"
        cold = "" if cost.cold_us is None else cost.cold_us
        tell(f"{mark} {cost.stage:46}{cost.wall_us:9}{cost.cpu_us:9}{cold:>9}")
    total = sum(cost.cpu_us for cost in measured.stages if cost.counts)
    rest = measured.levels[-1].cpu_us - total
    tell(f"  {'sum without the lines marked -':46}{'':9}{total:9}")
    tell(f"  {'rest of the last level: loop, tasks, cold caches':46}{'':7}{rest:9}")
