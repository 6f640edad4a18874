"""``sandbox``: the simulators of networks, as one process.

They listen where the configuration says that the networks are, unless told otherwise, so a switch
started with the same configuration finds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from switch.cli.options import (
    PORT_MAX,
    checked_url,
    config_option,
    data_option,
    guarded,
    network_pairs,
    port_of,
    read_config,
    say,
    stop,
)
from switch.registry import SANDBOXES, installed
from switch.runtime.process import run
from switch.sandboxes import serve_sandboxes

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config


@click.command("sandbox")
@click.argument("networks", nargs=-1)
@config_option
@data_option
@click.option("--switch", "switch_url", default="http://127.0.0.1:8080", show_default=True,
              help="Address of the switch.")  # fmt: skip
@click.option("--port", "ports", multiple=True, metavar="NETWORK=PORT",
              help="Port of a simulator instead of the configured one; 0: any free.")  # fmt: skip
def command(
    networks: tuple[str, ...],
    config_folder: Path | None,
    data: Path,
    switch_url: str,
    ports: tuple[str, ...],
) -> None:
    """Run the simulators of NETWORKS (all of them by default) until asked to stop.

    Writes one JSON line with their addresses on standard output when they take requests.
    """
    config = read_config(config_folder)
    known = [name for name in installed(SANDBOXES) if name in config.networks]
    for name in networks:
        if name not in known:
            stop(f"{name} is not a network with a simulator; there are {', '.join(known)}")
    binds = _binds(config, networks or tuple(known), ports)
    url = checked_url(switch_url, "--switch")
    guarded(lambda: run(lambda stopped: serve_sandboxes(config, data, binds, url, stopped, say)))


def _binds(config: Config, networks: tuple[str, ...], ports: tuple[str, ...]) -> dict[str, int]:
    """The port of each simulator that is to run."""
    chosen = network_pairs(ports, "--port", networks)
    binds = {}
    for name in networks:
        where = f"switch.toml: networks.{name}.url"
        port = chosen.get(name, str(port_of(config.networks[name].url, where) or 0))
        if not (port.isascii() and port.isdecimal() and int(port) <= PORT_MAX):
            stop(f"--port {name}={port}: is not a number from 0 to {PORT_MAX}")
        binds[name] = int(port)
    return binds
