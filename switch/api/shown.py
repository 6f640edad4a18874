"""What pages of the interface have in common: JSON answers, whole numbers, how a payment is.

A payment that is final is answered with its stored bytes, one that is open says where to ask. The
surprise: a number of a query that is not one is a refusal that names its place and not its text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from switch import lifecycle
from switch.answers import JSON, json_answer, payment_view
from switch.api.problems import respond
from switch.commands import Answer
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp import web

    from switch.payments import Standing

NUMBER_MAX: Final = 2**63 - 1
"""A payment's number has 63 bits."""

_DIGITS_MAX: Final = 19

UETR: Final = re.compile(r"\A[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}\Z")


def json_response(status: int, view: object) -> web.Response:
    """A view as a JSON answer."""
    return respond(Answer(status, JSON, orjson.dumps(view)))


async def committed_response(status: int, look: Awaitable[object], at_hand: object) -> web.Response:
    """How something stands that was just committed; 202 and what is at hand where that is unread.

    After a commit nobody is told that nothing was stored: they would ask for it once more.
    """
    try:
        return json_response(status, await look)
    except StoreBusy:
        return json_response(202, at_hand)


def standing_response(standing: Standing) -> web.Response:
    """The stored answer of a payment that is final; 202 and where to ask while it is open."""
    if standing.answer is not None:
        return respond(standing.answer)
    if lifecycle.is_final(standing.payment):
        return respond(json_answer(standing.payment))
    view = payment_view(standing.payment)
    location = f"/v1/payments/{standing.payment.uetr}"
    return respond(Answer(202, JSON, orjson.dumps(view)), {"Location": location})


def whole(place: str, text: str | None, default: int, most: int = NUMBER_MAX) -> int:
    """A whole number that is not negative, as ``text``. Raises Refusal 400 naming ``place``."""
    if text is None:
        return default
    well_formed = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX
    if not well_formed or int(text) > most:
        raise Refusal(Reason.FORMAT_INVALID, 400, place)
    return int(text)


def queried(request: web.Request, name: str, default: int) -> int:
    """A whole number of a query. Raises Refusal 400."""
    return whole(f"query {name}", request.query.get(name), default)
