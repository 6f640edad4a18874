"""OPA-Auth: the ``Authorization`` header of a request, an HMAC over what is sent. Pure.

The construction is the public one of PayPay's Open Payment API (H). Six lines are signed: path,
method, nonce, epoch, content type, and MD5 of content type and body; without a body the last two
are the word ``empty``. The nonce is good once per key and the epoch for 120 seconds, so the header
belongs to one attempt: it is made with the exchange, which is sent once, and stored with it.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

SCHEME: Final = "hmac OPA-Auth"
CONTENT_TYPE: Final = "application/json;charset=UTF-8"
"""Signed as it is sent, to the letter."""

_EMPTY: Final = "empty"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the network knows us by: the key is told in each request, the secret never."""

    key: str
    secret: str = field(repr=False)


def body_hash(body: bytes) -> str:
    """The MD5 of content type and body in base64; the word ``empty`` where there is no body."""
    if not body:
        return _EMPTY
    digest = hashlib.md5(CONTENT_TYPE.encode() + body, usedforsecurity=False).digest()
    return b64encode(digest).decode()


def authorization(
    credentials: Credentials, method: str, path: str, body: bytes, *, nonce: str, epoch: int
) -> str:
    """The value of ``Authorization`` for one attempt; ``epoch`` is in seconds since 1970."""
    hashed = body_hash(body)
    content_type = CONTENT_TYPE if body else _EMPTY
    signed = "\n".join((path, method, nonce, str(epoch), content_type, hashed))
    mac = b64encode(hmac.digest(credentials.secret.encode(), signed.encode(), "sha256")).decode()
    return f"{SCHEME}:{credentials.key}:{mac}:{nonce}:{epoch}:{hashed}"
