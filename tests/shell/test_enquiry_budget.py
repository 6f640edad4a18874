"""A network is asked no more often than its facts say, by all processes together; nobody is lost.

Two shells share what two processes of a switch share, and nothing else: each has payments of its
own that became unknown at the same moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.coordination.local import Hub, InProcess
from switch.enquiry_budget import limit_of
from switch.model import State
from switch.sweeper import SWEEP_EVERY_S
from tests.shell.hand_parts import LOST
from tests.shell.shell_rig import Shell
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EACH: Final = 120
PER_S: Final = 20
LONGEST_S: Final = 2 * EACH // PER_S + 10


@pytest.fixture
async def both() -> AsyncIterator[tuple[Shell, Shell]]:
    """Two processes that share their bounds."""
    hub = Hub()
    shells = tuple(Shell(coordination=InProcess(hub)) for _ in range(2))
    for shell in shells:
        shell.thailand.facts = replace(THAILAND, enquiries_per_s=PER_S)
    yield shells[0], shells[1]
    for shell in shells:
        await shell.close()


async def turn(*shells: Shell) -> int:
    """One look of each at the same moment; how many enquiries have left so far."""
    for shell in shells:
        await shell.sweep()
        shell.clock.pass_s(SWEEP_EVERY_S)
    return sum(shell.transport.enquiries("thailand") for shell in shells)


async def test_a_storm_is_spread_over_time_by_two_processes_and_everybody_is_asked_about(
    both: tuple[Shell, Shell],
) -> None:
    uetrs = [[(await shell.lost(f"key-{n}")).uetr for n in range(EACH)] for shell in both]
    for shell in both:
        shell.clock.pass_s(10)
    left = [await turn(*both) for _ in range(int(LONGEST_S / SWEEP_EVERY_S))]
    a_second = round(1 / SWEEP_EVERY_S)

    assert max(b - a for a, b in zip(left, left[a_second - 1 :], strict=False)) == PER_S
    assert left[-1] == 2 * EACH
    for shell, own in zip(both, uetrs, strict=True):
        assert {shell.payment(uetr).state for uetr in own} == {State.ACCEPTED}
        assert {shell.payment(uetr).rung for uetr in own} == {1}
        assert shell.pending() == []
        assert shell.log.events.count("enquiries_put_off") == 1
    counted = [shell.enquiries.each[("thailand", "asked")] for shell in both]
    assert sum(counted) == 2 * EACH
    assert all(shell.enquiries.each[("thailand", "put_off")] > 0 for shell in both)


async def test_what_asks_nobody_does_not_wait_behind_a_spent_budget(shell: Shell) -> None:
    shell.thailand.facts = replace(THAILAND, enquiries_per_s=1)
    for number in range(150):
        await shell.lost(f"key-{number}")
    shell.transport.hung.add("thailand")
    hung = await shell.opened("hung")
    shell.clock.pass_s(60)
    for _ in range(12):
        await turn(shell)

    assert shell.transport.enquiries("thailand") <= 2
    assert shell.payment(hung.uetr).state is State.UNKNOWN


async def test_one_network_that_is_asked_slowly_slows_no_other(shell: Shell) -> None:
    shell.thailand.facts = replace(THAILAND, enquiries_per_s=2)
    for number in range(5):
        await shell.lost(f"key-{number}")
    inbound = []
    for _ in range(5):
        shell.transport.script("bakong", LOST)
        request = shell.inbound_pay()
        await shell.receive(request)
        inbound.append(request.uetr)
    shell.clock.pass_s(10)
    await turn(shell)

    assert shell.transport.enquiries("thailand") == 2
    assert {shell.payment(uetr).state for uetr in inbound} == {State.CREDITED}


@pytest.mark.parametrize("processes", [1, 2, 16, 99])
@pytest.mark.parametrize("per_s", [1, 3, 50, 500])
def test_a_process_that_shares_nothing_has_a_share_and_all_shares_keep_the_bound(
    processes: int, per_s: int
) -> None:
    limit = limit_of(replace(THAILAND, enquiries_per_s=per_s), processes)
    share = limit.most // (2 * processes)

    assert share >= 1
    assert 2 * processes * share <= limit.most
    assert limit.most * 1000 == per_s * limit.window_ms
