"""Key material as an adapter is given it: by name, loaded once at start-up.

An adapter never opens a file and never makes a key. What it asks for and is not there refuses the
start, so no payment finds out. The surprise: there is no way to ask for a key later on; a changed
key is a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate


class KeyStore(Protocol):
    """Key material by name, loaded once at start-up; a missing name refuses the start."""

    def rsa_private(self, name: str) -> RSAPrivateKey:
        """The private RSA key of that name."""

    def message_private(self, name: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
        """The private key of that name for signing messages: RSA, or P-256 (ten times faster)."""

    def certificate(self, name: str) -> Certificate:
        """The certificate of that name: ours, or a partner's that is pinned."""

    def secret(self, name: str) -> str:
        """A shared secret such as a password."""

    def naming(self) -> bytes:
        """The key that names are made under; never changed, for what has a name outlives keys."""
