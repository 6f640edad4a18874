"""``serve``: one switch as a process.

The line with the address is written when recovery is done and requests are taken, so whoever starts
the process can wait for it. A data folder or a port that is taken ends it with status 2; a server
of the store that stays away with 75, so that a supervisor tries again.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from switch.cli.options import (
    EXIT_AGAIN,
    PORT_MAX,
    checked_url,
    config_option,
    data_option,
    guarded,
    network_pairs,
    read_config,
    say,
    stop,
)
from switch.cli.store_option import store_option, with_slot, with_store
from switch.runtime.process import run
from switch.server import Place, serve
from switch.store.contract import StoreAbsent, StoreBusy

if TYPE_CHECKING:
    from pathlib import Path

    from switch.runtime.process import Stopped


@click.command("serve")
@config_option
@data_option
@click.option("--port", type=click.IntRange(0, PORT_MAX), default=8080, show_default=True,
              help="Port to listen on; 0: any free one.")  # fmt: skip
@click.option("--peer", multiple=True, metavar="NETWORK=URL",
              help="Address of a partner network, instead of the configured one.")  # fmt: skip
@click.option("--log", type=click.Choice(["debug", "info", "warning"]), default="info",
              show_default=True, help="Least important log lines that are written.")  # fmt: skip
@store_option
@click.option("--slot", type=click.IntRange(0, 99), default=None,
              help="Writer slot instead of the configured one; 0: the lowest free.")  # fmt: skip
@click.option("--metrics-port", type=click.IntRange(1, PORT_MAX), default=None,
              help="Port of 127.0.0.1 with /metrics for a collector on this machine.")  # fmt: skip
@click.option("--restored", is_flag=True,
              help="The store came back from a copy: pay nothing new yet.")  # fmt: skip
def command(
    config_folder: Path | None,
    data: Path,
    port: int,
    peer: tuple[str, ...],
    log: str,
    store: str | None,
    slot: int | None,
    metrics_port: int | None,
    *,
    restored: bool,
) -> None:
    """Run the switch until it is asked to stop (Ctrl-C or SIGTERM).

    Writes one JSON line with its address on standard output when it takes requests, and structured
    logs on standard error.
    """
    config = with_slot(with_store(read_config(config_folder), store), slot)
    peers = {
        name: checked_url(url, f"--peer {name}")
        for name, url in network_pairs(peer, "--peer", config.networks).items()
    }
    place = Place(data, port, peers, log, restored, metrics_port)

    def announce(url: str) -> None:
        say({"serving": "switch", "url": url})

    async def program(stopped: Stopped) -> int:
        try:
            return await serve(config, place, stopped, announce)
        except StoreAbsent as error:
            stop(str(error), EXIT_AGAIN)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                other = "" if metrics_port is None else f", or {metrics_port} of --metrics-port,"
                stop(f"Port {port}{other} is taken: choose another with --port (make: PORT=8081)")
            raise
        except StoreBusy:
            stop("the store went away during the start", EXIT_AGAIN)

    guarded(lambda: run(program))
