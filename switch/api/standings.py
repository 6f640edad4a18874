"""``/v1/operations/parties``: operators say how members and merchants stand, in pairs.

The surprise: versions do the work of locks, so an approval of what somebody else has replaced since
it was seen is answered 409 and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from switch.admissions import PAGE_MAX
from switch.answers import problem
from switch.api.body import read_json
from switch.api.intake import JSON_MEDIA, take_in
from switch.api.problems import respond
from switch.api.shown import committed_response, json_response, queried
from switch.api.standing_shapes import StepApproval, StepRequest
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.standings import Step, member_party

if TYPE_CHECKING:
    from switch.admissions import Admissions
    from switch.wire.authenticate import MemberAuthenticator


class StandingApi:
    """Serves the operators' desk for parties."""

    def __init__(self, operators: MemberAuthenticator, admissions: Admissions) -> None:
        self._operators = operators
        self._admissions = admissions

    async def parties(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/parties?after=&limit=``: a page in the order of kinds and names."""
        await take_in(request, self._operators, ())
        after, limit = request.query.get("after", ""), queried(request, "limit", PAGE_MAX)
        return json_response(200, await self._admissions.page(after, limit))

    async def party(self, request: web.Request) -> web.Response:
        """``GET /v1/operations/parties/{kind}/{name}``."""
        await take_in(request, self._operators, ())
        return json_response(200, await self._admissions.shown(self._named(request)))

    async def propose(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/parties/{kind}/{name}/proposals``."""
        signed = await take_in(request, self._operators, JSON_MEDIA)
        asked = read_json(signed.body, StepRequest)
        party, step = self._named(request), Step(asked.step)
        said = (asked.version, step, signed.member, asked.reference)
        return await self._answered(201, party, await self._admissions.propose(party, *said))

    async def approve(self, request: web.Request) -> web.Response:
        """``POST /v1/operations/parties/{kind}/{name}/approvals``."""
        signed = await take_in(request, self._operators, JSON_MEDIA)
        version = read_json(signed.body, StepApproval).version
        party = self._named(request)
        refused = await self._admissions.approve(party, version, signed.member)
        return await self._answered(200, party, refused)

    async def _answered(self, status: int, party: str, refused: Reason | None) -> web.Response:
        if refused is Reason.PROPOSAL_CHANGED:
            return respond(problem(409, refused.sentence, refused))
        if refused is not None:
            raise Refusal(refused)
        look = self._admissions.shown(party)
        return await committed_response(status, look, {"stored": party})

    def _named(self, request: web.Request) -> str:
        kind, name = request.match_info["kind"], request.match_info["name"]
        party = member_party(name) if kind == "member" else f"{kind}/{name}"
        if not self._admissions.knows(party):
            raise web.HTTPNotFound
        return party
