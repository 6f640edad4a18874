"""Malaysia's envelope: one message of ISO 20022 in a minified JSON body, signed in a header. Pure.

``{"data":{"businessMessageId","messageType","message"}}``; the signature is a JWS (RS256) over the
hexadecimal SHA-256 of the minified body. What is hashed is the raw body without the white space
between its tokens, so nothing is parsed before the signature holds. The surprise: a request has
its signature in ``Authorization``, an answer in ``X-JWS-Signature``: it authorises nothing.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from iso20022 import IsoError, JwsError, JwsSigner, Message, build, read, verify_detached
from iso20022 import elements as e
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from switch.port import AdapterContext

OWN_KEY: Final = "switch-malaysia"
"""Name of our private key towards PayNet, and of its certificate."""

PARTNER_CERTIFICATE: Final = "malaysia"
"""Name of PayNet's pinned certificate."""

HEADER: Final = "head.001.001.02"
BUSINESS_SERVICE: Final = "RPP"
CONTENT_TYPE: Final = "application/json"

REQUEST_HEADER: Final = "authorization"
ANSWER_HEADER: Final = "x-jws-signature"
SCHEME: Final = "JWS "
"""What stands before the token in ``Authorization``."""

ALGORITHMS: Final = ("RS256",)

# White space between tokens; what stands between quotes is kept, escaped quotes included.
_TOKENS: Final = re.compile(rb'("(?:[^"\\]|\\.)*+"?)|[ \t\r\n]+', re.DOTALL)


class NotTrusted(Exception):  # noqa: N818 - what came is nobody's word
    """A body whose signature is missing (``missing``), wrong, or of a certificate not in force."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def minified(body: bytes) -> bytes:
    """The body without white space between its tokens; nothing is parsed."""
    return _TOKENS.sub(rb"\1", body)


def payload_hash(body: bytes) -> str:
    """What is signed: the SHA-256 of the minified body in hexadecimal."""
    return sha256(minified(body)).hexdigest()


class Envelope:
    """Writes, signs, verifies and opens the messages of the link to PayNet."""

    def __init__(self, context: AdapterContext) -> None:
        self.own: Final = context.own_bic
        self.partner: Final = context.partner_bic
        keys = context.keys
        self._signer = JwsSigner(keys.rsa_private(OWN_KEY), context.own_bic, algorithm="RS256")
        self._certificate = keys.certificate(PARTNER_CERTIFICATE)
        public = self._certificate.public_key()
        if not isinstance(public, RSAPublicKey):
            raise ValueError(f"{PARTNER_CERTIFICATE}.crt: is not of an RSA key")  # noqa: TRY004
        self._publics = {context.partner_bic: public}

    def write(
        self, name: str, values: Mapping[str, object], business_id: str, at: datetime
    ) -> bytes:
        """The body of a message; raises :class:`IsoError` for a value that cannot be sent."""
        header = {
            "from_bic": self.own,
            "to_bic": self.partner,
            "business_message_id": business_id,
            "message_definition": name,
            "business_service": BUSINESS_SERVICE,
            "created_at": at,
        }
        message = build(name, values, header_name=HEADER, header=header)
        data = {
            "businessMessageId": business_id,
            "messageType": name,
            "message": message.decode(),
        }
        return orjson.dumps({"data": data})

    def signature(self, body: bytes) -> str:
        """The token of a body that we send."""
        return self._signer.sign_detached(payload_hash(body).encode(), unencoded=False)

    def verify(self, token: str, body: bytes, at: datetime | None = None) -> None:
        """Check that the partner signed the body; raises :class:`NotTrusted`.

        ``at`` also checks that the pinned certificate is in force then.
        """
        if not token:
            raise NotTrusted("missing")
        try:
            verify_detached(
                token, payload_hash(body).encode(), self._publics, algorithms=ALGORITHMS
            )
        except JwsError as error:
            raise NotTrusted(error.code) from None
        certificate = self._certificate
        if at is not None and not (
            certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        ):
            raise NotTrusted("certificate")

    def read(self, body: bytes, names: Collection[str]) -> Message | str:
        """The message of a verified body, or the gateway's code; raises :class:`IsoError`."""
        data = _data(body)
        code, text = data.get("code"), data.get("message")
        if isinstance(code, str) and "messageType" not in data:
            return code
        if not isinstance(text, str):
            raise IsoError("parse", "FF01", "/", "the body carries no message")
        message = read(text.encode(), names=names, header=True)
        header = message.header or {}
        if message.header_name != HEADER:
            raise IsoError("schema", "FF01", e.AT_HEADER, "the header's version is not accepted")
        if (data.get("businessMessageId"), data.get("messageType")) != (
            header.get("business_message_id"),
            message.name,
        ):
            raise IsoError("rule", "FF01", e.AT_HEADER, "the body names another message")
        return message

    def between_us(self, message: Message) -> bool:
        """Whether the header says that the message went from the partner to us."""
        header = message.header or {}
        return (header.get("from_bic"), header.get("to_bic")) == (self.partner, self.own)


def token_of_request(headers: Mapping[str, str]) -> str:
    """The token that a request brings; empty where there is none."""
    value = headers.get(REQUEST_HEADER, "")
    return value.removeprefix(SCHEME) if value.startswith(SCHEME) else ""


def _data(body: bytes) -> Mapping[str, object]:
    try:
        data = read_object(body).get("data")
    except JsonRefused as refused:
        raise IsoError("parse", "FF01", "/", str(refused)) from None
    if not isinstance(data, dict):
        raise IsoError("parse", "FF01", "/", "the body has no member data")
    return data
