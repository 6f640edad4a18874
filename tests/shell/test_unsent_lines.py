"""A line about what was never sent is for people; an erased order is over, without an error.

Of what was erased nobody can say any more whom it would pay, so a new scan finds no order there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.commands import Done, Erase
from switch.model import State
from switch.settlement_port import LineKind
from tests.shell.hand_parts import said
from tests.shell.test_gross_weather import awaited
from tests.shell.test_gross_weather import gross as gross  # noqa: PLC0414
from tests.shell.test_orders import UETR, order, payment_of
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_line_about_what_was_never_sent_is_for_people(gross: Shell) -> None:
    payment, _ = await awaited(gross)
    owed = payment.terms.destination
    report = await filed(gross, line(LineKind.PAYMENT, "", payment.uetr, owed, to_us=False))

    assert report["counts"] == {"differs": 1}
    assert gross.payment(payment.uetr).state is State.AWAITING_FUNDS


async def test_an_order_whose_names_were_erased_is_over_for_whoever_scans_again(
    shell: Shell,
) -> None:
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(payment_of(shell))
    await shell.settle()
    erase = Erase(UETR, "request", bytes(16), shell.clock.now(), shell.ids.salt())
    assert isinstance(await shell.store.commit(erase), Done)

    assert await shell.receive(order()) == {"refused": "QUOTE_EXPIRED"}
