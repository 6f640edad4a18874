"""A refusal by the schema says where, with which code, and what to do, without any value."""

from __future__ import annotations

import re

import pytest

from iso20022 import DOCUMENTS, IsoError, build, read
from iso20022.explain import explain_bytes
from tests.iso20022.iso_examples import HEADER, PAYMENT

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
        (r"(<InstdAmt.*</InstdAmt>)", r"\1\1", "FF01", f"{AT}/InstdAmt", "too often"),
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


def test_a_person_gets_one_sentence() -> None:
    assert explain_bytes(RAW, "pacs.008.001.08") == "the message is a valid pacs.008.001.08"
    assert "schema CH21 at" in explain_bytes(
        RAW.replace(b"<ChrgBr>SHAR</ChrgBr>", b""), "pacs.008.001.08"
    )


def refused(raw: bytes) -> IsoError:
    with pytest.raises(IsoError) as caught:
        read(raw, names=DOCUMENTS)
    return caught.value


def test_an_unknown_instance_type_is_refused_not_raised() -> None:
    typed = b'<MsgId xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="zz">'

    error = refused(RAW.replace(b"<MsgId>", typed))

    assert (error.layer, error.code) == ("schema", "FF01")


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
