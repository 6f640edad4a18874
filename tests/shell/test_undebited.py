"""An advised debit that its network takes back is put down, whatever became of the credit.

The shop keeps what it was paid and the answer stays; what the network says is evidence of a
dispute, and its claim is for people. Asked, not told, nothing of that happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from switch.inbound_port import InboundCancel
from switch.model import State
from switch.reasons import Reason
from switch.records import EVIDENCE
from switch.refusals import Busy
from tests.shell.hand_parts import said
from tests.shell.test_orders import UETR, advised, looked_after, order, payment_of

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

__all__ = ["advised"]

MESSAGE = b"the payer is not debited any more"


async def undebited(shell: Shell) -> dict[str, Any]:
    """Thailand says that the payer of the order is not debited, after all."""
    shell.thailand.incoming.append(InboundCancel("order-1", {}, undebited=True))
    answer = await shell.receiving.receive("thailand", {}, MESSAGE)
    told: dict[str, Any] = orjson.loads(answer.body)
    return told


async def evidence(shell: Shell) -> list[bytes | None]:
    """The messages that are kept with the payment."""
    key = await shell.records.opened_key(UETR)
    assert key is not None
    found, after = [], 0
    while (kept := await shell.records.kept(key, EVIDENCE, after)) is not None:
        after, plain = kept
        found.append(plain)
    return found


async def test_what_the_shop_has_is_disputed_once_with_the_message(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("accepted"))
    await advised.receive(payment_of(advised))
    await advised.settle()
    before = advised.posted()
    told = [await undebited(advised) for _ in range(2)]
    payment = advised.payment(UETR)

    assert [each["reason"] for each in told] == [None, None]
    assert (payment.state, payment.disputed, advised.posted()) == (State.CREDITED, True, before)
    assert (await evidence(advised)).count(MESSAGE) == 1


async def test_one_that_only_asks_is_told_that_it_is_too_late(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("accepted"))
    await advised.receive(payment_of(advised))
    await advised.settle()
    told = await advised.receive(InboundCancel("order-1", {}))

    assert (told["reason"], advised.payment(UETR).disputed) == ("CANCEL_TOO_LATE", False)


async def test_while_the_credit_is_under_way_it_is_put_off(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("pending"))
    await advised.receive(payment_of(advised))
    await advised.settle()
    before = advised.payment(UETR)
    with pytest.raises(Busy):
        await undebited(advised)

    assert before.state is State.CREDIT_PENDING
    assert advised.payment(UETR) == before


async def test_a_refund_of_a_debit_that_is_not_there_is_tried_no_more(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    await advised.receive(payment_of(advised))
    await advised.settle()
    told = await undebited(advised)
    payment = advised.payment(UETR)

    assert (told["reason"], payment.state) == (None, State.UNWINDING)
    assert (payment.disputed, payment.next_at) == (True, None)
    assert MESSAGE in await evidence(advised)


async def test_what_has_gone_back_already_is_noted_and_disputes_nothing(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised)
    told = await undebited(advised)
    payment = advised.payment(UETR)

    assert (told["reason"], payment.state, payment.disputed) == (None, State.UNWOUND, False)
    assert "unsolicited_noted" in advised.log.events


async def test_an_order_that_nobody_paid_is_over(advised: Shell) -> None:
    await advised.receive(order())
    told = [await undebited(advised) for _ in range(2)]
    payment = advised.payment(UETR)

    assert [each["reason"] for each in told] == [None, None]
    assert (payment.state, payment.disputed) == (State.LAPSED, False)
