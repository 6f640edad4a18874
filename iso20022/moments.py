"""Moments and days as the messages write them: read at any offset, kept and written in UTC.

XML Schema admits more than a calendar has (24:00:00, year 0, no offset at all); what cannot be a
moment of UTC is a broken rule. The surprise: years 1 and 9999 can leave the calendar on their way
to UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from iso20022 import rules
from iso20022.errors import Breach, Misfit


def read_moment(text: str) -> datetime:
    """Read a moment of any offset as UTC; raises ``Breach`` without one or outside the calendar."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Breach(rules.MOMENT) from None
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise Breach(rules.ZONE)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Breach(rules.MOMENT) from None


def write_moment(value: object) -> str:
    """Write UTC with ``Z`` and milliseconds, or microseconds where there are any."""
    if not isinstance(value, datetime):
        raise Misfit("a date and time with an offset")
    if value.tzinfo is None:
        raise Breach(rules.ZONE)
    try:
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise Breach(rules.MOMENT) from None
    precision = "microseconds" if utc.microsecond % 1000 else "milliseconds"
    return f"{utc.isoformat(timespec=precision)[:-6]}Z"


def read_date(text: str) -> date:
    """Read a day; raises ``Breach`` for one outside the calendar."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Breach(rules.MOMENT) from None


def write_date(value: object) -> str:
    """Write a day."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Misfit("a date without time")
    return value.isoformat()
