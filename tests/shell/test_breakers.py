"""A network that does not answer holds nobody up, and one process's finding is every process's.

What begins something is held back: look-ups, and payments as they set out. Nothing else ever is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.breakers import FAILURES_MAX, PAUSE_S, Breakers
from switch.coordination.local import Hub, InProcess
from switch.port import Operation
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.wire.breaker import Breaker
from switch.wire.transport import Answer, NotSent
from tests.shell.hand_parts import LOST, OFFLINE, HandClock
from tests.shell.shell_rig import MEMBER
from tests.shell.test_scans import thai_code

if TYPE_CHECKING:
    from tests.shell.shell_rig import Shell

CODE = thai_code()
LOOKUP = Operation.LOOKUP
THERE = Answer(200, {}, b"")


def test_after_a_pause_one_attempt_at_a_time() -> None:
    breaker = Breaker(failures_max=2, pause_s=10)
    assert breaker.failed(0) is False
    assert breaker.failed(0) is True

    assert [breaker.allows(at) for at in (9.9, 10.0, 10.1, 19.9, 20.0)] == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert breaker.failed(20.5) is False
    assert breaker.is_open(30.4)
    breaker.worked()
    assert breaker.allows(20.6)
    assert not breaker.is_open(20.6)


def test_a_pause_that_somebody_else_began_is_kept_and_the_longer_one_counts() -> None:
    breaker = Breaker(failures_max=2, pause_s=10)
    breaker.hold(5)
    breaker.hold(3)

    assert (breaker.allows(4.9), breaker.allows(5)) == (False, True)


async def test_a_dead_network_is_asked_once_in_each_pause(shell: Shell) -> None:
    shell.breaking()
    for _ in range(FAILURES_MAX):
        shell.transport.script("thailand", OFFLINE)
        with pytest.raises(Refusal):
            await shell.scans.scan(MEMBER, CODE, None)
    tried = len(shell.transport.tried)
    with pytest.raises(Refusal) as refused:
        await shell.scans.scan(MEMBER, CODE, None)

    assert (refused.value.reason, refused.value.status) == (Reason.NETWORK_OFFLINE, 503)
    assert len(shell.transport.tried) == tried
    shell.clock.pass_s(PAUSE_S)
    shell.transport.script("thailand", LOST)
    for _ in range(3):
        with pytest.raises(Refusal):
            await shell.scans.scan(MEMBER, CODE, None)
    assert len(shell.transport.tried) == tried + 1
    # Each operation has a breaker of its own: a payment at a quote given before is still tried.
    assert (await shell.opened()).state.value == "accepted"


async def test_payments_to_a_dead_network_end_unsent_and_their_enquiries_go_out(
    shell: Shell,
) -> None:
    shell.breaking()
    for number in range(FAILURES_MAX):
        await shell.lost(f"lost-{number}")
    left = len(shell.transport.left)
    held_back = await shell.opened("held-back")

    assert (held_back.state.value, held_back.reason) == ("refused", Reason.NETWORK_OFFLINE)
    assert len(shell.transport.left) == left
    asked = shell.transport.enquiries("thailand")
    shell.clock.pass_s(60)
    await shell.sweep()
    assert shell.transport.enquiries("thailand") > asked


def test_what_is_our_own_doing_says_nothing_of_the_network() -> None:
    breakers = Breakers(["thailand"], InProcess(Hub()), HandClock())
    for _ in range(2 * FAILURES_MAX):
        breakers.came("thailand", Operation.PAY, NotSent("send_by"))
        breakers.came("thailand", Operation.PAY, NotSent("busy"))

    assert breakers.allows("thailand", Operation.PAY)


def test_what_one_process_finds_out_the_others_know() -> None:
    hub, clock = Hub(), HandClock()
    one, two = (Breakers(["thailand"], InProcess(hub), clock) for _ in range(2))
    for _ in range(FAILURES_MAX):
        assert two.allows("thailand", LOOKUP)
        one.came("thailand", LOOKUP, OFFLINE)

    assert not two.allows("thailand", LOOKUP)
    clock.pass_s(PAUSE_S)
    assert two.allows("thailand", LOOKUP)
    two.came("thailand", LOOKUP, THERE)
    assert two.allows("thailand", LOOKUP)
    two.heard("atlantis lookup")
