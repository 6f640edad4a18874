"""Keys, certificates and a signed message of each profile for the tests of XML signatures."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree

from iso20022 import IsoError, XmlSigner, XmlVerifier, build, read_verified
from iso20022.signature_profile import ONE, PIX, Profile
from iso20022.signing_keys import sign
from iso20022.xmldsig import XmlPrivateKey
from tests.iso20022.iso_examples import HEADER, PAYMENT

NAMES: Final = {"pacs.008.001.08"}
NOT_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPE: Final = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)


def certified(key: XmlPrivateKey) -> x509.Certificate:
    """A certificate of one year for this key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bank <Test> & Sons")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_BEFORE + timedelta(days=365))
        .sign(key, SHA256())
    )


RSA: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC: Final = ec.derive_private_key(12345678901234567890, ec.SECP256R1())
OTHER_EC: Final = ec.derive_private_key(98765432109876543210, ec.SECP256R1())
KEYS: Final[dict[str, XmlPrivateKey]] = {"rsa": RSA, "ec": EC}
CERTIFICATES: Final = {name: certified(key) for name, key in KEYS.items()}
FORMS: Final = [(profile, kind) for profile in (ONE, PIX) for kind in KEYS]
"""Every profile with every kind of key."""


def signer(profile: Profile, kind: str) -> XmlSigner:
    return XmlSigner(KEYS[kind], CERTIFICATES[kind], profile=profile)


def verifier(profile: Profile, kind: str) -> XmlVerifier:
    return XmlVerifier(CERTIFICATES[kind], profile=profile)


SIGNED: Final = {
    (profile.name, kind): signer(profile, kind).sign(ENVELOPE) for profile, kind in FORMS
}
"""The same message, signed in every form."""

PART: Final = {
    name: re.compile(rf"<{name}[ >].*?</{name}>".encode(), re.DOTALL)
    for name in ("Signature", "Reference", "KeyInfo", "Document", "AppHdr", "SignedInfo")
}


def part(raw: bytes, name: str) -> bytes:
    found = PART[name].search(raw)
    assert found is not None
    return found.group()


def changed(raw: bytes, before: bytes, after: bytes) -> bytes:
    assert before in raw
    return raw.replace(before, after, 1)


def resigned(raw: bytes, before: bytes, after: bytes) -> bytes:
    """Change ``SignedInfo`` and sign it again, as a partner who bends the profile could."""
    root = etree.fromstring(changed(raw, before, after))
    info, value = root.find(f".//{{{DS}}}SignedInfo"), root.find(f".//{{{DS}}}SignatureValue")
    assert info is not None
    assert value is not None
    value.text = base64.b64encode(
        sign(RSA, etree.tostring(info, method="c14n", exclusive=True, with_tail=False))
    ).decode()
    return etree.tostring(root)


both = pytest.mark.parametrize("profile", [ONE, PIX], ids=["one", "pix"])
forms = pytest.mark.parametrize(
    ("profile", "kind"), FORMS, ids=[f"{profile.name}-{kind}" for profile, kind in FORMS]
)


def refused(raw: bytes, profile: Profile = ONE, kind: str = "rsa") -> IsoError:
    with pytest.raises(IsoError) as caught:
        read_verified(raw, verifier(profile, kind), names=NAMES)
    return caught.value
