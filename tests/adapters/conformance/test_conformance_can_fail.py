"""Each case can fail: for each there is a network that is wrong in one way and fails it alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from adapters.conformance import Link, Report, check
from adapters.conformance.cases import CASES
from adapters.conformance.run import failed
from switch.config import default_folder, load_config
from switch.conformance import plan_of
from switch.linked import made_adapters
from switch.registry import sandbox_factory
from switch.sandboxes import sandbox_options
from switch.simulation.town import TownKeys
from switch.simulation.world import World
from switch.wire.simulator import SandboxContext
from tests.adapters.conformance.wrong_networks import WRONGS

if TYPE_CHECKING:
    from switch.config import Config
    from switch.simulation.world import Machine
    from tests.adapters.conformance.wrong_networks import Wrong

NO_WRONG_NETWORK: Final = frozenset({"AC-38"})
"""Cases that no network here can fail alone; each has a test of its own."""


@cache
def keys() -> TownKeys:
    return TownKeys()


@cache
def config() -> Config:
    return load_config(default_folder())


@cache
def adapters() -> dict[str, Any]:
    return dict(made_adapters(config(), keys()))


def checked(network: str, adapter: Any) -> Report:
    """Check a network against its sandbox in a world of its own, where waiting costs nothing."""

    async def far(machine: Machine) -> None:
        options = sandbox_options(config(), network)
        context = SandboxContext(
            machine.clock, machine.ids, machine.tasks, machine.net, keys(), options
        )
        await machine.net.serve(sandbox_factory(network)(context), network)

    with World(7) as world:
        outside = world.machine("outside")
        world.start(network, far)

        async def story() -> Report:
            await world.sleep(1)
            link = Link(adapter, network, "a sandbox", outside.net, outside.clock, outside.ids, 400)
            return await check(link, plan_of(network))

        return world.run(story())


@pytest.mark.parametrize("network", ["japan", "thailand"])
def test_a_right_network_fails_nothing(network: str) -> None:
    report = checked(network, adapters()[network])

    assert failed(report.results) == []
    assert report.passed


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.case)
def test_a_wrong_network_fails_its_case_and_no_other(
    wrong: Wrong, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong.apply(monkeypatch)
    adapter = adapters()[wrong.network]
    report = checked(wrong.network, wrong.adapter(adapter) if wrong.adapter else adapter)

    assert failed(report.results) == [wrong.case]


def test_there_is_a_wrong_network_for_every_case() -> None:
    cases = {case.number for case in CASES}

    assert cases - {wrong.case for wrong in WRONGS} == NO_WRONG_NETWORK
