"""The sandbox runs unmodified on virtual time and an in-memory network, and repeats itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.thailand.sandbox import create
from switch.runtime.tasks import Tasks
from switch.simulation.world import Machine, World
from switch.wire.simulator import SandboxContext
from tests.adapters.thailand.thailand_link import Link, SwitchStandIn, switch_application
from tests.adapters.thailand.thailand_parts import SANDBOX_OPTIONS

if TYPE_CHECKING:
    from adapters.thailand import ThailandAdapter
    from tests.adapters.thailand.thailand_parts import Keys


def told(thailand: ThailandAdapter, keys: Keys) -> tuple[list[str], list[str], str]:
    """Pay through several faults; return outcomes, book and trace."""

    async def network(machine: Machine) -> None:
        tasks = machine.tasks
        assert isinstance(tasks, Tasks)
        context = SandboxContext(
            machine.clock, machine.ids, tasks, machine.net, keys, SANDBOX_OPTIONS
        )
        await machine.net.serve(create(context), machine.name)

    async def switch(machine: Machine) -> None:
        stand_in = SwitchStandIn(thailand, machine.clock, machine.ids)
        await machine.net.serve(switch_application(stand_in), machine.name)

    async def scenario(world: World) -> tuple[list[str], list[str]]:
        await world.sleep(1)
        tester = world.machine("tester")
        stand_in = SwitchStandIn(thailand, tester.clock, tester.ids)
        link = Link(thailand, tester.net, tester.clock, stand_in)
        outcomes = []
        for kind in ("drop_request", "drop_answer", "late", "hold", "pending", "error_500"):
            await link.fault("pay", kind, delay_ms=0 if kind == "hold" else 60_000)
            payment = link.open_payment()
            first = await link.pay(payment, within_s=15)
            again = await link.enquire(payment)
            outcomes.append(f"{kind}: {first.kind} {again.kind}")
        guest = await link.control("/control/pay-khqr", payload="KHQR")
        outcomes.append(f"guest: {guest['status']}")
        await link.control("/control/release")
        return outcomes, [line["status"] for line in await link.shown("/state", "book")]

    with World(7) as world:
        world.start("thailand", network)
        world.start("switch", switch)
        outcomes, book = world.run(scenario(world))
        return outcomes, book, world.trace.hex()


def test_faults_on_virtual_time_are_the_same_each_time(
    thailand: ThailandAdapter, keys: Keys
) -> None:
    outcomes, book, trace = told(thailand, keys)

    assert outcomes == [
        "drop_request: unknown never_seen",
        "drop_answer: unknown accepted",
        "late: unknown accepted",
        "hold: unknown accepted",
        "pending: pending pending",
        "error_500: unknown accepted",
        "guest: ACSC",
    ]
    assert book == ["booked"] * 6
    assert (outcomes, book, trace) == told(thailand, keys)
