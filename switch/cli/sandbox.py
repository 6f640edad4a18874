"""``sandbox``: the simulators of networks, as one process.

They listen where the configuration says that the networks are, unless told otherwise, so a switch
started with the same configuration finds them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from switch.cli.options import config_option, data_option, guarded, pairs, read_config, say, stop
from switch.registry import SANDBOXES, installed
from switch.runtime.process import run
from switch.sandboxes import serve_sandboxes

if TYPE_CHECKING:
    from pathlib import Path


@click.command("sandbox")
@click.argument("networks", nargs=-1)
@config_option
@data_option
@click.option("--switch", "switch_url", default="http://127.0.0.1:8080", show_default=True)
@click.option("--port", "ports", multiple=True, metavar="NETWORK=PORT", help="0: any free one.")
def command(
    networks: tuple[str, ...],
    config_folder: Path | None,
    data: Path,
    switch_url: str,
    ports: tuple[str, ...],
) -> None:
    """Run the simulators of NETWORKS (all of them by default) until asked to stop."""
    config = read_config(config_folder)
    known = [name for name in installed(SANDBOXES) if name in config.networks]
    chosen = pairs(ports, "--port")
    binds = {}
    for name in networks or known:
        if name not in known:
            stop(f"{name} is not a network with a simulator; there are {', '.join(known)}")
        port = chosen.get(name, str(urlsplit(config.networks[name].url).port or 0))
        if not port.isdecimal():
            stop("--port is written NETWORK=PORT")
        binds[name] = int(port)
    guarded(
        partial(run, lambda stopped: serve_sandboxes(config, data, binds, switch_url, stopped, say))
    )
