"""A network's file pays an exposure that has ended without it: the money is an item, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.lifecycle import Event
from switch.model import State
from switch.operators import Action
from switch.reasons import Reason
from switch.settlement_port import LineKind
from switch.suspense import Way, exposed_item, late_item
from tests.shell.hand_parts import said
from tests.shell.test_closings import closed
from tests.shell.test_exposures import BEARER, credited_late
from tests.shell.test_given_back_once import advised as advised  # noqa: PLC0414
from tests.shell.test_given_back_once import refunding as refunding  # noqa: PLC0414
from tests.shell.test_given_back_once import told
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of
from tests.shell.test_returns import settled
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


@pytest.mark.parametrize("way", [Way.WRITTEN_OFF, Way.RECOVERED])
async def test_what_the_file_pays_after_that_is_for_people(shell: Shell, way: Way) -> None:
    held = await credited_late(shell)
    home = held.institutions.payee_side if way is Way.RECOVERED else ""
    await closed(shell, exposed_item(held.uetr), way, home)
    debit = held.terms.debit
    stated = line(LineKind.PAYMENT, held.reference, held.uetr, debit, to_us=True)
    first, again = await filed(shell, stated), await filed(shell, stated)

    assert first["counts"] == again["counts"] == {"paid_late": 1}
    assert net(shell, "thailand/network/THB") == debit.minor
    assert net(shell, "thailand/suspense/THB") == -debit.minor


async def test_whoever_wrote_it_off_is_given_what_comes_late(shell: Shell) -> None:
    held = await credited_late(shell)
    await closed(shell, exposed_item(held.uetr), Way.WRITTEN_OFF)
    debit = held.terms.debit
    await filed(shell, line(LineKind.PAYMENT, held.reference, held.uetr, debit, to_us=True))
    await closed(shell, late_item(held.uetr), Way.BORNE, BEARER)

    assert net(shell, "thailand/suspense/THB") == net(shell, "/bearer/THB") == 0


async def test_what_the_network_has_made_good_is_as_it_should_be(shell: Shell) -> None:
    held = await credited_late(shell)
    await closed(shell, exposed_item(held.uetr), Way.RECOVERED, "thailand")
    debit = held.terms.debit
    told_of = line(LineKind.PAYMENT, held.reference, held.uetr, debit, to_us=True)

    assert (await filed(shell, told_of))["counts"] == {"matched": 1}


async def test_the_debit_of_an_advice_that_went_back_pays_no_exposure(advised: Shell) -> None:
    shell = advised
    await shell.receive(order())
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    shell.transport.script("thailand", said("accepted"))
    await shell.receive(payment_of(shell))
    await looked_after(shell)
    payment = shell.payment(UETR)
    (back,) = await shell.linked.of(payment)
    assert (payment.state, back.state) == (State.UNWOUND, State.ACCEPTED)
    await told(shell, payment, Event.ACCEPTED)
    await settled(shell, shell.payment(UETR), Action.BOOK)
    debit = payment.terms.debit
    report = await filed(
        shell,
        line(LineKind.PAYMENT, payment.reference, payment.uetr, debit, to_us=True),
        line(LineKind.BACK, back.reference, "", debit, to_us=False),
    )

    assert report["counts"] == {"matched": 2}
    assert net(shell, "thailand/network/THB") == 0
    assert net(shell, "/exposure") == debit.minor
