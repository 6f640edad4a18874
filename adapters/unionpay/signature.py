"""UnionPay's two signatures: a detached token in the header ``UPI-JWS``, or a field of the body.

Both are RSA over SHA-256 and both are checked over the bytes that came, before anything of them is
parsed. The field holds eight zeros while the body is signed, and the signature afterwards. The
surprise: public clients sign the field's digest without the DigestInfo that PKCS #1 demands, so
whether it is there is a setting (``digest_info``) until the network states it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from iso20022 import signing_keys
from iso20022.jws import JwsError, signing_input, verify_detached
from iso20022.signing_keys import PKCS1, is_used

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.x509 import Certificate

HEADER: Final = "UPI-JWS"
UUID: Final = "UPI-UUID"
TIMESTAMP: Final = "UPI-TIMESTAMP"
APPID: Final = "UPI-APPID"
REQUEST_PATH: Final = "UPI-REQPATH"

EMPTY: Final = "00000000"
"""What stands in the signature's place while the body is signed."""

_FIELD: Final = re.compile(rb'"signature":"([A-Za-z0-9+/=]{1,1024})"')
_TIMESTAMP: Final = re.compile(r"[0-9]{10}", re.ASCII)


class SignatureWrong(Exception):  # noqa: N818  the name says what it is
    """A message that is not signed, or not by the partner; ``missing`` tells the first."""

    def __init__(self, detail: str, *, missing: bool = False) -> None:
        super().__init__(detail)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says beside the body. ``path`` is empty in answers, which have none."""

    uuid: str
    timestamp: int
    app_id: str
    path: str = ""

    def critical(self) -> dict[str, str]:
        """The members that a receiver must understand, in the order that is published."""
        found = {UUID: self.uuid, TIMESTAMP: str(self.timestamp), APPID: self.app_id}
        return found | ({REQUEST_PATH: self.path} if self.path else {})


class Token:
    """Signs and verifies the header. ``partner`` maps the names of its keys to them."""

    def __init__(
        self, private: RSAPrivateKey, own_id: str, partner: Mapping[str, RSAPublicKey]
    ) -> None:
        self._private = private
        self._own_id = own_id
        self._keys = partner

    def make(self, body: bytes, claims: Claims) -> str:
        """Return the token over a body: header, nothing, signature."""
        critical = claims.critical()
        header = {"alg": "RS256", "kid": self._own_id, "crit": [*critical], **critical}
        text = json.dumps(header, separators=(",", ":")).encode()
        protected = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
        data = signing_input(protected, body, unencoded=False)
        signature = (
            base64.urlsafe_b64encode(signing_keys.sign(self._private, data)).rstrip(b"=").decode()
        )
        return f"{protected}..{signature}"

    def verify(self, token: str, body: bytes) -> Claims:
        """Return the claims of a token over a body; raises :class:`SignatureWrong`."""
        if not token:
            raise SignatureWrong("no token", missing=True)
        known = (UUID, TIMESTAMP, APPID, REQUEST_PATH)
        try:
            header = verify_detached(
                token, body, self._keys, algorithms=("RS256",), understood=known
            )
        except JwsError as error:
            raise SignatureWrong(error.code) from None
        said = {name: header.get(name, "") for name in known}
        critical = header.get("crit", [])
        wanted = [name for name in known if name in header]
        if critical != wanted or wanted[:3] != [*known[:3]] or header.get("b64", True) is not True:
            raise SignatureWrong("critical members")
        texts = {name: value for name, value in said.items() if isinstance(value, str)}
        if len(texts) != len(known) or _TIMESTAMP.fullmatch(texts[TIMESTAMP]) is None:
            raise SignatureWrong("members are not text")
        return Claims(texts[UUID], int(texts[TIMESTAMP]), texts[APPID], texts[REQUEST_PATH])


class Field:
    """Signs and verifies ``certificateSignature`` inside the body."""

    def __init__(self, private: RSAPrivateKey, partner: RSAPublicKey, *, digest_info: bool) -> None:
        self._private = private
        self._partner = partner
        self._digest_info = digest_info

    def seal(self, unsigned: bytes) -> bytes:
        """Return the body with its signature in the place of the zeros."""
        empty = f'"signature":"{EMPTY}"'.encode()
        assert unsigned.count(empty) == 1, "a body has one place for its signature"
        if self._digest_info:
            raw = signing_keys.sign(self._private, unsigned)
        else:
            raw = self._private.sign(sha256(unsigned).digest(), PKCS1, NoDigestInfo())
        return unsigned.replace(empty, b'"signature":"' + base64.b64encode(raw) + b'"')

    def verify(self, body: bytes) -> None:
        """Raise :class:`SignatureWrong` unless the partner signed this body."""
        places = _FIELD.findall(body)
        if len(places) != 1:
            raise SignatureWrong("not one signature", missing=not places)
        written: bytes = places[0]
        try:
            signature = base64.b64decode(written, validate=True)
        except binascii.Error:
            raise SignatureWrong("not base64") from None
        unsigned = body.replace(b'"signature":"' + written, b'"signature":"' + EMPTY.encode())
        if not self._is_signed(signature, unsigned):
            raise SignatureWrong("signature")

    def _is_signed(self, signature: bytes, unsigned: bytes) -> bool:
        if self._digest_info:
            return signing_keys.verifies(self._partner, signature, unsigned)
        try:
            bare = self._partner.recover_data_from_signature(signature, PKCS1, None)
        except InvalidSignature:
            return False
        return hmac.compare_digest(bare, sha256(unsigned).digest())


def rsa_public(certificate: Certificate) -> RSAPublicKey:
    """Return the RSA key of a pinned certificate; raises :class:`ValueError` for another kind."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and is_used(key):
        return key
    raise ValueError("the partner's certificate is not one of an RSA key of 2048 bits or more")
