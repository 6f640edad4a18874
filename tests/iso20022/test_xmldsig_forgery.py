"""Forged values: digests, signature values, key information and identifiers, in both profiles."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from iso20022.signature_profile import ONE, PIX, Profile
from tests.iso20022.signature_parts import (
    CERTIFICATES,
    DS,
    ENVELOPE,
    SIGNED,
    both,
    changed,
    forms,
    part,
    refused,
    resigned,
    signer,
)


def digest_tricks(text: bytes) -> dict[str, bytes]:
    return {
        "space_inside": text[:9] + b" " + text[9:],
        "line_inside": text[:9] + b"\n" + text[9:],
        "no_break_space": text[:9] + "\u00a0".encode() + text[9:],
        "wide_space_after": text + "\u3000".encode(),
        "zero_width_space": text + "\u200b".encode(),
        "wide_letter": "\uff21".encode() + text[1:],
        "no_padding": text.rstrip(b"="),
        "more_padding": text + b"=",
        "stray_bits": text[:-2] + (b"B" if text[-2:-1] != b"B" else b"C") + b"=",
        "truncated": base64.b64encode(base64.b64decode(text)[:16]),
        "longer": base64.b64encode(base64.b64decode(text) + b"\x00"),
        "hexadecimal": base64.b64decode(text).hex().encode(),
        "url_alphabet": text.replace(b"+", b"-").replace(b"/", b"_") + b"-",
        "empty": b"",
    }


@both
@pytest.mark.parametrize("kind", digest_tricks(b"A" * 43 + b"="))
def test_a_digest_has_one_spelling(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, "rsa"]
    found = re.search(rb"<DigestValue>(.*?)</DigestValue>", raw)
    assert found is not None
    trick = digest_tricks(found.group(1))[kind]

    assert refused(resigned(raw, found.group(1), trick), profile).code == "DS0B"


@forms
def test_a_signature_value_is_all_of_one_signature(profile: Profile, kind: str) -> None:
    raw = SIGNED[profile.name, kind]
    found = re.search(rb"<SignatureValue>(.*?)</SignatureValue>", raw)
    assert found is not None
    value = base64.b64decode(found.group(1))
    r, s = (int.from_bytes(half, "big") for half in (value[:32], value[32:64]))
    bent = [
        b"",
        value[:-1],
        value[:16],
        value + b"\x00",
        b"\x00" + value,
        value + value,
        bytes(len(value)),
        encode_dss_signature(r, s),
        b"A" * 40_000,
    ]

    for other in bent:
        text = base64.b64encode(other)
        assert refused(changed(raw, found.group(1), text), profile, kind).code == "DS0B"


@both
def test_the_public_key_cannot_be_used_as_a_shared_secret(profile: Profile) -> None:
    raw = SIGNED[profile.name, "rsa"].replace(b"#rsa-sha256", b"#hmac-sha256")
    root = etree.fromstring(raw)
    info, value = root.find(f".//{{{DS}}}SignedInfo"), root.find(f".//{{{DS}}}SignatureValue")
    assert info is not None
    assert value is not None
    secret = CERTIFICATES["rsa"].public_bytes(serialization.Encoding.PEM)
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(etree.tostring(info, method="c14n", exclusive=True))
    value.text = base64.b64encode(mac.finalize()).decode()

    assert refused(etree.tostring(root), profile).code == "DS0B"


COMMENTS: dict[str, Callable[[bytes], bytes]] = {
    "in_a_value": lambda raw: changed(raw, b"INV 1", b"INV<!-- --> 1"),
    "in_an_account": lambda raw: changed(raw, b"0107536000315", b"0107536<!---->000315"),
    "in_a_digest": lambda raw: changed(raw, b"<DigestValue>", b"<DigestValue><!-- -->"),
    "in_the_signature": lambda raw: changed(raw, b"<SignedInfo>", b"<SignedInfo><!-- -->"),
    "instruction": lambda raw: changed(raw, b"<SignedInfo>", b"<SignedInfo><?x y?>"),
    "before_the_root": lambda raw: b"<!-- -->" + raw,
    "entity": lambda raw: b"<!DOCTYPE x [<!ENTITY a '1'>]>" + changed(raw, b"INV 1", b"INV &a;"),
    "default_attribute": lambda raw: b"<!DOCTYPE x [<!ATTLIST Document Id ID 'x'>]>" + raw,
}


@both
@pytest.mark.parametrize("kind", COMMENTS)
def test_comments_and_declarations_are_refused(profile: Profile, kind: str) -> None:
    assert refused(COMMENTS[kind](SIGNED[profile.name, "rsa"]), profile).layer == "security"


@both
def test_an_id_that_is_given_twice_is_refused(profile: Profile) -> None:
    own = re.search(rb'<KeyInfo Id="(.*?)"', SIGNED["pix", "rsa"])
    assert own is not None
    for name in (b"Id", b"ID", b"id", b"xml:id"):
        one, two = name + b'="' + own.group(1) + b'"', b'Id="' + own.group(1) + b'"'
        raw = SIGNED[profile.name, "rsa"]
        if profile is ONE:
            raw = changed(raw, b"<Signature ", b"<Signature " + two + b" ")
        raw = changed(raw, b"<GrpHdr>", b"<GrpHdr " + one + b">")
        error = refused(raw, profile)
        assert (error.code, "twice" in error.detail) == ("DS0B", True)


def key_infos(own: bytes) -> dict[str, bytes]:
    identity = re.search(rb'Id="(.*?)"', own)
    assert identity is not None
    return {
        "absent": b"",
        "twice": own + own,
        "without_id": own.replace(identity.group(), b""),
        "empty_id": own.replace(identity.group(), b'Id=""'),
        "another_id": own.replace(identity.group(), b'Id="x"'),
        "another_attribute": own.replace(identity.group(), identity.group() + b' a="b"'),
        "lower_case_id": own.replace(b"Id=", b"id="),
        "other_content": own.replace(b"<X509Data>", b"<X509Data> "),
    }


@pytest.mark.parametrize("kind", key_infos(b'<KeyInfo Id="x"/>'))
def test_key_information_of_the_three_references_is_signed(kind: str) -> None:
    raw = SIGNED["pix", "rsa"]
    own = part(raw, "KeyInfo")

    assert refused(changed(raw, own, key_infos(own)[kind]), PIX).code == "DS0B"


@both
def test_a_type_named_by_a_prefix_is_refused(profile: Profile) -> None:
    """What the prefix is bound to is outside of what exclusive canonical form covers."""
    space = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x:y"'
    envelope = changed(ENVELOPE, b"<GrpHdr>", b"<GrpHdr " + space + b">")

    error = refused(signer(profile, "rsa").sign(envelope), profile)

    assert (error.code, "xsi:type" in error.detail) == ("DS0B", True)
