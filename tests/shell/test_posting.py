"""A provider posts sheets at a bounded pace: what is over it is told when to come again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.posting import SHEETS_AT_ONCE, SHEETS_PER_S, Posting, TooOften
from tests.shell.hand_parts import HandClock


def test_room_comes_back_with_time_and_each_provider_has_its_own() -> None:
    clock = HandClock()
    posting = Posting(clock)
    posting.take("acleda", SHEETS_AT_ONCE)
    posting.take("canadia", SHEETS_AT_ONCE)
    with pytest.raises(TooOften) as refused:
        posting.take("acleda", 25)
    clock.pass_s(refused.value.retry_after_s)

    assert refused.value.retry_after_s == 3
    posting.take("acleda", 25)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 64)), max_size=60))
def test_never_more_than_the_bound_and_never_refused_below_it(
    asked: list[tuple[int, int]],
) -> None:
    clock = HandClock()
    posting = Posting(clock)
    taken: list[tuple[float, int]] = []
    for pause, sheets in asked:
        clock.pass_s(pause)
        try:
            posting.take("acleda", sheets)
        except TooOften as refused:
            assert sum(count for _, count in taken) + sheets > SHEETS_AT_ONCE
            clock.pass_s(refused.retry_after_s)
            posting.take("acleda", sheets)
        taken.append((clock.monotonic(), sheets))
    for place, (since, _) in enumerate(taken):
        posted = 0
        for at, count in taken[place:]:
            posted += count
            assert posted <= SHEETS_AT_ONCE + (at - since) * SHEETS_PER_S
