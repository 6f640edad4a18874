"""What is deleted for its age is deleted by a clock that is believed, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switch.steady_time import EVEN_S, SteadyTime
from tests.shell.hand_parts import HandClock, KeptLog

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("off", [DAY + SECOND, -DAY - SECOND, 400 * DAY])
def test_a_clock_that_jumps_is_believed_again_after_an_even_day(off: timedelta) -> None:
    clock, log = HandClock(), KeptLog()
    steady = SteadyTime(clock, log)
    assert steady.now() == clock.now()
    clock.ahead = off
    assert steady.now() is None
    clock.pass_s(EVEN_S - 1)
    assert steady.now() is None
    clock.pass_s(1)

    assert steady.now() == clock.now()
    assert log.events == ["clock_not_believed", "clock_not_believed"]


def test_a_clock_that_was_wrong_for_a_moment_is_doubted_from_its_return() -> None:
    clock = HandClock()
    steady = SteadyTime(clock, KeptLog())
    clock.ahead = 2 * DAY
    assert steady.now() is None
    clock.pass_s(60)
    clock.ahead = timedelta(0)
    assert steady.now() is None
    clock.pass_s(EVEN_S)

    assert steady.now() == clock.now()


def test_many_small_steps_are_one_jump() -> None:
    clock = HandClock()
    steady = SteadyTime(clock, KeptLog())
    for _ in range(4):
        clock.ahead += DAY / 4
        assert steady.now() is not None
    clock.ahead += SECOND

    assert steady.now() is None


@pytest.mark.parametrize(("since", "believed"), [(DAY, True), (DAY + SECOND, False), (-DAY, True)])
def test_a_start_long_after_the_newest_block_waits_a_day(
    since: timedelta, *, believed: bool
) -> None:
    clock = HandClock()
    steady = SteadyTime(clock, KeptLog(), clock.now() - since)
    assert (steady.now() is not None) == believed
    clock.pass_s(EVEN_S)

    assert steady.now() == clock.now()
