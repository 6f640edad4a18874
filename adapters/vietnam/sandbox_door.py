"""The sandbox's door to the switch: one message out, what came back, and what a customer is told.

What the switch answers is verified with its pinned certificate and must answer this very request;
anything else counts as no answer. The surprise: a spoilt message is signed first and altered after,
or made wrong and signed well, so that the switch is tried on both.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from adapters.vietnam.sandbox_messages import NotTaken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sandbox_kit import SandboxContext
    from adapters.vietnam.sandbox_messages import Desk, Outgoing
    from fx.money import Money

PATH: Final = "/networks/vietnam/qr/v1/"
"""Where the switch takes our messages; the operation follows."""

ANSWER_BYTES_MAX: Final = 65_536
SPOILT: Final = ("", "signature", "byte", "requestor", "amount", "account", "owed")
"""What can be wrong with a payment: the first three after it was signed, or not at all."""

_OK: Final = 200
_WORDS: Final = MappingProxyType({"00": "ACSC", "68": "PDNG"})
_NOT_AN_OUTCOME: Final = ("001", "011", "96", "99")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the switch: nothing but what a payer may act on."""

    http: int | None = None
    status: str | None = None
    reason: str | None = None

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {"http": self.http, "status": self.status, "reason": self.reason}


class Door:
    """Sends our messages to the switch."""

    def __init__(self, context: SandboxContext, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    async def post(
        self, operation: str, outgoing: Outgoing, within_ms: int
    ) -> tuple[int | None, dict[str, Any] | None]:
        """Send one message; return the HTTP status and the verified answer, where there are any."""
        net = self._context.net
        try:
            async with (
                asyncio.timeout(within_ms / 1000),
                net.session("switch").post(
                    net.url("switch") + PATH + operation,
                    data=outgoing.body,
                    headers=outgoing.headers,
                    allow_redirects=False,
                ) as response,
            ):
                http = response.status
                raw = await response.content.read(ANSWER_BYTES_MAX)
                while more := await response.content.read(ANSWER_BYTES_MAX):
                    raw += more
                    if len(raw) > ANSWER_BYTES_MAX:
                        return http, None
                headers = response.headers
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None, None
        try:
            return http, self._desk.read(headers, raw, outgoing.reference_id)
        except NotTaken:
            return http, None


def outcome(http: int | None, body: Mapping[str, Any] | None) -> Answered:
    """What a verified answer says; one of HTTP 4xx is about the message and no outcome."""
    if body is None:
        return Answered(http)
    code = str(body["result"].get("code", ""))
    if http != _OK or code in _NOT_AN_OUTCOME or not code:
        return Answered(http, None, code)
    word = _WORDS.get(code, "RJCT")
    return Answered(http, word, code if word == "RJCT" else None)


def shown(
    uetr: str | None, result: Answered, debit: Money | None, answers: tuple[Answered, ...]
) -> dict[str, object]:
    """What a control answers about a payment."""
    return {
        "uetr": uetr,
        "status": result.status,
        "reason": result.reason,
        "amount": None if debit is None else str(debit),
        "currency": None if debit is None else debit.currency.code,
        "answers": [answer.shown() for answer in answers],
    }


def made_wrong(payload: Mapping[str, Any], how: str) -> dict[str, Any]:
    """A payment with something wrong in it, to be signed as it is."""
    wrong = dict(payload)
    if how == "amount":
        wrong["amount"] = "1e4"
    elif how == "account":
        wrong["sender_account"] = wrong["sender_account"][:-4] + "AAAA"
    elif how == "owed":
        wrong["payment"] = wrong["payment"] | {"interbank_amount": "1.00"}
    return wrong


def altered(outgoing: Outgoing, how: str) -> Outgoing:
    """A signed message that something happened to on its way."""
    if how == "byte":
        return replace(outgoing, body=outgoing.body.replace(b'"VND"', b'"VNE"', 1) + b" ")
    if how == "signature":
        signature = outgoing.headers["Signature"]
        return replace(outgoing, headers={**outgoing.headers, "Signature": signature[::-1]})
    return outgoing
