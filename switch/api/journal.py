"""The journal's pages: its newest signed head, and the proof of one's own payment.

Any member and the overseer may have the head: it tells nothing but that there is a journal and how
long it is. The surprise: a receipt is not stored but made from the journal when it is asked for, so
it leads to the published heads there are by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from switch.answers import problem
from switch.api.intake import take_in
from switch.api.problems import respond
from switch.api.shown import json_response
from switch.heads import HEADER, short
from switch.keys import OVERSEER
from switch.store.proof import NotProvable, block_json, prove

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from switch.runtime.clock import Clock
    from switch.store.contract import Reads
    from switch.store.journal import Block
    from switch.wire.authenticate import MemberAuthenticator

ANSWERED: Final = (200, 409, 422)
"""Statuses of answers that are bound, or say what is bound."""


class JournalApi:
    """Serves ``/v1/journal/head`` and ``/v1/payments/{uetr}/receipt``."""

    def __init__(
        self,
        authenticator: MemberAuthenticator,
        read: Reads,
        head: Callable[[], Block | None],
        published: Mapping[tuple[int, int], bytes],
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self._read = read
        self._head = head
        self._published = published
        self._clock = clock

    async def head(self, request: web.Request) -> web.Response:
        """``GET /v1/journal/head``: the newest block's signed header and its hash."""
        await take_in(request, self._authenticator, ())
        head = self._head()
        if head is None:
            raise web.HTTPNotFound
        return json_response(200, {**block_json(head), "hash": head.hash().hex()})

    async def receipt(self, request: web.Request) -> web.Response:
        """``GET /v1/payments/{uetr}/receipt``: the proof of a payment that the caller asked for."""
        signed = await take_in(request, self._authenticator, ())
        uetr = request.match_info["uetr"]
        payment = await self._read.payment(uetr)
        if payment is None or signed.member not in (payment.origin, OVERSEER):
            raise web.HTTPNotFound
        try:
            return json_response(
                200, await prove(self._read, uetr, self._published, self._others_first)
            )
        except NotProvable as error:
            return respond(problem(409, "There is no proof of this payment.", None, why=str(error)))

    async def _others_first(self) -> None:
        await self._clock.sleep(0)


def witness(head: Callable[[], Block | None]) -> Middleware:
    """The middleware that names the newest head on what was answered for good."""
    last: list[tuple[Block | None, str]] = [(None, "")]

    @web.middleware
    async def witnessed(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method == "POST" and response.status in ANSWERED:
            newest = head()
            if newest is not None:
                if last[0][0] is not newest:
                    last[0] = (newest, short(newest))
                response.headers[HEADER] = last[0][1]
        return response

    return witnessed
