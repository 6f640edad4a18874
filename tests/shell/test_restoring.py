"""After a loss: what may have been paid is asked about and never sent, and nobody is told "never".

Both directions, on the in-memory store with networks that say what the test has them say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.inbound_port import (
    InboundAuthorise,
    InboundCancel,
    InboundNotice,
    InboundOrderPay,
    InboundReturn,
    Told,
)
from switch.model import Payment, State
from switch.operators import Action
from switch.payments import Standing
from switch.port import InboundEnquiry, Operation, Outcome, OutcomeKind, is_lost
from switch.reasons import Reason
from switch.refusals import Busy
from switch.restoring import Loss
from switch.sequences import NumbersSpent, Sequences, skip_lost
from tests.shell.hand_parts import NOW, said
from tests.shell.test_gross_weather import gross as gross  # noqa: PLC0414
from tests.shell.test_gross_weather import refused as refused_gross
from tests.shell.test_linked_payments import baht
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_linked_weather import refunding as refunding  # noqa: PLC0414
from tests.shell.test_orders import UETR, order, payment_of
from tests.shell.test_receiving import enquiry, unreadable
from tests.shell.test_returns import settled
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
    """What becomes of a refund of all of it within some minutes."""
    made = await refund(shell, original, "41000", key)
    assert isinstance(made, Payment)
    for _ in range(3):
        shell.clock.pass_s(60)
        await shell.sweep()
    return shell.payment(made.uetr)


async def test_a_refund_that_may_have_been_made_is_for_people_and_nothing_is_sent(
    refunding: Shell,
) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    back = await refunded(refunding, original, "refund-1")
    again = await refunded(refunding, original, "refund-1")
    ended = await settled(refunding, back, Action.ACCEPTED)

    assert (back.state, again.uetr, is_lost(back.reference)) == (State.MANUAL, back.uetr, True)
    assert isinstance(ended, Payment)
    assert ended.state is State.ACCEPTED
    assert refunding.transport.left[before:] == []
    assert refunding.pending() == []


async def test_after_two_that_never_arrived_the_next_refund_is_sent(refunding: Shell) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    for number in range(2):
        back = await refunded(refunding, original, f"refund-{number}")
        await settled(refunding, back, Action.REFUSED, Reason.NEVER_SEEN)
    refunding.transport.script("thailand", said("accepted"))
    last = await refunded(refunding, original, "refund-2")

    assert last.state is State.ACCEPTED
    assert refunding.transport.left[before:] == [("thailand", "/refund")]


async def test_of_parts_that_were_made_none_is_sent_again_however_many(refunding: Shell) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    for number in range(4):
        back = await refund(refunding, original, "10000", f"refund-{number}")
        assert isinstance(back, Payment)
        refunding.clock.pass_s(60)
        await refunding.sweep()
        await settled(refunding, refunding.payment(back.uetr), Action.ACCEPTED)

    assert refunding.transport.left[before:] == []
    assert len(await refunding.linked.of(original)) == 4


async def test_what_goes_back_whole_is_asked_about_by_its_own_name(
    gross: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(gross.bakong), "reference", lambda _, planning: planning.uetr[:30])
    payment = await refused_gross(gross)
    before = len(gross.transport.left)
    lose(gross, done=True)
    gross.transport.script("bakong", said("accepted"))
    for _ in range(4):
        gross.clock.pass_s(60)
        await gross.sweep()

    assert gross.transport.left[before:] == [("bakong", "/enquire")]
    assert gross.payment(payment.uetr).state is State.RETURNED


async def test_days_after_a_loss_a_refund_is_a_new_one(refunding: Shell) -> None:
    original = await credited(refunding)
    before = len(refunding.transport.left)
    lose(refunding, done=True)
    refunding.clock.pass_s(4 * 86_400)
    refunding.transport.script("thailand", said("accepted"))
    await refund(refunding, original, "41000")

    assert refunding.transport.left[before:] == [("thailand", "/refund")]


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
        await shell.receive(InboundEnquiry("", "R-1", {}, returned="R-1"))
    with pytest.raises(Busy):
        shell.payments.refuse_while_restoring()

    assert len(shell.engine.tables.tombstones) == 0


@pytest.mark.parametrize("done", [False, True])
async def test_what_a_network_says_of_a_payment_that_may_be_lost_waits_for_the_operator(
    shell: Shell, *, done: bool
) -> None:
    told: list[Told] = [
        InboundOrderPay("order-1", baht("345.00"), NOW, "far-1", {}, {}),
        InboundNotice("of-a-lost-one", Outcome(OutcomeKind.ACCEPTED), {}),
        InboundReturn("R-1", "of-a-lost-one", baht("1.00"), {}, settled=True),
        InboundAuthorise("of-a-lost-one", baht("1.00"), {}),
    ]
    lose(shell, done=done)
    for each in told:
        if done:
            assert (await shell.receive(each))["reason"] == "ORIGINAL_UNKNOWN"
        else:
            with pytest.raises(Busy):
                await shell.receive(each)


async def test_an_order_that_waits_in_the_copy_is_neither_paid_nor_ended_meanwhile(
    shell: Shell,
) -> None:
    await shell.receive(order())
    pays = payment_of(shell)
    lose(shell)
    with pytest.raises(Busy):
        await shell.receive(pays)
    with pytest.raises(Busy):
        await shell.receive(InboundCancel("order-1", {}))
    for _ in range(5):
        shell.clock.pass_s(600)
        await shell.sweep()
    held = shell.payment(UETR)
    assert (held.state, shell.transport.left) == (State.LOOKED_UP, [])

    assert shell.loss is not None
    shell.loss = Loss(shell.loss.restored_at, None, done=True)
    shell.restoring.look()
    shell.clock.pass_s(600)
    await shell.sweep()
    assert shell.payment(held.uetr).state is State.LAPSED


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


async def test_what_is_held_is_let_go_by_nobody_until_the_loss_is_dealt_with(shell: Shell) -> None:
    held = await shell.opened()
    known = await shell.records.open(held.uetr)
    assert known is not None
    holds = shell.aftercare.holds
    lose(shell)
    with pytest.raises(Busy):
        await holds.released(held, known)
    shell.loss = None
    shell.restoring.look()

    assert await holds.released(held, known) is Reason.QUOTE_EXPIRED


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
