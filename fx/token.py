"""Sealed tokens: terms that the client carries and cannot read, alter or use for anything else.

A token is ``bs1.<key id>.<base64url of nonce, ciphertext and tag>``: AES-256-GCM over canonical
JSON, with version, key id and purpose as associated data. It is encrypted, not only signed, because
terms may name a merchant. The surprise is the re-encoding in :meth:`QuoteSeal.open`: the last
base64url character has spare bits, so without it two texts would be one token.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_CHARACTERS_MAX: Final = 2048
"""Longest token, in characters; the ISO 20022 element that carries it holds as many."""

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_VERSION: Final = "bs1"
_TAG_BYTES: Final = 16
_KEY_ID: Final = re.compile(r"\A[A-Za-z0-9_-]{1,16}\Z", re.ASCII)
_PURPOSE: Final = re.compile(r"\A[a-z][a-z_]{0,31}\Z", re.ASCII)
_TOKEN: Final = re.compile(r"\Abs1\.([A-Za-z0-9_-]{1,16})\.([A-Za-z0-9_-]+)\Z", re.ASCII)

# What orjson would turn into text on its own is refused: reading would not give it back.
_CANONICAL: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


class TokenError(ValueError):
    """A token that is refused; ``code`` says why, and nothing of its content is repeated.

    Codes: ``token_malformed`` (not the shape of a token, or too long), ``token_key_unknown`` (its
    key is not, or no longer, ours), ``token_forged`` (altered, cut, or sealed for another purpose),
    and when sealing ``token_too_large``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class QuoteSeal:
    """Seals terms under the current key and opens tokens of every key it holds.

    ``keys`` maps key ids (1 to 16 of letters, digits, ``_``, ``-``) to 32 random bytes; a retired
    key stays until the tokens it sealed have expired. A key must be replaced before 2**32 tokens,
    the bound for random nonces in NIST SP 800-38D section 8.3. Wrong keys raise ValueError.
    """

    __slots__ = ("_ciphers", "_current")

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        for key_id, key in keys.items():
            if _KEY_ID.match(key_id) is None:
                msg = "a token key id is 1 to 16 letters, digits, _ or -"
                raise ValueError(msg)
            if len(key) != KEY_BYTES:
                msg = f"the token key {key_id} must have {KEY_BYTES} bytes"
                raise ValueError(msg)
        if current not in keys:
            msg = "the current token key is not among the token keys"
            raise ValueError(msg)
        self._ciphers = MappingProxyType({key_id: AESGCM(key) for key_id, key in keys.items()})
        self._current = current

    def __repr__(self) -> str:
        return "QuoteSeal()"

    def __reduce__(self) -> NoReturn:
        """Refuse copies and pickles: key material stays in this object."""
        msg = "a seal is neither copied nor stored"
        raise TypeError(msg)

    def seal(self, terms: Mapping[str, object], nonce: bytes, *, purpose: str) -> str:
        """Return the token of ``terms``, usable only for ``purpose`` (such as ``quote``).

        ``terms`` holds JSON values: text, whole numbers of 64 bits, booleans, null, lists and
        objects of these; another type raises TypeError. ``nonce`` is 12 bytes never used before
        under the current key. Raises :class:`TokenError` ``token_too_large`` past 2048 characters.
        """
        if len(nonce) != NONCE_BYTES:
            msg = f"a nonce has {NONCE_BYTES} bytes"
            raise ValueError(msg)
        content = orjson.dumps(dict(terms), option=_CANONICAL)
        cipher = self._ciphers[self._current]
        sealed = cipher.encrypt(nonce, content, _associated(self._current, purpose))
        token = f"{_VERSION}.{self._current}.{_encode(nonce + sealed)}"
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise TokenError("token_too_large", "the terms do not fit into a token")
        return token

    def open(self, token: str, *, purpose: str) -> dict[str, object]:
        """Return the terms of a token of ours for this purpose, or raise :class:`TokenError`."""
        match = _TOKEN.match(token) if len(token) <= TOKEN_CHARACTERS_MAX else None
        if match is None:
            raise TokenError("token_malformed", "this is not a token")
        key_id, body = match.group(1), match.group(2)
        sealed = _decode(body)
        if len(sealed) <= NONCE_BYTES + _TAG_BYTES:
            raise TokenError("token_malformed", "the token is cut short")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise TokenError("token_key_unknown", "the key of the token is not in use")
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            opened = cipher.decrypt(nonce, content, _associated(key_id, purpose))
        except InvalidTag:
            raise TokenError("token_forged", "the token was not issued here like this") from None
        terms: dict[str, object] = orjson.loads(opened)
        return terms


def _associated(key_id: str, purpose: str) -> bytes:
    """Version, key id and purpose; no part can hold the separator, so no two sets are alike."""
    if _PURPOSE.match(purpose) is None:
        msg = "a purpose is a short word in lower case"
        raise ValueError(msg)
    return f"{_VERSION}.{key_id}.{purpose}".encode("ascii")


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decode(body: str) -> bytes:
    """Decode base64url without padding; only the one spelling that encoding gives is accepted."""
    try:
        content = b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise TokenError("token_malformed", "the token is not base64url") from None
    if _encode(content) != body:
        raise TokenError("token_malformed", "the token is not base64url in its one spelling")
    return content
