"""Values as Alipay+ writes them: text only, amounts in minor units, times with an offset.

Every scalar is a string, an empty one is an error, and an optional field is left out or null. How
many decimals the riel has on this wire is a setting, because the network's table is not published
and ISO 4217 (two) and Bakong (none) differ. The surprise: a field that is there and is no text is
refused, and so is an amount with a point.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from fx.money import Money, currency
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPTH_MAX: Final = 8
TEXT_MAX: Final = 20_000
"""Longest text of any field: what the network allows ``passThroughInfo``."""

ID_MAX: Final = 64
CODE_MAX: Final = 512
AMOUNT_DIGITS_MAX: Final = 16

PREFIX: Final = "/aps/api/v1/payments/"
"""Path of every operation, followed by its name."""


class Unreadable(ValueError):  # noqa: N818  the name says what happened
    """A message that breaks the network's own rules of writing; nothing of it is echoed."""


class Amounts:
    """Reads and writes amounts. ``khr_exponent`` is how many decimals the riel has here."""

    def __init__(self, khr_exponent: int) -> None:
        self._khr_exponent = khr_exponent

    def exponent(self, code: str) -> int:
        """Decimals of a currency on this wire; raises ``MoneyError`` for an unknown one."""
        return self._khr_exponent if code == "KHR" else currency(code).exponent

    def written(self, money: Money) -> dict[str, str]:
        """Return an amount; one that the wire's step cannot hold is a programming error."""
        code = money.currency.code
        minor, rest = divmod(money.minor * 10 ** self.exponent(code), 10**money.currency.exponent)
        assert rest == 0, "an amount moves in steps that its network can write"
        return {"currency": code, "value": str(minor)}

    def read(self, value: object) -> Money:
        """Return an amount above nothing. Raises :class:`Unreadable` or ``MoneyError``."""
        fields = obj(value)
        code, digits = text(fields, "currency"), text(fields, "value")
        plain = digits.isascii() and digits.isdigit() and len(digits) <= AMOUNT_DIGITS_MAX
        if not plain or (digits[0] == "0" and digits != "0"):
            raise Unreadable("an amount is digits of minor units")
        if not code.isalpha():
            # By its number the riel would be another currency than by its name, of other decimals.
            raise Unreadable("a currency is three letters")
        exponent = self.exponent(code)
        padded = digits.rjust(exponent + 1, "0")
        point = len(padded) - exponent
        major = f"{padded[:point]}.{padded[point:]}" if exponent else padded
        return Money.parse(major, code).positive()


def read_body(body: bytes) -> dict[str, object]:
    """Return the fields of a verified body. Raises :class:`Unreadable`."""
    try:
        fields = read_object(body, depth_max=DEPTH_MAX)
    except JsonRefused as refused:
        raise Unreadable(str(refused)) from None
    _check(fields)
    return fields


def _check(value: object) -> None:
    """Every scalar is a text that is not empty, or null; depth is bounded already."""
    if isinstance(value, dict):
        for each in value.values():
            _check(each)
    elif isinstance(value, list):
        for each in value:
            _check(each)
    elif value is not None and not (isinstance(value, str) and 0 < len(value) <= TEXT_MAX):
        raise Unreadable("a scalar is a text that is not empty")


def obj(value: object) -> Mapping[str, object]:
    """Return an object. Raises :class:`Unreadable`."""
    if isinstance(value, dict):
        return value
    raise Unreadable("an object is missing")


def text(fields: Mapping[str, object], name: str, longest: int = ID_MAX) -> str:
    """Return a field that has to be there. Raises :class:`Unreadable`."""
    value = fields.get(name)
    if isinstance(value, str) and 0 < len(value) <= longest:
        return value
    raise Unreadable(f"{name}: is missing, or too long")


def optional(fields: Mapping[str, object], name: str, longest: int = ID_MAX) -> str:
    """Return a field, empty where it is left out or null. Raises :class:`Unreadable`."""
    return "" if fields.get(name) is None else text(fields, name, longest)


def moment(value: str) -> datetime:
    """Return an ISO 8601 time with its offset, in UTC. Raises :class:`Unreadable`."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("a time is ISO 8601") from None
    if at.tzinfo is None:
        raise Unreadable("a time has its offset")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Unreadable("a time is out of bounds") from None


def instant(at: datetime) -> str:
    """Return a time as it is written here: to the second, with its offset."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def given(values: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that have something in them: an optional one is never empty."""
    return {name: value for name, value in values.items() if value not in (None, "", {}, [])}


def body_of(values: Mapping[str, object]) -> bytes:
    """Return the body with its fields in the order given."""
    return orjson.dumps(values)
