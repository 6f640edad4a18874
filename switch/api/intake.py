"""Taking in a member's request: its media type, its bytes, who signed them, its key.

The order is fixed: what is too large or of another kind is refused by its head, then the raw bytes
are verified, and only then does anybody parse them. The surprise: a path that was signed is the
path as it came, percent signs and query included, so nothing is normalised before it is compared.
What no store can hold as text is refused here for every address, in the query and in the path.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.pace import Pace
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.wire.authenticate import HEADER, KEY_HEADER
from switch.wire.strict_json import is_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.wire.authenticate import MemberAuthenticator

BODY_WITHIN_S: Final = 10
"""A body that has not arrived after this many seconds is given up (408)."""

JSON_MEDIA: Final = ("application/json",)
XML_MEDIA: Final = ("application/xml", "text/xml")

PACE: Final = web.AppKey("pace", Pace)
"""Where a request finds what bounds its caller."""

_KEY_SHAPE: Final = re.compile(r"\A[!-~]{1,255}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified request: who signed it, and its raw body."""

    member: str
    body: bytes = field(repr=False)


async def read_body(request: web.Request, at_most: int = 0) -> bytes:
    """Return the raw body. Raises HTTP 408, 413.

    ``at_most`` bytes are taken instead of the configured bound, where it is given.
    """
    most, length = at_most or request.client_max_size, request.content_length
    if length is not None and length > most:
        # Refused by its head: what was announced as too large is not read first.
        raise web.HTTPRequestEntityTooLarge(most, length)
    if request.content.is_eof() and not at_most:
        # It came with its head, as a payment's does: there is nothing to wait for.
        return await request.read()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _bounded(request, at_most) if at_most else await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def _bounded(request: web.Request, at_most: int) -> bytes:
    found = bytearray()
    async for chunk in request.content.iter_any():
        found += chunk
        if len(found) > at_most:
            raise web.HTTPRequestEntityTooLarge(at_most, len(found))
    return bytes(found)


async def take_in(
    request: web.Request,
    authenticator: MemberAuthenticator,
    media: Sequence[str],
    *,
    keyed: bool = False,
    at_most: int = 0,
) -> Signed:
    """Return a member's verified request; ``media`` are the body types taken, none for GET.

    ``at_most`` is its size, where that is not the configured bound.
    ``keyed`` is true where the operation takes an ``Idempotency-Key``: then it must be signed too.

    Raises HTTP 404 for a path that is no text, 408, 413, 415, ``TooMany``, and Refusal for a query
    that is no text or a body where none is expected;
    :class:`~switch.wire.authenticate.NotAuthenticated`.
    """
    if media and (request.content_type not in media or "Content-Encoding" in request.headers):
        raise web.HTTPUnsupportedMediaType
    body = await read_body(request, at_most)
    tokens = request.headers.getall(HEADER, [])
    keys = request.headers.getall(KEY_HEADER, []) if keyed else None
    member = authenticator.verify(request.method, request.raw_path, tokens, body, keys)
    await request.app[PACE].call(member)
    if body and not media:
        raise Refusal(Reason.FORMAT_INVALID, 400)
    _of_text(request)
    return Signed(member, body)


def _of_text(request: web.Request) -> None:
    if not is_text(list(request.match_info.values())):
        raise web.HTTPNotFound
    if not is_text(list(request.query.values())):
        raise Refusal(Reason.FORMAT_INVALID, 400, "query")


def idempotency_key(request: web.Request) -> str:
    """Return the one ``Idempotency-Key``: 1 to 255 visible ASCII characters. Raises Refusal 400."""
    keys = request.headers.getall(KEY_HEADER, [])
    if not keys:
        raise Refusal(Reason.ELEMENT_MISSING, 400, f"header {KEY_HEADER}")
    if len(keys) > 1 or _KEY_SHAPE.match(keys[0]) is None:
        raise Refusal(Reason.FORMAT_INVALID, 400, f"header {KEY_HEADER}")
    return keys[0]
