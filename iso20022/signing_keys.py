"""Keys of both kinds of signature here: which are taken, how each signs, how each verifies.

The type of the key decides the algorithm, never the message: RSA of 2048 bits or more, ECDSA on
P-256, Ed25519. JWS (RFC 7518) and XML Signature (RFC 4051) write an ECDSA signature the same way,
as r and s side by side in 32 bytes each, so one function serves both. The surprise: a DER encoding,
which most libraries produce, is refused by its length and never tried.
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_BITS_MIN: Final = 2048
"""Shortest RSA key (NIST SP 800-57, RFC 7518 section 3.3)."""

SHA_256: Final = SHA256()
PKCS1: Final = padding.PKCS1v15()
PSS: Final = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
"""As PS256 has it (RFC 7518 section 3.5): the salt is as long as the digest."""

_COORDINATE_BYTES: Final = 32
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"


class KeyUnfit(Exception):  # noqa: N818  the name says what is wrong
    """The bytes hold no key of a type and size that is used here."""


def is_used(key: object) -> bool:
    """Whether a public key has a type and size that is used here."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= RSA_BITS_MIN
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, ed25519.Ed25519PublicKey)


def private_key(pem: bytes) -> PrivateKey:
    """Return the private key in PEM, without a password; raises :class:`KeyUnfit`."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # No chain: what a parser says may quote the key.
        raise KeyUnfit("no private key in PEM without a password") from None
    if isinstance(key, PrivateKey) and is_used(key.public_key()):
        return key
    raise KeyUnfit("not Ed25519, ECDSA on P-256, or RSA of 2048 bits or more")


def trusted_key(pem: bytes) -> PublicKey | x509.Certificate:
    """Return the certificate or the public key in PEM; raises :class:`KeyUnfit`."""
    try:
        if pem.lstrip().startswith(_CERTIFICATE):
            certificate = x509.load_pem_x509_certificate(pem)
            if is_used(certificate.public_key()):
                return certificate
            raise KeyUnfit("not a certificate of Ed25519, P-256, or RSA of 2048 bits or more")
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnfit("no certificate and no public key in PEM") from None
    if isinstance(key, PublicKey) and is_used(key):
        return key
    raise KeyUnfit("not Ed25519, ECDSA on P-256, or RSA of 2048 bits or more")


def sign(
    key: PrivateKey,
    data: bytes,
    rsa_padding: padding.AsymmetricPadding = PKCS1,
    *,
    digest: HashAlgorithm = SHA_256,
) -> bytes:
    """Return the signature over ``data``, with SHA-256 except for Ed25519, and RSA as asked.

    All are deterministic but RSA with PSS; ECDSA takes its nonce from RFC 6979.
    """
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        encoded = key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(encoded)
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
    return key.sign(data, rsa_padding, digest)


def verifies(
    key: PublicKey,
    signature: bytes,
    data: bytes,
    rsa_padding: padding.AsymmetricPadding = PKCS1,
    *,
    digest: HashAlgorithm = SHA_256,
) -> bool:
    """Whether ``signature`` over ``data`` is by this key; False whatever else the bytes are."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if len(signature) != 2 * _COORDINATE_BYTES:
                return False
            r = int.from_bytes(signature[:_COORDINATE_BYTES], "big")
            s = int.from_bytes(signature[_COORDINATE_BYTES:], "big")
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
        else:
            key.verify(signature, data, rsa_padding, digest)
    except InvalidSignature:
        return False
    return True
