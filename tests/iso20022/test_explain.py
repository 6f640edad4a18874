"""A refusal by the schema says where, with which code, and what to do, without any value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from iso20022 import DOCUMENTS, IsoError, build, read
from iso20022.explain_base import explain_base
from iso20022.places import place_of, unnumbered
from tests.iso20022.iso_examples import HEADER, PAYMENT

BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"

RAW = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)
AT = "/Document/FIToFICstmrCdtTrf/CdtTrfTxInf"


@pytest.mark.parametrize(
    ("pattern", "replacement", "code", "place", "says"),
    [
        (r"<ChrgBr>SHAR</ChrgBr>", "", "CH21", f"{AT}/ChrgBr", "ChrgBr is missing"),
        (r"<UETR>.*</UETR>", "", "CH21", f"{AT}/PmtId/UETR", "UETR is missing"),
        (
            r"<Cdtr>.*</Cdtr>",
            "<Cdtr><CtryOfRes>TH</CtryOfRes></Cdtr>",
            "CH21",
            f"{AT}/Cdtr/Nm",
            "Nm is missing",
        ),
        (r"<ChrgBr>", "<Zz>1</Zz><ChrgBr>", "FF01", AT, "not part of the guideline"),
        (r"(<InstdAmt.*</InstdAmt>)", r"\1\1", "FF01", f"{AT}/InstdAmt[2]", "too often"),
        (r">SHAR<", ">OURS<", "FF01", f"{AT}/ChrgBr", "DEBT, CRED, SHAR, SLEV"),
        (r' Ccy="THB"', "", "AM11", f"{AT}/IntrBkSttlmAmt", "Ccy"),
        (r"KASITHBK", "kasithbk", "RC04", f"{AT}/CdtrAgt/FinInstnId/BICFI", "BIC"),
        (r"<BizMsgIdr>.*</BizMsgIdr>", "", "CH21", "/AppHdr/BizMsgIdr", "missing"),
        (r"<Fr>.*</Fr>", "<Fr/>", "CH21", "/AppHdr/Fr/FIId", "missing"),
    ],
)
def test_a_schema_refusal_is_explained(
    pattern: str, replacement: str, code: str, place: str, says: str
) -> None:
    text, count = re.subn(pattern, replacement, RAW.decode())
    assert count

    with pytest.raises(IsoError) as caught:
        read(text.encode(), names=DOCUMENTS)

    error = caught.value
    assert ("schema", code, place) == (error.layer, error.code, error.path)
    assert says in error.detail


def refused(raw: bytes) -> IsoError:
    with pytest.raises(IsoError) as caught:
        read(raw, names=DOCUMENTS)
    return caught.value


def test_an_unknown_instance_type_is_refused_not_raised() -> None:
    typed = b'<MsgId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="zz">'

    error = refused(RAW.replace(b"<MsgId>", typed))

    assert (error.layer, error.code) == ("schema", "FF01")
    assert error.path == "/Document/FIToFICstmrCdtTrf/GrpHdr/MsgId"
    assert "attribute" in error.detail


def test_an_element_with_a_prefix_is_found_where_only_one_validator_refuses_it() -> None:
    space = b'xmlns:p="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08" '
    typed = b'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="zz">'
    raw = RAW.replace(b"<MsgId>", b"<p:MsgId " + space + typed)

    error = refused(raw.replace(b"</MsgId>", b"</p:MsgId>"))

    assert error.path == "/Document/FIToFICstmrCdtTrf/GrpHdr/MsgId"


def test_a_message_nested_beyond_any_use_is_not_explained() -> None:
    nest = b"<x>" * 60 + b"</x>" * 60

    error = refused(RAW.replace(b"<ChrgBr>", nest + b"<ChrgBr>"))

    assert (error.layer, error.path) == ("security", "/Document")


def test_an_attribute_that_is_not_declared_is_refused() -> None:
    error = refused(RAW.replace(b"<PmtId>", b'<PmtId Id="1">'))

    assert (error.layer, error.path) == ("schema", f"{AT}/PmtId")


def test_a_header_of_another_version_is_refused() -> None:
    error = refused(RAW.replace(b"head.001.001.02", b"head.001.001.01"))

    assert (error.layer, error.path) == ("schema", "/AppHdr")


def test_what_stands_several_times_is_numbered_in_a_place() -> None:
    root = etree.fromstring("<BizMsg><Document><a/><b/><b><c/></b></Document></BizMsg>")

    places = [place_of(element) for element in root.iter("a", "b", "c")]

    assert places == ["/Document/a", "/Document/b[1]", "/Document/b[2]", "/Document/b[2]/c"]
    assert unnumbered(places[-1]) == ["Document", "b", "c"]
    assert place_of(root[0][1], 2) == "/Document/b[1]"


def test_a_refusal_says_which_of_several_elements_it_means() -> None:
    charge = b'<ChrgsInf><Amt Ccy="THB">1</Amt><Agt>%s</Agt></ChrgsInf>'
    agent = b"<FinInstnId><BICFI>KASITHBK</BICFI></FinInstnId>"
    charges = charge % agent + charge % agent.replace(b"KASI", b"kasi")

    error = refused(RAW.replace(b"</ChrgBr>", b"</ChrgBr>" + charges))

    assert error.path == f"{AT}/ChrgsInf[2]/Agt/FinInstnId/BICFI"


def test_a_stranger_in_a_choice_is_told_what_may_stand_there() -> None:
    error = refused(
        re.sub(rb"<DbtrAcct>.*</DbtrAcct>", b"<DbtrAcct><Id><Zz/></Id></DbtrAcct>", RAW)
    )

    assert (error.code, error.path) == ("FF01", f"{AT}/DbtrAcct/Id")
    assert "IBAN or Othr may stand here" in error.detail


@pytest.mark.skipif(not BASE.is_dir(), reason="the schemas are not beside the project")
@pytest.mark.parametrize(
    ("pattern", "replacement", "code", "place", "says"),
    [
        (
            r"<DbtrAcct>.*</DbtrAcct>",
            "<DbtrAcct><Id><Zz/></Id></DbtrAcct>",
            "FF01",
            f"{AT}/DbtrAcct/Id/Zz",
            "IBAN or Othr may stand here",
        ),
        (
            r"<DbtrAcct>.*</DbtrAcct>",
            "<DbtrAcct><Id/></DbtrAcct>",
            "CH21",
            f"{AT}/DbtrAcct/Id/IBAN",
            "IBAN or Othr is missing",
        ),
        (r"(<InstdAmt.*</InstdAmt>)", r"\1\1", "FF01", f"{AT}/InstdAmt[2]", "too often"),
        (
            "<MsgId>",
            '<MsgId xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="zz">',
            "FF01",
            "/Document/FIToFICstmrCdtTrf/GrpHdr/MsgId",
            "not as the schema says",
        ),
    ],
)
def test_a_base_schema_is_explained_as_well(
    pattern: str, replacement: str, code: str, place: str, says: str
) -> None:
    text, count = re.subn(pattern, replacement, RAW.decode())
    assert count

    error = explain_base(etree.fromstring(text)[1], BASE / "pacs.008.001.08.xsd")

    assert ("schema", code, place) == (error.layer, error.code, error.path)
    assert says in error.detail
