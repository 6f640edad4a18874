"""A file has the debit of an advice that went back: that pays for no exposure."""

from __future__ import annotations

from switch.lifecycle import Event
from switch.model import State
from switch.operators import Action
from switch.reasons import Reason
from switch.settlement_port import LineKind
from tests.shell.hand_parts import said
from tests.shell.shell_rig import Shell
from tests.shell.test_given_back_once import advised as advised  # noqa: PLC0414
from tests.shell.test_given_back_once import refunding as refunding  # noqa: PLC0414
from tests.shell.test_given_back_once import told
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of
from tests.shell.test_returns import settled
from tests.shell.test_settling import filed, line


async def test_the_debit_that_went_back_pays_no_exposure(advised: Shell) -> None:
    shell = advised
    await shell.receive(order())
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    shell.transport.script("thailand", said("accepted"))
    await shell.receive(payment_of(shell))
    await looked_after(shell)
    payment = shell.payment(UETR)
    (back,) = await shell.linked.of(payment)
    assert (payment.state, back.state) == (State.UNWOUND, State.ACCEPTED)
    # Bakong says after all that the shop was credited: two operators book it
    await told(shell, payment, Event.ACCEPTED)
    await settled(shell, shell.payment(UETR), Action.BOOK)
    assert net(shell, "/exposure") == payment.terms.debit.minor
    assert net(shell, "thailand/network/THB") == 0
    # the network's file of that day: it debited its guest, and got it back: nothing is owed
    debit = payment.terms.debit
    lines = (
        line(LineKind.PAYMENT, payment.reference, payment.uetr, debit, to_us=True),
        line(LineKind.BACK, back.reference, "", debit, to_us=False),
    )
    await filed(shell, *lines)
    assert net(shell, "thailand/network/THB") == 0
    assert net(shell, "/exposure") == payment.terms.debit.minor
