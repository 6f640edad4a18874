"""Account numbers towards NAPAS: a JWS (RS512) around a JWE (RSA1_5, A256GCM), both compact.

Whoever cannot be trusted learns one thing only: that a token is not taken. Every failure behind the
signature takes the same way to the same error, because telling a bad RSA padding from a bad tag
lets a stranger decrypt (Bleichenbacher 1998); the padding is checked in OpenSSL, which answers a
bad one with a random key, and where one does not, a key of ours that opens nothing stands in. The
surprise is that nothing here is drawn: content key, nonce and padding come from a key that is bound
to our private one, over the account and its use, so the same request is the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha512
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iso20022 import signing_keys
from switch.wire.strict_json import JsonRefused, read_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

TOKEN_CHARACTERS_MAX: Final = 8192
"""Longest token that is opened; a genuine one has about 1,300 characters."""

SIGNING_KID: Final = "SK.OCE.AUT"
"""``kid`` of the signature, as in published messages."""

SEALING_KID: Final = "PK.SD.KEK"
"""``kid`` of the encryption, as in published messages; ``PK.TC.KEK`` is seen as well."""

_SIGNATURES: Final = MappingProxyType({"RS512": hashes.SHA512(), "RS256": hashes.SHA256()})
_KEY_BYTES: Final = MappingProxyType({"A256GCM": 32, "A128GCM": 16})
_NONCE_BYTES, _TAG_BYTES = 12, 16
_PADDING_OVERHEAD: Final = 3
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)
_HEADER_BYTES_MAX: Final = 512
_JWS_PARTS, _JWE_PARTS = 3, 5

# Written as the published messages have them, member by member.
_JWS_HEADER: Final = f'{{"kid":"{SIGNING_KID}","alg":"RS512"}}'.encode()
_JWE_HEADER: Final = f'{{"kid":"{SEALING_KID}","enc":"A256GCM","alg":"RSA1_5"}}'.encode()


class SecrecyError(Exception):
    """A token is not taken. There is one such error, without a word of why."""

    def __init__(self) -> None:
        super().__init__("an account is not sealed for us")


@dataclass(frozen=True, slots=True)
class SecrecyKeys:
    """The four keys of one side: it signs and opens with its own, verifies and seals with theirs.

    Signing and opening are never one key: whoever could ask a key to decrypt could make it sign.
    """

    own_signing: RSAPrivateKey = field(repr=False)
    own_opening: RSAPrivateKey = field(repr=False)
    their_signing: RSAPublicKey = field(repr=False)
    their_opening: RSAPublicKey = field(repr=False)


class Secrecy:
    """Seals and opens the accounts of one link."""

    def __init__(self, keys: SecrecyKeys) -> None:
        self._keys = keys
        private = keys.own_signing.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._root = hmac.digest(b"bakong-switch napas accounts", private, sha512)

    def seal(self, account: str, use: str) -> str:
        """Return the token of an account; ``use`` names the message and field that it stands in.

        The same account for the same use gives the same token, any other use another one.
        """
        text = account.encode()
        stream = self._stream(b"seal", use.encode(), text)
        content_key, nonce = _take(stream, _KEY_BYTES["A256GCM"]), _take(stream, _NONCE_BYTES)
        key = self._wrapped(content_key, stream)
        header = encoded(_JWE_HEADER)
        sealed = AESGCM(content_key).encrypt(nonce, text, header.encode())
        parts = (key, nonce, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:])
        return self.signed(".".join((header, *map(encoded, parts))).encode())

    def signed(self, payload: bytes) -> str:
        """Return the compact JWS of a payload, under our own key."""
        covered = f"{encoded(_JWS_HEADER)}.{encoded(payload)}"
        own = self._keys.own_signing
        signature = signing_keys.sign(own, covered.encode(), digest=hashes.SHA512())
        return f"{covered}.{encoded(signature)}"

    def _wrapped(self, content_key: bytes, stream: Iterator[int]) -> bytes:
        """The content key under the partner's public key, padded as PKCS #1 v1.5 says."""
        numbers = self._keys.their_opening.public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        filler = bytes(_nonzero(stream, size - len(content_key) - _PADDING_OVERHEAD))
        block = b"\x00\x02" + filler + b"\x00" + content_key
        return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(size, "big")

    def open(self, token: str) -> str:
        """Return the account in a token that the partner signed. Raises :class:`SecrecyError`."""
        parts = decoded_parts(self.verified(token), _JWE_PARTS)
        header, key, nonce, sealed, tag = (decoded(part) for part in parts)
        key_bytes = _key_bytes(header)
        if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
            raise SecrecyError
        content_key = self._unwrapped(key, key_bytes)
        try:
            text = AESGCM(content_key).decrypt(nonce, sealed + tag, parts[0].encode())
            return text.decode("utf-8")
        except (InvalidTag, UnicodeDecodeError):
            raise SecrecyError from None

    def verified(self, token: str) -> str:
        """Return the payload of a token that the partner signed. Raises :class:`SecrecyError`."""
        parts = decoded_parts(token, _JWS_PARTS)
        digest = _SIGNATURES.get(_member(_header(decoded(parts[0])), "alg"))
        if digest is None:
            raise SecrecyError
        covered = token.rpartition(".")[0].encode()
        try:
            theirs, signature = self._keys.their_signing, decoded(parts[2])
            if not signing_keys.verifies(theirs, signature, covered, digest=digest):
                raise SecrecyError
            return decoded(parts[1]).decode("ascii")
        except UnicodeDecodeError:
            raise SecrecyError from None

    def _unwrapped(self, key: bytes, key_bytes: int) -> bytes:
        """The content key; in place of one that is not there, one that opens nothing."""
        stand_in = _take(self._stream(b"open", key), key_bytes)
        try:
            found = self._keys.own_opening.decrypt(key, padding.PKCS1v15())
        except ValueError:
            found = stand_in
        return found if len(found) == key_bytes else stand_in

    def _stream(self, *parts: bytes) -> Iterator[int]:
        """Bytes that only our private key can tell, from what they are for. Without an end."""
        told = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        block = 0
        while True:
            yield from hmac.digest(self._root, block.to_bytes(4, "big") + told, sha512)
            block += 1


