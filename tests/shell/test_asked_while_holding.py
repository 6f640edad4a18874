"""After a loss, orders that lapsed meanwhile must not keep open credits from being asked about.

While an operator looks through what was lost no wait ends by the clock. Those that have lapsed are
the oldest that are due: however many they are, they are not what a sweep is filled with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch import sweeper
from switch.model import State
from switch.restoring import Loss
from tests.shell.hand_parts import LOST
from tests.shell.test_orders import order

if TYPE_CHECKING:
    import pytest

    from tests.shell.shell_rig import Shell

ASIDE, BATCH = 3, 2


async def asked_while_holding(shell: Shell, orders: int) -> int:
    """How often Bakong is asked about a lost credit within an hour after a loss."""
    shell.transport.script("bakong", *[LOST] * 1_000)
    request = shell.inbound_pay()
    await shell.receive(request)
    assert shell.payment(request.uetr).state is State.CREDIT_UNKNOWN
    for number in range(orders):
        await shell.receive(order(key=f"order-{number}", content={"code": str(number)}))
    for _ in range(70):  # the credit is asked about, and the orders run out after ten minutes
        shell.clock.pass_s(10)
        if shell.clock.elapsed_s < 590:
            await shell.sweep()
    shell.loss = Loss(shell.clock.now(), None, False)
    shell.restoring.look()
    before = shell.transport.enquiries("bakong")
    for _ in range(360):
        shell.clock.pass_s(10)
        for _ in range(3):
            await shell.sweep()
    return shell.transport.enquiries("bakong") - before


async def test_a_lost_credit_is_asked_about_beside_many_lapsed_orders(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "ASIDE_MAX", ASIDE)
    monkeypatch.setattr(sweeper, "SWEEP_BATCH", BATCH)

    assert await asked_while_holding(shell, ASIDE + BATCH + 1) > 0


async def test_it_is_asked_about_beside_few(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "ASIDE_MAX", ASIDE)
    monkeypatch.setattr(sweeper, "SWEEP_BATCH", BATCH)

    assert await asked_while_holding(shell, ASIDE) > 0
