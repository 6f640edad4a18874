"""Reading JSON that nobody vouches for: one spelling, bounded size and depth, no float.

A member given twice, NaN, a lone surrogate, U+0000, a number with an exponent and text that is not
UTF-8 are refused, because two readers could disagree about them. Integers stay integers and other
numbers become :class:`~decimal.Decimal` with every digit that was written. A refusal says why and
echoes nothing. The surprise: depth is judged before parsing, as a parser could be made to recurse.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn

BYTES_MAX: Final = 65_536
"""Largest body that is read when the caller states no other bound."""

DEPTH_MAX: Final = 16
"""Deepest nesting that is read when the caller states no other bound."""

DIGITS_MAX: Final = 40
"""Longest number, its sign and point included; amounts and rates of any network are shorter."""

# An unclosed string is taken to the end, so that no input makes the search start over and over.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
# U+0000 is a character that one of the stores cannot hold, and that others end a text at.
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


class JsonRefused(ValueError):  # noqa: N818  the name says what happened
    """A body that is not read; the text says why, and nothing of the body."""


def read_object(
    body: bytes, *, bytes_max: int = BYTES_MAX, depth_max: int = DEPTH_MAX
) -> dict[str, Any]:
    """Return the object that a body holds; raises :class:`JsonRefused`."""
    if len(body) > bytes_max:
        raise JsonRefused("the body is beyond the bound")
    if too_deep(body, depth_max):
        raise JsonRefused("the body is nested too deeply")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=unique,
            parse_constant=no_constant,
            parse_int=_whole,
            parse_float=_decimal,
        )
    except JsonRefused:
        raise
    except (ValueError, RecursionError):
        raise JsonRefused("the body is not JSON") from None
    if not isinstance(value, dict):
        raise JsonRefused("the body is not a JSON object")
    if b"\\u" in body and not is_text(value):
        raise JsonRefused("a text is not Unicode")
    return value


def too_deep(raw: bytes, depth_max: int) -> bool:
    """Tell whether objects and arrays lie in one another more than ``depth_max`` deep."""
    if raw.count(b"{") + raw.count(b"[") <= depth_max:
        return False
    depth = 0
    for byte in _STRINGS.sub(b"", raw):
        if byte in b"{[":
            depth += 1
        elif byte in b"}]":
            depth -= 1
        if depth > depth_max:
            return True
    return False


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; raises :class:`JsonRefused` when one is given twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonRefused("a member is given twice")
    return found


def no_constant(_: str) -> NoReturn:
    """Refuse NaN and the infinities, which are not JSON; raises :class:`JsonRefused`."""
    raise JsonRefused("a number is not JSON")


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise JsonRefused("a number is too long")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > DIGITS_MAX:
        raise JsonRefused("a number is too long")
    if "e" in digits or "E" in digits:
        raise JsonRefused("a number has an exponent")
    return Decimal(digits)


def is_text(value: Any) -> bool:
    """Tell whether every text within is one for every store; depth is bounded by the caller."""
    if isinstance(value, str):
        return _NO_TEXT.search(value) is None
    if isinstance(value, dict):
        return all(is_text(key) and is_text(part) for key, part in value.items())
    if isinstance(value, list):
        return all(is_text(part) for part in value)
    return True
