"""The vault: one data key per payment, wrapped by a key outside the database; sealed records.

AES-256-GCM throughout. What is sealed is compressed first, and bound to its payment, kind and
record number, so it cannot be moved to another place. Commitments of a request's content are HMACs
under the data key. So to destroy a payment's wrapped key makes its names unreadable and everything
derived from them meaningless, while ledger and journal stay whole. Only what a key is bound to is
found without the data key: under the index key, which is never destroyed.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from switch.model import from_micros, to_micros
from switch.store.packing import PackError
from switch.store.wrapping import FIRST, NAME_BYTES, NONCE_BYTES, WrappingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.commands import Binding
    from switch.runtime.entropy import Entropy
    from switch.store.packing import Packing
    from switch.store.wrapping import KeyWrapper

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
UNNAMED_BYTES: Final = NONCE_BYTES + KEY_BYTES + TAG_BYTES
"""Length of a wrapped key from before it named its wrapping key."""

WRAPPED_BYTES: Final = NAME_BYTES + UNNAMED_BYTES
"""Length of a wrapped key, always the same, so that another one takes its very place on disk."""

COMMITMENT_BYTES: Final = 8
EARLIER_COMMITMENT_DIGITS: Final = 32
"""Length of commitments from before they were made under the payment's data key."""

CAUSES: Final = ("request", "retention")
"""Why a data key was destroyed."""

LOST: Final = "no wrapping key"


class VaultError(Exception):
    """A sealed record or key that does not open: altered, moved, or under another key."""


class Erased(VaultError):  # noqa: N818  the name says what happened
    """The data key was destroyed: nobody can read the payment's names any more.

    ``cause`` is one of :data:`CAUSES`; or its wrapping key is not there (:data:`LOST`), since when
    is not known.
    """

    def __init__(self, cause: str, at: datetime | None) -> None:
        super().__init__(f"erased ({cause})")
        self.cause = cause
        self.at = at


def is_gone(error: VaultError) -> bool:
    """Whether nobody ever reads it again; a wrapping key that is not there may come back."""
    return isinstance(error, Erased) and error.cause != LOST


@dataclass(frozen=True, slots=True)
class DataKey:
    """The open data key of one payment; lives in memory while the payment is worked on."""

    uetr: str
    cipher: AESGCM = field(repr=False)
    commitment: bytes = field(repr=False)


