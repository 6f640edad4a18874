"""A board stays small however much is posted, and a version posted by mistake blocks nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fx.board import AHEAD_MAX, VERSIONS_KEPT, Board
from fx.money import Rate, currency
from fx.refusals import RateRefused
from fx.sheets import RateSheet
from tests.fx.fx_strategies import ISSUED_AT, board

if TYPE_CHECKING:
    from datetime import datetime

PAIR = ("KHR", "THB")
YEARS = timedelta(days=30_000)
SECOND = timedelta(seconds=1)


def sheet(version: str, effective_at: datetime) -> RateSheet:
    khr, thb = currency("KHR"), currency("THB")
    return RateSheet("acleda", khr, thb, Rate.parse("118.84", "THB", "KHR"), version, effective_at)


def versions(on: Board) -> list[str]:
    return [posted.sheet.version for posted in on.history("acleda", PAIR)]


def test_the_oldest_versions_are_forgotten_and_the_one_in_force_is_not() -> None:
    on = board(sheet("v-0", ISSUED_AT))
    for number in range(1, 3 * VERSIONS_KEPT):
        at = ISSUED_AT + number * SECOND
        on = on.publish(sheet(f"v-{number}", at), at).board

    newest = 3 * VERSIONS_KEPT - 1
    assert versions(on) == [f"v-{newest - age}" for age in range(VERSIONS_KEPT)]


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
