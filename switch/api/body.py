"""Reading a JSON body that nobody vouches for: one spelling, bounded depth, strict shapes.

A member that is given twice, NaN, lone surrogates and text that is not UTF-8 are refused, because
two readers could disagree about them. A refusal names the place of the first fault as a JSON path
and never the value; of a member that is not known only its parent is named, since its very name is
input. The surprise: depth is judged before parsing, as a parser could be made to recurse.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from switch.reasons import Reason, from_iso
from switch.refusals import Refusal
from switch.wire.strict_json import is_text, no_constant, too_deep, unique

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPTH_MAX: Final = 8
"""Deepest nesting that is read; the shapes of this interface need three."""

BAD_REQUEST: Final = 400

Shape = TypeVar("Shape", bound=BaseModel)

_ISO_PREFIX: Final = "iso_"


def read_json(raw: bytes, shape: type[Shape]) -> Shape:
    """Return the body as a ``shape``. Raises Refusal 400: FF01, or CH21 or CH16 with a place."""
    if too_deep(raw, DEPTH_MAX):
        _refuse("$")
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except (ValueError, RecursionError):
        _refuse("$")
    if b"\\u" in raw and not is_text(value):
        _refuse("$")
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        kind, place = first["type"], list(first["loc"])
    if kind == "extra_forbidden":
        del place[-1]
    raise Refusal(_reason(kind), BAD_REQUEST, json_path(place))


def json_path(place: Sequence[int | str]) -> str:
    """Write a place as ``$.debtor.name`` or ``$.quotes[0]``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def iso_kind(code: str) -> str:
    """The kind of a validation error that carries an ISO code of its own."""
    return f"{_ISO_PREFIX}{code}"


def _reason(kind: str) -> Reason:
    if kind == "missing":
        return Reason.ELEMENT_MISSING
    if kind.startswith(_ISO_PREFIX):
        return from_iso(kind.removeprefix(_ISO_PREFIX))
    return Reason.FORMAT_INVALID


def _refuse(place: str) -> NoReturn:
    raise Refusal(Reason.FORMAT_INVALID, BAD_REQUEST, place) from None
