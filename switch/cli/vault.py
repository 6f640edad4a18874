"""``vault``: how the vault stands, a new wrapping key, an old one destroyed, names erased or read.

All of it works beside a switch that serves, which then does the work itself. Where names are shown,
they go to standard output and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from switch.cli.options import (
    config_option,
    data_option,
    guarded,
    read_config,
    say,
    tell,
    uetr_argument,
    warn,
)
from switch.cli.store_option import store_option, with_store
from switch.runtime.process import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from switch.vault_desk import Desk

wait_option = click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(0, 86_400),
    default=60,
    show_default=True,
    help="Seconds to wait for a switch that serves to do it.",
)


@click.group("vault")
def command() -> None:
    """Names and messages under lock, and the keys to them."""


@command.command("status")
@config_option
@data_option
@store_option
def status(config_folder: Path | None, data: Path, store: str | None) -> None:
    """Show wrapping keys, how many data keys are under each, and what waits, as JSON."""

    async def work(desk: Desk) -> int:
        say((await desk.standing()).view())
        return 0

    _at_the_desk(config_folder, data, store, work)


@command.command("prepare")
@config_option
@data_option
@store_option
@click.option("--name", default=None, help="Name of the new wrapping key (default: this month's).")
def prepare(config_folder: Path | None, data: Path, store: str | None, name: str | None) -> None:
    """Make a wrapping key that is held and not yet made use of, for the folders of all processes.

    Each needs a copy of its file before any of them rotates. Status 1: it cannot be made.
    """

    async def work(desk: Desk) -> int:
        made = await desk.prepared(name)
        tell(f"{made}: bring it to the key folder of every process, then rotate")
        return 0

    _at_the_desk(config_folder, data, store, work)


@command.command("rotate")
@config_option
@data_option
@store_option
@click.option("--name", default=None, help="Name of the new wrapping key (default: this month's).")
@click.option("--one-folder", is_flag=True, help="All processes of a server read this key folder.")
@wait_option
def rotate(
    config_folder: Path | None,
    data: Path,
    store: str | None,
    name: str | None,
    *,
    one_folder: bool,
    wait_s: int,
) -> None:
    """Make a wrapping key, if it is not there, and wrap every data key under it.

    On a server it must have been prepared, so that all processes hold it.

    Status 0: every data key is under it. Status 1: not yet, or it cannot be.
    """

    async def work(desk: Desk) -> int:
        made = await desk.new_key(name, one_folder=one_folder)
        standing = await desk.rotated(wait_s)
        tell(f"{standing.data_keys.get(made, 0)} data keys under {made}")
        return 0

    _at_the_desk(config_folder, data, store, work)


@command.command("destroy")
@config_option
@data_option
@store_option
@click.argument("name")
def destroy(config_folder: Path | None, data: Path, store: str | None, name: str) -> None:
    """Destroy the wrapping key NAME: what only backups hold under it is unreadable from then on.

    Status 1: it is the current one, or data keys are under it.
    """

    async def work(desk: Desk) -> int:
        await desk.destroy(name)
        tell(f"{name} destroyed")
        return 0

    _at_the_desk(config_folder, data, store, work)


@command.command("erase")
@uetr_argument
@config_option
@data_option
@store_option
@wait_option
def erase(
    uetr: str, config_folder: Path | None, data: Path, store: str | None, wait_s: int
) -> None:
    """Erase the names of a payment for ever, and of what is linked to it; amounts and proofs stay.

    Status 0: no file of the database holds their keys any more. Status 1: not yet, or it is none.
    """

    async def work(desk: Desk) -> int:
        erasure = await desk.erase(uetr, wait_s)
        for each, told in erasure.told.items():
            tell(f"{each}: {told}")
        return 1 if erasure.waiting else 0

    _at_the_desk(config_folder, data, store, work)


@command.command("show")
@uetr_argument
@config_option
@data_option
@store_option
def show(uetr: str, config_folder: Path | None, data: Path, store: str | None) -> None:
    """Show who is involved in a payment, as JSON, or since when and why nobody can tell.

    Status 1: they were erased, or nothing was ever sealed.
    """
    from switch.store.rows import particulars_bytes
    from switch.store.vault import Erased

    async def work(desk: Desk) -> int:
        import orjson

        try:
            opened = await desk.shown(uetr)
        except Erased as erased:
            at = None if erased.at is None else erased.at.isoformat()
            say({"uetr": uetr, "erased": {"cause": erased.cause, "at": at}})
            return 1
        if opened is None:
            say({"uetr": uetr, "particulars": None})
            return 1
        say({"uetr": uetr, "particulars": orjson.loads(particulars_bytes(opened.particulars))})
        return 0

    _at_the_desk(config_folder, data, store, work)


def _at_the_desk(
    config_folder: Path | None,
    data: Path,
    store: str | None,
    work: Callable[[Desk], Awaitable[int]],
) -> None:
    from switch.vault_desk import Desk, Refused

    config = with_store(read_config(config_folder), store)

    async def program(_: object) -> int:
        try:
            return await work(Desk(config, data))
        except Refused as refused:
            warn(f"bakong-switch: {refused}")
            return 1

    guarded(lambda: run(program))
