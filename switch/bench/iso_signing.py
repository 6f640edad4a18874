"""What signing a message costs: detached JWS, both profiles of the XML signature, and signxml.

Signatures are asymmetric arithmetic before anything else, so each is named with its key. All keys
are made from fixed numbers: they sign nothing but the sample here. The message that is signed in
XML is the one that is read elsewhere in this measurement, about 3 kB with its header.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree

from iso20022 import JwsSigner, XmlSigner, XmlVerifier, read_verified, verify_detached
from iso20022.signature_profile import ONE, PIX
from switch.bench.iso_messages import AT
from switch.bench.peers import installed

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER: Final = 1_234_567_890_123_456_789
YEAR: Final = timedelta(days=365)
KID: Final = "bench"


def calls(raw: bytes, document: str) -> dict[str, Callable[[], object]]:
    """Name → call: sign and verify one message in every way that is offered."""
    elliptic = ec.derive_private_key(NUMBER, ec.SECP256R1())
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(NUMBER.to_bytes(32, "big"))
    found: dict[str, Callable[[], object]] = {}
    for kind, signer in (
        ("Ed25519", JwsSigner(edwards, KID)),
        ("ES256", JwsSigner(elliptic, KID)),
    ):
        public = edwards.public_key() if kind == "Ed25519" else elliptic.public_key()
        found |= _detached(kind, signer, {KID: public}, raw)
    certificate = _certified(elliptic)
    for profile, words in ((ONE, "one reference"), (PIX, "three references")):
        xml_signer = XmlSigner(elliptic, certificate, profile=profile)
        verifier = XmlVerifier(certificate, profile=profile)
        found |= _enveloped(words, xml_signer, verifier, raw, document)
    return found


def _detached(
    kind: str, signer: JwsSigner, keys: dict[str, Any], raw: bytes
) -> dict[str, Callable[[], object]]:
    token = signer.sign_detached(raw)
    return {
        f"JWS {kind}: sign": lambda: signer.sign_detached(raw),
        f"JWS {kind}: verify": lambda: verify_detached(token, raw, keys),
    }


def _enveloped(
    words: str, signer: XmlSigner, verifier: XmlVerifier, raw: bytes, document: str
) -> dict[str, Callable[[], object]]:
    signed = signer.sign(raw)
    return {
        f"XML signature, {words}, ECDSA: sign": lambda: signer.sign(raw),
        f"XML signature, {words}, ECDSA: verify": lambda: verifier.verify(signed),
        f"XML signature, {words}, ECDSA: verify and read": lambda: read_verified(
            signed, verifier, names=(document,)
        ),
    }


def peer(raw: bytes) -> dict[str, Callable[[], object]]:
    """The same with one reference by signxml, key and certificate loaded. Raises ``NotThere``."""
    name, _ = installed("signxml", "signxml")
    signers: Any = import_module("signxml.signer")
    verifiers: Any = import_module("signxml.verifier")
    algorithms: Any = import_module("signxml.algorithms")
    key = ec.derive_private_key(NUMBER, ec.SECP256R1())
    certificate = _certified(key)
    signer = signers.XMLSigner(
        signature_algorithm=algorithms.SignatureMethod.ECDSA_SHA256,
        digest_algorithm=algorithms.DigestAlgorithm.SHA256,
        c14n_algorithm=algorithms.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    verifier, root = verifiers.XMLVerifier(), etree.fromstring(raw)
    ours = XmlSigner(key, certificate).sign(raw)
    wanted = verifiers.SignatureConfiguration(location="./{*}AppHdr/{*}Sgntr/", expect_references=1)
    return {
        f"{name}, ECDSA: sign": lambda: signer.sign(root, key=key, cert=[certificate]),
        f"{name}, ECDSA: verify": lambda: verifier.verify(
            ours, x509_cert=certificate, expect_config=wanted
        ),
    }


def _certified(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KID)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT - YEAR)
        .not_valid_after(AT + YEAR)
        .sign(key, SHA256())
    )
