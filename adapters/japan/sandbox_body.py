"""What the sandbox takes for a body: every field required, of its type, and no other.

A number with a decimal point or an exponent is an error wherever it stands, as is a member given
twice. The surprise: a missing field and a wrong one have different codes, as the network's public
model has them.
"""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

AMOUNT_MAX: Final = 10**11 - 1
"""Largest amount that eleven digits hold."""

_NAMED: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)

SHAPES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType({
    "lookup": (("qr", "text"),),
    "payment": (
        ("merchantPaymentId", "name"),
        ("merchantId", "name"),
        ("storeId", "name"),
        ("amount", "JPY"),
        ("payerAmount", "KHR"),
        ("fxQuoteId", "text"),
        ("requestedAt", "epoch"),
    ),
    "refund": (
        ("merchantRefundId", "name"),
        ("paymentId", "name"),
        ("amount", "JPY"),
        ("requestedAt", "epoch"),
        ("reason", "text"),
    ),
})  # fmt: skip
"""Fields by the kind of request; an amount's kind is its currency."""


class BodyRefused(ValueError):  # noqa: N818 - an answer of the network, not an error of ours
    """The body cannot be taken; ``code`` is what ``resultInfo`` says."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_body(raw: bytes, shape: str) -> Mapping[str, object]:
    """Return the fields of a body; raises :class:`BodyRefused`."""
    try:
        given = json.loads(
            raw, object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        raise BodyRefused("INVALID_REQUEST_PARAMS") from None
    if not isinstance(given, dict):
        raise BodyRefused("INVALID_REQUEST_PARAMS")
    wanted = dict(SHAPES[shape])
    if wanted.keys() - given.keys():
        raise BodyRefused("MISSING_REQUEST_PARAMS")
    if given.keys() - wanted.keys() or not all(
        _fits(given[name], kind) for name, kind in wanted.items()
    ):
        raise BodyRefused("INVALID_REQUEST_PARAMS")
    return given


def _fits(value: object, kind: str) -> bool:
    if kind == "text":
        return isinstance(value, str) and bool(value)
    if kind == "name":
        return isinstance(value, str) and _NAMED.fullmatch(value) is not None
    if kind == "epoch":
        return type(value) is int and value > 0
    return (
        isinstance(value, dict)
        and value.keys() == {"amount", "currency"}
        and value["currency"] == kind
        and type(value["amount"]) is int
        and 0 < value["amount"] <= AMOUNT_MAX
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyRefused("INVALID_REQUEST_PARAMS")
    return found


def _refuse(_: str) -> NoReturn:
    raise BodyRefused("INVALID_REQUEST_PARAMS")
