"""After a loss: what may have been paid is asked about and never sent, and nobody is told "never".

Both directions, on the in-memory store with networks that say what the test has them say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.model import Payment, State
from switch.parts import linked_uetr
from switch.payments import Standing
from switch.port import Operation, is_lost
from switch.reasons import Reason
from switch.refusals import Busy
from switch.restoring import Loss
from switch.sequences import NumbersSpent, Sequences, skip_lost
from tests.shell.hand_parts import said
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_linked_weather import refunding as refunding  # noqa: PLC0414
from tests.shell.test_receiving import enquiry, unreadable
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from switch.payments import Instruction
    from tests.shell.shell_rig import Shell


def lose(shell: Shell, *, done: bool = False) -> None:
    """The store comes back a minute from now, knowing nothing."""
    shell.clock.pass_s(60)
    shell.loss = Loss(shell.clock.now(), None, done)
    shell.restoring.look()
    shell.clock.pass_s(60)


async def repeated(shell: Shell, instruction: Instruction) -> Payment:
    """Hand an instruction in again, and let the first enquiry come."""
    standing = await shell.payments.open(instruction)
    assert isinstance(standing, Standing)
    assert standing.payment.state in (State.UNKNOWN, State.CREDIT_UNKNOWN)
    shell.clock.pass_s(6)
    await shell.sweep()
    return shell.payment(standing.payment.uetr)


@pytest.mark.parametrize("done", [False, True])
async def test_what_may_have_been_paid_is_asked_about_by_its_uetr(
    shell: Shell, *, done: bool
) -> None:
    instruction = shell.instruction()
    lose(shell, done=done)
    shell.transport.script("thailand", said("accepted"))
    payment = await repeated(shell, instruction)

    assert payment.state is State.ACCEPTED
    assert payment.uetr == instruction.uetr
    assert is_lost(payment.reference)
    assert payment.send_by < shell.clock.now()
    assert shell.transport.left == [("thailand", "/enquire")]
    assert shell.pending() == []
    assert shell.posted() != []


async def test_what_never_came_is_refused_and_nothing_is_reserved(shell: Shell) -> None:
    instruction = shell.instruction()
    lose(shell)
    shell.transport.script("thailand", said("never_seen"))
    payment = await repeated(shell, instruction)

    assert (payment.state, payment.reason) == (State.REFUSED, Reason.NEVER_SEEN)
    assert shell.pending() == []
    assert shell.posted() == []


async def refunded(shell: Shell, original: Payment, key: str) -> Payment:
    """What becomes of a refund of all of it, once its network was asked."""
    made = await refund(shell, original, "41000", key)
    assert isinstance(made, Payment)
    for _ in range(3):
        shell.clock.pass_s(60)
        await shell.sweep()
    return shell.payment(made.uetr)


async def test_a_refund_that_may_have_been_made_is_asked_about_and_not_sent(
    refunding: Shell,
) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    refunding.transport.script("thailand", said("accepted"))
    back = await refunded(refunding, original, "refund-1")

    assert (back.state, back.uetr) == (State.ACCEPTED, linked_uetr(original.uetr, 1))
    assert refunding.transport.left[before:] == [("thailand", "/enquire")]
    assert refunding.pending() == []


async def test_refunds_that_were_never_made_are_asked_about_twice_and_then_sent(
    refunding: Shell,
) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    refunding.transport.script("thailand", *[said("never_seen")] * 2, said("accepted"))
    ends = [await refunded(refunding, original, f"refund-{number}") for number in range(3)]

    assert [each.reason for each in ends] == [Reason.NEVER_SEEN, Reason.NEVER_SEEN, None]
    assert refunding.transport.left[before:] == [
        *[("thailand", "/enquire")] * 2,
        ("thailand", "/refund"),
    ]


async def test_what_is_paid_since_the_loss_is_refunded_at_once(refunding: Shell) -> None:
    lose(refunding, done=True)
    refunding.clock.pass_s(60)
    original = await credited(refunding)
    before = len(refunding.transport.left)
    refunding.transport.script("thailand", said("accepted"))
    await refund(refunding, original, "41000")

    assert refunding.transport.left[before:] == [("thailand", "/refund")]


async def test_nothing_new_is_paid_before_the_operator_is_done(shell: Shell) -> None:
    lose(shell)
    with pytest.raises(Busy):
        await shell.payments.open(shell.instruction())
    assert shell.engine.listed(0, 10) == []

    assert shell.loss is not None
    shell.loss = Loss(shell.loss.restored_at, None, done=True)
    shell.restoring.look()
    await shell.opened("key-2")
    assert shell.transport.left == [("thailand", "/pay")]


async def test_a_network_s_repeat_is_asked_about_at_bakong_and_not_too_old(shell: Shell) -> None:
    request = shell.inbound_pay()
    lose(shell)
    shell.clock.pass_s(600)
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(request)
    shell.clock.pass_s(2)
    await shell.sweep()

    assert shell.payment(request.uetr).state is State.CREDITED
    assert shell.transport.left == [("bakong", "/enquire")]


async def test_a_check_that_does_not_depend_on_time_refuses_as_it_did(shell: Shell) -> None:
    request = shell.inbound_pay(refused=Reason.AGENT_INCORRECT)
    lose(shell)

    assert (await shell.receive(request))["reason"] == "AGENT_INCORRECT"
    assert shell.transport.tried == []


async def test_nobody_is_told_never_seen_before_the_operator_is_done(shell: Shell) -> None:
    uetr = shell.ids.uetr()
    lose(shell)
    with pytest.raises(Busy):
        await shell.receive(enquiry(uetr))
    with pytest.raises(Busy):
        await shell.receive(unreadable(uetr))
    with pytest.raises(Busy):
        shell.payments.refuse_while_restoring()

    assert len(shell.engine.tables.tombstones) == 0


async def test_a_loss_is_looked_at_until_it_is_dealt_with(shell: Shell) -> None:
    lose(shell)
    assert shell.loss is not None
    slept = len(shell.clock.slept)
    begun = shell.tasks.start("restoring", shell.restoring.run(shell.clock))
    await shell.settle(3)
    assert not begun.done()
    shell.loss = Loss(shell.loss.restored_at, None, done=True)
    await shell.settle(3)

    assert begun.done()
    assert set(shell.clock.slept[slept:]) == {1.0}


async def test_what_cannot_be_booked_is_left_to_the_operator(shell: Shell) -> None:
    instruction = shell.instruction()
    lose(shell)
    priced = instruction.priced.quote
    board = shell.quoting.board
    for posted in board.history(priced.hops[0].provider, ("KHR", "THB")):
        await shell.store.commit(shell.withdrawal(posted.sheet))
    with pytest.raises(Busy):
        await shell.payments.open(instruction)

    assert "lost_payment_unbooked" in shell.log.events
    assert shell.engine.listed(0, 10) == []


async def test_numbers_that_may_have_been_given_are_passed_over(shell: Shell) -> None:
    counted = replace(THAILAND, reference_sequence_digits=3)
    now = shell.clock.now()
    numbers = Sequences(shell.store, 5)
    before = await numbers.for_reference(counted, Operation.PAY, now)
    # The next life finds the store as it was, or an older one.
    for held in (1, 2, 3):
        await skip_lost(shell.store, [counted, THAILAND], now)
        next_life = Sequences(shell.store, 5)
        assert await next_life.for_reference(counted, Operation.PAY, now) > 250 * held
    await skip_lost(shell.store, [counted], now)

    assert before == 1
    with pytest.raises(NumbersSpent):
        await Sequences(shell.store, 5).for_reference(counted, Operation.PAY, now)
