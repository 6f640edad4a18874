"""What gave money back after all, when that had been owed or given back otherwise meanwhile.

It leaves suspense once: the bearer owes it no more, or is exposed by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.lifecycle import Event
from switch.model import Kind, Payment, State
from switch.operators import Action
from switch.port import IncomingItem
from switch.proposals import actions_for
from switch.reasons import Reason
from switch.suspense import Way, exposed_item
from tests.shell.approving import approved
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import SPONSOR, STALL, Shell
from tests.shell.test_closings import closed
from tests.shell.test_given_back_once import advised as advised  # noqa: PLC0414
from tests.shell.test_given_back_once import child, paid_gross_and_refused, told
from tests.shell.test_given_back_once import going_back as going_back  # noqa: PLC0414
from tests.shell.test_given_back_once import refunding as refunding  # noqa: PLC0414
from tests.shell.test_linked_payments import credited as credited  # noqa: PLC0414
from tests.shell.test_linked_payments import riel
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of
from tests.shell.test_returns import settled

if TYPE_CHECKING:
    from switch.wire.transport import Answer, MaybeSent


async def test_what_was_owed_and_then_arrived_is_owed_no_more(going_back: Shell) -> None:
    shell = going_back
    await told(shell, child(shell), Event.REFUSED, Reason.TRANSACTION_FORBIDDEN)
    owed = await settled(shell, shell.payment(UETR), Action.OWE)
    assert isinstance(owed, Payment)
    assert owed.state is State.UNWOUND
    await told(shell, child(shell), Event.ACCEPTED)
    booked = await settled(shell, child(shell), Action.BOOK)

    assert isinstance(booked, Payment)
    assert net(shell, "thailand/suspense/THB/") == 0
    assert net(shell, "/bearer/THB/") == 0
    assert net(shell, "thailand/network/THB") == 0
    assert actions_for(child(shell)) == ()


async def _given_back_anew(shell: Shell, *answers: Answer | MaybeSent) -> tuple[Payment, Payment]:
    await shell.receive(order())
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    shell.transport.script("thailand", said("refused", Reason.NEVER_SEEN), *answers)
    await shell.receive(payment_of(shell))
    await looked_after(shell)
    first, second = await shell.linked.of(shell.payment(UETR))
    await told(shell, first, Event.ACCEPTED)
    return shell.payment(first.uetr), second


async def test_what_arrived_twice_exposes_its_bearer(advised: Shell) -> None:
    shell = advised
    first, second = await _given_back_anew(shell, said("accepted"))
    assert (second.state, shell.payment(UETR).state) == (State.ACCEPTED, State.UNWOUND)
    await settled(shell, first, Action.BOOK)
    amount = first.terms.debit.minor

    assert net(shell, "thailand/suspense/THB/") == 0
    assert net(shell, "/exposure") == amount
    assert net(shell, "thailand/network/THB") == -amount
    await closed(shell, exposed_item(first.uetr), Way.RECOVERED, "thailand")
    assert net(shell, "/exposure") == net(shell, "thailand/network/THB") == 0


async def test_nothing_is_booked_while_another_one_may_still_arrive(advised: Shell) -> None:
    shell = advised
    first, second = await _given_back_anew(shell, LOST, *[said("unknown")] * 9)
    assert second.state is State.UNKNOWN
    early = await settled(shell, first, Action.BOOK)
    await told(shell, shell.payment(second.uetr), Event.REFUSED, Reason.TRANSACTION_FORBIDDEN)
    booked = await approved(shell.aftercare.casework, first.uetr, "two")

    assert early is Reason.NOT_ENDED
    assert isinstance(booked, Payment)
    assert net(shell, "thailand/suspense/THB/") == 0
    assert net(shell, "/exposure") == 0


async def test_what_went_back_once_is_not_sent_a_third_time(advised: Shell) -> None:
    shell = advised
    first, second = await _given_back_anew(shell, LOST, *[said("unknown")] * 9)
    await told(shell, shell.payment(second.uetr), Event.REFUSED, Reason.TRANSACTION_FORBIDDEN)
    await settled(shell, first, Action.BOOK)
    await looked_after(shell)
    before = shell.payment(UETR)
    if before.disputed:
        await settled(shell, before, Action.AGAIN)
        await looked_after(shell)

    assert [each.uetr for each in await shell.linked.of(before)] == [first.uetr, second.uetr]
    assert shell.payment(UETR).state is State.UNWOUND
    assert net(shell, "thailand/suspense/THB/") == 0


async def test_what_went_back_at_home_after_it_was_owed_left_the_pool_once(shell: Shell) -> None:
    payment = await paid_gross_and_refused(shell)
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    await looked_after(shell)
    (back,) = await shell.linked.of(payment)
    owed = await settled(shell, shell.payment(payment.uetr), Action.OWE)
    assert isinstance(owed, Payment)
    assert owed.state is State.RETURNED
    await told(shell, shell.payment(back.uetr), Event.ACCEPTED)
    await settled(shell, shell.payment(back.uetr), Action.BOOK)

    assert net(shell, f"{SPONSOR}/suspense") == 0
    assert net(shell, f"{SPONSOR}/pool") == 0
    assert net(shell, "/bearer/KHR/") == 0


async def _reversed_and_refused(shell: Shell, original: Payment) -> tuple[Payment, Payment]:
    """A reversal whose refund was refused and arrived after all: the two of them."""
    item = IncomingItem(
        "a" * 64,
        riel("10000"),
        STALL.agent,
        SPONSOR,
        {},
        reverses=original.reference,
        reversal=True,
    )
    assert await shell.aftercare.reversals("bakong").take(SPONSOR, item) is True
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    await looked_after(shell)
    await looked_after(shell)
    (back,) = await shell.linked.of(original)
    every = await shell.store.read.listed(0, 100)
    (row,) = [each for each in every if each.kind is Kind.RECALL]
    assert (row.state, back.state) == (State.MANUAL, State.REFUSED)
    return row, back


async def test_a_reversal_that_was_owed_and_arrived_exposes_its_bearer(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    row, back = await _reversed_and_refused(shell, original)
    await settled(shell, row, Action.REFUSED, Reason.RECALL_DENIED)
    assert net(shell, f"{SPONSOR}/suspense") == 0
    await told(shell, back, Event.ACCEPTED)
    await settled(shell, shell.payment(back.uetr), Action.BOOK)

    assert net(shell, f"{SPONSOR}/suspense") == 0
    assert net(shell, "/exposure") == back.terms.destination.minor
    assert actions_for(shell.payment(back.uetr)) == ()


async def test_a_reversal_that_waits_for_its_refund_is_given_out_of_suspense(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    row, back = await _reversed_and_refused(shell, original)
    await told(shell, back, Event.ACCEPTED)
    await settled(shell, shell.payment(back.uetr), Action.BOOK)
    await settled(shell, row, Action.ACCEPTED)
    await looked_after(shell)

    assert shell.payment(row.uetr).state is State.ACCEPTED
    assert net(shell, f"{SPONSOR}/suspense") == net(shell, "/exposure") == 0
