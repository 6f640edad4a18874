"""Open quotes are counted over processes by what they tell each other.

Whoever may have missed something lets through only its share.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from switch.coordination.local import Hub, InProcess
from switch.coordination.ports import Topic
from switch.coordination.quotes import SharedQuotes
from switch.model import to_micros

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=600)
MEMBER, PROVIDER = "ABAAKHPPXXX", "acleda"


def test_what_anybody_may_publish_breaks_nothing() -> None:
    """A provider named twice is counted once, and taken off."""
    hub = Hub()
    here, there = InProcess(hub), InProcess(hub)
    quotes = SharedQuotes(1, here, processes_max=2, valid_s_max=600)
    told = f"given q-1 {to_micros(LATER)} {MEMBER} {PROVIDER} {PROVIDER}"
    there.publish(Topic.QUOTES, told)
    held = quotes.all(NOW)
    there.publish(Topic.QUOTES, "used q-1")

    assert held == {(MEMBER, PROVIDER): 1}
    assert quotes.all(NOW) == {}


def two(most: int = 4) -> tuple[SharedQuotes, SharedQuotes]:
    """The counts of two processes that hear each other."""
    hub = Hub()
    one, other = (
        SharedQuotes(most, InProcess(hub), processes_max=2, valid_s_max=600) for _ in range(2)
    )
    return one, other


def test_what_one_gives_the_other_counts_until_it_is_used_or_expires() -> None:
    one, other = two()
    for number in range(4):
        assert not other.full(MEMBER, PROVIDER, NOW)
        (one if number % 2 else other).given(f"q{number}", MEMBER, (PROVIDER,), LATER)

    assert one.full(MEMBER, PROVIDER, NOW)
    assert other.full(MEMBER, PROVIDER, NOW)
    assert one.all(NOW) == other.all(NOW) == {(MEMBER, PROVIDER): 4}
    other.used("q1")
    assert not one.full(MEMBER, PROVIDER, NOW)
    assert not one.full(MEMBER, "other", NOW)
    assert one.all(LATER) == other.all(LATER) == {}


def test_a_quote_through_two_providers_counts_for_both_at_the_other_too() -> None:
    one, other = two()
    one.given("q", MEMBER, (PROVIDER, "second"), LATER)

    assert other.all(NOW) == {(MEMBER, PROVIDER): 1, (MEMBER, "second"): 1}


def test_who_hears_nobody_lets_through_its_share() -> None:
    alone = SharedQuotes(4, InProcess(processes=2), processes_max=2, valid_s_max=600)
    alone.given("a", MEMBER, (PROVIDER,), LATER)
    assert not alone.full(MEMBER, PROVIDER, NOW)
    alone.given("b", MEMBER, (PROVIDER,), LATER)

    assert alone.full(MEMBER, PROVIDER, NOW)
    alone.used("a")
    assert not alone.full(MEMBER, PROVIDER, NOW)


@pytest.mark.parametrize(
    "text",
    [
        *("", "given", "given a", "given a b c d", "given a -1 c d", "given a 1 c", "used a b"),
        *("x y", f"given a {'9' * 18} c d", f"given a {'9' * 23} c d", "given a ๙๙ c d"),
    ],
)
def test_a_hint_that_cannot_be_read_is_passed_over(text: str) -> None:
    one, _ = two()
    one.heard(text)

    assert one.all(NOW) == {}


def test_a_hint_that_comes_twice_counts_once() -> None:
    one, other = two()
    one.given("q", MEMBER, (PROVIDER,), LATER)
    one.given("q2", MEMBER, (PROVIDER,), LATER)
    other.heard(f"given q {int(LATER.timestamp())}000000 {MEMBER} {PROVIDER}")

    assert other.all(NOW) == {(MEMBER, PROVIDER): 2}
