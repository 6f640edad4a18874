"""Both profiles with both kinds of key: an independent library agrees, and every part is covered.

The library is the judge of profile one as it stands. It resolves ``URI=""`` as W3C has it, so for
the three-reference form it is given ``AppHdr`` as a file of its own, where that is the same, and is
told where the reference without ``URI`` leads, as the schemes' own libraries are.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner as OtherSigner
from signxml.verifier import SignatureConfiguration, VerifyResult
from signxml.verifier import XMLVerifier as OtherVerifier

from iso20022 import XmlSigner, XmlVerifier, read_verified
from iso20022.signature_profile import ONE, PIX, PROFILES, Profile, encode
from iso20022.signing_keys import sign
from tests.iso20022.iso_examples import PAYMENT
from tests.iso20022.signature_parts import (
    CERTIFICATES,
    DS,
    EC,
    ENVELOPE,
    KEYS,
    NAMES,
    NOT_BEFORE,
    OTHER_EC,
    OTHER_RSA,
    RSA,
    SIGNED,
    certified,
    forms,
    refused,
    signer,
    verifier,
)


class _Judge(OtherVerifier):
    """The independent verifier, told what the reference without ``URI`` means."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def _resolve_reference(self, doc_root: Any, reference: Any, uri_resolver: Any = None) -> Any:
        if reference.get("URI") is None:
            return self._document
        inherited: Any = super()._resolve_reference
        return inherited(doc_root, reference, uri_resolver)


@forms
def test_what_was_signed_is_what_is_read(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, kind]

    found = read_verified(raw, verifier(profile, kind), names=NAMES, at=NOT_BEFORE)
    bare = read_verified(
        raw, XmlVerifier(KEYS[kind].public_key(), profile=profile), names=NAMES, at=NOT_BEFORE
    )

    assert (found.values, bare.values) == (PAYMENT, PAYMENT)
    assert found.header is not None
    assert found.header["business_message_id"] == "KHXB0001"


@forms
def test_signing_is_deterministic(profile: Profile, kind: str) -> None:
    assert SIGNED[profile.name, kind] == signer(profile, kind).sign(ENVELOPE)


@forms
def test_what_is_returned_holds_no_signature(profile: Profile, kind: str) -> None:
    root = verifier(profile, kind).verify(SIGNED[profile.name, kind])

    assert [element for element in root.iter() if "Sgntr" in str(element.tag)] == []
    assert next(root.iter(f"{{{DS}}}*"), None) is None


@pytest.mark.parametrize("kind", KEYS)
def test_an_independent_library_verifies_profile_one(kind: str) -> None:
    result = OtherVerifier().verify(
        SIGNED["one", kind],
        x509_cert=CERTIFICATES[kind],
        expect_config=SignatureConfiguration(location="./{*}AppHdr/{*}Sgntr/", expect_references=1),
    )

    assert isinstance(result, VerifyResult)
    assert result.signed_xml is not None
    assert result.signed_xml.tag == "BizMsg"


def split(raw: bytes) -> tuple[bytes, Any]:
    """The header as a file of its own, and the document."""
    head = re.search(rb"<AppHdr.*</AppHdr>", raw, re.DOTALL)
    body = re.search(rb"<Document.*</Document>", raw, re.DOTALL)
    assert head is not None
    assert body is not None
    return head.group(), etree.fromstring(body.group())


@pytest.mark.parametrize("kind", KEYS)
def test_an_independent_library_verifies_the_three_references(kind: str) -> None:
    head, document = split(SIGNED["pix", kind])

    results = _Judge(document).verify(
        head,
        x509_cert=CERTIFICATES[kind],
        expect_config=SignatureConfiguration(location="./{*}Sgntr/", expect_references=3),
    )

    assert isinstance(results, list)
    assert [
        etree.QName(result.signed_xml).localname
        for result in results
        if result.signed_xml is not None
    ] == ["KeyInfo", "AppHdr", "Document"]


@pytest.mark.parametrize("kind", KEYS)
def test_an_independent_library_refuses_another_document(kind: str) -> None:
    head, document = split(SIGNED["pix", kind].replace(b"345.00", b"945.00"))

    with pytest.raises(Exception, match="Digest mismatch"):
        _Judge(document).verify(
            head,
            x509_cert=CERTIFICATES[kind],
            expect_config=SignatureConfiguration(location="./{*}Sgntr/", expect_references=3),
        )


@forms
def test_every_part_is_covered(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, kind]
    covered = [
        (b"345.00", b"945.00"),  # the document
        (b">NXSGSGSG<", b">NXSGSGSH<"),  # the header
        (b"<Sgntr>", b"<Sgntr> "),
        (b"</Sgntr>", b"\n</Sgntr>"),
    ]
    if profile is PIX:
        covered += [
            (b"<X509SerialNumber>1<", b"<X509SerialNumber>2<"),
            (b"</X509Data>", b"</X509Data><KeyName>x</KeyName>"),
        ]

    for before, after in covered:
        assert before in raw
        assert refused(raw.replace(before, after, 1), profile, kind).code == "DS0B"


