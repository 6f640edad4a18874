"""Timers: the ladder as declared, polls within their bounds, and "never seen" only after real time.

A wall clock that is set forward must not make the switch believe that a sent request is dead; the
pauses between enquiries are what has really been waited.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from switch.facts import Facts, load_facts
from switch.lifecycle import STATES, Timer
from switch.model import State
from switch.timers import answer_due, budget_spent, may_believe_never_seen, next_due

AT: Final = datetime(2026, 11, 21, 3, tzinfo=UTC)
FAR: Final = timedelta(days=36_500)
YEARS_S: Final = 100 * 365 * 86_400


def facts_of(network: str) -> Facts:
    """The facts that an adapter declares."""
    text = files("adapters").joinpath(network, "facts.toml").read_text("utf-8")
    return load_facts(text, f"{network}/facts.toml")


BAKONG: Final = facts_of("bakong")
DOUBTED: Final = replace(
    BAKONG,
    enquiry_delays_s=(5, 15, 40),
    enquiry_repeat_s=100,
    enquiries_max=4,
    never_seen_is_promise=False,
    flight_max_s=60,
    duplicate_window_s=86_400,
    clock_skew_max_s=30,
    poll_fast_ms=200,
    poll_slow_ms=5_000,
)
LADDERS: Final = st.builds(
    lambda delays, repeat, flight, skew: replace(
        DOUBTED,
        enquiry_delays_s=tuple(accumulate(delays)),
        enquiry_repeat_s=repeat,
        flight_max_s=flight,
        duplicate_window_s=86_400,
        clock_skew_max_s=skew,
    ),
    st.lists(st.integers(1, 400), min_size=1, max_size=6),
    st.integers(1, 900),
    st.integers(0, 600),
    st.integers(0, 600),
)


def pause_s(facts: Facts, rung: int, state: State = State.UNKNOWN) -> float:
    """The pause after so many enquiries, on the ladder."""
    due = next_due(state, facts, rung=rung, at=AT, deadline=AT, drawn=0)
    assert due is not None
    return (due - AT) / timedelta(seconds=1)


def test_the_ladder_is_counted_from_the_moment_the_outcome_became_unknown() -> None:
    rungs = [pause_s(DOUBTED, rung) for rung in range(3)]

    assert list(accumulate(rungs)) == [5, 15, 40]


@pytest.mark.parametrize("rung", [3, 4, 1_000_000])
def test_after_the_last_rung_enquiries_repeat_slowly(rung: int) -> None:
    assert pause_s(DOUBTED, rung) == 100


def test_cancels_keep_the_networks_pace_for_two_minutes_and_then_slow_down() -> None:
    """A network that is dead for its whole window is asked some hundred times, not thousands."""
    pauses = [pause_s(DOUBTED, rung, State.CANCELLING) for rung in range(400)]
    day = [at_s for at_s in accumulate(pauses) if at_s <= 86_400]

    assert set(pauses[:24]) == {DOUBTED.cancel_every_s}
    assert pauses[24:33] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert len(day) < 330


def test_a_state_without_a_timer_is_never_due() -> None:
    for state in State:
        if STATES[state].timer is Timer.NONE:
            assert next_due(state, DOUBTED, rung=0, at=AT, deadline=AT + FAR, drawn=0) is None


def test_the_answer_timer_counts_from_the_last_moment_of_sending() -> None:
    facts = replace(DOUBTED, answer_within_ms=8_250)

    assert answer_due(AT, facts) == AT + timedelta(milliseconds=8_250)


def test_the_answer_timer_is_not_set_again() -> None:
    with pytest.raises(AssertionError, match="begins"):
        next_due(State.SENDING, DOUBTED, rung=0, at=AT, deadline=AT + FAR, drawn=0)


def test_polls_double_from_the_fast_to_the_slow_bound() -> None:
    due = [
        next_due(State.CREDIT_PENDING, DOUBTED, rung=rung, at=AT, deadline=AT + FAR, drawn=0)
        for rung in range(7)
    ]

    expected = [200, 400, 800, 1_600, 3_200, 5_000, 5_000]
    assert [AT + timedelta(milliseconds=ms) for ms in expected] == due


@given(rung=st.integers(0, 10**9), fast=st.integers(1, 5_000), slow=st.integers(1, 5_000))
def test_a_poll_stays_within_its_bounds_however_often(rung: int, fast: int, slow: int) -> None:
    assume(fast <= slow)
    facts = replace(DOUBTED, poll_fast_ms=fast, poll_slow_ms=slow)
    due = next_due(State.CREDIT_PENDING, facts, rung=rung, at=AT, deadline=AT + FAR, drawn=0)

    assert due is not None
    assert timedelta(milliseconds=fast) <= due - AT <= timedelta(milliseconds=slow)


def test_polling_ends_at_the_deadline_of_the_waiting_side() -> None:
    before = next_due(
        State.CREDIT_PENDING,
        DOUBTED,
        rung=1,
        at=AT - timedelta(microseconds=1),
        deadline=AT,
        drawn=0,
    )
    after = next_due(State.CREDIT_PENDING, DOUBTED, rung=1, at=AT, deadline=AT, drawn=0)

    assert before == AT - timedelta(microseconds=1) + timedelta(milliseconds=400)
    assert after == AT + timedelta(seconds=10)


def test_the_budget_is_spent_with_its_last_enquiry() -> None:
    assert [budget_spent(DOUBTED, rung) for rung in range(6)] == [False] * 4 + [True] * 2


@given(rung=st.integers(0, 50), ahead_s=st.integers(-YEARS_S, YEARS_S))
def test_a_promised_tombstone_is_believed_at_once(rung: int, ahead_s: int) -> None:
    facts = replace(DOUBTED, never_seen_is_promise=True)

    assert may_believe_never_seen(facts, AT, AT + timedelta(seconds=ahead_s), rung)


@given(facts=LADDERS, rung=st.integers(0, 30), at_s=st.integers(-600, 3_600))
def test_never_seen_is_not_believed_before_flight_and_tolerance_are_over(
    facts: Facts, rung: int, at_s: int
) -> None:
    settled_s = facts.flight_max_s + facts.clock_skew_max_s
    assume(at_s < settled_s)

    assert not may_believe_never_seen(facts, AT, AT + timedelta(seconds=at_s), rung)


@given(facts=LADDERS, rung=st.integers(0, 12), jump_s=st.integers(0, YEARS_S), data=st.data())
def test_a_clock_set_forward_in_any_one_pause_does_not_make_it_believed(
    facts: Facts, rung: int, jump_s: int, data: st.DataObject
) -> None:
    pauses = [pause_s(facts, made) for made in range(rung)]
    skipped = data.draw(st.integers(0, rung - 1)) if rung else 0
    slept_s = sum(pauses) - (pauses[skipped] if rung else 0)
    at = AT + timedelta(seconds=sum(pauses) + jump_s)
    settled_s = facts.flight_max_s + facts.clock_skew_max_s

    if may_believe_never_seen(facts, AT, at, rung):
        assert slept_s >= settled_s


def test_the_first_enquiry_after_a_leap_of_the_clock_proves_nothing() -> None:
    assert not may_believe_never_seen(DOUBTED, AT, AT + FAR, 1)


def test_never_seen_is_believed_from_the_rung_at_which_enough_was_slept() -> None:
    believed = [may_believe_never_seen(DOUBTED, AT, AT + FAR, rung) for rung in range(8)]

    # Pauses of 5, 10, 25 and then 100 s; the longest may have been skipped; 90 s are needed.
    assert believed == [False] * 5 + [True] * 3


def test_bakong_can_be_believed_well_within_its_budget() -> None:
    first = next(r for r in range(1_000) if may_believe_never_seen(BAKONG, AT, AT + FAR, r))

    assert not BAKONG.never_seen_is_promise
    assert not budget_spent(BAKONG, 2 * first)