class Vault:
    """Wraps data keys and seals records. ``index`` is 32 bytes kept outside the database."""

    def __init__(
        self, wrapper: KeyWrapper, index: bytes, entropy: Entropy, packing: Packing
    ) -> None:
        assert len(index) == KEY_BYTES, "the index key is 256 bits"
        self._wrapper = wrapper
        self._index = index
        self._entropy = entropy
        self._packing = packing

    @property
    def wrapping(self) -> str:
        """Name of the wrapping key that new data keys go under."""
        return self._wrapper.current

    @property
    def alone(self) -> bool:
        """True where only one wrapping key is held, so no data key can be under another."""
        return len(self._wrapper.names) == 1

    def refresh(self) -> bool:
        """Look for new wrapping keys; True where the current one is another now."""
        return self._wrapper.refresh()

    def new_key(self, uetr: str) -> tuple[DataKey, bytes]:
        """Make a payment's data key; returns it open and wrapped."""
        raw = self._entropy.bytes(KEY_BYTES)
        return _opened(uetr, raw), self._wrapped(uetr, raw)

    def open_key(self, uetr: str, wrapped: bytes) -> DataKey:
        """Unwrap a payment's data key. Raises :class:`VaultError`, and of it :class:`Erased`."""
        return _opened(uetr, self._unwrapped(uetr, wrapped))

    def rewrap(self, uetr: str, wrapped: bytes) -> bytes | None:
        """A data key under the current wrapping key; None where it is so or was erased.

        Raises :class:`VaultError`.
        """
        if wrapping_of(wrapped) in ("", self._wrapper.current):
            return None
        return self._wrapped(uetr, self._unwrapped(uetr, wrapped))

    def seal(self, key: DataKey, record_id: int, kind: str, plain: bytes) -> bytes:
        """Compress and seal bytes as one record of the key's payment."""
        nonce = self._entropy.bytes(NONCE_BYTES)
        packed = self._packing.pack(kind, plain)
        return nonce + key.cipher.encrypt(nonce, packed, _bound(key.uetr, record_id, kind))

    def unseal(self, key: DataKey, record_id: int, kind: str, blob: bytes) -> bytes:
        """Open a record. Raises :class:`VaultError`."""
        bound = _bound(key.uetr, record_id, kind)
        try:
            packed = key.cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], bound)
            return self._packing.unpack(packed)
        except (InvalidTag, PackError, ValueError):
            return _unseal_unpacked(key, record_id, kind, blob)

    def lookup(self, scope: str, key: str) -> str:
        """What an idempotency key is found by: an HMAC under the index key."""
        return _commitment(self._index, scope, "key", key)[: EARLIER_COMMITMENT_DIGITS // 2].hex()

    def commitments(self, key: DataKey, scope: str, content: Mapping[str, str]) -> dict[str, str]:
        """HMACs of a request's fields by name: equal for equal content, telling nothing."""
        return {
            name: _commitment(key.commitment, scope, name, text)[:COMMITMENT_BYTES].hex()
            for name, text in content.items()
        }

    def difference(
        self, held: Binding, key: DataKey | None, content: Mapping[str, str]
    ) -> str | None:
        """The first field, by name, in which a request differs from what its key is bound to.

        Without a data key there is nothing left to compare with: the key alone decides.
        """
        if any(len(digest) == EARLIER_COMMITMENT_DIGITS for digest in held.content.values()):
            given = self._earlier(held.scope, content)
        elif key is not None:
            given = self.commitments(key, held.scope, content)
        else:
            return None
        for name in sorted(held.content.keys() | given.keys()):
            if held.content.get(name) != given.get(name):
                return name
        return None

    def _earlier(self, scope: str, content: Mapping[str, str]) -> dict[str, str]:
        return {
            name: _commitment(self._index, scope, name, text)[:16].hex()
            for name, text in content.items()
        }

    def _wrapped(self, uetr: str, raw: bytes) -> bytes:
        name = self._wrapper.current.encode("ascii")
        assert len(name) <= NAME_BYTES, "a wrapping key has a short name"
        nonce = self._entropy.bytes(NONCE_BYTES)
        box = self._wrapper.wrap(raw, uetr.encode(), nonce)
        return name.ljust(NAME_BYTES, b"\0") + nonce + box

    def _unwrapped(self, uetr: str, wrapped: bytes) -> bytes:
        name = wrapping_of(wrapped)
        if not name:
            raise _erasure(wrapped)
        if not self._wrapper.holds(name):
            raise Erased(LOST, None)
        box = wrapped[-UNNAMED_BYTES:]
        try:
            return self._wrapper.unwrap(name, box[NONCE_BYTES:], uetr.encode(), box[:NONCE_BYTES])
        except WrappingError as error:
            raise VaultError(str(error)) from None


def wrapping_of(wrapped: bytes) -> str:
    """Name of the wrapping key of a data key; empty where the data key was destroyed.

    Raises :class:`VaultError`.
    """
    if len(wrapped) == UNNAMED_BYTES:
        return FIRST
    try:
        name = wrapped[:NAME_BYTES].rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError:
        raise VaultError("a wrapped key does not name its wrapping key") from None
    if len(wrapped) != WRAPPED_BYTES:
        raise VaultError("a wrapped key is cut")
    return name


def erasure_mark(cause: str, at: datetime) -> bytes:
    """What takes the place of a destroyed key, as long as it was: no name, the cause, the time."""
    mark = bytes(NAME_BYTES) + bytes([CAUSES.index(cause)]) + to_micros(at).to_bytes(8, "big")
    return mark.ljust(WRAPPED_BYTES, b"\0")


def _erasure(mark: bytes) -> VaultError:
    place = mark[NAME_BYTES]
    if place >= len(CAUSES):
        return VaultError("a wrapped key does not name its wrapping key")
    at = from_micros(int.from_bytes(mark[NAME_BYTES + 1 : NAME_BYTES + 9], "big"))
    return Erased(CAUSES[place], at)


def _opened(uetr: str, raw: bytes) -> DataKey:
    commitment = hmac.digest(raw, b"bakong-switch commitment", sha256)
    return DataKey(uetr, AESGCM(raw), commitment)


def _commitment(key: bytes, scope: str, name: str, text: str) -> bytes:
    return hmac.digest(key, f"{scope}\x00{name}\x00{text}".encode(), sha256)


def _bound(uetr: str, record_id: int, kind: str) -> bytes:
    return f"{uetr}/{record_id}/{kind}/packed".encode()


def _unseal_unpacked(key: DataKey, record_id: int, kind: str, blob: bytes) -> bytes:
    """Open a record from before records were compressed. Raises :class:`VaultError`."""
    bound = f"{key.uetr}/{record_id}/{kind}".encode()
    try:
        return key.cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise VaultError("a sealed record does not open in its place") from None
