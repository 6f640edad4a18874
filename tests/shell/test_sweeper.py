"""The sweeper: one network's outage is its own, budgets end, nothing due is forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.commands import Attempt, Conclude
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.model import State
from switch.sweeper import SWEEP_BATCH
from tests.shell.hand_parts import LOST, said

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

MORE = SWEEP_BATCH + 6


async def lost_inbound(shell: Shell) -> str:
    """A payment at Bakong whose outcome is unknown."""
    shell.transport.script("bakong", LOST)
    request = shell.inbound_pay()
    assert (await shell.receive(request))["status"] == "PDNG"
    assert shell.payment(request.uetr).state is State.CREDIT_UNKNOWN
    return request.uetr


async def test_a_network_that_hangs_with_more_than_a_batch_does_not_stop_another(
    shell: Shell,
) -> None:
    for number in range(MORE):
        await shell.lost(f"key-{number}")
    inbound = await lost_inbound(shell)
    shell.transport.hung.add("thailand")
    shell.clock.pass_s(10)
    await shell.sweep()
    await shell.sweep()

    assert shell.transport.enquiries("thailand") == SWEEP_BATCH
    assert shell.transport.enquiries("bakong") == 1
    assert shell.payment(inbound).state is State.CREDITED


async def test_what_was_beyond_the_batch_is_looked_after_when_room_is_made(shell: Shell) -> None:
    for number in range(MORE):
        await shell.lost(f"key-{number}")
    shell.clock.pass_s(10)
    await shell.sweep()
    assert shell.transport.enquiries("thailand") == SWEEP_BATCH
    await shell.sweep()

    assert shell.transport.enquiries("thailand") == MORE
    assert shell.pending() == []


async def test_payments_that_hang_do_not_hide_those_due_after_them(shell: Shell) -> None:
    for number in range(SWEEP_BATCH - 1):
        await shell.lost(f"key-{number}")
    shell.transport.hung.add("thailand")
    shell.clock.pass_s(10)
    await shell.sweep()
    late = await lost_outbound_while_hung(shell)
    shell.clock.pass_s(10)
    await shell.sweep()

    assert shell.payment(late).rung == 1


async def lost_outbound_while_hung(shell: Shell) -> str:
    """One more payment, lost although its network hangs for others."""
    shell.transport.hung.clear()
    payment = await shell.lost("late")
    shell.transport.hung.add("thailand")
    return payment.uetr


async def test_a_payment_being_looked_after_is_not_looked_after_twice(shell: Shell) -> None:
    payment = await shell.lost()
    shell.transport.hung.add("thailand")
    for _ in range(3):
        shell.clock.pass_s(3_600)
        await shell.sweep()

    assert shell.payment(payment.uetr).rung == 1
    assert shell.transport.enquiries("thailand") == 1


async def test_nothing_is_asked_before_it_is_due(shell: Shell) -> None:
    await shell.lost()
    shell.clock.pass_s(4.9)
    await shell.sweep()

    assert shell.transport.enquiries("thailand") == 0


async def test_recovery_takes_every_payment_however_many_there_are(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    uetrs = [(await shell.opened(f"key-{number}")).uetr for number in range(MORE)]
    assert {shell.payment(uetr).state for uetr in uetrs} == {State.SENDING}

    assert await shell.new_sweeper().recover() == MORE
    assert {shell.payment(uetr).state for uetr in uetrs} == {State.UNKNOWN}
    assert len(shell.transport.left) == MORE


async def test_recovery_sends_nothing_and_releases_nothing(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    await shell.opened()
    reserved = shell.pending()
    await shell.new_sweeper().recover()

    assert shell.transport.left == [("thailand", "/pay")]
    assert shell.pending() == reserved != []


async def test_an_overdue_answer_is_asked_for_by_the_ladder(shell: Shell) -> None:
    shell.transport.hung.add("thailand")
    payment = await shell.opened()
    shell.clock.pass_s(3 + 15)
    await shell.sweep()
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert shell.transport.enquiries("thailand") == 0

    shell.transport.hung.clear()
    shell.clock.pass_s(5)
    await shell.sweep()
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_a_spent_budget_ends_in_the_hands_of_people_once_and_stays_reserved(
    shell: Shell,
) -> None:
    """Lesson 15: the last try is followed by people and not by a verdict."""
    shell.thailand.facts = replace(shell.thailand.facts, enquiries_max=2)
    payment = await shell.lost()
    reserved = shell.pending()
    shell.transport.script("thailand", *[LOST] * 10)
    for _ in range(6):
        shell.clock.pass_s(4_000)
        await shell.sweep()

    assert shell.payment(payment.uetr).state is State.MANUAL
    assert shell.store.concluded(payment.uetr) == ["lost", "spent"]
    assert shell.transport.enquiries("thailand") == 2
    assert shell.pending() == reserved
    assert shell.log.events.count("enquiries_spent") == 1
    assert shell.engine.answer(payment.uetr) is None


async def test_a_busy_store_puts_an_enquiry_off_to_the_next_look(shell: Shell) -> None:
    payment = await shell.lost()
    shell.store.busy[Attempt] = 1
    shell.clock.pass_s(5)
    await shell.sweep()
    assert shell.transport.enquiries("thailand") == 0
    assert shell.payment(payment.uetr).rung == 0

    await shell.sweep()
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_an_enquiry_is_committed_before_it_is_sent(shell: Shell) -> None:
    payment = await shell.lost()
    seen: list[int] = []

    async def asked() -> object:
        seen.append(shell.payment(payment.uetr).rung)
        return said("accepted")

    shell.transport.script("thailand", asked)  # type: ignore[arg-type]
    shell.clock.pass_s(5)
    await shell.sweep()

    assert seen == [1]


async def test_a_payment_that_moved_on_before_the_commit_is_not_asked_about(shell: Shell) -> None:
    payment = await shell.lost()
    opened = await shell.dispatch.open(payment.uetr)

    async def ended_first(command: object) -> None:
        if isinstance(command, Attempt):
            shell.store.before = None
            await shell.dispatch.conclude(payment, opened, Happened(Event.ACCEPTED))

    shell.store.before = ended_first
    shell.clock.pass_s(5)
    await shell.sweep()

    assert shell.payment(payment.uetr).state is State.ACCEPTED
    assert shell.transport.enquiries("thailand") == 0


async def test_a_crash_while_looking_is_not_swallowed(shell: Shell) -> None:
    await shell.lost()
    shell.thailand.plan_fails = RuntimeError("planted")
    shell.clock.pass_s(5)
    await shell.sweep()

    assert [str(failure) for failure in shell.crashes] == ["planted"]
    shell.crashes.clear()


@pytest.mark.parametrize("kind", ["unknown", "pending"])
async def test_an_enquiry_that_learns_nothing_final_is_followed_by_the_next(
    shell: Shell, kind: str
) -> None:
    payment = await shell.lost()
    shell.transport.script("thailand", said(kind), said("accepted"))
    shell.clock.pass_s(5)
    await shell.sweep()
    assert shell.payment(payment.uetr).state in (State.UNKNOWN, State.PENDING_FAR)
    shell.clock.pass_s(10)
    await shell.sweep()

    assert shell.payment(payment.uetr).state is State.ACCEPTED
    conclusions = [c for c in shell.store.done if isinstance(c, Conclude)]
    assert conclusions[-1].event is Event.ACCEPTED
