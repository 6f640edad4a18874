"""Alipay+'s signature: over method, path, client, time and the raw body, in a header, both ways.

What is signed is ``POST <path>``, a line feed, then client id, time and body joined by points; an
answer names the path of its request. The body is signed as the bytes that travel and never written
anew: the published example has a stray comma in its JSON. Nothing is parsed before its signature
holds under the pinned key that ``keyVersion`` names. The surprise: the base64 is URL-encoded.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from iso20022 import signing_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM: Final = "RSA256"
"""RSASSA-PKCS1-v1_5 over SHA-256, by the network's name for it."""

CONTENT_TYPE: Final = "application/json; charset=UTF-8"

CLIENT: Final = "Client-Id"
REQUEST_TIME: Final = "Request-Time"
RESPONSE_TIME: Final = "Response-Time"
SIGNATURE: Final = "Signature"

_HEADER_MAX: Final = 4_096
_TIME_MAX: Final = 40
_PART: Final = re.compile(r"\A(algorithm|keyVersion|signature)=([A-Za-z0-9%._~+/=-]+)\Z")
_PARTS: Final = 3


class NotSigned(Exception):  # noqa: N818  the name says what happened
    """A message that cannot be trusted; ``code`` is the network's result code for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def content(path: str, client: str, at: str, body: bytes) -> bytes:
    """Return what is signed, for a request and for its answer (``at`` is then that time)."""
    # Bytes of a header that are no text are what they were.
    return f"POST {path}\n{client}.{at}.".encode("utf-8", "surrogateescape") + body


def written(version: str, signature: bytes) -> str:
    """Return the value of the header."""
    text = quote(base64.b64encode(signature).decode(), safe="")
    return f"algorithm={ALGORITHM},keyVersion={version},signature={text}"


def read(header: str) -> tuple[str, bytes]:
    """Return key version and signature. Raises :class:`NotSigned`."""
    parts: dict[str, str] = {}
    if len(header) <= _HEADER_MAX:
        for piece in header.split(","):
            found = _PART.match(piece.strip())
            if found is None or found[1] in parts:
                raise NotSigned("INVALID_SIGNATURE")
            parts[found[1]] = found[2]
    if len(parts) != _PARTS or parts["algorithm"] != ALGORITHM:
        raise NotSigned("INVALID_SIGNATURE")
    try:
        return parts["keyVersion"], base64.b64decode(unquote(parts["signature"]), validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned("INVALID_SIGNATURE") from None


class Signer:
    """Signs as one client under one version of its key."""

    def __init__(self, client: str, version: str, key: RSAPrivateKey) -> None:
        self.client: Final = client
        self._version = version
        self._key = key

    def headers(self, path: str, at: str, body: bytes, time_name: str) -> list[tuple[str, str]]:
        """Return the headers of a request or an answer; ``time_name`` says which."""
        return [
            (CLIENT, self.client),
            (time_name, at),
            (SIGNATURE, written(self._version, self.sign(content(path, self.client, at, body)))),
        ]

    def sign(self, signed: bytes) -> bytes:
        """Return the signature of a text: the same text, the same signature."""
        return signing_keys.sign(self._key, signed)


class Verifier:
    """Trusts one client under each version of its key."""

    def __init__(self, client: str, keys: Mapping[str, RSAPublicKey]) -> None:
        self._client = client
        self._keys = dict(keys)

    def verify(self, headers: Mapping[str, str], path: str, body: bytes, time_name: str) -> str:
        """Return the time in the headers (lower-case names). Raises :class:`NotSigned`."""
        if headers.get(CLIENT.lower()) != self._client:
            raise NotSigned("ACCESS_DENIED")
        at = headers.get(time_name.lower(), "")
        if not 0 < len(at) <= _TIME_MAX:
            raise NotSigned("INVALID_SIGNATURE")
        version, signature = read(headers.get(SIGNATURE.lower(), ""))
        key = self._keys.get(version)
        if key is None:
            raise NotSigned("KEY_NOT_FOUND")
        if not signing_keys.verifies(key, signature, content(path, self._client, at, body)):
            raise NotSigned("INVALID_SIGNATURE")
        return at


def rsa_public(key: object) -> RSAPublicKey:
    """Return a pinned key; raises ``ValueError`` for one of another kind."""
    if isinstance(key, RSAPublicKey):
        return key
    raise ValueError("a key of this network is an RSA key")
