"""What is under way is bounded: paid orders too, and a process without room for tasks lives on.

Whoever is too many is told to come again, and nothing of it is committed. What is due stays due.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.inbound_port import InboundOrderPay, derived_uetr
from switch.model import Finality, State
from switch.refusals import Busy
from tests.shell.hand_parts import said
from tests.shell.shell_rig import Shell, changed_corridor, changed_payments, ends
from tests.shell.test_orders import order

if TYPE_CHECKING:
    from switch.model import Payment

ROOM = 2
ORDERS = 6


@pytest.fixture
async def narrow(shell: Shell) -> Shell:
    """A shell with room for two, whose Thailand has had six orders held and advises."""
    advice = changed_corridor(shell.config, ends(inbound=True), finality=Finality.ADVICE)
    shell.configured(changed_payments(advice, in_flight_max=ROOM))
    for number in range(ORDERS):
        await shell.receive(order(key=f"order-{number}"))
    return shell


def held(shell: Shell, number: int) -> Payment:
    return shell.payment(derived_uetr("thailand", f"order-{number}"))


async def advise(shell: Shell, number: int) -> str:
    """Thailand says that an order's payer was debited."""
    paid = InboundOrderPay(
        key=f"order-{number}",
        amount=held(shell, number).terms.debit,
        accepted_at=shell.clock.now(),
        far_reference=f"VOUCHER-{number}",
        extra={},
        request={},
    )
    try:
        return str((await shell.receive(paid))["status"])
    except Busy:
        return "busy"


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
async def test_paid_orders_beyond_the_bound_are_told_to_come_again(
    narrow: Shell, *, at_once: bool
) -> None:
    narrow.transport.hung.add("bakong")
    before = len(narrow.store.done)
    numbers = range(ORDERS)
    if at_once:
        told = list(await asyncio.gather(*[advise(narrow, number) for number in numbers]))
    else:
        told = [await advise(narrow, number) for number in numbers]

    assert sorted(told) == ["PDNG"] * ROOM + ["busy"] * (ORDERS - ROOM)
    assert len(narrow.payments.flights) == ROOM
    waits = [held(narrow, number).state is State.READY for number in numbers]
    assert waits == [word == "busy" for word in told]
    assert len(narrow.store.done) == before + ROOM


async def test_what_was_told_to_come_again_is_credited_when_it_does(narrow: Shell) -> None:
    narrow.transport.hung.add("bakong")
    told = [await advise(narrow, number) for number in range(ROOM + 1)]
    narrow.transport.hung.clear()
    narrow.transport.script("bakong", said("accepted"))
    for task in list(narrow.tasks._live):
        task.cancel()
    await narrow.settle()
    again = await advise(narrow, ROOM)
    await narrow.settle()

    assert (told[ROOM], again) == ("busy", "PDNG")
    assert held(narrow, ROOM).state is State.CREDITED


async def test_a_network_that_hangs_leaves_room_for_all_others(shell: Shell) -> None:
    """Of room for ten it takes seven; one who pays at home has nothing to do with it."""
    shell.configured(changed_payments(shell.config, in_flight_max=10))
    shell.transport.hung.add("thailand")
    shell.transport.script("bakong", said("accepted"))
    numbers = range(10)
    opened = [shell.payments.open(shell.instruction(f"key-{number}")) for number in numbers]
    abroad = await asyncio.gather(*opened, return_exceptions=True)
    told = await shell.receive(shell.inbound_pay())

    assert [isinstance(each, Busy) for each in abroad] == [False] * 7 + [True] * 3
    assert len(shell.payments.flights) == 7
    assert told["status"] == "ACCC"


async def test_a_process_without_room_for_tasks_looks_again_later(shell: Shell) -> None:
    payments = [await shell.lost(f"key-{number}") for number in range(3)]
    shell.clock.pass_s(10)
    shell.tasks._tasks_max = len(shell.tasks) + 1
    await shell.sweep()
    first = [shell.payment(each.uetr).rung for each in payments]
    shell.tasks._tasks_max = 100
    await shell.sweep()
    then = [shell.payment(each.uetr).rung for each in payments]

    assert (sorted(first), then) == ([0, 0, 1], [1, 1, 1])
    assert "sweep_cut_short" in shell.log.events
    assert shell.crashes == []


async def test_recovery_needs_no_room_for_tasks(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    begun = [await shell.opened(f"key-{number}") for number in range(3)]
    shell.tasks._tasks_max = len(shell.tasks) + 1

    assert await shell.new_sweeper().recover() == 3
    assert {shell.payment(each.uetr).state for each in begun} == {State.UNKNOWN}
