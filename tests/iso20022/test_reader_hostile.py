"""Hostile bytes: refused by the security or parse layer, nothing expanded, nothing else raised."""

from __future__ import annotations

import pytest
from lxml import etree

from iso20022 import DOCUMENTS, SIZE_BYTES_MAX, IsoError, build, read, read_document
from tests.iso20022.iso_examples import HEADER, PAYMENT

VALID = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)
BARE = build("pacs.008.001.08", PAYMENT)


def refused(raw: bytes, *, header: bool | None = None) -> IsoError:
    with pytest.raises(IsoError) as caught:
        read(raw, names=DOCUMENTS, header=header)
    return caught.value


@pytest.mark.parametrize(
    "prologue",
    [
        b"<!DOCTYPE Document>",
        b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>',
        b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b"<?xml-stylesheet href='x'?>",
        b"<!-- a comment -->",
    ],
)
def test_markup_that_no_payment_needs_is_refused(prologue: bytes) -> None:
    assert refused(prologue + BARE).layer == "security"


def test_a_comment_cannot_split_a_value_in_two() -> None:
    split = BARE.replace(b"0107536000315", b"0107536<!-- x -->000315")

    assert refused(split).layer == "security"


def test_a_tree_with_a_comment_is_refused_as_well() -> None:
    tree = etree.fromstring(BARE.replace(b"0107536000315", b"0107536<!-- x -->000315"))

    with pytest.raises(IsoError) as caught:
        read_document(tree, names=DOCUMENTS)

    assert caught.value.layer == "security"


def test_character_data_sections_are_text() -> None:
    wrapped = BARE.replace(b"Sok Dara", b"Sok <![CDATA[Dara]]>")

    assert read(wrapped, names=DOCUMENTS).values["debtor_name"] == "Sok Dara"


def test_an_oversized_message_is_refused_before_it_is_parsed() -> None:
    assert refused(b"<" * (SIZE_BYTES_MAX + 1)).layer == "security"


def test_deep_nesting_is_refused() -> None:
    assert refused(b"<a>" * 5000).layer == "parse"
    shallow = b"<x:a xmlns:x='urn:x'>" + b"<x:a>" * 200 + b"</x:a>" * 200 + b"</x:a>"
    inside = BARE.replace(b"<QrPaymt", shallow + b"<QrPaymt")

    assert refused(inside).layer in {"schema", "security"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused(encoding: str) -> None:
    assert refused(BARE.decode().encode(encoding)).layer == "parse"


@pytest.mark.parametrize("name", ["UTF-16", "ISO-8859-1", "UTF-7", "x-unknown"])
def test_a_declaration_of_another_encoding_is_refused(name: str) -> None:
    assert refused(f'<?xml version="1.0" encoding="{name}"?>'.encode() + BARE).layer == "parse"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    assert refused(BARE.replace(b"Sok Dara", b"Sok \xff\xfe Dara")).layer == "parse"


def test_two_documents_or_two_headers_are_refused() -> None:
    start = VALID.index(b"<Document")
    document, head = VALID[start : -len(b"</BizMsg>")], VALID[len(b"<BizMsg>") : start]

    assert refused(b"<BizMsg>" + head + document + document + b"</BizMsg>").layer == "security"
    assert refused(b"<BizMsg>" + head + head + document + b"</BizMsg>").layer == "security"
    assert refused(b"<BizMsg>" + document + head + b"</BizMsg>").layer == "schema"
    assert refused(b"<BizMsg>x" + head + document + b"</BizMsg>").layer == "schema"
    assert refused(BARE + BARE).layer == "parse"


def test_the_caller_says_whether_a_header_is_expected() -> None:
    assert (
        refused(BARE, header=True).layer,
        refused(BARE, header=True).code,
    ) == ("schema", "CH21")
    assert refused(VALID, header=False).layer == "schema"


def test_a_message_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(IsoError) as caught:
        read(BARE, names={"pacs.002.001.10"})

    assert caught.value.layer == "schema"


def test_one_field_in_two_places_is_refused() -> None:
    status = "<TxInfAndSts><TxSts>%s</TxSts></TxInfAndSts>"
    raw = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.06"><CstmrPmtStsRpt>'
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>a</OrgnlPmtInfId>"
        f"{status % 'RJCT'}</OrgnlPmtInfAndSts>{status % 'ACSC'}</CstmrPmtStsRpt></Document>"
    )

    assert (refused(raw.encode()).layer, refused(raw.encode()).code) == ("schema", "FF01")


def test_our_own_supplement_is_validated_and_a_foreign_one_ignored() -> None:
    bad = BARE.replace(b">5814<", b">58144<")
    foreign = BARE.replace(b"urn:bakong-switch:xsd:payment.1", b"urn:example:other")

    assert refused(bad).layer == "schema"
    assert "sup_merchant_category" not in read(foreign, names=DOCUMENTS).values


def test_a_schema_location_in_the_message_is_not_followed() -> None:
    pointed = BARE.replace(
        b"<Document ",
        b'<Document xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="urn:example http://127.0.0.1:9/x.xsd" ',
    )

    assert read(pointed, names=DOCUMENTS).name == "pacs.008.001.08"
    assert refused(pointed.replace(b"SHAR", b"OURS")).layer == "schema"


def test_no_refusal_repeats_a_value_of_the_message() -> None:
    secret = b"S3CRETVALUE"
    raw = BARE.replace(b"sokdara@bkrt", secret * 5).replace(b">SHAR<", b">" + secret + b"<")

    error = refused(raw)

    assert secret.decode() not in f"{error} {error!r} {error.args} {error.path}"


def test_a_message_does_not_show_its_values_in_repr() -> None:
    assert "Sok Dara" not in repr(read(VALID, names=DOCUMENTS))
