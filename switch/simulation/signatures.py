"""What stands for signatures in a simulated run, where both sides live in one interpreter.

A signature here is a digest of key, padding and bytes, as long as the real one, and is known to
hold because it was given out for just these; all else (other bytes, another key, another padding, a
changed signature) is verified as ever, and does not hold. A run checks who signs what and when;
that signatures are right is for the tests over real HTTP. The surprise: what is looked up is the
digest of the bytes, so that no message is kept.
"""

from __future__ import annotations

from hashlib import sha256, shake_256
from typing import TYPE_CHECKING, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iso20022 import jws, signing_keys, xmldsig
from iso20022.signing_keys import PKCS1, PSS, SHA_256, verifies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    from iso20022.signing_keys import PrivateKey, PublicKey

_Made = tuple[bytes, bool, bytes, bytes]

_BYTES = 64
"""Length of a signature of P-256, as JWS has it, and of Ed25519."""


class Signatures:
    """Stands for ``sign`` and ``verifies`` of ``iso20022.signing_keys``."""

    def __init__(self) -> None:
        self._made: dict[_Made, None] = {}
        self._names: dict[int, tuple[PrivateKey | PublicKey, bytes]] = {}

    def places(self) -> Iterator[tuple[ModuleType, str, Callable[..., object]]]:
        """Who signs and verifies by which name, and what stands for that during a run."""
        for module in (jws, xmldsig, signing_keys):
            yield module, "sign", self.sign
            yield module, "verifies", self.verifies

    def forget(self) -> None:
        """Begin anew, for another run."""
        self._made.clear()
        self._names.clear()

    def sign(
        self,
        key: PrivateKey,
        data: bytes,
        rsa_padding: AsymmetricPadding = PKCS1,
        *,
        digest: HashAlgorithm = SHA_256,
    ) -> bytes:
        """Return what stands for the signature over ``data``."""
        length = key.key_size // 8 if isinstance(key, RSAPrivateKey) else _BYTES
        padded = b"PSS" if rsa_padding is PSS else b""
        content = digest.name.encode() + sha256(data).digest()
        signature = shake_256(self._name(key) + padded + content).digest(length)
        self._made[self._place(key, signature, content, rsa_padding)] = None
        return signature

    def verifies(
        self,
        key: PublicKey,
        signature: bytes,
        data: bytes,
        rsa_padding: AsymmetricPadding = PKCS1,
        *,
        digest: HashAlgorithm = SHA_256,
    ) -> bool:
        """Whether ``signature`` over ``data`` is by this key."""
        content = digest.name.encode() + sha256(data).digest()
        known = self._place(key, signature, content, rsa_padding) in self._made
        return known or verifies(key, signature, data, rsa_padding, digest=digest)

    def _place(
        self,
        key: PrivateKey | PublicKey,
        signature: bytes,
        content: bytes,
        rsa_padding: AsymmetricPadding,
    ) -> _Made:
        return self._name(key), rsa_padding is PSS, signature, content

    def _name(self, key: PrivateKey | PublicKey) -> bytes:
        """The public key in bytes; each key object is asked once, and kept so that it stays one."""
        found = self._names.get(id(key))
        if found is None:
            public = key.public_key() if hasattr(key, "public_key") else key
            name = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            found = self._names[id(key)] = (key, name)
        return found[1]


class JournalKey:
    """The journal's own key in one run: what it signed there is known to hold, and not computed.

    All else is verified as ever, so a block with another header or another signature is a fault.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._made: set[tuple[bytes, bytes]] = set()
        self.public = cast("Ed25519PublicKey", _JournalPublic(key.public_key(), self._made))

    def sign(self, header: bytes) -> bytes:
        """Sign the header of a block."""
        signature = self._key.sign(header)
        self._made.add((signature, header))
        return signature


class _JournalPublic:
    """As much of a public key as an audit uses."""

    def __init__(self, key: Ed25519PublicKey, made: set[tuple[bytes, bytes]]) -> None:
        self._key = key
        self._made = made

    def public_bytes_raw(self) -> bytes:
        """The key in bytes."""
        return self._key.public_bytes_raw()

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise ``InvalidSignature`` unless this key signed it."""
        if (signature, data) not in self._made:
            self._key.verify(signature, data)
