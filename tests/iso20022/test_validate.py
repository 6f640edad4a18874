"""Every sample has the verdict that its makers gave it, and no file at all ends in an exception."""

from __future__ import annotations

import json
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iso20022 import build
from iso20022.envelope import DEPTH_MAX
from iso20022.reader import SIZE_BYTES_MAX
from iso20022.validate import NOT_HELD, Judgement, Verdict, validate
from tests.iso20022.iso_examples import AT, HEADER, PAYMENT

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SAMPLES = SHARED / "samples" / "iso20022"
BASE = SHARED / "xsd"

VERDICTS = {"valid": True, "invalid": False, "no-iso-root": False}

NOW = AT + timedelta(hours=1)
OURS = Judgement(NOW)
RAW = build("pacs.008.001.08", PAYMENT, header_name="head.001.001.02", header=HEADER)
INNER = RAW[RAW.index(b"<Document") : RAW.index(b"</BizMsg>")]
HEAD = RAW[RAW.index(b"<AppHdr") : RAW.index(b"<Document")]

with_samples = pytest.mark.skipif(
    not (SAMPLES.is_dir() and BASE.is_dir()),
    reason="samples and schemas are not beside the project",
)


def manifest() -> list[dict[str, str]]:
    if not SAMPLES.is_dir():
        return []
    files: list[dict[str, str]] = json.loads((SAMPLES / "manifest.json").read_text("utf-8"))[
        "files"
    ]
    return files


def name_of(entry: dict[str, str]) -> str:
    return entry["file"][:60]


def judged(entry: dict[str, str], *, rules: bool, base: Path | None = BASE) -> Verdict:
    return validate((SAMPLES / entry["file"]).read_bytes(), Judgement(NOW, None, base, rules))


def by_base(raw: bytes, *, rules: bool = False) -> Verdict:
    return validate(raw, Judgement(NOW, None, BASE, rules))


@with_samples
def test_every_sample_has_its_verdict_under_the_base_schemas() -> None:
    entries = [entry for entry in manifest() if entry["verdict"] in VERDICTS]
    wrong = [
        entry["file"]
        for entry in entries
        if judged(entry, rules=False).valid != VERDICTS[entry["verdict"]]
    ]

    assert wrong == []
    assert len(entries) == 258


BAD = [entry for entry in manifest() if entry["verdict"] == "must-reject"]
OWN = [entry for entry in manifest() if entry["file"].startswith("own__")]


@with_samples
@pytest.mark.parametrize("entry", BAD, ids=name_of)
def test_bad_samples_are_refused_by_layer_and_reason(entry: dict[str, str]) -> None:
    expected = (entry["layer"], entry["suggested_answer"].rpartition("/")[2])

    for base in (BASE, None):
        verdict = judged(entry, rules=True, base=base)
        assert expected == (verdict.layer, verdict.code)
        assert verdict.path is not None
        assert verdict.path.startswith("/")
        assert verdict.detail


@with_samples
@pytest.mark.parametrize("entry", BAD, ids=name_of)
def test_without_rules_only_the_layers_before_them_refuse(entry: dict[str, str]) -> None:
    assert (entry["layer"] == "rule") == judged(entry, rules=False).valid


@with_samples
@pytest.mark.parametrize("entry", OWN, ids=name_of)
def test_own_samples_are_accepted_by_schema_guideline_and_rules(entry: dict[str, str]) -> None:
    document = entry["messages"][-1]

    assert judged(entry, rules=True) == Verdict(document)
    assert judged(entry, rules=True, base=None) == Verdict(document)


@with_samples
def test_what_published_files_call_a_violation_is_refused_by_a_rule() -> None:
    violators = [
        entry
        for entry in manifest()
        if "__violates_" in entry["file"] and entry["verdict"] == "valid"
    ]

    assert {"rule"} == {judged(entry, rules=True).layer for entry in violators}
    assert len(violators) > 20


