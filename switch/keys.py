"""Key material in one folder, loaded once at the start and then only used.

Files by name: ``<name>.pem`` private keys, ``<name>.crt`` certificates, ``<name>.txt`` secrets,
``<name>.key`` symmetric keys in hexadecimal, ``<name>.pub.pem`` public keys (of members in
``members/``). A name that is missing refuses the start, except in the development profile, which
makes throw-away keys for the switch, its simulators and its members, so that two commands are
enough on a bare machine.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy

RSA_BITS: Final = 2048
SYMMETRIC_BYTES: Final = 32
CERTIFICATE_DAYS: Final = 3650


class KeyMissing(Exception):  # noqa: N818  the name says what happened
    """A key that the configuration needs is not in the folder, or is not of its kind."""


class KeyFolder:
    """Keys of one process (``KeyStore`` of the port)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rsa_private(self, name: str) -> RSAPrivateKey:
        """The private RSA key of that name."""
        key = self._private(name)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyMissing(f"{name}.pem is not an RSA key")
        return key

    def ec_private(self, name: str) -> EllipticCurvePrivateKey:
        """The private P-256 key of that name."""
        key = self._private(name)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyMissing(f"{name}.pem is not an elliptic-curve key")
        return key

    def ed25519_private(self, name: str) -> Ed25519PrivateKey:
        """The private Ed25519 key of that name."""
        key = self._private(name)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyMissing(f"{name}.pem is not an Ed25519 key")
        return key

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of that name: ours, or a partner's that is pinned."""
        return x509.load_pem_x509_certificate(self._bytes(f"{name}.crt"))

    def secret(self, name: str) -> str:
        """A shared secret such as a password."""
        return self._bytes(f"{name}.txt").decode().strip()

    def symmetric(self, name: str) -> bytes:
        """A 256-bit key."""
        key = bytes.fromhex(self._bytes(f"{name}.key").decode().strip())
        if len(key) != SYMMETRIC_BYTES:
            raise KeyMissing(f"{name}.key is not a 256-bit key")
        return key

    def member_public(self, bic: str) -> ec.EllipticCurvePublicKey:
        """The public key that a member signs its requests under."""
        return self.public(f"members/{bic}")

    def public(self, name: str) -> ec.EllipticCurvePublicKey:
        """The public P-256 key of that name (``<name>.pub.pem``)."""
        key = serialization.load_pem_public_key(self._bytes(f"{name}.pub.pem"))
        if isinstance(key, ec.EllipticCurvePublicKey):
            return key
        raise KeyMissing(f"{name}.pub.pem is not an elliptic-curve key")

    def _private(self, name: str) -> object:
        return serialization.load_pem_private_key(self._bytes(f"{name}.pem"), password=None)

    def _bytes(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            raise KeyMissing(f"{name} is not in the key folder") from None


def make_development_keys(
    folder: Path, members: Iterable[str], clock: Clock, entropy: Entropy
) -> None:
    """Make the keys that are missing for a trial of the switch with its simulators."""
    (folder / "members").mkdir(parents=True, exist_ok=True)
    for name in ("seal", "vault"):
        if not (folder / f"{name}.key").exists():
            _write(folder / f"{name}.key", entropy.bytes(SYMMETRIC_BYTES).hex().encode())
    if not (folder / "journal.pem").exists():
        _write(folder / "journal.pem", _pem(Ed25519PrivateKey.generate()))
    if not (folder / "bakong-password.txt").exists():
        _write(folder / "bakong-password.txt", entropy.bytes(12).hex().encode())
    for name in ("switch-thailand", "thailand"):
        if not (folder / f"{name}.pem").exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
            _write(folder / f"{name}.pem", _pem(key))
            _write(folder / f"{name}.crt", _certificate(name, key, clock))
    for name in ("switch-answers", "overseer", *(f"member-{bic}" for bic in members)):
        if not (folder / f"{name}.pem").exists():
            _write(folder / f"{name}.pem", _pem(ec.generate_private_key(ec.SECP256R1())))
    own = KeyFolder(folder)
    for private, public in (
        ("overseer", "overseer"),
        *((f"member-{bic}", f"members/{bic}") for bic in members),
    ):
        _write(folder / f"{public}.pub.pem", _public_pem(own.ec_private(private).public_key()))


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.write_bytes(content)


def _pem(key: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _certificate(name: str, key: RSAPrivateKey, clock: Clock) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
