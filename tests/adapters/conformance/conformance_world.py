"""A check in a world of its own: the network, the switch, the backbone; time costs nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from adapters.conformance import Door, Link, Refused, Report, check
from switch.config import HOME, default_folder, load_config
from switch.conformance import plan_of
from switch.conformance_home import MEMBER, HomeSwitch
from switch.linked import made_adapters
from switch.registry import sandbox_factory
from switch.sandboxes import sandbox_options
from switch.simulation.town import Residents, Town, TownKeys
from switch.simulation.world import World
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import aiohttp
    from aiohttp import web

    from switch.config import Config
    from switch.simulation.world import Machine
    from switch.wire.net import Net, Served

PATIENCE_MS: Final = 400
DOOR: Final = "door"


@cache
def keys() -> TownKeys:
    return TownKeys()


@cache
def config() -> Config:
    return load_config(default_folder())


@cache
def adapters() -> dict[str, Any]:
    return dict(made_adapters(config(), keys()))


class Redirected:
    """The network as somebody sees it who calls the door instead of the switch."""

    def __init__(self, net: Net) -> None:
        self._net = net

    def session(self, name: str, *, alone: bool = False) -> aiohttp.ClientSession:
        return self._net.session(DOOR if name == "switch" else name, alone=alone)

    def url(self, name: str) -> str:
        return self._net.url(DOOR if name == "switch" else name)

    async def serve(self, app: web.Application, name: str) -> Served:
        return await self._net.serve(app, name)

    async def close(self) -> None:
        await self._net.close()


class CheckedTown(Town):
    """A town whose networks call the door."""

    async def _network(self, machine: Machine) -> None:
        options = sandbox_options(config(), machine.name)
        context = SandboxContext(
            machine.clock, machine.ids, machine.tasks, Redirected(machine.net), keys(), options
        )
        await machine.net.serve(self._residents.sandboxes[machine.name](context), machine.name)


def checked(
    network: str,
    adapter: Any = None,
    *,
    only: Collection[str] = (),
    home: bool = True,
    wrong_home: Callable[[Any], Any] | None = None,
) -> Report:
    """Check a network; without ``home`` no switch stands behind it."""
    adapter = adapters()[network] if adapter is None else adapter
    home = home and hasattr(adapter, "translate")
    names = (network, HOME) if home else (network,)
    people = Residents(config(), keys(), {name: sandbox_factory(name) for name in names})

    with World(7, steps_max=20_000_000) as world:
        town = CheckedTown(world, people)
        outside = world.machine("outside")
        doors: list[Door] = []

        async def door(machine: Machine) -> None:
            doors.append(Door(machine.net, "switch"))
            await machine.net.serve(doors[0].application(), DOOR)

        async def story() -> Report:
            behind = None
            if home:
                world.start(DOOR, door)
                await town.open()
                assert town.running is not None
                behind = HomeSwitch(
                    switch=town.running.switch,
                    member=town.member(MEMBER),
                    net=outside.net,
                    clock=outside.clock,
                    ids=outside.ids,
                    door=doors[0],
                    refused=Refused,
                )
                behind = behind if wrong_home is None else wrong_home(behind)
            else:
                world.start(network, town._network)
                await world.sleep(1)
            link = Link(
                *(adapter, network, "a sandbox", outside.net, outside.clock, outside.ids),
                *(PATIENCE_MS, behind),
            )
            return await check(link, plan_of(network), only)

        return world.run(story())