@with_samples
def test_a_version_without_schema_passes_only_if_it_exists() -> None:
    old = RAW.replace(b"pacs.008.001.08", b"pacs.008.001.06")
    future = RAW.replace(b"pacs.008.001.08", b"pacs.008.001.99")
    unknown = RAW.replace(b"pacs.008.001.08", b"pacs.999.001.01")

    assert by_base(old) == Verdict("pacs.008.001.06", detail=NOT_HELD)
    for raw in (future, unknown):
        assert by_base(raw)[1:4] == ("schema", "FF01", "/Document")
    assert by_base(old.replace(b"GrpHdr", b"MsgHdr")).code == "CH21"


@with_samples
def test_a_document_is_found_in_any_envelope() -> None:
    inner = RAW.partition(b"<BizMsg>")[2].rpartition(b"</BizMsg>")[0]
    wrapped = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
        b'<Push xmlns="urn:example:scheme">' + inner + b"</Push></s:Body></s:Envelope>"
    )

    for raw in (wrapped, b"<BusMsg>" + inner + b"</BusMsg>"):
        assert by_base(raw, rules=True) == Verdict("pacs.008.001.08")
        assert validate(raw, OURS) == Verdict("pacs.008.001.08")
        broken = raw.replace(b"<ChrgBr>SHAR</ChrgBr>", b"")
        for verdict in (by_base(broken), validate(broken, OURS)):
            assert (verdict.layer, verdict.code) == ("schema", "CH21")
            assert verdict.path is not None
            assert verdict.path.endswith("/CdtTrfTxInf/ChrgBr")


@with_samples
def test_a_header_may_be_a_file_of_its_own() -> None:
    assert by_base(HEAD, rules=True) == Verdict("head.001.001.02")
    assert by_base(b"<BizMsg>" + HEAD + b"</BizMsg>")[1:4] == ("schema", "CH21", "/Document")


@with_samples
def test_comments_are_admitted_by_the_base_alone() -> None:
    raw = RAW.replace(b"<ChrgBr>", b"<!-- who pays --><ChrgBr>")

    assert by_base(raw, rules=True).valid
    assert validate(raw, OURS).layer == "security"


HOSTILE = {
    "two documents": (RAW.replace(b"</BizMsg>", b"<Document/></BizMsg>"), "security"),
    "a document hidden elsewhere": (
        RAW.replace(b"<AppHdr", b"<x><Document/></x><AppHdr", 1),
        "security",
    ),
    "two headers": (RAW.replace(b"<BizMsg>", b"<BizMsg><AppHdr/>"), "security"),
    "a document in a signature": (
        RAW.replace(b"</AppHdr>", b"<Sgntr><Object>" + INNER + b"</Object></Sgntr></AppHdr>"),
        "security",
    ),
    "a document in supplementary data": (
        RAW.replace(b"</MrchntCtgy>", b"</MrchntCtgy>" + INNER),
        "security",
    ),
    "a header in the document": (
        RAW.replace(b"<GrpHdr>", b'<AppHdr xmlns="urn:own"/><GrpHdr>'),
        "security",
    ),
    "the document in the header": (
        b"<BizMsg>" + HEAD.replace(b"</AppHdr>", INNER + b"</AppHdr>") + b"</BizMsg>",
        "security",
    ),
    "an envelope without a document": (b"<BizMsg>" + HEAD + b"</BizMsg>", "schema"),
    "a document type": (b"<!DOCTYPE BizMsg>" + RAW, "security"),
    "an external document type": (
        b'<!DOCTYPE BizMsg SYSTEM "http://127.0.0.1:9/x.dtd">' + RAW,
        "security",
    ),
    "a parameter entity": (
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>' + RAW,
        "security",
    ),
    "a style sheet": (b'<?xml-stylesheet href="x"?>' + RAW, "security"),
    "an instruction inside": (RAW.replace(b"<ChrgBr>", b"<?php x?><ChrgBr>"), "security"),
    "an instruction behind": (RAW + b"<?x y?>", "security"),
    "a comment inside a value": (RAW.replace(b"345.00", b"345<!-- -->.00"), "security"),
    "a comment instead of a value": (RAW.replace(b"E2E-1", b"<!-- E2E-1 -->"), "security"),
    "an inclusion": (
        RAW.replace(
            b"<ChrgBr>",
            b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="x"/><ChrgBr>',
        ),
        "security",
    ),
    "XML 1.1": (b'<?xml version="1.1"?>' + RAW, "parse"),
    "too large": (RAW + b" " * SIZE_BYTES_MAX, "security"),
    "too deep": (b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1), "security"),
    "too deep to be parsed": (b"<a>" * 300 + b"</a>" * 300, "security"),
    "UTF-16": (RAW.decode().encode("utf-16"), "parse"),
    "Latin-1": (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + RAW, "parse"),
    "bytes that are no UTF-8": (RAW.replace(b"Sok Dara", b"Sok \xff"), "parse"),
    "an undeclared entity": (RAW.replace(b"Sok Dara", b"&who;"), "parse"),
    "an undeclared prefix": (RAW.replace(b"<ChrgBr>", b"<x:ChrgBr>"), "parse"),
    "nothing": (b"", "parse"),
    "white space": (b" \n", "parse"),
    "JSON": (b"{}", "parse"),
    "two roots": (RAW + b"<x/>", "parse"),
    "no message": (b"<html><body/></html>", "schema"),
    "a name that is a path": (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:../../../etc/passwd"/>',
        "schema",
    ),
    "a namespace of its own": (RAW.replace(b"urn:iso:std", b"urn:own:std"), "schema"),
}


