"""When a corridor is open, in its operating windows; and what is configured of a member. Pure.

A corridor may be closed by night or on days, in the time of its counterparty; without windows it is
always open. How a member stands at first is configured, and from then on decided by operators
(``standings``). The surprise: a window is asked at the opening alone, so a payment that crosses a
cut-off in flight ends as it would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from switch.reasons import Reason
from switch.standings import PartyState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fx.money import Money

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clocked = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


MEMBER_FIRST: Final = MappingProxyType(
    {
        "applied": PartyState.APPLIED,
        "certified": PartyState.CERTIFIED,
        "active": PartyState.ACTIVE,
        "suspended": PartyState.SUSPENDED_NEW_ONLY,
    }
)
"""How a member stands first, by the word of its row."""


class WindowRow(BaseModel):
    """One window of a corridor: from ``opens`` until before ``closes``, in a zone.

    ``zone_min`` is minutes east of UTC. A night that crosses midnight is two windows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    days: Annotated[list[Day], Field(min_length=1)]
    opens: Clocked
    closes: Clocked
    zone_min: Annotated[int, Field(ge=-720, le=840)]


@dataclass(frozen=True, slots=True)
class Window:
    """A window in minutes of the day, on some days of the week (Monday is 0)."""

    days: frozenset[int]
    opens_min: int
    closes_min: int
    zone_min: int

    def holds(self, at: datetime) -> bool:
        """Whether it is open at a time."""
        local = at + timedelta(minutes=self.zone_min)
        minute = local.hour * 60 + local.minute
        return local.weekday() in self.days and self.opens_min <= minute < self.closes_min


@dataclass(frozen=True, slots=True)
class Member:
    """One Cambodian member; ``events`` says whether it subscribes, ``webhook`` where to.

    ``first`` is how it stands before operators decide anything.
    """

    bic: str
    name: str
    net_debit_max: Money
    events: bool = False
    webhook: str | None = None
    first: PartyState = PartyState.ACTIVE


def windows_of(rows: Sequence[WindowRow]) -> tuple[Window, ...]:
    """The windows of rows. Raises :class:`ValueError` for one that is never open."""
    made = []
    for row in rows:
        opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (row.opens, row.closes))
        if closes <= opens:
            raise ValueError("windows: closes before it opens; a night is two windows")
        days = frozenset(DAYS.index(day) for day in row.days)
        made.append(Window(days, opens, closes, row.zone_min))
    return tuple(made)


def closed(windows: Sequence[Window], at: datetime) -> Reason | None:
    """Why nothing may be opened now in a corridor; None where it may."""
    if windows and not any(window.holds(at) for window in windows):
        return Reason.CORRIDOR_CLOSED
    return None
