"""The envelope: ``msgInfo``, ``trxInfo`` and ``msgResponse`` in one JSON object, signed both ways.

Nothing is read before its signature holds. An answer is bound to its request three times over: by
the token's UUID, which is made of our msgID, by the msgID itself and by the message type. The
surprise: times inside are Beijing's (UTC+8), the token's time stamp is seconds of 1970.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from adapters.unionpay import signature
from adapters.unionpay.signature import Claims, Field, SignatureWrong, Token, rsa_public
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.port import AdapterContext

CONTENT_TYPE: Final = "application/json"
VERSION: Final = "1.0.0"
NETWORK: Final = "unionpay"
BEIJING: Final = timezone(timedelta(hours=8))
GATEWAY: Final = "/umpsqrgw"
"""The one address of the dialect whose signature is a field."""

MESSAGE_ID: Final = re.compile(r"[A-Z][0-9A-Za-z]{16,48}", re.ASCII)

_CARD: Final = re.compile(rb'("token"\s*:\s*")(?:[^"\\]|\\.)*')
"""A member that holds a card number, in what we wrote and in what was written to us."""

_STAMP: Final = re.compile(r"[0-9]{14}", re.ASCII)
_INSTITUTION: Final = re.compile(r"[0-9]{8}", re.ASCII)


class Unreadable(Exception):  # noqa: N818  the name says what it is
    """A verified message that is not built as it must be."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came: who, what, and its answer's code where it is one. Personal."""

    message_id: str
    message_type: str
    at: datetime
    values: Mapping[str, Any] = field(repr=False)
    code: str = ""
    claims: Claims | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A message of ours, ready to be sent."""

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


def uuid_of(message_id: str) -> str:
    """Return the token's UUID of a message: 32 hexadecimal digits made of its id."""
    return sha256(message_id.encode()).hexdigest()[:32]


def stamp(at: datetime) -> str:
    """Return a time as messages write it: ``yyyymmddHHMMSS`` in Beijing."""
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def masked(body: bytes, card: str) -> bytes:
    """A message as people may see it: no member ``token``, and nowhere the number ``card``."""
    return _CARD.sub(rb"\1***", body).replace(card.encode(), b"***")


class Envelope:
    """Writes and opens the messages of the link, in the dialect that the options choose.

    Options: ``ins_id`` (8 digits, required); ``signature`` ``jws`` (default) or ``embedded``;
    ``digest_info`` ``true`` or ``false`` (default). Keys: our private one and its certificate
    ``switch-unionpay``, the pinned certificate ``unionpay``.
    """

    def __init__(self, context: AdapterContext) -> None:
        options, keys = context.options, context.keys
        self.institution: Final = options.get("ins_id", "")
        if _INSTITUTION.fullmatch(self.institution) is None:
            raise ValueError("options.ins_id: needs 8 digits")
        chosen = options.get("signature", "jws")
        digest_info = options.get("digest_info", "false")
        if chosen not in ("jws", "embedded"):
            raise ValueError("options.signature: is jws or embedded")
        if digest_info not in ("true", "false"):
            raise ValueError("options.digest_info: is true or false")
        own, partner = f"switch-{NETWORK}", keys.certificate(NETWORK)
        private = keys.rsa_private(own)
        self._own_id = str(keys.certificate(own).serial_number)
        self._partner_id = str(partner.serial_number)
        public = rsa_public(partner)
        self._token = Token(private, self._own_id, {self._partner_id: public})
        self._field = Field(private, public, digest_info=digest_info == "true")
        self.embedded: Final = chosen == "embedded"

    def request(
        self,
        info: tuple[str, str, datetime],
        values: Mapping[str, Any],
        path: str,
        at: datetime,
    ) -> Written:
        """Return a request to ``path``, signed ``at``; ``info``: msgID, msgType, time written."""
        message_id, message_type, written_at = info
        head = self.message_info(message_id, message_type, stamp(written_at))
        body = self.seal({"msgInfo": head, "trxInfo": dict(values)})
        claims = Claims(uuid_of(message_id), _seconds(at), self.institution, path)
        return Written((("Content-Type", CONTENT_TYPE), *self.header(body, claims)), body)

    def message_info(self, message_id: str, message_type: str, at: str) -> dict[str, str]:
        """Return ``msgInfo``, which an answer repeats; ``at`` is written already."""
        rest = {"msgID": message_id, "timeStamp": at, "msgType": message_type}
        if self.embedded:
            rest = {"msgType": message_type, "msgID": message_id, "timeStamp": at}
        institution = {"walletID" if self.embedded else "insID": self.institution}
        return {"versionNo": VERSION, **rest, **institution}

    def seal(self, content: Mapping[str, Any]) -> bytes:
        """Return the body: compact, and with its signature where the dialect puts it inside."""
        if not self.embedded:
            return orjson.dumps(content)
        place = {"appSignCertID": self._own_id, "signature": signature.EMPTY}
        return self._field.seal(orjson.dumps({**content, "certificateSignature": place}))

    def header(self, body: bytes, claims: Claims) -> tuple[tuple[str, str], ...]:
        """Return the token's header over a body; none in the other dialect."""
        if self.embedded:
            return ()
        return ((signature.HEADER, self._token.make(body, claims)),)

    def open(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Verify, then read; raises :class:`SignatureWrong` and :class:`Unreadable`."""
        claims = None
        if self.embedded:
            self._field.verify(body)
        else:
            claims = self._token.verify(headers.get(signature.HEADER.lower(), ""), body)
            if claims.app_id != self.institution:
                raise SignatureWrong("another institution")
        try:
            content = read_object(body)
        except JsonRefused as refused:
            raise Unreadable(str(refused)) from None
        if self.embedded and not self._signed_by_partner(content):
            raise SignatureWrong("another key")
        return self._message(content, claims)

    def _signed_by_partner(self, content: Mapping[str, Any]) -> bool:
        place = content.get("certificateSignature")
        return isinstance(place, dict) and place.get("umpsSignCertID") == self._partner_id

    def _message(self, content: Mapping[str, Any], claims: Claims | None) -> Message:
        info, values = content.get("msgInfo"), content.get("trxInfo", {})
        told = content.get("msgResponse", {})
        if not (isinstance(info, dict) and isinstance(values, dict) and isinstance(told, dict)):
            raise Unreadable("a part is missing")
        institution = info.get("walletID" if self.embedded else "insID")
        if info.get("versionNo") != VERSION or institution != self.institution:
            raise Unreadable("another version or institution")
        message_id, message_type = text(info, "msgID"), text(info, "msgType")
        if MESSAGE_ID.fullmatch(message_id) is None or not message_type:
            raise Unreadable("msgID or msgType")
        return Message(
            message_id=message_id,
            message_type=message_type,
            at=_moment(text(info, "timeStamp")),
            values=values,
            code=text(told, "responseCode"),
            claims=claims,
        )


def _moment(written: str) -> datetime:
    if _STAMP.fullmatch(written) is None:
        raise Unreadable("timeStamp")
    try:
        return datetime.strptime(f"{written}+0800", "%Y%m%d%H%M%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("timeStamp") from None


def _seconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a text member, empty when it is absent or no text."""
    value = values.get(name)
    return value if isinstance(value, str) else ""
