"""A switch that signals itself in the one moment that matters: after commit 1, before it sends.

The real server is started; only the sending of a first exchange is preceded by a signal to the own
process, once. Everything before it is committed, nothing after it has happened.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from switch.config import default_folder, load_config
from switch.dispatch import Dispatch
from switch.runtime.process import run
from switch.server import Place, serve

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.port import Exchange
    from switch.records import Open


def signal_before_sending(number: signal.Signals) -> None:
    """Make the first sending of this process begin with a signal to it."""
    send = Dispatch.first

    async def first(
        self: Dispatch, payment: Payment, opened: Open, exchange: Exchange, started: float
    ) -> None:
        Dispatch.first = send  # type: ignore[method-assign]
        os.kill(os.getpid(), number)
        await send(self, payment, opened, exchange, started)

    Dispatch.first = first  # type: ignore[method-assign]


def announce(url: str) -> None:
    """Say that the door is open, as the command does."""
    sys.stdout.buffer.write(orjson.dumps({"serving": "switch", "url": url}) + b"\n")
    sys.stdout.buffer.flush()


def main(name: str, data: str, port: str, *peers: str) -> int:
    """Serve until ended: ``SIGKILL DATA PORT NETWORK=URL …``."""
    signal_before_sending(signal.Signals[name])
    addresses = dict(peer.split("=", 1) for peer in peers)
    place = Place(Path(data), int(port), addresses, "warning")
    config = load_config(default_folder())
    return run(partial(serve, config, place, announce=announce))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
