"""A clock that was ahead delays an enquiry by the longest pause of its network, not by a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch import timers
from switch.far_timers import LOOK_EVERY_S
from switch.model import State
from switch.timers import CHANCES

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

DAY = timedelta(days=1)


async def lost_while_ahead(shell: Shell) -> str:
    """A payment whose outcome became unknown while the clock was a day ahead; now it is right."""
    shell.clock.ahead = DAY
    payment = await shell.lost()
    assert payment.next_at is not None
    shell.clock.ahead = timedelta(0)
    assert payment.next_at > shell.clock.now() + timedelta(hours=23)
    return payment.uetr


async def test_a_timer_set_by_a_clock_that_was_ahead_fires_within_the_longest_pause(
    shell: Shell,
) -> None:
    uetr = await lost_while_ahead(shell)
    await shell.sweep()
    shell.clock.pass_s(timers.longest_pause_s(shell.thailand.facts))
    await shell.sweep()

    assert shell.payment(uetr).state is State.ACCEPTED


async def test_it_fires_no_sooner_than_a_pause_so_that_never_seen_is_not_believed_too_soon(
    shell: Shell,
) -> None:
    uetr = await lost_while_ahead(shell)
    await shell.sweep()
    for _ in range(int(timers.longest_pause_s(shell.thailand.facts)) // LOOK_EVERY_S):
        shell.clock.pass_s(LOOK_EVERY_S - 1)
        await shell.sweep()

    assert shell.transport.enquiries("thailand") == 0
    assert shell.payment(uetr).state is State.UNKNOWN


async def test_a_process_that_starts_with_a_right_clock_pulls_them_in_too(shell: Shell) -> None:
    uetr = await lost_while_ahead(shell)
    sweeper = shell.new_sweeper()
    await sweeper.sweep()
    shell.clock.pass_s(timers.longest_pause_s(shell.thailand.facts))
    await sweeper.sweep()
    await shell.settle()

    assert shell.payment(uetr).state is State.ACCEPTED
    assert shell.log.events.count("timers_too_far") == 1


async def test_a_pause_that_is_as_long_as_it_may_be_is_left_alone(shell: Shell) -> None:
    await shell.lost()
    await shell.sweep()

    assert shell.log.events.count("timers_too_far") == 0


@pytest.mark.parametrize("network", ["thailand", "bakong"])
def test_no_step_of_a_ladder_waits_longer_than_the_longest_pause(
    shell: Shell, network: str
) -> None:
    facts = shell.adapters[network].facts
    at = shell.clock.now()
    pauses = [
        timers.next_due(state, facts, rung=rung, at=at, deadline=deadline, drawn=CHANCES - 1)
        for state in (State.UNKNOWN, State.CREDIT_PENDING, State.CANCELLING, State.UNWINDING)
        for rung in range(40)
        for deadline in (at - DAY, at + DAY)
    ]

    assert max(each - at for each in pauses if each is not None) <= timedelta(
        seconds=timers.longest_pause_s(facts)
    )
