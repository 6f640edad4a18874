"""What the sandbox asks of each request before it looks at it: the key, the hash, the MAC, the age.

Checked over the raw bytes, strictly and in an order of its own, with code that shares nothing with
the adapter's. A nonce is good once and an epoch for 120 seconds. The surprise: a nonce is only
remembered once its MAC has held, or anybody could use up those of others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EPOCH_S_MAX: Final = 120
"""How far an epoch may be from the network's clock."""

NONCES_MAX: Final = 100_000
"""Nonces remembered; the oldest is forgotten first, long after its epoch."""

CONTENT_TYPE: Final = "application/json;charset=UTF-8"

_HEADER: Final = re.compile(
    r"hmac OPA-Auth:(?P<key>[^:]+):(?P<mac>[A-Za-z0-9+/=]{44})"
    r":(?P<nonce>[0-9A-Za-z-]{1,64}):(?P<epoch>[0-9]{1,12}):(?P<hash>[A-Za-z0-9+/=]{24}|empty)",
    re.ASCII,
)


class Guard:
    """Knows one key and its secret, and the nonces used under it."""

    def __init__(self, key: str, secret: str) -> None:
        self._key = key
        self._secret = secret.encode()
        self._used: dict[str, None] = {}

    def admits(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> bool:
        """Whether a request is the partner's own, unaltered, fresh and new."""
        match = _HEADER.fullmatch(headers.get("Authorization", ""))
        if match is None or match["key"] != self._key:
            return False
        content_type = headers.get("Content-Type", "") if body else "empty"
        if body and content_type != CONTENT_TYPE:
            return False
        hashed = "empty"
        if body:
            digest = hashlib.md5(usedforsecurity=False)
            digest.update(content_type.encode())
            digest.update(body)
            hashed = base64.b64encode(digest.digest()).decode()
        lines = (path, method, match["nonce"], match["epoch"], content_type, hashed)
        mac = hmac.new(self._secret, "\n".join(lines).encode(), hashlib.sha256).digest()
        # As text: several spellings in base64 are the same bytes, and one of them was sent.
        wanted = base64.b64encode(mac).decode()
        if match["hash"] != hashed or not hmac.compare_digest(match["mac"], wanted):
            return False
        if abs(int(now.timestamp()) - int(match["epoch"])) > EPOCH_S_MAX:
            return False
        return self._first(match["nonce"])

    def _first(self, nonce: str) -> bool:
        if nonce in self._used:
            return False
        if len(self._used) >= NONCES_MAX:
            del self._used[next(iter(self._used))]
        self._used[nonce] = None
        return True
