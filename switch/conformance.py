"""Checks one network: its adapter, and a sandbox of its own or a partner's test system.

The cases are the conformance kit's, which is found by name like an adapter is, so that the switch
imports no network. The surprise: against a sandbox answers are waited for less long than the facts
allow, because what is late there is late by our own order.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from switch.app import SERVED_AS
from switch.config import ConfigError
from switch.linked import made_adapters
from switch.registry import package_of, sandbox_factory
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.ports import free_ports
from switch.runtime.tasks import Tasks
from switch.sandboxes import sandbox_options
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from switch.config import Config
    from switch.keys import KeyFolder
    from switch.wire.net import Net

KIT: Final = "adapters.conformance"
PLAN: Final = "conformance.toml"

SANDBOX_PATIENCE_MS: Final = 400
"""How long an answer of a sandbox is waited for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked: ``url`` of a far side, or none for the sandbox; ``only`` some cases.

    ``patience_ms`` bounds the wait for an answer; the facts' own bound counts where it is lower.
    """

    network: str
    url: str | None = None
    only: tuple[str, ...] = ()
    patience_ms: int = SANDBOX_PATIENCE_MS


def plan_of(network: str) -> str:
    """The text of the plan beside an adapter. Raises :class:`ConfigError`."""
    path = files(package_of(network)) / PLAN
    if not path.is_file():
        raise ConfigError(f"{network} has no {PLAN} beside its adapter")
    return path.read_text("utf-8")


async def check_network(config: Config, keys: KeyFolder, asked: Asked) -> Any:
    """Run the cases and return their report (``adapters.conformance.Report``).

    Raises :class:`~switch.config.ConfigError`.
    """
    name, clock = asked.network, SystemClock()
    plan = plan_of(name)
    adapter = made_adapters(config, keys)[name]
    doors = dict(zip((name, SERVED_AS), free_ports(2), strict=True))
    urls = {door: f"http://127.0.0.1:{port}" for door, port in doors.items()}
    if asked.url is not None:
        urls[name] = asked.url
    net = TcpNet(clock, {door: ("127.0.0.1", port) for door, port in doors.items()}, urls)
    ids, tasks = Ids(clock, SystemEntropy()), Tasks()
    async with AsyncExitStack() as opened:
        opened.push_async_callback(net.close)
        opened.push_async_callback(tasks.close)
        if asked.url is None:
            options = sandbox_options(config, name)
            context = SandboxContext(clock, ids, tasks, net, keys, options)
            await _serve(net, sandbox_factory(name)(context), name, opened)
        kit = import_module(KIT)
        far = "its sandbox" if asked.url is None else asked.url
        link = kit.Link(adapter, name, far, net, clock, ids, asked.patience_ms)
        try:
            return await kit.check(link, plan, asked.only)
        except kit.PlanError as error:
            raise ConfigError(f"{name}: {PLAN}: {error}") from None


def specification() -> str:
    """The page of all cases."""
    text: str = import_module(KIT).specification()
    return text


async def _serve(net: Net, application: Any, name: str, opened: AsyncExitStack) -> None:
    served = await net.serve(application, name)
    opened.push_async_callback(served.close)
