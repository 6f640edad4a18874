"""BizMsgIdr, PayNet's identification of a message: thirty characters with the day in front. Pure.

``YYYYMMDD``, the sender's BIC of eight, three digits of what is asked, whose message it is, the
channel in two letters, and eight digits counted per day. The day is Malaysia's. The surprise: the
day is part of the identity, so a message repeated after midnight would be another one; it never is,
it is enquired about instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

LENGTH: Final = 30
DIGITS: Final = 8
"""Digits of the number that is counted per sender, code and day."""

MALAYSIA: Final = timedelta(hours=8)
"""Malaysia's offset from UTC, all year."""

ENQUIRY: Final = "521"
"""Who is behind a code of another country (domestic is 520)."""

TRANSFER: Final = "031"
"""A payment of a code at a point of sale."""

STATUS: Final = "630"
"""What became of a message."""

ORIGINATING: Final = "O"
"""The message is the originating institution's; ``R`` is the receiver's, ``H`` the hub's."""

RETAIL: Final = "RB"
"""The channel of retail banking."""

_FORM: Final = re.compile(
    r"(?P<day>\d{8})(?P<bic>[A-Z0-9]{8})(?P<code>\d{3})(?P<originator>[ORH])"
    r"(?P<channel>[A-Z]{2})(?P<number>\d{8})\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class BusinessId:
    """The parts of a BizMsgIdr; ``number`` is 0 to 99,999,999."""

    day: date
    bic: str
    code: str
    number: int
    originator: str = ORIGINATING
    channel: str = RETAIL

    def __str__(self) -> str:
        """The thirty characters."""
        return (
            f"{self.day:%Y%m%d}{self.bic}{self.code}{self.originator}{self.channel}"
            f"{self.number:0{DIGITS}d}"
        )


def day_of(at: datetime) -> date:
    """The day in Malaysia at a moment."""
    return (at + MALAYSIA).date()


def read_business_id(text: str) -> BusinessId | None:
    """The parts of a BizMsgIdr, or None for any other text."""
    found = _FORM.match(text)
    if found is None:
        return None
    try:
        day = datetime.strptime(found["day"], "%Y%m%d").date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None
    return BusinessId(
        day, found["bic"], found["code"], int(found["number"]), found["originator"],
        found["channel"],
    )  # fmt: skip
