"""A board stays small, a slip blocks nothing, and no order of postings gets around the limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import fx.board
from fx.board import AHEAD_MAX, VERSIONS_KEPT, Board
from fx.money import Rate, currency
from fx.refusals import RateRefused
from fx.sheets import RateSheet, Rules
from tests.fx.fx_strategies import ISSUED_AT, board, market

PAIR = ("KHR", "THB")
YEARS = timedelta(days=30_000)
SECOND = timedelta(seconds=1)


MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def sheet(version: str, effective_at: datetime, rate: str = "118.84") -> RateSheet:
    khr, thb = currency("KHR"), currency("THB")
    return RateSheet("acleda", khr, thb, Rate.parse(rate, "THB", "KHR"), version, effective_at)


def back(version: str, effective_at: datetime, rate: str) -> RateSheet:
    khr, thb = currency("KHR"), currency("THB")
    return RateSheet("acleda", thb, khr, Rate.parse(rate, "THB", "KHR"), version, effective_at)


def limited(*posted: RateSheet) -> Board:
    return Board.open(replace(market(*posted), rules=Rules(jump_bp=100)), ISSUED_AT)


def refused(on: Board, of: RateSheet, at: datetime) -> str:
    with pytest.raises(RateRefused) as caught:
        on.publish(of, at)
    return caught.value.code


def versions(on: Board) -> list[str]:
    return [posted.sheet.version for posted in on.history("acleda", PAIR)]


def test_the_oldest_versions_are_forgotten_and_the_one_in_force_is_not() -> None:
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(1, 3 * VERSIONS_KEPT):
        at = ISSUED_AT + number * DAY
        on = on.publish(sheet(f"v-{number}", at), at).board

    newest = 3 * VERSIONS_KEPT - 1
    assert versions(on) == [f"v-{newest - age}" for age in range(VERSIONS_KEPT)]


def test_a_version_that_an_open_quote_may_name_is_not_forgotten() -> None:
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(1, 3 * VERSIONS_KEPT):
        at = ISSUED_AT + number * SECOND
        on = on.publish(sheet(f"v-{number}", at), at).board

    assert len(versions(on)) == 3 * VERSIONS_KEPT
    on = on.withdraw("acleda", PAIR, "v-0", ISSUED_AT + DAY)
    assert on.history("acleda", PAIR)[-1].withdrawn_at == ISSUED_AT + DAY
    on = on.publish(sheet("last", ISSUED_AT + 2 * DAY), ISSUED_AT + 2 * DAY).board
    assert len(versions(on)) == VERSIONS_KEPT


def test_versions_posted_too_often_are_refused_until_a_day_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fx.board, "VERSIONS_HELD", VERSIONS_KEPT)
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(1, VERSIONS_KEPT):
        at = ISSUED_AT + number * SECOND
        on = on.publish(sheet(f"v-{number}", at), at).board
    of = sheet("more", ISSUED_AT + 2 * DAY)

    assert refused(on, of, ISSUED_AT + HOUR) == "too_often"
    assert not on.publish(of, ISSUED_AT + 2 * DAY).known


def test_a_backdated_version_is_refused_unless_it_is_the_first() -> None:
    first = sheet("v-0", ISSUED_AT)
    on = Board.open(replace(market(first), sheets=()), ISSUED_AT)
    on = on.publish(first, ISSUED_AT + DAY).board
    at = ISSUED_AT + DAY

    assert refused(on, sheet("v-1", at - 5 * MINUTE - SECOND), at) == "backdated"
    assert not on.publish(sheet("v-1", at - 5 * MINUTE), at).known


def test_the_board_opens_on_versions_of_any_age() -> None:
    old = [sheet(f"v-{age}", ISSUED_AT - age * DAY) for age in (3, 2, 1)]

    assert versions(board(*old)) == ["v-1", "v-2", "v-3"]


def test_a_first_version_from_the_edge_of_the_calendar_is_taken() -> None:
    edge = sheet("v-0", datetime(1, 1, 1, tzinfo=UTC))

    assert versions(board(edge)) == ["v-0"]


def test_small_steps_within_an_hour_add_up_to_one_jump() -> None:
    on = limited(sheet("v-0", ISSUED_AT, "118.00"))
    on = on.publish(sheet("v-1", ISSUED_AT + MINUTE, "118.90"), ISSUED_AT + MINUTE).board
    soon, later = ISSUED_AT + 2 * MINUTE, ISSUED_AT + MINUTE + HOUR

    assert refused(on, sheet("v-2", soon, "119.80"), soon) == "jump"
    assert not on.publish(sheet("v-2", later, "119.80"), later).known


def test_a_withdrawn_version_still_limits_the_jump() -> None:
    on = limited(sheet("v-0", ISSUED_AT, "118.00"))
    at = ISSUED_AT + DAY
    on = on.withdraw("acleda", PAIR, "v-0", at)

    assert refused(on, sheet("v-1", at, "130"), at) == "jump"
    assert not on.publish(sheet("v-1", at, "118.50"), at).known


def test_a_version_in_between_that_may_be_cancelled_makes_no_room_for_a_jump() -> None:
    on = limited(sheet("v-0", ISSUED_AT, "118.00"))
    on = on.publish(sheet("v-1", ISSUED_AT + 2 * HOUR, "118.90"), ISSUED_AT).board

    assert refused(on, sheet("v-2", ISSUED_AT + 4 * HOUR, "119.80"), ISSUED_AT) == "jump"


def test_the_inverse_in_force_counts_beside_the_one_that_waits() -> None:
    on = board(back("b-0", ISSUED_AT, "118.00"))
    on = on.publish(back("b-1", ISSUED_AT + HOUR, "117.00"), ISSUED_AT).board
    of = sheet("v-0", ISSUED_AT, "117.50")

    assert refused(on, of, ISSUED_AT) == "inverse_loop"
    assert not on.publish(of, ISSUED_AT + HOUR).known


def test_cancelled_versions_push_nothing_out_and_are_bounded_too() -> None:
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(3 * VERSIONS_KEPT):
        slip = sheet(f"slip-{number}", ISSUED_AT + YEARS)
        on = on.publish(slip, ISSUED_AT).board
        on = on.withdraw("acleda", PAIR, slip.version, ISSUED_AT)

    [standing] = on.current(ISSUED_AT)
    assert standing.sheet.version == "v-0"
    # The last slip was cancelled after the oldest was forgotten.
    assert len(versions(on)) == 2 + VERSIONS_KEPT


def test_a_version_for_the_next_century_can_be_taken_back() -> None:
    on = board(sheet("v-0", ISSUED_AT)).publish(sheet("slip", ISSUED_AT + YEARS), ISSUED_AT).board
    later = ISSUED_AT + SECOND
    with pytest.raises(RateRefused, match="effect after"):
        on.publish(sheet("v-1", later), later)
    on = on.withdraw("acleda", PAIR, "slip", later).publish(sheet("v-1", later), later).board

    [standing] = on.current(later)
    assert standing.sheet.version == "v-1"


def test_only_so_many_versions_wait_to_take_effect() -> None:
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(1, AHEAD_MAX + 1):
        on = on.publish(sheet(f"v-{number}", ISSUED_AT + number * SECOND), ISSUED_AT).board
    one_more = sheet("more", ISSUED_AT + YEARS)
    with pytest.raises(RateRefused) as refused:
        on.publish(one_more, ISSUED_AT)

    assert refused.value.code == "too_many_ahead"
    assert on.publish(one_more, ISSUED_AT + SECOND).board.history("acleda", PAIR)
