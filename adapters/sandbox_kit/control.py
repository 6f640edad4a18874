"""Requests that control a sandbox: JSON in, JSON out, and a refusal that echoes nothing.

Controls belong to a test, not to the network: they are not signed and have no place on the wire.
The surprise: a number that is not whole is read as a decimal, because a share must be exact for the
same seed to hit the same requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import orjson
from aiohttp import web

from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

_Wanted = TypeVar("_Wanted", str, int)


class ControlError(ValueError):
    """A control request that cannot be used; the text says why and echoes nothing."""


def as_json(value: object, status: int = 200) -> web.Response:
    """Return a JSON response."""
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json")


def refused_control(error: ControlError) -> web.Response:
    """Return the answer to a control request that cannot be used."""
    return as_json({"error": str(error)}, 400)


async def read_control(request: web.Request) -> Mapping[str, object]:
    """Read the JSON object of a control request; raises :class:`ControlError`."""
    try:
        return read_object(await request.read())
    except JsonRefused as refused:
        raise ControlError(str(refused)) from None


def wanted(
    given: Mapping[str, object], name: str, kind: type[_Wanted], default: _Wanted | None = None
) -> _Wanted:
    """Return one value of a control request; raises :class:`ControlError` for another type."""
    value = given.get(name, default)
    if type(value) is not kind:
        raise ControlError(f"{name}: missing or not {kind.__name__}")
    return value
