"""A window is open from its first minute to before its last, in its own zone and on its days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from switch.doors import WindowRow, closed, windows_of
from switch.reasons import Reason

BANGKOK = 420
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
ROWS = [
    WindowRow(days=["mon", "fri"], opens="08:00", closes="22:00", zone_min=BANGKOK),
    WindowRow(days=["sat"], opens="00:00", closes="24:00", zone_min=BANGKOK),
]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of that week in Bangkok; Monday is 0."""
    local = timedelta(days=day, hours=hour, minutes=minute)
    return MONDAY + local - timedelta(minutes=BANGKOK)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (at(0, 7, 59), False), (at(0, 8), True), (at(0, 21, 59), True), (at(0, 22), False),
        (at(1, 12), False), (at(4, 12), True), (at(5, 0), True), (at(5, 23, 59), True),
        (at(6, 0), False),
    ],
)  # fmt: skip
def test_a_corridor_is_open_in_its_windows_alone(moment: datetime, *, is_open: bool) -> None:
    expected = None if is_open else Reason.CORRIDOR_CLOSED

    assert closed(windows_of(ROWS), moment) is expected
    assert closed((), moment) is None


@pytest.mark.parametrize(("opens", "closes"), [("22:00", "06:00"), ("08:00", "08:00")])
def test_a_window_that_is_never_open_refuses_the_start(opens: str, closes: str) -> None:
    row = WindowRow(days=["mon"], opens=opens, closes=closes, zone_min=0)
    with pytest.raises(ValueError, match="windows: closes before it opens"):
        windows_of([row])


@pytest.mark.parametrize("opens", ["8:00", "25:00", "08:60", "now"])
def test_a_time_that_is_none_refuses_the_start(opens: str) -> None:
    with pytest.raises(ValidationError):
        WindowRow(days=["mon"], opens=opens, closes="23:00", zone_min=0)
