"""Decision 43: who comes with more than half of its time is always let through.

A member's payment has 30 s, whatever the network's own deadline is: half is taken of the less.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from switch.api.members import CUSTOMER_WAITS_S
from switch.hop_times import LEAST
from switch.instructions import Standing
from switch.model import State
from switch.port import Operation

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_a_slow_network_with_a_long_deadline_is_not_shut(shell: Shell) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, deadline_ms=60_000)  # as Alipay+'s
    for _ in range(LEAST):
        shell.dispatch.hops.took("thailand", Operation.PAY.value, 31)
    instruction = shell.instruction()
    wait = timedelta(seconds=CUSTOMER_WAITS_S)
    instruction = replace(instruction, deadline=instruction.accepted_at + wait)
    standing = await shell.payments.open(instruction)
    assert isinstance(standing, Standing)
    await shell.settle()

    assert ("thailand", "/pay") in shell.transport.left
    assert shell.payment(instruction.uetr).state is State.ACCEPTED
