"""A signature on a hostile message: wrapped, bent or weakened, it is refused in both profiles."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization

from iso20022 import IsoError, XmlSigner, build, read_verified
from iso20022.signature_profile import ONE, PIX, Profile
from tests.iso20022.iso_examples import PAYMENT
from tests.iso20022.signature_parts import (
    CERTIFICATES,
    ENVELOPE,
    NAMES,
    NOT_BEFORE,
    OTHER_RSA,
    SIGNED,
    both,
    certified,
    changed,
    forms,
    part,
    refused,
    resigned,
    signer,
    verifier,
)


def test_signing_again_is_what_the_tests_think_it_is() -> None:
    raw = resigned(SIGNED["one", "rsa"], b"<SignedInfo>", b"<SignedInfo>\n")

    assert read_verified(raw, verifier(ONE, "rsa"), names=NAMES).values == PAYMENT


@forms
def test_every_altered_value_is_noticed(profile: Profile, kind: str) -> None:
    for before, after in [
        (b"345.00", b"945.00"),
        (b"KASITHBK", b"BKKBTHBK"),
        (b'Ccy="THB"', b'Ccy="USD"'),
        (b">NXSGSGSG<", b">NXSGSGSH<"),
        (b"INV 1", b"INV  1"),
    ]:
        error = refused(changed(SIGNED[profile.name, kind], before, after), profile, kind)
        assert (error.layer, error.code) == ("security", "DS0B")


@forms
def test_a_flipped_bit_anywhere_in_the_signature_is_noticed(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, kind]
    for name in (b"<DigestValue>", b"<SignatureValue>"):
        for found in re.finditer(name, raw):
            at = found.end() + 6
            other = b"A" if raw[at : at + 1] != b"A" else b"B"
            assert refused(raw[:at] + other + raw[at + 1 :], profile, kind).code == "DS0B"


@both
def test_another_key_is_refused_even_when_its_certificate_comes_along(profile: Profile) -> None:
    """The message names and brings the forger's certificate; the pinned one judges."""
    stranger = certified(OTHER_RSA)
    forged = XmlSigner(OTHER_RSA, stranger, profile=profile).sign(ENVELOPE)
    text = base64.b64encode(stranger.public_bytes(serialization.Encoding.DER))
    brought = b"<KeyInfo><X509Data><X509Certificate>" + text + b"</X509Certificate></X509Data>"
    if profile is ONE:
        forged = changed(forged, b"</Signature>", brought + b"</KeyInfo></Signature>")

    assert refused(forged, profile).code == "DS0B"


@both
def test_an_unsigned_message_is_refused(profile: Profile) -> None:
    for raw in (
        ENVELOPE,
        build("pacs.008.001.08", PAYMENT),
        changed(ENVELOPE, b"</AppHdr>", b"<Sgntr/></AppHdr>"),
    ):
        assert refused(raw, profile).code == "DS0A"


@both
def test_a_certificate_outside_its_period_is_refused(profile: Profile) -> None:
    raw, pinned = SIGNED[profile.name, "rsa"], verifier(profile, "rsa")
    for moment in (NOT_BEFORE - timedelta(seconds=1), NOT_BEFORE + timedelta(days=366)):
        with pytest.raises(IsoError) as caught:
            read_verified(raw, pinned, names=NAMES, at=moment)
        assert caught.value.code == "DS0D"


def wrappings(raw: bytes) -> dict[str, bytes]:
    own, document, header = (part(raw, name) for name in ("Signature", "Document", "AppHdr"))
    forged = document.replace(b"345.00", b"999.00")
    sgntr = b"<Sgntr>" + own + b"</Sgntr>"
    bare = raw.replace(sgntr, b"")
    bare_header = header.replace(sgntr, b"")
    inner = raw.replace(b"<BizMsg>", b"<Original>").replace(b"</BizMsg>", b"</Original>")
    reference = part(raw, "Reference")
    hidden = {
        "in_an_object": b"<Object>" + document + b"</Object></Signature>",
        "in_key_info": b"<KeyInfo>" + document + b"</KeyInfo></Signature>",
    }
    return {
        "document_after": changed(raw, b"</BizMsg>", forged + b"</BizMsg>"),
        "document_before": changed(raw, b"<Document", forged + b"<Document"),
        "document_first": changed(raw, b"<BizMsg>", b"<BizMsg>" + forged),
        "header_twice": changed(raw, b"<BizMsg>", b"<BizMsg>" + bare_header),
        "header_after": changed(raw, b"</BizMsg>", bare_header + b"</BizMsg>"),
        "document_in_the_header": changed(raw, b"<Sgntr>", forged + b"<Sgntr>"),
        "document_in_a_document": changed(
            raw, document, forged.replace(b"</Document>", document + b"</Document>")
        ),
        "original_inside_the_signature": bare.replace(b"345.00", b"999.00").replace(
            b"</AppHdr>", b"<Sgntr>" + inner + b"</Sgntr></AppHdr>"
        ),
        "envelope_in_an_envelope": b"<BizMsg>" + raw + b"</BizMsg>",
        "another_root": inner,
        "signature_after_the_document": bare.replace(b"</BizMsg>", own + b"</BizMsg>"),
        "signature_in_the_supplement": bare.replace(b"</Envlp>", own + b"</Envlp>"),
        "signature_first_in_the_header": bare.replace(b"<Fr>", sgntr + b"<Fr>", 1),
        "signature_bare_in_the_header": bare.replace(b"</AppHdr>", own + b"</AppHdr>"),
        "signature_deeper": bare.replace(
            b"</AppHdr>", b"<Sgntr><Sgntr>" + own + b"</Sgntr></Sgntr></AppHdr>"
        ),
        "two_places": raw.replace(sgntr, sgntr + sgntr),
        "two_signatures": raw.replace(b"</Sgntr>", own + b"</Sgntr>"),
        "something_beside_it": raw.replace(b"</Sgntr>", b"<x/></Sgntr>"),
        "text_beside_it": raw.replace(b"</Sgntr>", b"x</Sgntr>"),
        "text_in_the_envelope": changed(raw, b"<BizMsg>", b"<BizMsg>x"),
        "attribute_of_the_envelope": changed(raw, b"<BizMsg>", b'<BizMsg Id="x">'),
        "attribute_of_sgntr": changed(raw, b"<Sgntr>", b'<Sgntr Id="x">'),
        "two_references": raw.replace(b"</Reference>", b"</Reference>" + reference, 1),
        "one_reference_less": raw.replace(reference, b"", 1),
        **{name: changed(raw, b"</Signature>", end) for name, end in hidden.items()},
    }


