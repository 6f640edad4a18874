"""The sandbox's door to the switch: one message out, what came back, and what a customer is told.

What the switch answers is verified with its pinned certificate and must answer this very request;
anything else counts as no answer. The surprise: a spoilt message is signed first and altered after,
or made wrong and signed well, so that the switch is tried on both.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from adapters.sandbox_kit import Answered, posted
from adapters.vietnam.sandbox_messages import NotTaken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sandbox_kit import SandboxContext
    from adapters.vietnam.sandbox_messages import Desk, Outgoing

PATH: Final = "/networks/vietnam/qr/v1/"
"""Where the switch takes our messages; the operation follows."""

SPOILT: Final = ("", "signature", "byte", "requestor", "amount", "account", "owed")
"""What can be wrong with a payment: the first three after it was signed, or not at all."""

_OK: Final = 200
_WORDS: Final = MappingProxyType({"00": "ACSC", "68": "PDNG"})
_NOT_AN_OUTCOME: Final = ("001", "011", "96", "99")


class Door:
    """Sends our messages to the switch."""

    def __init__(self, context: SandboxContext, desk: Desk) -> None:
        self._context = context
        self._desk = desk

    async def post(
        self, operation: str, outgoing: Outgoing, within_ms: int
    ) -> tuple[int | None, dict[str, Any] | None]:
        """Send one message; return the HTTP status and the verified answer, where there are any."""
        heard = await posted(
            self._context.net, PATH + operation, outgoing.body, outgoing.headers, within_ms
        )
        if heard.body is None or heard.headers is None:
            return heard.http, None
        try:
            read = self._desk.read(heard.headers, heard.body, outgoing.reference_id)
        except NotTaken:
            return heard.http, None
        return heard.http, read


def outcome(http: int | None, body: Mapping[str, Any] | None) -> Answered:
    """What a verified answer says; one of HTTP 4xx is about the message and no outcome."""
    if body is None:
        return Answered(http)
    code = str(body["result"].get("code", ""))
    if http != _OK or code in _NOT_AN_OUTCOME or not code:
        return Answered(http, None, code)
    word = _WORDS.get(code, "RJCT")
    return Answered(http, word, code if word == "RJCT" else None)


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
