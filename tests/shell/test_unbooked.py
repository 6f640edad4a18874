"""What operators took back is as if it had not been paid: nothing is refunded or returned of it.

What a network still sends for it is kept apart, and its settlement file lists it no more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from switch import lifecycle
from switch.inbound_port import InboundNotice
from switch.model import Funding, Kind, Payment, State
from switch.operators import Action
from switch.parts import left_of
from switch.port import Outcome, OutcomeKind
from switch.reasons import Reason
from switch.settlement_port import LineKind
from tests.shell.hand_parts import said
from tests.shell.test_care_edges import refunding as refunding  # noqa: PLC0414
from tests.shell.test_given_back_once import told
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import net
from tests.shell.test_returns import returned, settled, suspense
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

CLOSED = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)


async def unbooked(shell: Shell, payment: Payment) -> Payment:
    """A payment that its counterparty says it did not carry out after all."""
    await told(shell, payment, lifecycle.Event.REFUSED, Reason.ACCOUNT_CLOSED)
    after = await settled(shell, shell.payment(payment.uetr), Action.UNBOOK)
    assert isinstance(after, Payment)
    return after


async def accepted(shell: Shell) -> Payment:
    shell.transport.script("thailand", said("accepted"))
    return await shell.opened()


async def test_its_network_tells_the_same_again_and_nobody_is_asked(shell: Shell) -> None:
    payment = await unbooked(shell, await accepted(shell))
    await shell.receive(InboundNotice(payment.reference, CLOSED, {}))

    assert shell.payment(payment.uetr) == payment
    assert lifecycle.is_ended(payment)
    assert net(shell, "/member/") == net(shell, "thailand/network/") == 0


async def test_what_a_network_then_gives_back_of_it_is_held(shell: Shell) -> None:
    payment = await unbooked(shell, await accepted(shell))
    back = await returned(shell, payment, "345.00")
    matched = await settled(shell, back, Action.MATCH)

    assert (back.kind, back.funding, back.disputed) == (Kind.RETURN, Funding.HELD, True)
    assert matched is Reason.GONE_BACK
    assert (suspense(shell), net(shell, "/member/")) == (-payment.terms.destination.minor, 0)


async def test_a_refund_that_never_was_is_made_again(refunding: Shell) -> None:
    original = await credited(refunding)
    refunding.transport.script("thailand", said("accepted"), said("accepted"))
    first = await refund(refunding, original, "41000")
    assert isinstance(first, Payment)
    none_left = await refund(refunding, original, "41000", key="refund-2")
    await unbooked(refunding, refunding.payment(first.uetr))
    again = await refund(refunding, original, "41000", key="refund-3")

    assert none_left is Reason.REFUND_TOO_MUCH
    assert isinstance(again, Payment)
    assert refunding.payment(again.uetr).state is State.ACCEPTED
    assert left_of(original, await refunding.linked.of(original)).minor == 0


async def test_a_settlement_file_need_not_list_it_and_where_it_does_people_look(
    shell: Shell,
) -> None:
    payment = await unbooked(shell, await accepted(shell))
    ages = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    shell.clock.pass_s(86_400)
    lacks = await filed(shell, period=ages)
    paid = payment.terms.destination
    has = await filed(shell, line(LineKind.PAYMENT, payment.reference, "", paid, to_us=False))

    assert (lacks["counts"], has["counts"]) == ({}, {"disputed": 1})
