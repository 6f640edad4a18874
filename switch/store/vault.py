"""The vault: one data key per payment, wrapped by a key outside the database; sealed records.

AES-256-GCM throughout. What is sealed is bound to its payment, kind and record number, so a record
cannot be moved to another place. Destroying a payment's wrapped key makes its names unreadable
while ledger and journal stay whole. Commitments of a request's content are HMACs under a key
derived from the wrapping key, so that nobody without it can guess what was in the request.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.runtime.entropy import Entropy

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class VaultError(Exception):
    """A sealed record or key that does not open: altered, moved, or under another key."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The open data key of one payment; lives in memory while the payment is worked on."""

    uetr: str
    cipher: AESGCM = field(repr=False)


class Vault:
    """Wraps data keys and seals records. ``key`` is 32 bytes kept outside the database."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        assert len(key) == KEY_BYTES, "the wrapping key is 256 bits"
        self._wrapping = AESGCM(key)
        self._commitment = hmac.digest(key, b"bakong-switch commitment", sha256)
        self._entropy = entropy

    def new_key(self, uetr: str) -> tuple[DataKey, bytes]:
        """Make a payment's data key; returns it open and wrapped."""
        raw = self._entropy.bytes(KEY_BYTES)
        nonce = self._entropy.bytes(NONCE_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, raw, uetr.encode())
        return DataKey(uetr, AESGCM(raw)), wrapped

    def open_key(self, uetr: str, wrapped: bytes) -> DataKey:
        """Unwrap a payment's data key. Raises :class:`VaultError`."""
        try:
            raw = self._wrapping.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], uetr.encode()
            )
        except (InvalidTag, ValueError):
            raise VaultError("a data key does not open under the wrapping key") from None
        return DataKey(uetr, AESGCM(raw))

    def seal(self, key: DataKey, record_id: int, kind: str, plain: bytes) -> bytes:
        """Seal bytes as one record of the key's payment."""
        nonce = self._entropy.bytes(NONCE_BYTES)
        return nonce + key.cipher.encrypt(nonce, plain, _bound(key.uetr, record_id, kind))

    def unseal(self, key: DataKey, record_id: int, kind: str, blob: bytes) -> bytes:
        """Open a record. Raises :class:`VaultError`."""
        bound = _bound(key.uetr, record_id, kind)
        try:
            return key.cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise VaultError("a sealed record does not open in its place") from None

    def commitments(self, scope: str, content: Mapping[str, str]) -> dict[str, str]:
        """HMACs of a request's fields by name: equal for equal content, telling nothing."""
        return {name: self.commitment(scope, name, text) for name, text in content.items()}

    def commitment(self, scope: str, name: str, text: str) -> str:
        """HMAC of one field of a request, 128 bits as hexadecimal text."""
        message = f"{scope}\x00{name}\x00{text}".encode()
        return hmac.digest(self._commitment, message, sha256)[:16].hex()


def _bound(uetr: str, record_id: int, kind: str) -> bytes:
    return f"{uetr}/{record_id}/{kind}".encode()
