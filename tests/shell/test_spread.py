"""What fell due together does not stay together: chance lengthens every pause, and shortens none.

A thousand payments that one lost connection or one restart made unknown would otherwise ask their
network in the same tenth of a second, and again at each step of its ladder.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tenacity import RetryCallState

from switch import timers
from switch.model import State
from switch.pauses import FullJitter
from switch.runtime.entropy import SeededEntropy, drawn_of
from tests.shell.hand_parts import LOST

if TYPE_CHECKING:
    from datetime import datetime

    from tests.shell.shell_rig import Shell

MANY: Final = 60
DRAWS: Final = (0, 1, timers.CHANCES // 2, timers.CHANCES - 1)


def most_in_a_tenth(due: list[datetime]) -> int:
    """How many of these fall into the fullest tenth of a second."""
    return max(Counter(int(at.timestamp() * 10) for at in due).values())


def dues(shell: Shell, uetrs: list[str]) -> list[datetime]:
    """When each of these is due next."""
    found = [shell.payment(uetr).next_at for uetr in uetrs]
    return [at for at in found if at is not None]


async def test_what_became_unknown_at_a_restart_is_spread_at_every_step(shell: Shell) -> None:
    shell.ids.chance = None
    shell.transport.hung.add("thailand")
    uetrs = [(await shell.opened(f"key-{number}")).uetr for number in range(MANY)]
    sweeper = shell.new_sweeper()
    now = shell.clock.now()
    assert await sweeper.recover() == MANY

    due = dues(shell, uetrs)
    assert timedelta(seconds=5) <= min(due) - now
    assert max(due) - now < timedelta(seconds=6.25)
    assert most_in_a_tenth(due) <= MANY // 4

    shell.transport.hung.clear()
    shell.transport.script("thailand", *[LOST] * MANY)
    shell.clock.pass_s(8)
    asked = shell.clock.now()
    await sweeper.sweep()
    await shell.settle()
    again = dues(shell, uetrs)

    assert {shell.payment(uetr).rung for uetr in uetrs} == {1}
    assert timedelta(seconds=5) <= min(again) - asked
    assert most_in_a_tenth(again) <= MANY // 4


@pytest.mark.parametrize("network", ["bakong", "thailand"])
@pytest.mark.parametrize("state", [State.UNKNOWN, State.CANCELLING, State.UNWINDING])
def test_chance_makes_a_pause_longer_by_up_to_a_quarter_and_never_shorter(
    shell: Shell, network: str, state: State
) -> None:
    facts, at = shell.adapters[network].facts, shell.clock.now()
    for rung in range(40):
        stated, *later = [
            timers.next_due(state, facts, rung=rung, at=at, deadline=at, drawn=drawn)
            for drawn in DRAWS
        ]
        assert stated is not None
        for due in later:
            assert due is not None
            assert stated - at < due - at < 1.25 * (stated - at)


def test_a_poll_is_spread_within_the_two_bounds_of_its_network(shell: Shell) -> None:
    facts, at = shell.bakong.facts, shell.clock.now()
    for rung in range(10):
        due = [
            timers.next_due(
                State.CREDIT_PENDING, facts, rung=rung, at=at, deadline=at + FAR, drawn=drawn
            )
            for drawn in DRAWS
        ]
        waits = [each - at for each in due if each is not None]
        assert waits == sorted(waits)
        assert timedelta(milliseconds=facts.poll_fast_ms) <= waits[0]
        assert waits[-1] <= timedelta(milliseconds=facts.poll_slow_ms)
        assert rung > 4 or waits[-1] > 1.2 * waits[0]


FAR: Final = timedelta(days=1)


def test_a_pause_of_our_own_is_any_part_of_a_bound_that_doubles() -> None:
    entropy = SeededEntropy("pauses")
    wait = FullJitter(lambda: drawn_of(entropy), first_s=0.5, most_s=2)
    pauses = []
    for attempt, bound in ((1, 0.5), (2, 1), (3, 2), (9, 2)):
        state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]
        state.attempt_number = attempt
        drawn = [wait(state) for _ in range(200)]
        assert 0 <= min(drawn) < bound / 10
        assert bound * 0.9 < max(drawn) < bound
        pauses.append(sum(drawn))
    assert all(a < b for a, b in pairwise(pauses[:3]))


def test_the_same_seed_draws_the_same_pauses() -> None:
    first, second = SeededEntropy(7), SeededEntropy(7)

    assert [drawn_of(first) for _ in range(50)] == [drawn_of(second) for _ in range(50)]
