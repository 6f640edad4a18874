"""``restore``: bring a backup back, see what is still open after a loss, and say that it is done.

A switch that starts after ``restore from`` pays nothing new: it asks every partner about what it
knows to be open, and about what callers repeat. ``restore done`` is the operator's word that what
partners know has been looked through.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from switch.cli.options import config_option, data_option, guarded, read_config, say
from switch.cli.store_option import store_option, with_store
from switch.runtime.process import run

if TYPE_CHECKING:
    from switch.runtime.process import Stopped


@click.group("restore")
def command() -> None:
    """Bring a backup back."""


@command.command("from")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
@data_option
@click.option("--replace", is_flag=True, help="Move what stands in the database's place aside.")
def bring(file: Path, config_folder: Path | None, data: Path, *, replace: bool) -> None:
    """Verify FILE and put it in the place of the database; the next start pays nothing new."""
    from switch.backup import bring_back, embedded
    from switch.runtime.clock import SystemClock

    config = read_config(config_folder)

    def work() -> int:
        embedded(config)
        now = SystemClock().now()
        say(bring_back(file, data, config.switch.slot, now, replace=replace))
        return 0

    guarded(work)


@command.command("status")
@config_option
@data_option
@store_option
def status(config_folder: Path | None, data: Path, store: str | None) -> None:
    """What was lost, and which payments nobody has asked about since. Status 0: none is left."""
    from switch.loss_report import loss_report

    config = with_store(read_config(config_folder), store)

    async def work(_: Stopped) -> int:
        report = await loss_report(config, data)
        say(report.view())
        return 1 if report.left else 0

    guarded(lambda: run(work))


@command.command("done")
@config_option
@data_option
@store_option
@click.option("--although-open", is_flag=True, help="Payments are left that nobody asked about.")
def done(config_folder: Path | None, data: Path, store: str | None, *, although_open: bool) -> None:
    """Say that what partners know has been looked through: new payments are taken again."""
    from switch.loss_report import end_loss

    config = with_store(read_config(config_folder), store)

    async def work(_: Stopped) -> int:
        report = await end_loss(config, data, although_open=although_open)
        say(report.view())
        return 1 if report.holding else 0

    guarded(lambda: run(work))