@forms
def test_each_profile_refuses_the_other(profile: Profile, kind: str) -> None:
    other = PIX if profile is ONE else ONE

    assert refused(SIGNED[other.name, kind], profile, kind).code == "DS0B"


@forms
def test_a_key_of_another_type_or_another_key_is_refused(profile: Profile, kind: str) -> None:
    other = "ec" if kind == "rsa" else "rsa"
    stranger = OTHER_RSA if kind == "rsa" else OTHER_EC
    forged = XmlSigner(stranger, certified(stranger), profile=profile).sign(ENVELOPE)

    assert refused(SIGNED[profile.name, other], profile, kind).code == "DS0B"
    assert refused(forged, profile, kind).code == "DS0B"


@pytest.mark.parametrize("order", [(1, 0, 2), (1, 2, 0), (2, 1, 0)])
def test_the_order_of_the_three_references_means_nothing(order: tuple[int, int, int]) -> None:
    """A scheme writes them in another order; what is signed is the order that was written."""
    shuffled = Profile("pix", tuple(PIX.references[at] for at in order))
    raw = XmlSigner(RSA, CERTIFICATES["rsa"], profile=shuffled).sign(ENVELOPE)

    assert read_verified(raw, verifier(PIX, "rsa"), names=NAMES).values == PAYMENT


def other_signer(kind: str) -> OtherSigner:
    method = SignatureMethod.RSA_SHA256 if kind == "rsa" else SignatureMethod.ECDSA_SHA256
    return OtherSigner(
        signature_algorithm=method,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("pretty", [False, True])
def test_we_verify_profile_one_of_an_independent_library(kind: str, pretty: bool) -> None:
    root = etree.fromstring(ENVELOPE)
    space = etree.QName(root[0]).namespace
    holder = etree.SubElement(root[0], f"{{{space}}}Sgntr")
    etree.SubElement(holder, f"{{{DS}}}Signature", {"Id": "placeholder"})
    if pretty:
        etree.indent(root)
    signed = other_signer(kind).sign(root, key=KEYS[kind], cert=[CERTIFICATES[kind]])

    raw = etree.tostring(signed)

    assert read_verified(raw, verifier(ONE, kind), names=NAMES).values == PAYMENT


def test_prefixes_and_white_space_of_another_signer_are_covered_as_they_are() -> None:
    """The canonical form of a part does not depend on where its prefixes are declared."""
    pretty = etree.fromstring(SIGNED["pix", "rsa"])
    text = etree.tostring(pretty).decode()
    text = text.replace(f'<Signature xmlns="{DS}">', "<ds:Signature>").replace(
        "</Signature>", "</ds:Signature>"
    )
    names = "SignedInfo|CanonicalizationMethod|SignatureMethod|Reference|Transforms|Transform"
    names += "|DigestMethod|DigestValue|SignatureValue|KeyInfo|X509[A-Za-z]*"
    text = re.sub(rf"<(/?)({names})(?=[ >/])", r"<\1ds:\2", text)
    moved = text.replace("<BizMsg>", f'<BizMsg xmlns:ds="{DS}">').encode()
    # The digest of KeyInfo and the signature are over the prefixed names, so they are made anew.
    root = etree.fromstring(moved)
    info = root.find(f".//{{{DS}}}SignedInfo")
    key_info = root.find(f".//{{{DS}}}KeyInfo")
    assert info is not None
    assert key_info is not None

    canonical = etree.tostring(key_info, method="c14n", exclusive=True)
    assert canonical.startswith(b'<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"')

    first = info.find(f".//{{{DS}}}DigestValue")
    value = root.find(f".//{{{DS}}}SignatureValue")
    assert first is not None
    assert value is not None
    first.text = encode(sha256(canonical).digest())
    value.text = encode(sign(RSA, etree.tostring(info, method="c14n", exclusive=True)))

    raw = etree.tostring(root)

    assert read_verified(raw, verifier(PIX, "rsa"), names=NAMES).values == PAYMENT


def test_the_base64_of_a_signature_may_be_broken_into_lines() -> None:
    """Java writes a carriage return as a character reference at the end of each line."""
    raw = SIGNED["one", "rsa"]
    start = raw.index(b"<SignatureValue>") + len(b"<SignatureValue>") + 76

    broken = raw[:start] + b"&#13;\n" + raw[start:]

    assert read_verified(broken, verifier(ONE, "rsa"), names=NAMES).values == PAYMENT


def test_without_a_certificate_the_key_is_named() -> None:
    raw = XmlSigner(EC, profile=PIX, key_name="kh-1 <&>").sign(ENVELOPE)

    assert b"<KeyName>kh-1 &lt;&amp;&gt;</KeyName></KeyInfo>" in raw
    assert read_verified(raw, verifier(PIX, "ec"), names=NAMES).values == PAYMENT


def test_keys_that_are_too_weak_are_a_programming_error() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve = ec.generate_private_key(ec.SECP384R1())

    for key in (weak, curve):
        with pytest.raises(AssertionError):
            XmlSigner(key)
        with pytest.raises(AssertionError):
            XmlVerifier(key.public_key())


def test_profiles_are_found_by_name() -> None:
    assert dict(PROFILES) == {"one": ONE, "pix": PIX}
