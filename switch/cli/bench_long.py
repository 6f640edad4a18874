"""The parts of ``bench`` that take long: memory over many payments, a store that holds many.

Each says what it finds as soon as it is known, because it may run for an hour. As with all parts, a
run whose payments do not add up has no result and ends with status 1.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import click

from switch.bench.blackhole import DEAD, FULL_STORM, QUICK_STORM, SHORT_STORM, run_blackhole
from switch.bench.filled import run_filled
from switch.bench.load import LoadFailed, Wanted
from switch.bench.machine import NoMeter
from switch.bench.memory import run_memory
from switch.bench.postgres import NoServer
from switch.bench.run import FULL_PLAN
from switch.cli.options import guarded, read_config, say, stop, tell
from switch.demo.abroad import demonstrated
from switch.runtime import process
from switch.runtime.children import ChildFailed
from switch.runtime.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

    from switch.bench.blackhole import BlackholeMeasured
    from switch.bench.memory import Point
    from switch.config import Config
    from switch.runtime.process import Stopped

PAID = "100"
"""What is paid at the network that dies, in its currency: kip."""

FAILURES = (ChildFailed, LoadFailed, NoMeter, NoServer)


STOPPED = 130
"""Exit status of a run that was ended by Ctrl-C or SIGTERM: 128 and the number of SIGINT."""


async def unless_stopped(stopped: Stopped, work: Coroutine[object, object, int]) -> int:
    """Run to the end, or until asked to stop: what was started is then ended as always."""
    tasks, running = Tasks(), asyncio.current_task()
    assert running is not None, "a program runs in a task"

    async def cancel() -> None:
        await stopped()
        running.cancel()

    tasks.start("stop", cancel())
    try:
        return await work
    except asyncio.CancelledError:
        return STOPPED
    finally:
        await tasks.close()


def refused(faults: Sequence[str]) -> int:
    """Say why a run is not valid; its exit status."""
    for sentence in faults:
        click.echo(f"not valid: {sentence}", err=True)
    return 1 if faults else 0


def memory(config_folder: Path | None, payments: int, store: str, *, as_json: bool) -> NoReturn:
    """Pay ``payments`` times and tell what the switch holds."""
    config = read_config(config_folder)

    def told(point: Point) -> None:
        if not as_json:
            tell(
                f"{point.payments:9} payments: {point.resident_kib:8} KiB, "
                f"{point.cpu_us:6} us CPU each, {point.seconds} s"
            )

    async def program() -> int:
        try:
            found = await run_memory(config, config_folder, payments, store, told)
        except FAILURES as error:
            stop(str(error))
        if not found.faults and as_json:
            say({"store": store, "valid": True, "machine": found.machine, **found.view()})
        elif not found.faults:
            tell(f"over the second half: {found.bytes_per_payment} bytes a payment")
        return refused(found.faults)

    guarded(lambda: process.run(lambda stopped: unless_stopped(stopped, program())))


def filled(config_folder: Path | None, count: int, seconds: int, *, as_json: bool) -> NoReturn:
    """Measure a payment in a new store and in one that holds ``count`` more."""
    config, plan = read_config(config_folder), replace(FULL_PLAN, seconds=seconds)

    async def program() -> int:
        try:
            found = await run_filled(config, config_folder, plan, count)
        except FAILURES as error:
            stop(str(error))
        if not found.faults and as_json:
            say({"store": "sqlite", "valid": True, "machine": found.machine, **found.view()})
        elif not found.faults:
            tell(f"{'':24}{'new store':>12}{f'and {count}':>14}")
            for name, values in found.view().items():
                if isinstance(values, dict):
                    tell(f"{name:24}{values['new']:12}{values['filled']:14}")
            tell(
                f"store bytes per payment {found.store_bytes // count}, "
                f"filled at {found.filling_us} us a payment"
            )
        return refused(found.faults)

    guarded(lambda: process.run(lambda stopped: unless_stopped(stopped, program())))


def payable(config: Config) -> Wanted | None:
    """What is paid at the network that goes dead; None where no corridor leads there."""
    abroad = demonstrated(config).get(DEAD)
    if abroad is None or not abroad.currency:
        return None
    return Wanted(abroad.code, {"currency": abroad.currency, "value": PAID})


async def beside_dead(
    config: Config, config_folder: Path | None, *, quick: bool
) -> BlackholeMeasured | None:
    """Pay for a short while beside a network that is dead, if a corridor leads there."""
    wanted, storm = payable(config), QUICK_STORM if quick else SHORT_STORM
    if wanted is None:
        click.echo(f"No corridor leads to {DEAD}: nothing is timed beside it.", err=True)
        return None
    return await run_blackhole(config, config_folder, storm, wanted)


def held_up(found: BlackholeMeasured) -> int:
    """Say whether a dead network held others up beyond the bound; its exit status."""
    for sentence in found.slowed:
        click.echo(f"too slow: {sentence}", err=True)
    return 1 if found.slowed else 0


def blackhole(config_folder: Path | None, seconds: int, *, as_json: bool, quick: bool) -> NoReturn:
    """Time payments of others beside a network that is dead."""
    config = read_config(config_folder)
    wanted = payable(config)
    if wanted is None:
        stop(f"switch.toml: networks.{DEAD}: no corridor leads there that could go dead")
    storm = QUICK_STORM if quick else replace(FULL_STORM, seconds=seconds)

    async def program() -> int:
        try:
            found = await run_blackhole(config, config_folder, storm, wanted)
        except FAILURES as error:
            stop(str(error))
        if not found.faults and as_json:
            say({"store": "sqlite", "valid": True, "machine": found.machine, **found.view()})
        elif not found.faults:
            for line in found.lines():
                tell(line)
            for name, value in found.view().items():
                tell(f"{name:28}{value}")
        return refused(found.faults) or held_up(found)

    guarded(lambda: process.run(lambda stopped: unless_stopped(stopped, program())))
