"""Viet Nam's envelope: ``{header, payload}`` in JSON, signed over the raw body, both ways.

The signature is SHA256withRSA (PKCS #1 v1.5) in base64 and stands in the HTTP header ``Signature``;
published messages also have a member of that name in the header object, which is not read, as it
cannot cover the bytes it stands in. Nothing of a body is read before its signature holds under the
pinned certificate. The surprise is the time: a JSON number of fourteen digits, Viet Nam's own time.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.vietnam.jose import Secrecy, SecrecyKeys
from iso20022 import signing_keys
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from switch.port import AdapterContext

CONTENT_TYPE: Final = "application/json"
SIGNATURE: Final = "Signature"
"""HTTP header of the signature (A: seen as a header, its name not published)."""

HANOI: Final = timedelta(hours=7)
"""Viet Nam's offset from UTC, all year."""

OWN_KEY: Final = "switch-vietnam"
PARTNER_KEY: Final = "vietnam"
SEALING: Final = "-kek"
"""Appended to either name: the key pair that accounts are sealed under."""

SIGNATURE_CHARACTERS_MAX: Final = 1024
"""What is longer is cut there, and so does not verify."""

_STAMP_DIGITS: Final = 14


class EnvelopeError(Exception):
    """A body that is not taken. ``signature`` says that it is not the partner's word at all."""

    def __init__(self, detail: str, *, signature: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.signature = signature


@dataclass(frozen=True, slots=True)
class Heading:
    """The header object of a request."""

    requestor: str
    reference_id: str
    at: datetime
    operation: str


@dataclass(frozen=True, slots=True)
class Names:
    """How the two sides name each other: institution numbers of NAPAS, and our name."""

    own: str
    network: str
    own_name: str


class Envelope:
    """Signs and opens the bodies of one link."""

    def __init__(self, context: AdapterContext) -> None:
        keys = context.keys
        self._key = keys.rsa_private(OWN_KEY)
        self._partner = _rsa_public(context, PARTNER_KEY)
        pinned = keys.certificate(PARTNER_KEY)
        self._in_force = pinned.not_valid_before_utc, pinned.not_valid_after_utc
        self.secrecy: Final = Secrecy(
            SecrecyKeys(
                own_signing=self._key,
                own_opening=keys.rsa_private(OWN_KEY + SEALING),
                their_signing=self._partner,
                their_opening=_rsa_public(context, PARTNER_KEY + SEALING),
            )
        )

    def signature(self, body: bytes) -> str:
        """Return our signature over a body as it goes out."""
        raw = signing_keys.sign(self._key, body)
        return base64.b64encode(raw).decode()

    def headers(self, body: bytes) -> tuple[tuple[str, str], ...]:
        """Return the HTTP headers of a request."""
        return (("Content-Type", CONTENT_TYPE), (SIGNATURE, self.signature(body)))

    def opened(
        self, headers: Mapping[str, str], body: bytes, at: datetime | None = None
    ) -> dict[str, Any]:
        """Verify, then read. ``headers`` have lower-case names. Raises :class:`EnvelopeError`.

        ``at`` also checks that the pinned certificate is in force then.
        """
        verify(self._partner, headers.get(SIGNATURE.lower(), ""), body)
        since, until = self._in_force
        if at is not None and not since <= at <= until:
            raise EnvelopeError("the certificate is not in force", signature=True)
        try:
            return read_object(body)
        except JsonRefused as refused:
            raise EnvelopeError(str(refused)) from None


def verify(key: RSAPublicKey, signature: str, body: bytes) -> None:
    """Raise :class:`EnvelopeError` unless the signature is this key's over exactly this body."""
    try:
        raw = base64.b64decode(signature[:SIGNATURE_CHARACTERS_MAX], validate=True)
        holds = signing_keys.verifies(key, raw, body)
    except (binascii.Error, ValueError):
        holds = False
    if not holds:
        raise EnvelopeError("the signature does not verify", signature=True)


def _rsa_public(context: AdapterContext, name: str) -> RSAPublicKey:
    key = context.keys.certificate(name).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError(f"{name}.crt: is not of an RSA key")  # noqa: TRY004 - a file's content
    return key


def request_body(
    names: Names, operation: str, reference_id: str, payload: Mapping[str, object], now: datetime
) -> bytes:
    """Return the body of a request of ours, member by member as in published messages."""
    return orjson.dumps({
        "header": {
            "requestor": {"id": names.own, "name": names.own_name},
            "reference-id": reference_id,
            "timestamp": stamp(now),
            "operation": operation,
        },
        "payload": payload,
    })  # fmt: skip


def answer_body(
    code: str, words: str, reference_id: str, payload: Mapping[str, object] | None
) -> bytes:
    """Return the body of an answer; ``id`` names the request that it answers (A)."""
    result = {"id": reference_id, "code": code, "message": words, "description": words}
    return orjson.dumps({"result": result} | ({} if payload is None else {"payload": payload}))


def heading(body: Mapping[str, Any]) -> Heading:
    """Return the header object of a request; raises :class:`EnvelopeError`."""
    header = body.get("header")
    if not isinstance(header, dict) or not isinstance(header.get("requestor"), dict):
        raise EnvelopeError("there is no header")
    requestor, reference_id = header["requestor"].get("id"), header.get("reference-id")
    operation = header.get("operation")
    if not (
        isinstance(requestor, str) and isinstance(reference_id, str) and isinstance(operation, str)
    ):
        raise EnvelopeError("the header is not complete")
    return Heading(requestor, reference_id, moment(header.get("timestamp")), operation)


def stamp(at: datetime) -> int:
    """Return a time as NAPAS writes it: a number, Viet Nam's own time, whole seconds."""
    return int(f"{at + HANOI:%Y%m%d%H%M%S}")


def moment(given: object) -> datetime:
    """Read :func:`stamp`, as a number or as text; raises :class:`EnvelopeError`."""
    text = str(given) if type(given) in (int, str) else ""
    if len(text) != _STAMP_DIGITS or not (text.isascii() and text.isdigit()):
        raise EnvelopeError("a timestamp has fourteen digits")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC) - HANOI
    except (ValueError, OverflowError):
        raise EnvelopeError("a timestamp is no time") from None
