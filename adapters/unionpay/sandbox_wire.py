"""The sandbox's own messages: both dialects, written without the adapter's.

Members are spelled out here a second time on purpose, so that one put in the wrong place by the
adapter meets a partner that does not make the same mistake. The surprise: the token's members stand
in another order here than in the adapter's, which a receiver that understands JWS cannot mind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from adapters.sandbox_kit import Reply
from iso20022 import signing_keys
from iso20022.jws import JwsError, JwsSigner, verify_detached
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.sandbox_kit import SandboxContext

JSON: Final = "application/json"
SKEW_S: Final = 300
"""Oldest and newest time stamp of a token that is taken, in seconds."""

_CHINA: Final = timedelta(hours=8)
_MESSAGE: Final = re.compile(r"A[0-9]{16,48}\Z", re.ASCII)
_MEMBERS: Final = ("UPI-UUID", "UPI-TIMESTAMP", "UPI-APPID", "UPI-REQPATH")
_ZEROS: Final = b'"signature":"00000000"'
_SIGNED: Final = re.compile(rb'"signature":"([^"]*)"')

SENTENCES: Final = MappingProxyType({
    "00": "Approved",
    "03": "Invalid Merchant",
    "04": "Pending. Transaction result is unknown. Please check later.",
    "12": "Invalid transaction",
    "13": "Invalid amount",
    "25": "Unable to locate the original transaction",
    "30": "Message format error",
    "61": "Exceeds approval amount limit",
    "72": "Issuer verify mac failed",
    "94": "Duplicated transaction",
})  # fmt: skip


class Refused(Exception):  # noqa: N818 - an answer of the network, not an error of ours
    """A request that cannot be taken; ``code`` is the response code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Incoming:
    """One verified request of the switch."""

    info: Mapping[str, str]
    values: Mapping[str, Any] = field(repr=False)
    uuid: str = ""

    @property
    def message_id(self) -> str:
        """The idempotency key."""
        return self.info["msgID"]

    def text(self, name: str) -> str:
        """A text member of ``trxInfo``, empty when it is absent."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


class Desk:
    """Opens what the switch sends and signs what the network says."""

    def __init__(self, context: SandboxContext) -> None:
        keys, options = context.keys, context.options
        self.institution = options["ins_id"]
        self.embedded = options.get("signature", "jws") == "embedded"
        self._info = options.get("digest_info", "false") == "true"
        self._clock, self._ids = context.clock, context.ids
        self._private = keys.rsa_private("unionpay")
        own, partner = keys.certificate("unionpay"), keys.certificate("switch-unionpay")
        self._own_id, self._partner_id = str(own.serial_number), str(partner.serial_number)
        public = partner.public_key()
        assert isinstance(public, rsa.RSAPublicKey), "the switch signs with RSA"
        self._partner = public
        self._signer = JwsSigner(self._private, self._own_id)

    def open(self, headers: Mapping[str, str], raw: bytes, path: str) -> Incoming:
        """Verify a request of the switch; raises :class:`Refused`."""
        uuid = "" if self.embedded else self._token(headers.get("UPI-JWS", ""), raw, path)
        if self.embedded:
            self._field(raw)
        content = self._read(raw)
        info, values = content.get("msgInfo"), content.get("trxInfo")
        if not isinstance(info, dict) or not isinstance(values, dict):
            raise Refused("30")
        wallet = "walletID" if self.embedded else "insID"
        if set(info) != {"versionNo", "msgID", "timeStamp", "msgType", wallet}:
            raise Refused("30")
        if info["versionNo"] != "1.0.0" or info[wallet] != self.institution:
            raise Refused("30")
        if _MESSAGE.match(info["msgID"]) is None or info["msgID"][1:9] != self.institution:
            raise Refused("30")
        return Incoming(info, values, uuid)

    def _token(self, token: str, raw: bytes, path: str) -> str:
        keys = {self._partner_id: self._partner}
        try:
            said = verify_detached(token, raw, keys, algorithms=("RS256",), understood=_MEMBERS)
        except JwsError:
            raise Refused("72") from None
        wanted = path or None
        members = [each for each in _MEMBERS if each != "UPI-REQPATH" or wanted]
        stamp = said.get("UPI-TIMESTAMP")
        if sorted(said.get("crit", ())) != sorted(members):  # type: ignore[call-overload]
            raise Refused("72")
        if said["UPI-APPID"] != self.institution or said.get("UPI-REQPATH") != wanted:
            raise Refused("72")
        now = self._seconds()
        if not isinstance(stamp, str) or not stamp.isdecimal() or abs(now - int(stamp)) > SKEW_S:
            raise Refused("72")
        return str(said["UPI-UUID"])

    def _field(self, raw: bytes) -> None:
        found = _SIGNED.findall(raw)
        if len(found) != 1:
            raise Refused("72")
        unsigned = _SIGNED.sub(_ZEROS, raw)
        try:
            signature = base64.b64decode(found[0], validate=True)
            if self._info:
                if not signing_keys.verifies(self._partner, signature, unsigned):
                    raise Refused("72")
            else:
                found_digest = self._partner.recover_data_from_signature(
                    signature, PKCS1v15(), None
                )
                if found_digest != hashlib.sha256(unsigned).digest():
                    raise Refused("72")
        except (InvalidSignature, binascii.Error):
            raise Refused("72") from None

    def _read(self, raw: bytes) -> Mapping[str, Any]:
        try:
            content = read_object(raw)
        except JsonRefused:
            raise Refused("30") from None
        if self.embedded:
            place = content.get("certificateSignature")
            if not isinstance(place, dict) or place.get("appSignCertID") != self._partner_id:
                raise Refused("72")
        return content

    def reply(
        self, incoming: Incoming | None, code: str, values: Mapping[str, Any] | None = None
    ) -> Reply:
        """Return a signed answer; the request's ``msgInfo`` is repeated."""
        told = {"responseCode": code, "responseMsg": SENTENCES.get(code, "Other error")}
        info = {} if incoming is None else dict(incoming.info)
        body = self._sealed({"msgInfo": info, "trxInfo": dict(values or {}), "msgResponse": told})
        headers = self._headers(body, "" if incoming is None else incoming.uuid, "")
        return Reply(body, JSON, headers=headers)

    def request(
        self, kind: str, values: Mapping[str, Any], path: str
    ) -> tuple[str, bytes, Mapping[str, str]]:
        """Return id, body and headers of a request to the switch."""
        number, stamp = self._ids.ordered(), self._stamp()
        message_id = f"M{self.institution}{stamp}{number % 10**12:012d}"
        info = {"versionNo": "1.0.0", "msgID": message_id, "timeStamp": stamp, "msgType": kind}
        info["walletID" if self.embedded else "insID"] = self.institution
        body = self._sealed({"msgInfo": info, "trxInfo": dict(values)})
        headers = {"Content-Type": JSON, **dict(self._headers(body, message_id[-32:], path))}
        return message_id, body, headers

    def again(self, message_id: str, body: bytes, path: str) -> Mapping[str, str]:
        """Return fresh headers of a request that is sent again."""
        return {"Content-Type": JSON, **dict(self._headers(body, message_id[-32:], path))}

    def answered(
        self, message_id: str, headers: Mapping[str, str], raw: bytes
    ) -> tuple[str, Mapping[str, Any]] | None:
        """Return code and ``trxInfo`` of the switch's answer, or None for one not to be trusted."""
        try:
            uuid = "" if self.embedded else self._token(headers.get("UPI-JWS", ""), raw, "")
            if self.embedded:
                self._field(raw)
            content = self._read(raw)
        except Refused:
            return None
        info, told = content.get("msgInfo", {}), content.get("msgResponse", {})
        bound = self.embedded or uuid == message_id[-32:]
        if not bound or info.get("msgID") != message_id:
            return None
        return told.get("responseCode", ""), content.get("trxInfo", {})

    def _sealed(self, content: Mapping[str, Any]) -> bytes:
        if not self.embedded:
            return orjson.dumps(content)
        place = {"umpsSignCertID": self._own_id, "signature": "00000000"}
        unsigned = orjson.dumps({**content, "certificateSignature": place})
        if self._info:
            signature = signing_keys.sign(self._private, unsigned)
        else:
            digest = hashlib.sha256(unsigned).digest()
            signature = self._private.sign(digest, PKCS1v15(), NoDigestInfo())
        written = b'"signature":"' + base64.b64encode(signature) + b'"'
        return unsigned.replace(_ZEROS, written)

    def _headers(self, body: bytes, uuid: str, path: str) -> tuple[tuple[str, str], ...]:
        if self.embedded:
            return ()
        members = {
            "UPI-UUID": uuid or "0" * 32,
            "UPI-TIMESTAMP": str(self._seconds()),
            "UPI-APPID": self.institution,
            **({"UPI-REQPATH": path} if path else {}),
        }
        token = self._signer.sign_detached(body, members, critical=[*members], unencoded=False)
        return (("UPI-JWS", token),)

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())

    def _stamp(self, at: datetime | None = None) -> str:
        return ((at or self._clock.now()) + _CHINA).strftime("%Y%m%d%H%M%S")
