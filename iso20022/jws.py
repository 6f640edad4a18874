"""Detached JSON Web Signatures over raw bytes (RFC 7515 appendix F, RFC 7797).

A token is ``header..signature``; the body travels beside it and is never re-serialised. What is
accepted follows from the type of the key that ``kid`` names, so a token cannot choose a weaker or
another algorithm: there is no ``none``, no HMAC, no embedded key. The surprise: PS256 is the one
algorithm here whose signatures differ each time (its salt is random by RFC 7518); the others are
deterministic, ES256 by RFC 6979.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding

from iso20022.signing_keys import PKCS1, PSS, PrivateKey, PublicKey, is_used, sign, verifies

__all__ = [
    "ALGORITHMS",
    "HEADER_CHARACTERS_MAX",
    "SIGNATURE_CHARACTERS_MAX",
    "JwsError",
    "JwsSigner",
    "PrivateKey",
    "PublicKey",
    "named_key",
    "signing_input",
    "verify_detached",
]

ALGORITHMS: Final = frozenset({"EdDSA", "Ed25519", "ES256", "RS256", "PS256"})
"""Every algorithm that can be allowed; RFC 9864 renamed EdDSA with an Ed25519 key to Ed25519."""

HEADER_CHARACTERS_MAX: Final = 4096
"""Longest encoded header."""

SIGNATURE_CHARACTERS_MAX: Final = 1024
"""Longest encoded signature: RSA keys up to 6144 bits."""

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+\Z", re.ASCII)
_OWN: Final = frozenset({"alg", "kid", "b64", "crit"})
_EMBEDDED: Final = frozenset({"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "zip", "enc"})


class JwsError(Exception):
    """A token was refused; ``code`` says why.

    ``malformed`` (not a detached token, a bad or duplicate member, too long), ``algorithm``
    (not allowed, or not of this key's type), ``key`` (unknown ``kid``), ``critical`` (an extension
    that is not understood), ``signature`` (wrong).
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code: Final = code
        self.detail: Final = detail


class JwsSigner:
    """Signs bodies with one key, named by ``kid``."""

    def __init__(self, key: PrivateKey, kid: str, *, algorithm: str = "") -> None:
        """Take the key; ``algorithm`` chooses among those of its type (RSA: RS256, or PS256)."""
        possible = _algorithms_of(key.public_key())
        self.algorithm: Final = algorithm or possible[0]
        self.kid: Final = kid
        self._key: Final = key
        if self.algorithm not in possible:
            raise JwsError("algorithm", "the algorithm does not fit the key")

    def sign_detached(
        self,
        payload: bytes,
        extra_header: Mapping[str, object] | None = None,
        *,
        critical: Collection[str] = (),
        unencoded: bool = True,
    ) -> str:
        """Return the token for ``payload``.

        ``extra_header`` adds protected members, ``critical`` names those that the receiver must
        understand. ``unencoded`` signs the raw bytes (RFC 7797); otherwise their base64url, as
        RFC 7515 has it. Raises :class:`JwsError` ``malformed`` for members that are not allowed.
        """
        header: dict[str, object] = {"alg": self.algorithm, "kid": self.kid}
        extra = dict(extra_header or {})
        if (_OWN | _EMBEDDED) & extra.keys() or not set(critical) <= extra.keys():
            raise JwsError("malformed", "a header member is reserved, or critical but absent")
        names = (["b64"] if unencoded else []) + list(critical)
        if unencoded:
            header["b64"] = False
        if names:
            header["crit"] = names
        text = json.dumps(header | extra, sort_keys=True, separators=(",", ":"), allow_nan=False)
        protected = _encode(text.encode())
        if len(protected) > HEADER_CHARACTERS_MAX:
            raise JwsError("malformed", "the header is too long")
        data = signing_input(protected, payload, unencoded=unencoded)
        signature = sign(self._key, data, _padding(self.algorithm))
        return f"{protected}..{_encode(signature)}"


def verify_detached(
    token: str,
    payload: bytes,
    keys: Mapping[str, PublicKey],
    *,
    algorithms: Collection[str] = ALGORITHMS,
    understood: Collection[str] = (),
) -> Mapping[str, object]:
    """Return the protected header of a token that ``payload`` was signed with.

    ``keys`` maps ``kid`` to the sender's keys, ``algorithms`` narrows what is allowed,
    ``understood`` names the critical extensions that the caller itself will check. Raises
    :class:`JwsError`, and nothing else whatever the token is.
    """
    protected, signature = _split(token)
    header = _header(protected)
    unencoded = _critical(header, understood)
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise JwsError("key", "the token names no key of this sender")
    algorithm = header.get("alg")
    if (
        not isinstance(algorithm, str)
        or algorithm not in algorithms
        or algorithm not in _algorithms_of(key)
    ):
        raise JwsError("algorithm", "the algorithm is not allowed for this key")
    data = signing_input(protected, payload, unencoded=unencoded)
    if not verifies(key, signature, data, _padding(algorithm)):
        raise JwsError("signature", "the signature is wrong")
    return MappingProxyType(header)


