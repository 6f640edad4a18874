"""The straight road: one regular expression that reads a clean code of one account kind.

Most codes are as their scheme file describes them, with objects in ascending order and nothing to
report. For these, presence, order, lengths, formats and both levels of nesting are one match in C,
of an expression that ``roads.py`` compiles at start-up. What it does not take is not wrong: the
full reader then says what the code is. The invariant: a code is taken here only if the full reader
would give one candidate, the same content, and nothing to note. The surprise: every group starts
with the two digits of its length, because an expression can choose by them but cannot drop them.
"""

from __future__ import annotations

from binascii import crc_hqx
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from switch.qr.content import QrContent
from switch.qr.emv import LENGTH_MAX

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from switch.qr.rules import Account, Scheme

_CRC: Final = 4
# Digits of a length by the length of a group that starts with them. What an expression takes can be
# longer than any two digits say: no text of two characters equals those entries.
_SIZES: Final = ("", "", *(f"{size:02d}" for size in range(LENGTH_MAX + 1)))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_BMP_LAST: Final = "\uffff"

PREFIX: Final = 2
"""Digits of length at the start of every group."""


class Road(NamedTuple):
    """One account kind of one scheme, compiled.

    ``places`` gives the place of a path in the groups; ``sized`` are places whose two digits of
    length remain to be compared; ``checks`` are patterns whose width the expression cannot state;
    ``amounts`` are patterns of object 54 by the group of object 53. Places of objects that a scheme
    does not use are -1.
    """

    rules: Scheme
    rule: Account
    match: Callable[[str], re.Match[str] | None]
    places: Mapping[str, int]
    sized: tuple[int, ...]
    checks: tuple[tuple[int, re.Pattern[str]], ...]
    amounts: Mapping[str, re.Pattern[str]]
    point: int
    amount: int
    unit: int
    name: int
    city: int
    created: int
    expires: int
    expiry_with_amount: bool

    def fits(self, payload: str) -> tuple[str | None, ...] | None:
        """Return the groups of a text that keeps the rules, lengths of templates and CRC aside."""
        matched = self.match(payload)
        if matched is None:
            return None
        groups = matched.groups()
        for place, pattern in self.checks:
            value = groups[place]
            if value is not None and pattern.fullmatch(value, PREFIX) is None:
                return None
        amount, dynamic = groups[self.amount], groups[self.point] == "0212"
        if amount is not None:
            if self.amounts[groups[self.unit] or ""].fullmatch(amount, PREFIX) is None:
                return None
        elif dynamic and self.rules.dynamic_needs_amount:
            return None
        if self.expires >= 0:
            expires = groups[self.expires]
            if expires is None:
                if self.expiry_with_amount and (amount is not None or dynamic):
                    return None
            elif expires < (groups[self.created] or ""):
                return None
        if not payload.isascii() and not self._plain_names(payload, groups):
            return None
        return groups

    def _plain_names(self, payload: str, groups: tuple[str | None, ...]) -> bool:
        """Tell whether there is nothing to note about characters outside ASCII."""
        name, city = groups[self.name] or "", groups[self.city] or ""
        return name.isascii() and city.isascii() and max(payload) <= _BMP_LAST


def read_straight(
    roads: Mapping[str, tuple[Road, ...]], payload: str, at: datetime
) -> QrContent | None:
    """Return what a clean code says at the aware moment ``at``, or nothing.

    Nothing means that the full reader has to look, not that the code is wrong.
    """
    if len(payload) > LENGTH_MAX:
        return None
    tag = payload[12:14] if payload[6:8] == "01" else payload[6:8]
    for road in roads.get(tag, ()):
        groups = road.fits(payload)
        if groups is None:
            continue
        for place in road.sized:
            value = groups[place]
            if value is not None and _SIZES[len(value)] != value[:PREFIX]:
                return None
        if crc_hqx(payload[:-_CRC].encode(), 0xFFFF) != int(payload[-_CRC:], 16):
            return None
        expires = groups[road.expires] if road.expires >= 0 else None
        # The expiry is a whole millisecond, the moment need not be: compare upwards.
        if expires is not None and int(expires[PREFIX:]) < -((_EPOCH - at) // _MILLISECOND):
            return None
        return QrContent(road.rules, road.rule, payload, groups, road.places, PREFIX)
    return None


def fits(roads: Mapping[str, tuple[Road, ...]], payload: str, tag: str) -> bool:
    """Tell whether a text with the account object ``tag`` keeps the rules of a road.

    For writers: the lengths of templates, the CRC and the moment are right by construction there
    and are not looked at.
    """
    return any(road.fits(payload) is not None for road in roads.get(tag, ()))
