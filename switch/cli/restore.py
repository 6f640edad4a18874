"""``restore``: bring a backup back, see what is still open after a loss, and say that it is done.

A switch that starts after ``restore from`` pays nothing new: it asks every partner about what it
knows to be open, and about what callers repeat. ``restore done`` is the operator's word that what
partners know has been looked through.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from switch.cli.options import (
    config_option,
    data_option,
    guarded,
    read_config,
    say,
    shown,
    utf8_path,
    warn,
)
from switch.cli.store_option import store_option, with_store
from switch.runtime.process import run

if TYPE_CHECKING:
    from switch.runtime.process import Stopped


@click.group("restore")
def command() -> None:
    """Bring a backup back."""


@command.command("from")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), callback=utf8_path)
@config_option
@data_option
@click.option("--replace", is_flag=True, help="Move what stands in the database's place aside.")
@click.option("--although-unreadable", is_flag=True,
              help="Open payments are under wrapping keys that are gone.")  # fmt: skip
def bring(
    file: Path, config_folder: Path | None, data: Path, *, replace: bool, although_unreadable: bool
) -> None:
    """Verify FILE and put it in the place of the database; the next start pays nothing new.

    Its wrapping keys that are not there any more are named; an open payment under one of them can
    only be settled by a human, so nothing is done then without --although-unreadable.
    """
    from switch.backup import BackupUnsound, bring_back, embedded, wrapping_lacked
    from switch.data_folder import KEYS
    from switch.heads import published_at
    from switch.keys import KeyFolder
    from switch.runtime.clock import SystemClock
    from switch.wrapping_keys import wrapping_keys

    config = read_config(config_folder)

    def work() -> int:
        embedded(config)
        slot, now = config.switch.slot, SystemClock().now()
        held = wrapping_keys(config.vault.wrapping_keys, KeyFolder(data / KEYS)).names
        lacked = wrapping_lacked(file, slot, held)
        if lacked.closed and not although_unreadable:
            raise BackupUnsound(
                f"{file}: {lacked.closed} open payments are under wrapping keys that are not there "
                f"({', '.join(lacked.names)}): bring them back, or add --although-unreadable"
            )
        newest = published_at(data / config.journal.heads_file)
        view = bring_back(file, data, slot, now, replace=replace, published_at=newest)
        say({**view, "lacking": list(lacked.names)})
        if not view["manifest"]:
            warn(f"There is no {shown(file)}.json: no digest was compared, only what is inside.")
        if view["clock_behind"]:
            click.echo("The clock is behind the newest block: set it right.", err=True)
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