@with_samples
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_by_the_layer_that_sees_them(what: str) -> None:
    raw, layer = HOSTILE[what]

    assert layer == by_base(raw).layer
    assert layer == validate(raw, OURS).layer


@with_samples
def test_a_message_of_a_scheme_travels_under_the_header_of_iso() -> None:
    head = RAW.partition(b"<BizMsg>")[2].partition(b"<Document")[0]
    head = head.replace(b"pacs.008.001.08", b"admi.998.001.02")

    own, inner = b"urn:fed:xsd:admi.998.001.02", b'<Document xmlns="%s"/>'
    for space, content, layer in (
        (own, b"<A/>", None),
        (own, inner % b"urn:own", None),
        (own, inner % b"urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08", "security"),
        (b"urn:fed:xsd:other", b"<A/>", "schema"),
    ):
        raw = b'<Out>%s<Document xmlns="%s">%s</Document></Out>' % (head, space, content)
        assert layer == by_base(raw, rules=True).layer


def test_a_moment_of_judgement_makes_old_and_early_messages_wrong() -> None:
    def code(at: datetime | None) -> str | None:
        return validate(RAW, Judgement(NOW, at)).code

    assert code(None) is None
    assert code(AT + timedelta(minutes=1)) is None
    assert code(AT + timedelta(days=2)) == "TM01"
    assert code(AT - timedelta(hours=1)) == "DT04"


def test_a_file_dated_beyond_reason_is_refused_without_a_moment() -> None:
    assert validate(RAW, Judgement(datetime(2024, 1, 1, tzinfo=UTC))).code == "DT04"


def test_any_offset_is_the_same_moment() -> None:
    zulu = b"2026-11-21T03:15:02.120Z"
    assert RAW.count(zulu) == 3

    for other in (b"2026-11-21T10:15:02.120+07:00", b"2026-11-20T17:15:02.120-10:00"):
        assert validate(RAW.replace(zulu, other), OURS).valid


@with_samples
def test_no_mutation_of_a_message_raises_or_takes_long() -> None:
    rng = random.Random(20022)
    seeds = [(SAMPLES / entry["file"]).read_bytes() for entry in (*OWN, *BAD)]
    pieces = (b"<", b">", b"</", b"&", b"]]>", b"<![CDATA[", b"\x00", b"\xff", b'"', b"xmlns=''")
    started = time.monotonic()
    for _ in range(1_000):
        raw = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 4)):
            at, cut = rng.randint(0, len(raw)), rng.randint(0, 40)
            raw[at : at + cut] = rng.choice((*pieces, rng.randbytes(3), b"", raw[:cut]))
        for judgement in (OURS, Judgement(NOW, None, BASE)):
            assert isinstance(validate(bytes(raw), judgement), Verdict)

    assert time.monotonic() - started < 60
