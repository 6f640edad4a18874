"""Runs the simulators of networks as a process, on ports of their own.

They use the development keys of the data folder, so they and the switch trust each other and nobody
else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.registry import sandbox_factory
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.server import keys_of
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from switch.config import Config
    from switch.runtime.process import Stopped


def sandbox_options(config: Config, network: str) -> dict[str, str]:
    """The settings of a simulator: the network's own, the two sides exchanged."""
    section = config.networks[network]
    return {
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
    """Serve the simulators named in ``ports`` until asked to stop."""
    clock = SystemClock()
    keys = keys_of(config, data)
    binds = {name: ("127.0.0.1", port) for name, port in ports.items()}
    net = TcpNet(clock, binds, {"switch": switch_url})
    tasks = Tasks()
    ids = Ids(clock, SystemEntropy())
    served = []
    for name in ports:
        context = SandboxContext(clock, ids, tasks, net, keys, sandbox_options(config, name))
        served.append(await net.serve(sandbox_factory(name)(context), name))
    announce({each.name: each.url for each in served})
    await stopped()
    for each in served:
        await each.close()
    await tasks.close()
    await net.close()
    return 0