def _take(stream: Iterator[int], count: int) -> bytes:
    return bytes(next(stream) for _ in range(count))


def _nonzero(stream: Iterator[int], count: int) -> Iterator[int]:
    for _ in range(count):
        byte = next(stream)
        while byte == 0:
            byte = next(stream)
        yield byte


def _key_bytes(header: bytes) -> int:
    """How long the content key of this header is. Raises :class:`SecrecyError`."""
    values = _header(header)
    size = _KEY_BYTES.get(_member(values, "enc"))
    if _member(values, "alg") != "RSA1_5" or size is None:
        raise SecrecyError
    return size


def _header(raw: bytes) -> Mapping[str, object]:
    """Read a header; one that demands or embeds anything is not taken."""
    try:
        values = read_object(raw, bytes_max=_HEADER_BYTES_MAX, depth_max=2)
    except JsonRefused:
        raise SecrecyError from None
    if not values.keys() <= {"kid", "alg", "enc", "typ", "cty"}:
        raise SecrecyError
    return values


def _member(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def decoded_parts(token: str, count: int) -> list[str]:
    """Split a compact token. Raises :class:`SecrecyError`."""
    parts = token.split(".", count) if len(token) <= TOKEN_CHARACTERS_MAX else []
    if len(parts) != count:
        raise SecrecyError
    return parts


def encoded(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url without padding. Raises :class:`SecrecyError`."""
    if _BASE64URL.match(text) is None:
        raise SecrecyError
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SecrecyError from None
