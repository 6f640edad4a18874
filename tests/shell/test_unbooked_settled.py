"""A guest's payment whose credit at home was taken back, and the file of its network's day.

The network has paid it, and our books say that it owes it: what happened here is not its matter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from switch import lifecycle
from switch.model import State
from switch.settlement_port import LineKind
from tests.shell.test_linked_weather import credited
from tests.shell.test_settling import filed, line
from tests.shell.test_unbooked import unbooked

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_file_that_lists_it_matches_as_often_as_it_comes(shell: Shell) -> None:
    payment = await unbooked(shell, await credited(shell))
    owed = line(LineKind.PAYMENT, "", payment.uetr, payment.terms.debit, to_us=True)
    counts = [(await filed(shell, owed))["counts"] for _ in range(2)]

    assert (payment.state, payment.rung) == (State.CREDITED, lifecycle.BORNE)
    assert counts == [{"matched": 1}] * 2
    assert not shell.payment(payment.uetr).disputed


async def test_a_file_that_lacks_it_is_said_to(shell: Shell) -> None:
    payment = await unbooked(shell, await credited(shell))
    other = await credited(shell)
    shell.clock.pass_s(86_400)
    start = payment.opened_at - timedelta(hours=3)
    report = await filed(shell, period=(start, start + timedelta(days=1)))

    assert {each["uetr"] for each in report["missing"]} == {payment.uetr, other.uetr}
