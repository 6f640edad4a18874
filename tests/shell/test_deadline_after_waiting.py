"""The deadline of a payment that waited (for its money, for its payer) counts from when it goes on.

Both bounds are frozen with the longest possible wait in them. What counts from them counts from
when the wait has ended: how long a credit is polled, what may be confirmed, the cancel window.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from switch.model import Finality, Funding, State
from switch.port import Operation
from tests.shell.hand_parts import LOST, NOW, said
from tests.shell.shell_rig import SPONSOR, Shell, changed_corridor, ends
from tests.shell.test_gross_weather import awaited, funds
from tests.shell.test_orders import UETR, order, payment_of
from tests.switch_core.test_timers import facts_of

if TYPE_CHECKING:
    from switch.model import Payment

WAITS_S = 600
"""Money is waited for that long; orders of the shipped corridors live as long."""


async def funded_at_once(shell: Shell, finality: Finality = Finality.TWO_LEG) -> Payment:
    """A gross payment whose money is there one second after it was asked for."""
    corridor = changed_corridor(
        shell.config,
        ends(inbound=False),
        funding=Funding.GROSS,
        sponsor=SPONSOR,
        fund_within_s=WAITS_S,
        finality=finality,
    )
    shell.configured(corridor)
    payment, item = await awaited(shell)
    shell.clock.pass_s(1)
    assert await funds(shell).take(SPONSOR, item)
    await shell.settle()
    return shell.payment(payment.uetr)


async def test_a_credit_of_an_order_is_polled_to_the_deadline_and_then_slowly(shell: Shell) -> None:
    """Money rules 4.2: "poll 0.2-5 s to D, then slow"; facts: fourteen rungs, then one day."""
    shell.bakong.facts = facts_of("bakong")
    await shell.receive(order())
    shell.transport.script("bakong", *[said("pending")] * 1_000)
    await shell.receive(payment_of(shell))
    paid_at, deadline_s = shell.clock.now(), shell.thailand.facts.deadline_ms / 1_000
    while shell.clock.now() < paid_at + timedelta(seconds=deadline_s + 60):
        shell.clock.pass_s(0.2)
        await shell.sweep()
    payment = shell.payment(UETR)
    assert payment.state is State.CREDIT_PENDING
    assert payment.next_at is not None
    pause = payment.next_at - payment.updated_at

    assert pause > timedelta(milliseconds=shell.bakong.facts.poll_slow_ms)


async def test_a_credit_of_an_order_that_stays_pending_is_followed_for_a_day(shell: Shell) -> None:
    shell.bakong.facts = facts_of("bakong")
    await shell.receive(order())
    shell.transport.script("bakong", *[said("pending")] * 1_000)
    await shell.receive(payment_of(shell))
    paid_at = shell.clock.now()
    while (payment := shell.payment(UETR)).next_at is not None:
        wait = (payment.next_at - shell.clock.now()) / timedelta(seconds=1)
        shell.clock.pass_s(max(wait, 0.001))
        await shell.sweep()
    assert payment.state is State.MANUAL

    assert payment.updated_at - paid_at >= timedelta(hours=23)


async def test_what_is_set_aside_too_late_is_not_confirmed_because_money_was_waited_for(
    shell: Shell,
) -> None:
    operations = (*shell.thailand.facts.operations, Operation.CONFIRM)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    shell.transport.script("thailand", LOST, said("ready"))
    payment = await funded_at_once(shell, Finality.THREE_LEG)
    assert payment.state is State.UNKNOWN
    shell.clock.pass_s(60)  # as test_what_is_set_aside_too_late_is_never_confirmed, without a wait
    await shell.sweep()
    await shell.sweep()

    assert shell.payment(payment.uetr).state is State.PENDING_FAR
    assert "/confirm" not in [path for _, path in shell.transport.left]


async def test_the_cancel_window_counts_from_when_the_network_was_asked(shell: Shell) -> None:
    """Asked at 23:55 of the network's day, so its window ends at 00:15, in twenty minutes."""
    shell.thailand.facts = replace(
        shell.thailand.facts,
        operations=(*shell.thailand.facts.operations, Operation.CANCEL),
        cancel_after_rungs=2,
        cancel_until_min=15,
        cancel_zone_min=-185,
    )
    shell.transport.script("thailand", *[LOST] * 1_000)
    payment = await funded_at_once(shell)
    while shell.clock.now() < NOW + timedelta(minutes=30):
        shell.clock.pass_s(5)
        await shell.sweep()

    assert shell.payment(payment.uetr).state is State.CANCEL_MANUAL
