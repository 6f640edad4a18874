"""``serve``: one switch as a process.

The line with the address is written when recovery is done and requests are taken, so whoever starts
the process can wait for it. A data folder or a port that is taken ends it with status 2.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from switch.cli.options import config_option, data_option, guarded, pairs, read_config, say
from switch.runtime.process import run
from switch.server import Place, serve

if TYPE_CHECKING:
    from pathlib import Path


@click.command("serve")
@config_option
@data_option
@click.option("--port", default=8080, show_default=True, help="Port to listen on; 0: any free one.")
@click.option("--peer", multiple=True, metavar="NETWORK=URL", help="Address of a partner network.")
@click.option("--log", type=click.Choice(["info", "warning"]), default="info", show_default=True)
def command(
    config_folder: Path | None, data: Path, port: int, peer: tuple[str, ...], log: str
) -> None:
    """Run the switch until it is asked to stop.

    Writes one JSON line with its address on standard output when it takes requests, and structured
    logs on standard error.
    """
    config = read_config(config_folder)
    place = Place(data, port, pairs(peer, "--peer"), log)

    def announce(url: str) -> None:
        say({"serving": "switch", "url": url})

    guarded(partial(run, lambda stopped: serve(config, place, stopped, announce)))
