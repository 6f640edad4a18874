"""The sandbox's own messages: written, signed and checked without the adapter's envelope.

Member names are spelled out here a second time on purpose, so that a member put in the wrong place
by the adapter meets a partner that does not make the same mistake. Shared with the adapter is only
the secrecy of accounts, which is cryptography and knows no message.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.sandbox_kit import Reply
from adapters.vietnam.jose import Secrecy, SecrecyKeys
from iso20022 import signing_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from adapters.sandbox_kit import SandboxContext

LOOKUP, PAYMENT, ENQUIRY, RETURN = "QRLOOKUP", "QRPAYMENT", "QRENQUIRY", "QRRETURN"
TYPE: Final = "application/json"
LOCAL: Final = timedelta(hours=7)
SKEW_MAX: Final = timedelta(minutes=5)
"""Oldest and newest time that a message may carry."""

_STAMP: Final = re.compile(r"20[0-9]{12}\Z", re.ASCII)
_OWN, _PARTNER, _SEALING = "vietnam", "switch-vietnam", "-kek"


class NotTaken(Exception):  # noqa: N818 - an answer of the network, not an error of ours
    """A message that is not taken; ``http`` and ``code`` are answered."""

    def __init__(self, http: int, code: str) -> None:
        super().__init__(code)
        self.http = http
        self.code = code


@dataclass(frozen=True, slots=True)
class Taken:
    """A verified request of the switch."""

    operation: str
    reference_id: str
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed request of ours: repeated as it stands."""

    reference_id: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Desk:
    """Writes, signs, verifies and reads for one sandbox."""

    def __init__(self, context: SandboxContext) -> None:
        options, keys = context.options, context.keys
        self.own: Final = options["network_id"]
        self.partner: Final = options["own_id"]
        self.clock, self._ids = context.clock, context.ids
        self._key = keys.rsa_private(_OWN)
        self._theirs = _public(context, _PARTNER)
        opening = keys.rsa_private(_OWN + _SEALING)
        sealing = _public(context, _PARTNER + _SEALING)
        self.secrecy: Final = Secrecy(SecrecyKeys(self._key, opening, self._theirs, sealing))

    def today(self) -> str:
        """The date in Viet Nam, as references begin."""
        return f"{self.clock.now() + LOCAL:%Y%m%d}"

    def local(self) -> str:
        """The time as payments carry it."""
        return f"{self.clock.now() + LOCAL:%Y-%m-%dT%H:%M:%S}.000Z"

    def take(self, headers: Mapping[str, str], raw: bytes) -> Taken:
        """Verify and read one request of the switch; raises :class:`NotTaken`."""
        self._check(headers.get("Signature", ""), raw)
        body = _object(raw)
        header, payload = body.get("header"), body.get("payload")
        if not isinstance(header, dict) or not isinstance(payload, dict):
            raise NotTaken(400, "004")
        requestor, stamp = header.get("requestor"), header.get("timestamp")
        if not isinstance(requestor, dict) or requestor.keys() != {"id", "name"}:
            raise NotTaken(400, "004")
        if requestor["id"] != self.partner:
            raise NotTaken(400, "007")
        if type(stamp) is not int or _STAMP.match(str(stamp)) is None:
            raise NotTaken(400, "004")
        now = self.clock.now() + LOCAL
        earliest, latest = f"{now - SKEW_MAX:%Y%m%d%H%M%S}", f"{now + SKEW_MAX:%Y%m%d%H%M%S}"
        if not earliest <= str(stamp) <= latest:
            raise NotTaken(400, "54")
        reference_id, operation = header.get("reference-id"), header.get("operation")
        if not isinstance(reference_id, str) or not isinstance(operation, str):
            raise NotTaken(400, "004")
        return Taken(operation, reference_id, payload)

    def read(self, headers: Mapping[str, str], raw: bytes, reference_id: str) -> dict[str, Any]:
        """Verify and read the answer to our request; raises :class:`NotTaken`."""
        self._check(headers.get("Signature", ""), raw)
        body = _object(raw)
        result = body.get("result")
        if not isinstance(result, dict) or result.get("id") != reference_id:
            raise NotTaken(400, "004")
        return body

    def reply(
        self, code: str, reference_id: str, payload: Mapping[str, object] | None, http: int = 200
    ) -> Reply:
        """A signed answer."""
        word = "SUCCESS" if code == "00" else "ERROR"
        result = {"id": reference_id, "code": code, "message": word, "severity": word}
        body = orjson.dumps({"result": result} | ({"payload": payload} if payload else {}))
        return Reply(body, TYPE, http, (("Signature", self._signature(body)),))

    def request(
        self,
        operation: str,
        payload: Mapping[str, object],
        age_ms: int = 0,
        *,
        requestor: str = "",
    ) -> Outgoing:
        """A signed request to the switch, as old as told, or as another requestor's."""
        reference_id = self._ids.uuid()
        at = self.clock.now() - timedelta(milliseconds=age_ms) + LOCAL
        body = orjson.dumps({
            "header": {
                "requestor": {"id": requestor or self.own, "name": "NAPAS"},
                "reference-id": reference_id,
                "timestamp": int(f"{at:%Y%m%d%H%M%S}"),
                "operation": operation,
            },
            "payload": payload,
        })  # fmt: skip
        return self._outgoing(reference_id, body)

    def notification(self, values: Mapping[str, object]) -> Outgoing:
        """A signed notification: flat, its time as text, as published."""
        stamp = f"{self.clock.now() + LOCAL:%Y%m%d%H%M%S}"
        body = orjson.dumps({"apiOperation": "QR_PAYMENT", "timestamp": stamp} | dict(values))
        return self._outgoing("", body)

    def _outgoing(self, reference_id: str, body: bytes) -> Outgoing:
        headers = {"Content-Type": TYPE, "Signature": self._signature(body)}
        return Outgoing(reference_id, body, headers)

    def _signature(self, body: bytes) -> str:
        raw = signing_keys.sign(self._key, body)
        return base64.b64encode(raw).decode()

    def _check(self, signature: str, raw: bytes) -> None:
        try:
            given = base64.b64decode(signature, validate=True)
            holds = signing_keys.verifies(self._theirs, given, raw)
        except (binascii.Error, ValueError):
            holds = False
        if not holds:
            raise NotTaken(401, "63")


def _public(context: SandboxContext, name: str) -> RSAPublicKey:
    key = context.keys.certificate(name).public_key()
    assert isinstance(key, rsa.RSAPublicKey), "NAPAS signs and seals with RSA"
    return key


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise NotTaken(400, "004") from None
    if not isinstance(body, dict):
        raise NotTaken(400, "004")
    return body
