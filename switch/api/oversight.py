"""The overseer's pages: every payment and account, signed for with the overseer's own key.

The overseer is no member: its key opens these pages and nothing else, and no member's key opens
them. Nothing here is personal, so nothing here needs to be unsealed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from switch.account_statement import Asked, statement_page
from switch.answers import problem
from switch.api.intake import take_in
from switch.api.problems import respond
from switch.api.shown import json_response, queried
from switch.oversight import PAGE_MAX, accounts_page, payments_page
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.store.statements import LINES_MAX

if TYPE_CHECKING:
    from aiohttp import web

    from switch.runtime.clock import Clock
    from switch.store.contract import Reads
    from switch.wire.authenticate import MemberAuthenticator

NUMBER_MAX: Final = 2**63 - 1
"""A payment's number has 63 bits."""

DIGITS_MAX: Final = 19

MOMENT_CHARACTERS_MAX: Final = 40
"""Of a time in a query: RFC 3339 with microseconds and an offset has 32."""


class OversightApi:
    """Serves ``/v1/oversight/…``."""

    def __init__(self, authenticator: MemberAuthenticator, read: Reads, clock: Clock) -> None:
        self._authenticator = authenticator
        self._read = read
        self._clock = clock

    async def payments(self, request: web.Request) -> web.Response:
        """``GET /v1/oversight/payments?after=&limit=``: a page in the order of opening."""
        await take_in(request, self._authenticator, ())
        after = queried(request, "after", 0)
        limit = min(queried(request, "limit", PAGE_MAX), PAGE_MAX)
        return json_response(200, await payments_page(self._read, after, limit))

    async def accounts(self, request: web.Request) -> web.Response:
        """``GET /v1/oversight/accounts``: every account with its sums and caps."""
        await take_in(request, self._authenticator, ())
        return json_response(200, await accounts_page(self._read))

    async def statement(self, request: web.Request) -> web.Response:
        """``GET /v1/oversight/statement?account=&from=&to=&after=&limit=``: a page of one account.

        Without ``from`` only the balance at ``to``; without ``to`` up to now.
        """
        await take_in(request, self._authenticator, ())
        until = _moment(request, "to") or self._clock.now()
        asked = Asked(
            account=request.query.get("account", ""),
            since=_moment(request, "from") or until,
            until=until,
            after=queried(request, "after", 0),
            limit=queried(request, "limit", LINES_MAX),
        )
        page = await statement_page(self._read, asked)
        if page is None:
            return respond(problem(404, "There is no such account.", None))
        return json_response(200, page)


def _moment(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text[:MOMENT_CHARACTERS_MAX])
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # the same as a time without a zone: it names no moment
    raise Refusal(Reason.FORMAT_INVALID, 400, f"query {name}")
