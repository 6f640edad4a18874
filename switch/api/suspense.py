"""``/v1/operations/suspense``: operators see what is in suspense and close it, in pairs.

The surprise: what a payment has is no item, and the refusal says which command is for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.answers import problem
from switch.api.body import read_json
from switch.api.intake import JSON_MEDIA, take_in
from switch.api.problems import Absent, respond
from switch.api.shown import committed_response, json_response, queried
from switch.api.suspense_shapes import ClosingApproval, ClosingRequest, FoundRequest
from switch.closings import PAGE_MAX, Asked
from switch.found import Transfer
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.suspense import Way

if TYPE_CHECKING:
    from aiohttp import web

    from switch.api.care import Care

_STATUS: Final = (
    (Reason.NOT_SUSPENDED, 404),
    (Reason.PROPOSAL_CHANGED, 409),
    (Reason.ITEM_CLOSED, 409),
)
TAKEN: Final = "This transfer was taken in before."
NAME_MAX: Final = 200
BY_NAME: Final = "name"
BY_AGE: Final = "age"


class SuspenseApi:
    """Serves the operators' desk for money in suspense."""

    def __init__(self, care: Care) -> None:
        self._operators = care.operators
        self._config = care.config
        self._closings = care.aftercare.closings
        self._found = care.aftercare.found
        self._pools = care.aftercare.pools(care.config)

    async def suspense(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/suspense?order=&after=&limit=``, or ``?item=``."""
        await take_in(request, self._operators, ())
        item = request.query.get("item")
        if item is not None:
            shown = await self._closings.shown(item[:NAME_MAX])
            if shown is None:
                raise Absent(Reason.NOT_SUSPENDED.sentence)
            return json_response(200, {"items": [shown], "after": None})
        after = request.query.get("after", "")[:NAME_MAX]
        limit = queried(request, "limit", PAGE_MAX)
        order = request.query.get("order", BY_NAME)
        if order == BY_NAME:
            return json_response(200, await self._closings.page(after, limit))
        if order != BY_AGE:
            raise Refusal(Reason.FORMAT_INVALID, 400, "query order")
        page = await self._closings.oldest(after, limit)
        if page is None:
            raise Absent(Reason.NOT_SUSPENDED.sentence)
        return json_response(200, page)

    async def propose(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/suspense/proposals``."""
        signed = await take_in(request, self._operators, JSON_MEDIA)
        body = read_json(signed.body, ClosingRequest)
        said = (body.institution, body.reference, body.instead_of or "")
        if body.amount is not None and body.way != Way.WITHDRAWN:
            # An item closes whole: an amount beside another way is a misunderstanding.
            raise Refusal(Reason.FORMAT_INVALID, 400, "$.amount")
        withdrawn = None if body.amount is None else body.amount.money()
        asked = Asked(body.item, Way(body.way), *said, withdrawn=withdrawn)
        refused = await self._closings.propose(asked, signed.member, self._config)
        return await self._answered(201, body.item, refused)

    async def approve(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/suspense/approvals``."""
        signed = await take_in(request, self._operators, JSON_MEDIA)
        body = read_json(signed.body, ClosingApproval)
        refused = await self._closings.approve(body.item, body.proposal, signed.member)
        return await self._answered(200, body.item, refused)

    async def found(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/suspense/found``."""
        signed = await take_in(request, self._operators, JSON_MEDIA)
        body = read_json(signed.body, FoundRequest)
        transfer = Transfer(body.sponsor, body.hash, body.amount.money())
        if body.sponsor not in self._pools:
            raise Refusal(Reason.AGENT_UNKNOWN, 422)
        booked = await self._found.tell(transfer, signed.member, self._operators.names)
        if booked is Reason.DUPLICATE:
            return respond(problem(409, TAKEN, booked))
        if isinstance(booked, Reason):
            raise Refusal(booked, 422)
        return json_response(200 if booked else 202, {"item": body.hash, "booked": booked})

    async def _answered(self, status: int, item: str, refused: Reason | None) -> web.Response:
        known = dict(_STATUS)
        if refused in known:
            return respond(problem(known[refused], refused.sentence, refused))
        if refused is not None:
            raise Refusal(refused)
        return await committed_response(status, self._closings.shown(item), {"stored": item})
