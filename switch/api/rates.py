"""The providers' and the overseer's pages about rates: post, withdraw, list, history; positions.

A provider signs with a key of its own and can touch and see its own sheets only. The overseer sees
all of them and may withdraw any, but posts none. A sheet that is refused does not hold up the
others; the answer is 422 when there is one, and says of each what became of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.api.body import read_json
from switch.api.intake import JSON_MEDIA, take_in
from switch.api.rate_shapes import RatesRequest, WithdrawRequest
from switch.api.shown import json_response
from switch.keys import OVERSEER
from switch.reasons import Reason
from switch.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiohttp import web

    from switch.posting import Posting
    from switch.rates import Outcome, Rates
    from switch.wire.authenticate import MemberAuthenticator

FORBIDDEN = 403
CODE_CHARACTERS = 3


class RatesApi:
    """Serves ``/v1/rates…`` and ``/v1/positions``."""

    def __init__(
        self,
        *,
        quoters: MemberAuthenticator,
        overseers: MemberAuthenticator,
        rates: Rates,
        posting: Posting,
        positions: Callable[[], Awaitable[Mapping[str, object]]],
    ) -> None:
        self._quoters = quoters
        self._overseers = overseers
        self._rates = rates
        self._posting = posting
        self._positions = positions

    async def publish(self, request: web.Request) -> web.Response:
        """``PUT /v1/rates``: the signing provider's own sheets."""
        signed = await take_in(request, self._quoters, JSON_MEDIA)
        if signed.member == OVERSEER:
            raise Refusal(Reason.TRANSACTION_FORBIDDEN, FORBIDDEN)
        asked = read_json(signed.body, RatesRequest)
        self._posting.take(signed.member, len(asked.sheets))
        terms = [sheet.terms(signed.member) for sheet in asked.sheets]
        outcomes = await self._rates.publish(signed.member, terms)
        return _outcomes(outcomes)

    async def withdraw(self, request: web.Request) -> web.Response:
        """``POST /v1/rates/withdraw``: by the provider itself, or by the overseer."""
        signed = await take_in(request, self._quoters, JSON_MEDIA)
        asked = read_json(signed.body, WithdrawRequest)
        provider = signed.member
        if provider == OVERSEER:
            if asked.provider is None:
                raise Refusal(Reason.ELEMENT_MISSING, 400, "$.provider")
            provider = asked.provider
        elif asked.provider not in (None, provider):
            raise Refusal(Reason.TRANSACTION_FORBIDDEN, FORBIDDEN, "$.provider")
        pair = (asked.payer_currency, asked.payee_currency)
        outcome = await self._rates.withdraw(provider, pair, asked.version)
        return _outcomes([outcome])

    async def current(self, request: web.Request) -> web.Response:
        """``GET /v1/rates``: the sheets that stand; a provider sees its own."""
        signed = await take_in(request, self._quoters, ())
        overseer = signed.member == OVERSEER
        rates = self._rates.current(None if overseer else signed.member)
        return json_response(
            200, {"rates": rates, "loops": self._rates.loops() if overseer else []}
        )

    async def history(self, request: web.Request) -> web.Response:
        """``GET /v1/rates/history?provider=&payer=&payee=``: every version that is kept."""
        signed = await take_in(request, self._quoters, ())
        provider = request.query.get("provider", signed.member)
        if signed.member not in (OVERSEER, provider):
            raise Refusal(Reason.TRANSACTION_FORBIDDEN, FORBIDDEN, "query provider")
        pair = (_code(request, "payer"), _code(request, "payee"))
        return json_response(200, {"rates": self._rates.history(provider, pair)})

    async def positions(self, request: web.Request) -> web.Response:
        """``GET /v1/positions``: what each liquidity holder holds, owes and has reserved."""
        await take_in(request, self._overseers, ())
        return json_response(200, await self._positions())


def _code(request: web.Request, name: str) -> str:
    code = request.query.get(name, "")
    if len(code) != CODE_CHARACTERS or not code.isascii() or not code.isupper():
        raise Refusal(Reason.FORMAT_INVALID, 400, f"query {name}")
    return code


def _outcomes(outcomes: Sequence[Outcome]) -> web.Response:
    refused = any(outcome.code is not None for outcome in outcomes)
    sheets = [outcome.view(place) for place, outcome in enumerate(outcomes)]
    return json_response(422 if refused else 200, {"sheets": sheets})
