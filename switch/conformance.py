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

from iso20022.jws import JwsSigner
from switch.app import SERVED_AS
from switch.client import SigningClient
from switch.config import HOME, ConfigError
from switch.conformance_home import MEMBER, HomeSwitch
from switch.linked import made_adapters
from switch.registry import package_of, sandbox_factory
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.ports import free_ports
from switch.runtime.tasks import Tasks
from switch.sandboxes import sandbox_options
from switch.server import Place, start
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from pathlib import Path

    from switch.config import Config
    from switch.keys import KeyFolder
KIT: Final = "adapters.conformance"
DOOR: Final = "door"
"""What the network calls instead of the switch."""

HOMELESS: Final = "no switch stands behind this check"
NO_DOOR: Final = "the far side is told of no door at which it finds the switch (--door)"
PLAN: Final = "conformance.toml"

SANDBOX_PATIENCE_MS: Final = 400
"""How long an answer of a sandbox is waited for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked: ``url`` of a far side, or none for the sandbox; ``only`` some cases.

    ``patience_ms`` bounds the wait for an answer; the facts' own bound counts where it is lower.
    ``door`` is the port at which a far side of its own finds a switch to call; zero: it finds none.
    """

    network: str
    url: str | None = None
    only: tuple[str, ...] = ()
    patience_ms: int = SANDBOX_PATIENCE_MS
    door: int = 0


def plan_of(network: str) -> str:
    """The text of the plan beside an adapter. Raises :class:`ConfigError`."""
    path = files(package_of(network)) / PLAN
    if not path.is_file():
        raise ConfigError(f"{network} has no {PLAN} beside its adapter")
    return path.read_text("utf-8")


async def check_network(
    config: Config, keys: KeyFolder, asked: Asked, home: Path | None = None
) -> Any:
    """Run the cases and return their report (``adapters.conformance.Report``).

    ``home`` is a folder in which a whole switch may live for the check, with the keys that are
    there; without one, or without a door for a far side of its own, cases of what comes in are not
    run. Raises :class:`~switch.config.ConfigError`.
    """
    name, clock = asked.network, SystemClock()
    plan = plan_of(name)
    adapter = made_adapters(config, keys)[name]
    kit = import_module(KIT)
    ports = dict(zip((name, HOME, DOOR, SERVED_AS), free_ports(4), strict=False))
    if asked.door:
        ports[DOOR] = asked.door
    urls = {each: f"http://127.0.0.1:{port}" for each, port in ports.items()}
    if asked.url is not None:
        urls[name] = asked.url
    binds = {each: ("127.0.0.1", port) for each, port in ports.items()}
    ids, tasks = Ids(clock, SystemEntropy()), Tasks()
    net = TcpNet(clock, binds, urls)
    outer = TcpNet(clock, {}, {**urls, SERVED_AS: urls[DOOR]})
    async with AsyncExitStack() as opened:
        for each in (net, outer):
            opened.push_async_callback(each.close)
        opened.push_async_callback(tasks.close)

        async def sandbox(network: str) -> None:
            options = sandbox_options(config, network)
            context = SandboxContext(clock, ids, tasks, outer, keys, options)
            served = await net.serve(sandbox_factory(network)(context), network)
            opened.push_async_callback(served.close)

        behind = None
        if asked.url is None:
            await sandbox(name)
        called = hasattr(adapter, "translate") and (asked.url is None or asked.door)
        if home is not None and name != HOME and called:
            await sandbox(HOME)
            running = await start(config, Place(home, ports[SERVED_AS], urls, "warning"))
            opened.push_async_callback(running.close)
            door = kit.Door(net, SERVED_AS)
            served = await net.serve(door.application(), DOOR)
            opened.push_async_callback(served.close)
            signer = JwsSigner(keys.ec_private(f"member-{MEMBER}"), MEMBER)
            client = SigningClient(net.session(SERVED_AS), urls[SERVED_AS], signer, clock, ids)
            behind = HomeSwitch(
                switch=running.switch, member=client, net=net, clock=clock, ids=ids,
                door=door, refused=kit.Refused,
            )  # fmt: skip
        far = "its sandbox" if asked.url is None else asked.url
        link = kit.Link(
            adapter, name, far, net, clock, ids, asked.patience_ms, behind,
            HOMELESS if asked.url is None else NO_DOOR,
        )  # fmt: skip
        try:
            return await kit.check(link, plan, asked.only)
        except kit.PlanError as error:
            raise ConfigError(f"{name}: {PLAN}: {error}") from None


def specification() -> str:
    """The page of all cases."""
    text: str = import_module(KIT).specification()
    return text
