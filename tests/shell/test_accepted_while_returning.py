"""A network says that it paid after all, while the money goes back: it stops, and people see it."""

from __future__ import annotations

import pytest

from switch.inbound_port import InboundNotice
from switch.model import Payment, State
from switch.operators import Action
from switch.port import Outcome, OutcomeKind
from switch.proposals import actions_for
from switch.worklist import needs_eyes
from tests.shell import test_gross_weather as weather
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import Shell
from tests.shell.test_orders import looked_after, net

gross = weather.gross


async def accepted_after_all(shell: Shell, payment: Payment) -> Payment:
    """The network says so, and may say it again; the payment afterwards."""
    outcome = Outcome(OutcomeKind.ACCEPTED)
    await shell.receive(InboundNotice(payment.reference, outcome, {}))
    return shell.payment(payment.uetr)


async def test_money_that_has_not_left_stays_once_its_payment_is_said_to_be_carried_out(
    gross: Shell,
) -> None:
    payment = await weather.refused(gross)
    owed = net(gross, weather.SUSPENSE)
    disputed = await accepted_after_all(gross, payment)
    await looked_after(gross)
    after = gross.payment(payment.uetr)

    assert (after, disputed.state, disputed.next_at) == (disputed, State.RETURNING, None)
    assert needs_eyes(disputed)
    assert actions_for(disputed) == (Action.AGAIN, Action.OWE)
    assert await gross.linked.of(payment) == []
    assert net(gross, weather.SUSPENSE) == owed != 0


@pytest.mark.parametrize("times", [1, 3])
async def test_money_that_may_have_left_is_asked_about_and_its_payment_seen_at_once(
    gross: Shell, times: int
) -> None:
    payment = await weather.refused(gross)
    gross.transport.script("bakong", LOST, LOST, said("accepted"))
    gross.clock.pass_s(30)
    await gross.sweep()
    (back,) = await gross.linked.of(payment)
    for _ in range(times):
        disputed = await accepted_after_all(gross, payment)
    await looked_after(gross)

    assert needs_eyes(disputed)
    assert gross.payment(payment.uetr) == disputed
    assert [each.uetr for each in await gross.linked.of(payment)] == [back.uetr]
    assert gross.payment(back.uetr).state is State.ACCEPTED
