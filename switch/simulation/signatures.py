"""What this process signed itself is known to be signed, and not reckoned out again.

Both sides of every exchange live in one interpreter here, so most signatures that are checked were
made a moment ago by the other side. A signature that was returned for these bytes under a private
key holds under its public key; all else (other bytes, another key, another padding, a changed
signature) is verified as ever. The surprise: what is looked up is the digest of the bytes, so that
no message is kept.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iso20022 import jws, xmldsig
from iso20022.signing_keys import PKCS1, PSS, sign, verifies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

    from iso20022.signing_keys import PrivateKey, PublicKey

_Made = tuple[bytes, bool, bytes, bytes]


class Signatures:
    """Signs and verifies as ``iso20022.signing_keys`` does, and remembers what it signed."""

    def __init__(self) -> None:
        self._made: dict[_Made, None] = {}
        self._names: dict[int, tuple[PrivateKey | PublicKey, bytes]] = {}

    def places(self) -> Iterator[tuple[ModuleType, str, Callable[..., object]]]:
        """Who signs and verifies by which name, and what stands for that during a run."""
        for module in (jws, xmldsig):
            yield module, "sign", self.sign
            yield module, "verifies", self.verifies

    def forget(self) -> None:
        """Begin anew, for another run."""
        self._made.clear()
        self._names.clear()

    def sign(self, key: PrivateKey, data: bytes, rsa_padding: AsymmetricPadding = PKCS1) -> bytes:
        """Return the signature over ``data``."""
        signature = sign(key, data, rsa_padding)
        self._made[self._place(key, signature, data, rsa_padding)] = None
        return signature

    def verifies(
        self,
        key: PublicKey,
        signature: bytes,
        data: bytes,
        rsa_padding: AsymmetricPadding = PKCS1,
    ) -> bool:
        """Whether ``signature`` over ``data`` is by this key."""
        known = self._place(key, signature, data, rsa_padding) in self._made
        return known or verifies(key, signature, data, rsa_padding)

    def _place(
        self,
        key: PrivateKey | PublicKey,
        signature: bytes,
        data: bytes,
        rsa_padding: AsymmetricPadding,
    ) -> _Made:
        return self._name(key), rsa_padding is PSS, signature, sha256(data).digest()

    def _name(self, key: PrivateKey | PublicKey) -> bytes:
        """The public key in bytes; each key object is asked once, and kept so that it stays one."""
        found = self._names.get(id(key))
        if found is None:
            public = key.public_key() if hasattr(key, "public_key") else key
            name = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            found = self._names[id(key)] = (key, name)
        return found[1]
