"""After a loss a settlement file books nothing that was lost: it comes back once, by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.inbound_port import InboundReturn
from switch.model import State
from switch.restoring import LINKS_ASKED_FOR, Loss
from switch.settlement_port import LineKind
from tests.shell.hand_parts import said
from tests.shell.test_linked_payments import baht
from tests.shell.test_orders import net
from tests.shell.test_restoring import lose, repeated
from tests.shell.test_settling import filed, line

if TYPE_CHECKING:
    from switch.settlement_port import FileLine
    from tests.shell.shell_rig import Shell

NOBODYS = line(LineKind.PAYMENT, "LOST-1", "", baht("10.00"), to_us=False)


def claimed(shell: Shell) -> int:
    return net(shell, "thailand/suspense/THB/")


async def test_a_payment_that_was_lost_and_is_in_the_file_is_booked_once(shell: Shell) -> None:
    instruction = shell.instruction()
    lose(shell)
    uetr, whole = instruction.uetr, baht("345.00")
    named: FileLine = line(LineKind.PAYMENT, "LOST-1", uetr, whole, to_us=False)
    before = net(shell, "thailand/network/THB")
    first = await filed(shell, named)
    shell.transport.script("thailand", said("accepted"))
    payment = await repeated(shell, instruction)
    again = await filed(shell, named)

    assert payment.state is State.ACCEPTED
    assert (first["counts"], again["counts"]) == ({"lost": 1}, {"matched": 1})
    assert first["lost"][0]["booked"] is False
    assert (before - net(shell, "thailand/network/THB"), claimed(shell)) == (whole.minor, 0)


async def test_a_return_that_was_lost_is_booked_by_the_file_and_not_by_its_repeat(
    shell: Shell,
) -> None:
    shell.transport.script("thailand", said("accepted"))
    original = await shell.opened()
    lose(shell)
    named = line(LineKind.BACK, "RTR-1", original.uetr, baht("100.00"), to_us=True)
    unnamed = await filed(shell, named)
    told = InboundReturn("RTR-1", original.reference, baht("100.00"), {}, settled=True)
    await shell.receive(told)
    after = await filed(shell, named)

    assert (unnamed["counts"], after["counts"]) == ({"lost": 1}, {"matched": 1})
    assert (claimed(shell), len(await shell.linked.of(original))) == (0, 1)


@pytest.mark.parametrize(
    ("began", "passed", "found"),
    [
        (timedelta(hours=-1), timedelta(), "lost"),
        (timedelta(hours=1), timedelta(), "unknown"),
        (None, timedelta(), "lost"),
        (None, LINKS_ASKED_FOR - timedelta(minutes=2), "lost"),
        (None, LINKS_ASKED_FOR, "unknown"),
        (timedelta(hours=-1), LINKS_ASKED_FOR, "unknown"),
    ],
)
async def test_what_cannot_have_been_lost_or_is_repeated_no_more_is_claimed(
    shell: Shell, began: timedelta | None, passed: timedelta, found: str
) -> None:
    lose(shell, done=True)
    assert shell.loss is not None
    start = shell.loss.restored_at
    shell.clock.pass_s(passed.total_seconds())
    period = None if began is None else (start + began, start + timedelta(days=2))
    report = await filed(shell, NOBODYS, period=period)

    assert report["counts"] == {found: 1}
    assert claimed(shell) == (1_000 if found == "unknown" else 0)


async def test_while_a_loss_holds_it_is_never_over(shell: Shell) -> None:
    lose(shell)
    shell.clock.pass_s(2 * LINKS_ASKED_FOR.total_seconds())
    held = await filed(shell, NOBODYS)
    assert shell.loss is not None
    shell.loss = Loss(shell.loss.restored_at, None, done=True)
    shell.restoring.look()
    done = await filed(shell, NOBODYS)

    assert (held["counts"], done["counts"]) == ({"lost": 1}, {"unknown": 1})
