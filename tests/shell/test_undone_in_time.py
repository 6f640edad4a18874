"""A cancel is begun while its window is open; after that a network is asked, not people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.model import State
from switch.settlement_port import LineKind
from switch.timers import cancel_until
from tests.shell.hand_parts import LOST, said
from tests.shell.test_cancelling import cancels as cancels  # noqa: PLC0414
from tests.shell.test_cancelling import fired, given_up
from tests.shell.test_settling import baht, filed, line

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell


async def test_who_was_away_over_the_window_asks_and_does_not_cancel(cancels: Shell) -> None:
    cancels.transport.script("thailand", LOST)
    payment = await cancels.opened()
    until = cancel_until(cancels.thailand.facts, payment.send_by)
    cancels.clock.pass_s((until - cancels.clock.now()) / timedelta(seconds=1) + 3_600)
    cancels.transport.script("thailand", LOST, LOST, LOST, LOST)
    for _ in range(4):
        await fired(cancels, 15)
    assert "/cancel" not in [path for _, path in cancels.transport.left]

    cancels.transport.scripts["thailand"].clear()
    cancels.transport.script("thailand", *[said("accepted")] * 9)
    for _ in range(20):
        await fired(cancels, 700)

    assert cancels.payment(payment.uetr).state is State.ACCEPTED


@pytest.mark.parametrize("state", [State.CANCELLING, State.CANCEL_MANUAL])
async def test_a_line_of_a_file_ends_what_is_being_undone(cancels: Shell, state: State) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", *[LOST] * 5)
    await fired(cancels, 10)
    payment = cancels.payment(uetr)
    if state is State.CANCEL_MANUAL:
        until = cancel_until(cancels.thailand.facts, payment.send_by)
        await fired(cancels, (until - cancels.clock.now()) / timedelta(seconds=1))
    assert cancels.payment(uetr).state is state

    told = line(LineKind.PAYMENT, payment.reference, uetr, baht("345.00"), to_us=False)
    report = await filed(cancels, told)

    assert report["counts"] == {"resolved": 1}
    assert (cancels.payment(uetr).state, cancels.pending()) == (State.ACCEPTED, [])
