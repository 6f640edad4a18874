"""What is measured of hops takes time from those who come late, and never all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from switch.hop_times import BEGUN_MAX, BOUNDS_MS, HALF_S, LEAST, LONGEST_MS, HopTimes
from switch.lifecycle import Event
from switch.model import State
from switch.port import Operation
from tests.shell.hand_parts import HandClock, KeptLog, said
from tests.shell.toy_network import BAKONG, THAILAND

if TYPE_CHECKING:
    from switch.wire.transport import Answer
    from tests.shell.shell_rig import Shell

FEW: Final = 20
MARGIN: Final = replace(THAILAND, answer_margin_ms=1_000)
"""Bakong's hop gets 5 s as stated, or what is measured and a second more, up to 7.5 s."""


def hops(least: int = LEAST) -> HopTimes:
    """Nothing measured yet."""
    return HopTimes(HandClock(), KeptLog(), least=least)


def needs_s(measured: HopTimes) -> float:
    """What a hop at Bakong needs before Thailand's deadline."""
    return measured.needs(MARGIN, "bakong") / timedelta(seconds=1)


def slow(shell: Shell, seconds: float) -> None:
    """Bakong's next answer takes this long."""

    async def answer() -> Answer:
        shell.clock.pass_s(seconds)
        return said("accepted")

    shell.transport.script("bakong", answer)


async def arrived(shell: Shell, left_s: float) -> str:
    """The outside reason (or status) of an inbound payment with this much time left."""
    age = timedelta(seconds=15 - left_s)
    answer = await shell.receive(shell.inbound_pay(accepted_at=shell.clock.now() - age))
    return str(answer["reason"] or answer["status"])


async def test_a_slow_hop_makes_late_instructions_be_refused_earlier(shell: Shell) -> None:
    shell.dispatch.hops = HopTimes(shell.clock, shell.log, least=FEW)
    shell.thailand.facts = MARGIN
    assert await arrived(shell, 6.0) == "ACCC"
    for _ in range(FEW):
        slow(shell, 5.5)
        assert await arrived(shell, 15) == "ACCC"
    sent = len(shell.transport.left)
    shell.clock.pass_s(2)

    # 5.5 s measured, in a class a tenth wide at most, and a second for our answer.
    assert await arrived(shell, 6.0) == "CREDITOR_TOO_LATE"
    assert len(shell.transport.left) == sent
    assert await arrived(shell, 7.5) == "ACCC"
    assert shell.log.events.count("hop_slower_than_stated") == 1

    shell.clock.pass_s(2 * HALF_S)
    assert await arrived(shell, 6.0) == "ACCC"


async def test_an_outbound_hop_is_not_begun_later_than_it_was_measured_to_need(
    shell: Shell,
) -> None:
    shell.thailand.facts = replace(MARGIN, send_within_ms=60_000)
    before = await shell.opened("before")
    for _ in range(LEAST):
        shell.dispatch.hops.took("thailand", Operation.PAY.value, 6)
    after = await shell.opened("after")

    assert before.deadline - before.send_by == timedelta(seconds=5)
    assert timedelta(seconds=7) <= after.deadline - after.send_by <= timedelta(seconds=7.5)


async def test_a_hop_lasts_until_the_final_word_and_one_that_was_lost_is_not_measured(
    shell: Shell,
) -> None:
    shell.dispatch.hops = measured = HopTimes(shell.clock, shell.log, least=1)
    shell.transport.script("bakong", said("pending"))
    request = shell.inbound_pay()
    assert (await shell.receive(request))["status"] == "PDNG"
    assert measured.percentiles() == {}
    shell.clock.pass_s(4)
    await shell.sweep()
    assert shell.payment(request.uetr).state is State.CREDITED
    (credit,) = measured.percentiles().values()
    assert 4_000 <= credit <= 4_500

    await shell.lost()
    shell.clock.pass_s(30)
    await shell.sweep()
    assert list(measured.percentiles()) == [("bakong", "pay")]


def test_facts_decide_until_one_in_a_thousand_was_seen() -> None:
    measured = hops()
    for _ in range(LEAST - 1):
        measured.took("bakong", "pay", 6)
    assert needs_s(measured) == 5
    measured.took("bakong", "pay", 6)
    measured._clock.pass_s(1)  # type: ignore[attr-defined]

    assert 7 <= needs_s(measured) <= 7.5


def test_a_fast_network_needs_what_facts_state() -> None:
    measured = hops(least=1)
    measured.took("bakong", "pay", 0.02)

    assert needs_s(measured) == 5
    assert measured.needed() == {("thailand", "bakong"): (5_000, 5_000)}


def test_never_more_than_half_of_a_deadline_is_needed() -> None:
    measured = hops(least=1)
    measured.took("bakong", "pay", 3_600)

    assert needs_s(measured) == 7.5
    stated = replace(MARGIN, hop_needs_ms=9_000)
    assert measured.needs(stated, "bakong") == timedelta(seconds=9)


@pytest.mark.parametrize(("slow", "percentile_s"), [(1, 0.1), (2, 9), (50, 9)])
def test_the_percentile_leaves_one_in_a_thousand_out(slow: int, percentile_s: float) -> None:
    measured = hops()
    for number in range(LEAST):
        measured.took("bakong", "pay", 9 if number < slow else 0.1)
    found = measured.percentile_ms("bakong", "pay")

    assert found is not None
    assert percentile_s * 1_000 <= found <= percentile_s * 1_100


def test_networks_and_operations_are_measured_apart() -> None:
    measured = hops(least=1)
    measured.took("bakong", "pay", 2)
    measured.took("bakong", "refund", 20)
    measured.took("thailand", "pay", 0.2)

    took_s = {("bakong", "pay"): 2, ("bakong", "refund"): 20, ("thailand", "pay"): 0.2}
    assert measured.percentiles().keys() == took_s.keys()
    for place, ms in measured.percentiles().items():
        assert took_s[place] * 1_000 <= ms <= took_s[place] * 1_100
    assert needs_s(measured) == 5


def test_what_is_kept_has_a_bound() -> None:
    measured = hops(least=1)
    for number in range(BEGUN_MAX + 5):
        measured.begun(f"payment-{number}", "bakong", Operation.PAY)
    measured.heard("payment-0", Event.ACCEPTED)
    assert measured.percentiles() == {}
    measured.heard(f"payment-{BEGUN_MAX}", Event.ACCEPTED)

    assert measured.percentiles() == {("bakong", "pay"): 1}
    assert len(measured._begun) == BEGUN_MAX - 1


def test_classes_are_a_tenth_apart_up_to_the_longest() -> None:
    assert BOUNDS_MS[-1] == LONGEST_MS
    assert all(a < b <= max(a + 1, a * 1.1) for a, b in pairwise(BOUNDS_MS))
    assert len(BOUNDS_MS) < 120


def test_what_is_old_is_let_go_in_halves() -> None:
    clock = HandClock()
    measured = HopTimes(clock, KeptLog(), least=1)
    measured.took("bakong", "pay", 6)
    clock.pass_s(HALF_S)
    measured.took("bakong", "pay", 0.1)
    assert measured.needs(BAKONG, "bakong") > timedelta(milliseconds=BAKONG.hop_needs_ms)
    clock.pass_s(HALF_S)

    assert (measured.percentile_ms("bakong", "pay") or 0) <= 110