def named_key(token: str) -> str:
    """Return the ``kid`` of a token that nobody has verified: good for a look-up, and no more.

    Raises :class:`JwsError`.
    """
    kid = _header(_split(token)[0]).get("kid")
    if not isinstance(kid, str):
        raise JwsError("key", "the token names no key")
    return kid


def signing_input(protected: str, payload: bytes, *, unencoded: bool) -> bytes:
    """Return what is signed: the encoded header, a full stop, and the payload.

    ``unencoded`` takes the raw bytes (RFC 7797 section 3), otherwise base64url (RFC 7515 5.1).
    """
    body = payload if unencoded else _encode(payload).encode()
    return protected.encode() + b"." + body


def _split(token: str) -> tuple[str, bytes]:
    if len(token) > HEADER_CHARACTERS_MAX + SIGNATURE_CHARACTERS_MAX + 2:
        raise JwsError("malformed", "the token is too long")
    parts = token.split(".")
    if len(parts) != 3 or parts[1]:  # noqa: PLR2004 - header, nothing, signature
        raise JwsError("malformed", "the token is not a detached compact serialisation")
    if len(parts[0]) > HEADER_CHARACTERS_MAX:
        raise JwsError("malformed", "the header is too long")
    return parts[0], _decode(parts[2])


def _header(protected: str) -> dict[str, object]:
    raw = _decode(protected)
    header = _canonical(raw)
    if header is None:
        header = _judged(raw)
    if not isinstance(header, dict):
        raise JwsError("malformed", "the header is not a JSON object")
    if not _EMBEDDED.isdisjoint(header):
        raise JwsError("malformed", "the header brings a key or an encoding of its own")
    return header


def _canonical(raw: bytes) -> object:
    """Return a header that is written in its one canonical form, None for any other.

    What writes back to the same bytes has no member twice, no number with two spellings and no
    half of a surrogate pair, so nothing more has to be looked for.
    """
    try:
        header = orjson.loads(raw)
        same = orjson.dumps(header, option=orjson.OPT_SORT_KEYS) == raw
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None  # what it reads may be nested deeper than what it writes
    return header if same else None


def _judged(raw: bytes) -> object:
    """Return a header in any form, judged member by member. Raises :class:`JwsError`."""
    try:
        header: object = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse
        )
        # An escaped half of a surrogate pair is JSON, but no text, and nobody could write it on.
        json.dumps(header, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise JwsError("malformed", "the header is not JSON") from None
    return header


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JwsError("malformed", "a member of the header is given twice")
    return found


def _refuse(name: str) -> object:
    raise JwsError("malformed", f"{name} is not JSON")


def _critical(header: Mapping[str, object], understood: Collection[str]) -> bool:
    """Check ``crit``; return whether the payload was signed unencoded."""
    names = header.get("crit", [])
    if not isinstance(names, list) or ("crit" in header and not names):
        raise JwsError("critical", "crit is not a list of names")
    for name in names:
        if not isinstance(name, str) or names.count(name) != 1 or name not in header:
            raise JwsError("critical", "crit names a member twice or one that is absent")
        if name != "b64" and (name not in understood or name in _OWN):
            raise JwsError("critical", "crit names an extension that is not understood")
    encoded = header.get("b64", True)
    if type(encoded) is not bool or (not encoded and "b64" not in names):
        raise JwsError("critical", "b64 is not a boolean, or false without being critical")
    return not encoded


def _algorithms_of(key: PublicKey) -> tuple[str, ...]:
    """Return what a key may be used with, the default first; raises for a key that is too weak."""
    if not is_used(key):
        raise JwsError("algorithm", "the key is of a type or size that is not used here")
    if isinstance(key, ed25519.Ed25519PublicKey):
        return ("EdDSA", "Ed25519")
    return ("ES256",) if isinstance(key, ec.EllipticCurvePublicKey) else ("RS256", "PS256")


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    return PSS if algorithm == "PS256" else PKCS1


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode base64url strictly: no padding, no stray bits, so that a token has one spelling."""
    if _BASE64URL.match(text) is None:
        raise JwsError("malformed", "a part of the token is not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise JwsError("malformed", "a part of the token is not base64url") from None
    if _encode(data) != text:
        raise JwsError("malformed", "a part of the token is not canonical base64url")
    return data
