"""Runs the simulators of networks as a process, on ports of their own.

They use the development keys of the data folder, so they and the switch trust each other and nobody
else does.
"""

from __future__ import annotations

import errno
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from switch.model import Finality
from switch.own_keys import keys_of
from switch.registry import sandbox_factory
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aiohttp import web

    from switch.config import Config
    from switch.runtime.process import Stopped
    from switch.wire.net import Served


class PortTaken(OSError):  # noqa: N818  the name says what happened
    """Another process listens where a simulator should."""


def sandbox_options(config: Config, network: str) -> dict[str, str]:
    """The settings of a simulator: the network's own, the two sides exchanged."""
    section = config.networks[network]
    reserves = any(
        to == network and corridor.finality is Finality.THREE_LEG
        for (_, to), corridor in config.corridors.items()
    )
    return {
        **({"finality": Finality.THREE_LEG.value} if reserves else {}),
        **section.options,
        "own_bic": section.partner_bic,
        "partner_bic": section.own_bic,
    }


async def serve_sandboxes(
    config: Config,
    data: Path,
    ports: Mapping[str, int],
    switch_url: str,
    stopped: Stopped,
    announce: Callable[[dict[str, str]], None],
) -> int:
    """Serve the simulators named in ``ports`` until asked to stop.

    Raises :class:`PortTaken`, :class:`OSError`, and :class:`~switch.keys.KeyMissing`.
    """
    clock = SystemClock()
    keys = keys_of(config, data)
    binds = {name: ("127.0.0.1", port) for name, port in ports.items()}
    net = TcpNet(clock, binds, {"switch": switch_url})
    tasks = Tasks()
    ids = Ids(clock, SystemEntropy())
    async with AsyncExitStack() as opened:
        # Closed in the opposite order: doors, tasks, sessions.
        opened.push_async_callback(net.close)
        opened.push_async_callback(tasks.close)
        urls = {}
        for name, port in ports.items():
            context = SandboxContext(clock, ids, tasks, net, keys, sandbox_options(config, name))
            served = await _serve(net, sandbox_factory(name)(context), name, port)
            opened.push_async_callback(served.close)
            urls[name] = served.url
        announce(urls)
        await stopped()
    return 0


async def _serve(net: TcpNet, application: web.Application, name: str, port: int) -> Served:
    try:
        return await net.serve(application, name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            f"Port {port} of {name} is taken: choose another with --port {name}=PORT, "
            f"and tell the switch with --peer {name}=http://127.0.0.1:PORT"
        ) from None
