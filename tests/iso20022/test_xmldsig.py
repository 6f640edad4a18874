"""The XML signature: one profile, verified by an independent library, wrapped by nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner as OtherSigner
from signxml.verifier import SignatureConfiguration, VerifyResult
from signxml.verifier import XMLVerifier as OtherVerifier

from iso20022 import IsoError, XmlSigner, XmlVerifier, build, read_verified
from tests.iso20022.iso_examples import HEADER, PAYMENT

NAMES = {"pacs.008.001.08"}
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
ENVELOPE = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)
DS = "http://www.w3.org/2000/09/xmldsig#"


def identity(bits: int = 2048) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_BEFORE + timedelta(days=365))
        .sign(key, SHA256())
    )
    return key, certificate


KEY, CERTIFICATE = identity()
OTHER_KEY, OTHER_CERTIFICATE = identity()
SIGNED = XmlSigner(KEY, CERTIFICATE).sign(ENVELOPE)
VERIFIER = XmlVerifier(CERTIFICATE)


def refused(raw: bytes, verifier: XmlVerifier = VERIFIER, at: datetime | None = None) -> IsoError:
    with pytest.raises(IsoError) as caught:
        read_verified(raw, verifier, names=NAMES, at=at)
    return caught.value


def test_what_was_signed_is_what_is_read() -> None:
    found = read_verified(SIGNED, VERIFIER, names=NAMES)

    assert found.values == PAYMENT
    assert found.header is not None
    assert found.header["business_message_id"] == "KHXB0001"


def test_signing_is_deterministic() -> None:
    assert XmlSigner(KEY, CERTIFICATE).sign(ENVELOPE) == SIGNED


def test_an_independent_library_verifies_our_signature() -> None:
    place = "./{*}AppHdr/{*}Sgntr/"
    profile = SignatureConfiguration(location=place, expect_references=1)

    result = OtherVerifier().verify(SIGNED, x509_cert=CERTIFICATE, expect_config=profile)

    assert isinstance(result, VerifyResult)
    assert result.signed_xml is not None
    assert result.signed_xml.tag == "BizMsg"


def signed_elsewhere(pretty: bool) -> bytes:
    """Sign with the independent library, pretty-printed and prefixed as others do."""
    root = etree.fromstring(ENVELOPE)
    space = etree.QName(root[0]).namespace
    holder = etree.SubElement(root[0], f"{{{space}}}Sgntr")
    etree.SubElement(holder, f"{{{DS}}}Signature", {"Id": "placeholder"})
    if pretty:
        etree.indent(root)
    signer = OtherSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    signed = signer.sign(root, key=KEY, cert=[CERTIFICATE])
    return etree.tostring(signed)


@pytest.mark.parametrize("pretty", [False, True])
def test_we_verify_a_signature_of_an_independent_library(pretty: bool) -> None:
    assert read_verified(signed_elsewhere(pretty), VERIFIER, names=NAMES).values == PAYMENT


def test_every_altered_value_is_noticed() -> None:
    for before, after in [
        (b"345.00", b"945.00"),
        (b"KASITHBK", b"BKKBTHBK"),
        (b'Ccy="THB"', b'Ccy="USD"'),
        (b">NXSGSGSG<", b">NXSGSGSH<"),
        (b"INV 1", b"INV  1"),
    ]:
        assert before in SIGNED
        error = refused(SIGNED.replace(before, after, 1))
        assert (error.layer, error.code) == ("security", "DS0B")


def test_a_flipped_bit_anywhere_in_the_signature_is_noticed() -> None:
    for name in ("DigestValue", "SignatureValue"):
        at = SIGNED.index(f"<{name}>".encode()) + len(name) + 6
        changed = b"A" if SIGNED[at : at + 1] != b"A" else b"B"
        assert refused(SIGNED[:at] + changed + SIGNED[at + 1 :]).code == "DS0B"


def test_another_key_is_refused_even_when_its_certificate_comes_along() -> None:
    forged = XmlSigner(OTHER_KEY, OTHER_CERTIFICATE).sign(ENVELOPE)

    assert refused(forged).code == "DS0B"
    assert read_verified(forged, XmlVerifier(OTHER_CERTIFICATE), names=NAMES).values == PAYMENT


def test_an_unsigned_message_is_refused() -> None:
    assert refused(ENVELOPE).code == "DS0A"
    assert refused(build("pacs.008.001.08", PAYMENT)).code == "DS0A"


def test_a_certificate_outside_its_period_is_refused() -> None:
    before, after = NOT_BEFORE - timedelta(seconds=1), NOT_BEFORE + timedelta(days=366)

    assert [refused(SIGNED, at=moment).code for moment in (before, after)] == ["DS0D", "DS0D"]
    assert (
        read_verified(SIGNED, VERIFIER, names=NAMES, at=NOT_BEFORE + timedelta(days=1)).values
        == PAYMENT
    )


def forged_document() -> bytes:
    start, end = SIGNED.index(b"<Document"), SIGNED.index(b"</BizMsg>")
    return SIGNED[start:end].replace(b"345.00", b"999.00")


def wrappings() -> dict[str, bytes]:
    signature = re.search(rb"<Signature.*?</Signature>", SIGNED)
    assert signature is not None
    own = signature.group()
    sgntr = b"<Sgntr>" + own + b"</Sgntr>"
    bare = SIGNED.replace(sgntr, b"")
    inner = SIGNED.replace(b"<BizMsg>", b"<Original>").replace(b"</BizMsg>", b"</Original>")
    reference = re.search(rb"<Reference.*?</Reference>", SIGNED)
    assert reference is not None
    return {
        "document_after": SIGNED.replace(b"</BizMsg>", forged_document() + b"</BizMsg>"),
        "document_before": SIGNED.replace(b"<Document", forged_document() + b"<Document", 1),
        "original_inside_the_signature": bare.replace(b"345.00", b"999.00").replace(
            b"</AppHdr>", b"<Sgntr>" + inner + b"</Sgntr></AppHdr>"
        ),
        "envelope_in_an_envelope": b"<BizMsg>" + SIGNED + b"</BizMsg>",
        "signature_after_the_document": bare.replace(b"</BizMsg>", own + b"</BizMsg>"),
        "signature_in_the_supplement": bare.replace(b"</Envlp>", own + b"</Envlp>"),
        "two_places": SIGNED.replace(sgntr, sgntr + sgntr),
        "two_signatures": SIGNED.replace(b"</Sgntr>", own + b"</Sgntr>"),
        "something_beside_it": SIGNED.replace(b"</Sgntr>", b"<x/></Sgntr>"),
        "an_object": SIGNED.replace(
            b"</Signature>", b"<Object>" + forged_document() + b"</Object></Signature>"
        ),
        "two_references": SIGNED.replace(b"</Reference>", b"</Reference>" + reference.group()),
    }


WRAPPINGS = wrappings()


@pytest.mark.parametrize("kind", WRAPPINGS)
def test_a_wrapped_signature_is_refused(kind: str) -> None:
    assert WRAPPINGS[kind] != SIGNED

    assert refused(WRAPPINGS[kind]).layer == "security"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"xmldsig-more#rsa-sha256", b"xmldsig-more#hmac-sha256"),
        (b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1"),
        (b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
        (b'URI=""', b'URI="#x"'),
        (b'URI=""', b'URI="" Id="x"'),
        (b'<Reference URI="">', b"<Reference>"),
        (b"http://www.w3.org/2000/09/xmldsig#enveloped-signature", b"urn:x"),
        (
            b'exc-c14n#"></Transform>',
            b'exc-c14n#"></Transform><Transform Algorithm="urn:xslt"></Transform>',
        ),
        (b'exc-c14n#"></Transform>', b'exc-c14n#"><XPath>1</XPath></Transform>'),
        (b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"),
        (b"<DigestValue>", b"<DigestValue>!"),
        (b"<DigestValue>", b"<DigestValue><b/>"),
    ],
)
def test_any_other_profile_is_refused(before: bytes, after: bytes) -> None:
    assert before in SIGNED

    assert refused(SIGNED.replace(before, after)).code == "DS0B"


def test_a_comment_in_a_signed_message_is_refused() -> None:
    assert refused(SIGNED.replace(b"INV 1", b"INV<!-- --> 1")).layer == "security"


def test_what_is_signed_already_or_has_no_header_is_not_signed() -> None:
    signer = XmlSigner(KEY, CERTIFICATE)
    for raw in (SIGNED, build("pacs.008.001.08", PAYMENT), b"<x", b"<BizMsg/>"):
        with pytest.raises(IsoError):
            signer.sign(raw)


def test_a_key_that_is_not_the_certificates_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        XmlSigner(OTHER_KEY, CERTIFICATE)


def test_a_header_without_namespace_or_with_a_prefix_is_not_signed() -> None:
    space = b'<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02">'
    head = ENVELOPE[ENVELOPE.index(b"<AppHdr") : ENVELOPE.index(b"<Document")]
    prefixed = head.replace(b"</", b"</h:").replace(b"<", b"<h:").replace(b"<h:/h:", b"</h:")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:h=")
    signer = XmlSigner(KEY, CERTIFICATE)

    for raw in (ENVELOPE.replace(space, b"<AppHdr>"), ENVELOPE.replace(head, prefixed)):
        with pytest.raises(IsoError) as caught:
            signer.sign(raw)
        assert caught.value.layer == "security"


def test_another_element_in_the_place_of_a_signature_part_is_refused() -> None:
    renamed = SIGNED.replace(b"<DigestValue>", b"<Other>").replace(b"</DigestValue>", b"</Other>")

    assert refused(renamed).code == "DS0B"
