"""A refused message is answered by the message that fits, with the place and a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from iso20022 import DOCUMENTS, IsoError, build, read
from iso20022.refusals import INFORMATION_MAX, NO_REFERENCE, Refusal, refusal_of
from iso20022.validate import Judgement, validate
from tests.iso20022.iso_examples import AT, HEADER, PAYMENT, STATUS, UETR

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "iso20022"
HEAD = {**HEADER, "business_message_id": "KHXB0001"}
PAID = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEAD)
TOLD = build(
    "pacs.002.001.10",
    {**STATUS, "message_id": "KHXB0001"},
    header_name="head.001.001.02",
    header=HEAD,
)


def bad() -> list[dict[str, str]]:
    if not SAMPLES.is_dir():
        return []
    files = json.loads((SAMPLES / "manifest.json").read_text("utf-8"))["files"]
    return [entry for entry in files if entry["verdict"] == "must-reject"]


def refused(raw: bytes) -> Refusal:
    error = validate(raw, Judgement(AT)).error
    assert error is not None
    return refusal_of(raw, error)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the project")
@pytest.mark.parametrize("entry", bad(), ids=lambda entry: entry["file"])
def test_bad_samples_get_the_answer_that_their_makers_suggest(entry: dict[str, str]) -> None:
    raw = (SAMPLES / entry["file"]).read_bytes()
    kind, _, code = entry["suggested_answer"].partition("/")
    expected = "pacs.002" if kind == "RJCT" else kind

    found = refused(raw)

    assert (expected, code) == (found.message, found.reason)


def changed(raw: bytes, old: str, new: str) -> bytes:
    text, count = re.subn(old, new, raw.decode(), flags=re.DOTALL)
    assert count
    return text.encode()


def test_a_payment_is_rejected_by_name_with_place_and_sentence() -> None:
    found = refused(changed(PAID, "<ChrgBr>.*</ChrgBr>", ""))

    assert (found.message, found.reason) == ("pacs.002", "CH21")
    assert found.originals == {
        "original_message_id": "KHXB0001",
        "original_message_name": "pacs.008.001.08",
        "original_instruction_id": "KHXB0001",
        "original_end_to_end_id": "E2E-1",
        "original_transaction_id": "KHXB0001",
        "original_uetr": UETR,
    }
    assert found.lines() == [
        "the element ChrgBr is missing",
        "at /Document/FIToFICstmrCdtTrf/CdtTrfTxInf/ChrgBr",
    ]


def test_what_is_answered_can_be_built() -> None:
    broken = refused(changed(PAID, ">SHAR<", ">OURS<"))
    status = {"message_id": "1", "created_at": AT, **broken.values(AT)}
    told = refused(changed(TOLD, "ACCC", "RJCT"))

    assert read(build("pacs.002.001.15", status), names=DOCUMENTS).values["reason"] == "FF01"
    rejection = read(build("admi.002.001.01", told.values(AT)), names=DOCUMENTS).values
    assert rejection["related_reference"] == "KHXB0001"
    assert rejection["reason_code"] == "CH21"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<MsgId>.*</MsgId>", ""),
        ("<MsgId>.*</MsgId>", "<MsgId>" + "x" * 36 + "</MsgId>"),
    ],
)
def test_a_payment_whose_message_id_is_broken_is_named_by_the_header(old: str, new: str) -> None:
    found = refused(changed(PAID, old, new))

    assert found.message == "pacs.002"
    assert found.originals["original_message_id"] == "KHXB0001"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<PmtId>.*</PmtId>", ""),
        ("<InstrId>.*</UETR>", "<EndToEndId>NOTPROVIDED</EndToEndId>"),
        ("<MsgDefIdr>pacs.008", "<MsgDefIdr>pacs.009"),
        ("xsd:pacs.008.001.08", "xsd:pacs.008.001.99"),
        ("<BizMsgIdr>KHXB0001", "<BizMsgIdr>/KHXB0001"),
    ],
)
def test_what_has_no_reference_to_trust_is_rejected_as_a_message(old: str, new: str) -> None:
    assert refused(changed(PAID, old, new)).message == "admi.002"


@pytest.mark.parametrize("uetr", ["", "<UETR>5F8C1A52</UETR>", f"<UETR>{UETR}</UETR>" * 2])
def test_a_payment_without_a_readable_uetr_is_named_by_what_else_it_has(uetr: str) -> None:
    found = refused(changed(PAID, "<UETR>.*</UETR>", uetr))
    status = {"message_id": "1", "created_at": AT, **found.values(AT)}

    assert found.message == "pacs.002"
    assert "original_uetr" not in found.originals
    told = read(build("pacs.002.001.15", status), names=DOCUMENTS).values
    assert told["original_transaction_id"] == "KHXB0001"
    assert told["original_end_to_end_id"] == "E2E-1"


@pytest.mark.parametrize(
    "change", [{"status": "ACCC"}, {"original_transaction_id": None}], ids=["other", "unnamed"]
)
def test_a_status_without_uetr_that_is_not_such_a_rejection_is_refused(
    change: dict[str, object],
) -> None:
    rejection: dict[str, object] = {
        **STATUS,
        "original_uetr": None,
        "original_transaction_id": "KHXB0001",
        "status": "RJCT",
        "reason": "FF01",
    }
    assert build("pacs.002.001.15", rejection)

    with pytest.raises(IsoError) as caught:
        build("pacs.002.001.15", rejection | change)

    assert (caught.value.layer, caught.value.code) == ("rule", "CH21")
    assert caught.value.path.endswith("/OrgnlUETR")


def test_ids_of_two_transactions_name_none() -> None:
    twice = changed(PAID, "(<CdtTrfTxInf>.*</CdtTrfTxInf>)", r"\1\1")

    assert refused(twice).message == "admi.002"


def test_a_signature_that_fails_is_answered_by_its_own_code() -> None:
    error = IsoError("security", "DS0B", "/AppHdr/Sgntr", "the signature is not correct")

    found = refusal_of(PAID, error)

    assert (found.message, found.reason, found.related) == ("admi.002", "DS0B", NO_REFERENCE)


def test_a_hostile_identification_is_not_echoed() -> None:
    found = refused(changed(TOLD, "<BizMsgIdr>KHXB0001", "<BizMsgIdr>&lt;script//&gt;"))

    assert found.related == NO_REFERENCE


@pytest.mark.parametrize("raw", [b"", b"<", b"\x00", b"<a/>", b"<Document/>"])
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    for layer in ("parse", "security", "schema", "rule"):
        found = refusal_of(raw, IsoError(layer, "FF01", "/", "no"))
        assert (found.message, found.related) == ("admi.002", NO_REFERENCE)


def test_long_sentences_fit_the_elements_they_go_into() -> None:
    error = IsoError("schema", "FF01", "/" + "x" * 400, "word " * 100)

    found = refusal_of(PAID, error)

    assert 1 < len(found.lines()) <= 4
    assert all(len(line) <= INFORMATION_MAX for line in found.lines())