@both
@pytest.mark.parametrize("kind", wrappings(SIGNED["one", "rsa"]))
def test_a_wrapped_signature_is_refused(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, "rsa"]
    wrapped = wrappings(raw)[kind]
    assert wrapped != raw
    assert refused(wrapped, profile).layer == "security"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"xmldsig-more#rsa-sha256", b"xmldsig-more#hmac-sha256"),
        (b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-sha512"),
        (b"xmldsig-more#rsa-sha256", b"xmldsig-more#ecdsa-sha256"),
        (b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1"),
        (b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#hmac-sha1"),
        (b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
        (b"2001/04/xmlenc#sha256", b"2001/04/xmldsig-more#md5"),
        (b'URI=""', b'URI="#x"'),
        (b'URI=""', b'URI="http://127.0.0.1:9/x"'),
        (b'URI=""', b'URI="file:///etc/hostname"'),
        (b'URI=""', b'URI="#xpointer(/)"'),
        (b'URI=""', b'URI="" Id="x"'),
        (b'URI=""', b'URI="" Type="http://www.w3.org/2000/09/xmldsig#Manifest"'),
        (b'<Reference URI="">', b"<Reference>"),
        (b"http://www.w3.org/2000/09/xmldsig#enveloped-signature", b"urn:x"),
        (
            b'exc-c14n#"></Transform></Transforms>',
            (
                b'exc-c14n#"></Transform><Transform Algorithm="http://www.w3.org/TR/1999/'
                b'REC-xslt-19991116"></Transform></Transforms>'
            ),
        ),
        (
            b'exc-c14n#"></Transform></Transforms>',
            (
                b'exc-c14n#"></Transform><Transform Algorithm="http://www.w3.org/2002/06/'
                b'xmldsig-filter2"></Transform></Transforms>'
            ),
        ),
        (b'exc-c14n#"></Transform>', b'exc-c14n#"><XPath>1</XPath></Transform>'),
        (
            b'exc-c14n#"></Transform>',
            (
                b'exc-c14n#"><InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#"'
                b' PrefixList="x"/></Transform>'
            ),
        ),
        (b'exc-c14n#"></Transform>', b'exc-c14n#">x</Transform>'),
        (b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"),
        (b"2001/10/xml-exc-c14n#", b"TR/2001/REC-xml-c14n-20010315"),
        (b"<Transforms>", b'<Transforms Id="x">'),
        (b"<SignedInfo>", b'<SignedInfo Id="x">'),
        (b"<SignedInfo>", b"<SignedInfo>x"),
        (b"<DigestValue>", b"<DigestValue>!"),
        (b"<DigestValue>", b"<DigestValue><b/>"),
        (b"<DigestValue>", b'<DigestValue Id="x">'),
        (
            b'rsa-sha256"></SignatureMethod>',
            b'rsa-sha256"><HMACOutputLength>1</HMACOutputLength></SignatureMethod>',
        ),
    ],
)
@both
def test_any_other_profile_is_refused(profile: Profile, before: bytes, after: bytes) -> None:
    """Signed anew by the right key, so it is the choice that is refused, not the signature."""
    error = refused(resigned(SIGNED[profile.name, "rsa"], before, after), profile)

    assert (error.layer, error.code) == ("security", "DS0B")


def test_what_is_signed_already_or_has_no_header_is_not_signed() -> None:
    for raw in (SIGNED["one", "rsa"], build("pacs.008.001.08", PAYMENT), b"<x", b"<BizMsg/>"):
        for profile in (ONE, PIX):
            with pytest.raises(IsoError):
                signer(profile, "rsa").sign(raw)


def test_a_key_that_is_not_the_certificates_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        XmlSigner(OTHER_RSA, CERTIFICATES["rsa"])


@both
def test_a_header_without_namespace_or_with_a_prefix_is_not_signed(profile: Profile) -> None:
    space = b'<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02">'
    head = part(ENVELOPE, "AppHdr")
    prefixed = head.replace(b"</", b"</h:").replace(b"<", b"<h:").replace(b"<h:/h:", b"</h:")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:h=")

    for raw in (ENVELOPE.replace(space, b"<AppHdr>"), ENVELOPE.replace(head, prefixed)):
        with pytest.raises(IsoError) as caught:
            signer(profile, "rsa").sign(raw)
        assert caught.value.layer == "security"


def test_another_element_in_the_place_of_a_signature_part_is_refused() -> None:
    raw = SIGNED["one", "rsa"]
    renamed = raw.replace(b"<DigestValue>", b"<Other>").replace(b"</DigestValue>", b"</Other>")

    assert refused(renamed).code == "DS0B"
