"""The sandbox's own wire: JSON around a message, signed over its hash, and numbers of its own.

Everything is spelled out here a second time on purpose, from PayNet's pages, so that a body hashed
or a number counted wrongly by the adapter meets a partner that does not make the same mistake. The
surprise: only a minified body is taken, because PayNet's own clients send no other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from iso20022 import IsoError, JwsError, JwsSigner, read, verify_detached
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from adapters.sandbox_kit import SandboxContext
    from iso20022 import Message

HOURS_AHEAD: Final = timedelta(hours=8)
PREFIX: Final = "JWS "
ANSWER_HEADER: Final = "X-JWS-Signature"


class Untrusted(Exception):  # noqa: N818 - what came is nobody's word
    """A body that the other side did not sign."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed body and the identification of its message."""

    business_id: str
    body: bytes = field(repr=False)
    token: str = field(repr=False)


class Wire:
    """Signs, verifies and counts for one sandbox."""

    def __init__(self, context: SandboxContext) -> None:
        self.own: Final = context.options["own_bic"]
        self.partner: Final = context.options["partner_bic"]
        self._context = context
        self._signer = JwsSigner(context.keys.rsa_private("malaysia"), self.own, algorithm="RS256")
        key = context.keys.certificate("switch-malaysia").public_key()
        assert isinstance(key, RSAPublicKey), "RS256 wants an RSA key"
        self._publics = {self.partner: key}
        self._last: dict[str, int] = {}

    def today(self) -> date:
        """The day in Malaysia."""
        return (self._context.clock.now() + HOURS_AHEAD).date()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._context.clock.now()

    def identification(self, code: str) -> str:
        """A new BizMsgIdr; the number starts at the millisecond of the day and only grows."""
        now = self.now() + HOURS_AHEAD
        millisecond = (now.hour * 3600 + now.minute * 60 + now.second) * 1000
        millisecond += now.microsecond // 1000
        series = f"{now:%Y%m%d}{code}"
        number = max(self._last.get(series, -1) + 1, millisecond)
        self._last = {series: number, **{k: v for k, v in self._last.items() if k != series}}
        return f"{now:%Y%m%d}{self.own[:8]}{code}ORB{number % 100_000_000:08d}"

    def wrap(self, business_id: str, name: str, message: str) -> Outgoing:
        """A message in its body, signed."""
        return self._signed(
            business_id, {"businessMessageId": business_id, "messageType": name, "message": message}
        )

    def gateway(self, code: str, words: str) -> Outgoing:
        """The gateway's refusal of a request."""
        return self._signed("", {"code": code, "description": words})

    def _signed(self, business_id: str, data: Mapping[str, str]) -> Outgoing:
        text = json.dumps({"data": data}, separators=(",", ":"), ensure_ascii=False)
        body = text.encode()
        digest = sha256(body).hexdigest().encode()
        return Outgoing(business_id, body, self._signer.sign_detached(digest, unencoded=False))

    def open(self, raw: bytes, token: str, *names: str) -> Message:
        """Verify and read one message of the switch; raises ``Untrusted`` and ``IsoError``."""
        digest = sha256(raw).hexdigest().encode()
        try:
            verify_detached(token, digest, self._publics, algorithms=("RS256",))
        except JwsError as error:
            raise Untrusted(error.code) from None
        try:
            data = read_object(raw, bytes_max=131_072)["data"]
            text = data["message"].encode()
        except (JsonRefused, KeyError, TypeError, AttributeError):
            raise IsoError("parse", "FF01", "/", "the body carries no message") from None
        message = read(text, names=names, header=True)
        header = message.header or {}
        if data.get("businessMessageId") != header.get("business_message_id"):
            raise IsoError("rule", "FF01", "/", "the body names another message")
        return message


def form_holds(business_id: str, code: str, sender: str) -> bool:
    """Whether a BizMsgIdr has thirty characters, of this sender and code."""
    return (
        len(business_id) == 30  # noqa: PLR2004 - 8 + 8 + 3 + 1 + 2 + 8
        and business_id[:8].isdigit()
        and business_id[8:16] == sender[:8]
        and business_id[16:19] == code
        and business_id[19] in "ORH"
        and business_id[22:].isdigit()
    )
