"""``iso validate`` and ``iso convert``: one verdict per file, losses named, three exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization

from iso20022 import DOCUMENTS, build, read
from switch.cli import main
from tests.iso20022.iso_examples import HEADER, PAYMENT
from tests.iso20022.signature_parts import EC

if TYPE_CHECKING:
    from click.testing import Result

BASE = Path(__file__).resolve().parents[2].parent / "shared" / "xsd"
WORDS = ["file", "message", "valid", "layer", "code", "path", "detail"]
PAID = build("pacs.008.001.13", PAYMENT, header_name="head.001.001.04", header=HEADER)

with_base = pytest.mark.skipif(not BASE.is_dir(), reason="the schemas are not beside the project")


def iso(*words: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["iso", *map(str, words)], input=stdin)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.xml"
    file.write_bytes(PAID)
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file that breaks a rule and no schema."""
    file = tmp_path / "bad.xml"
    file.write_bytes(PAID.replace(b"345.00", b"345.001"))
    return file


def test_each_file_gets_a_json_line_in_order(good: Path, bad: Path) -> None:
    told = iso("validate", "--json", good, bad, good)

    rows = [orjson.loads(line) for line in told.stdout.splitlines()]
    assert [list(row) for row in rows] == [WORDS] * 3
    assert [(str(good), True), (str(bad), False), (str(good), True)] == [
        (row["file"], row["valid"]) for row in rows
    ]
    assert rows[0] == {
        **dict.fromkeys(WORDS), "file": str(good), "message": "pacs.008.001.13", "valid": True
    }  # fmt: skip
    assert rows[1]["layer"] == "rule"
    assert rows[1]["code"] == "AM12"
    assert rows[1]["path"] == "/Document/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmAmt"
    assert rows[1]["detail"]


def test_the_status_says_whether_all_are_valid(good: Path, bad: Path) -> None:
    assert iso("validate", good).exit_code == 0
    assert iso("validate", good, bad).exit_code == 1


def test_a_person_reads_a_sentence(good: Path, bad: Path) -> None:
    told = iso("validate", good, bad).stdout.splitlines()

    assert told[0] == f"{good}: valid pacs.008.001.13"
    assert "pacs.008.001.13 refused by rule AM12 at /Document/" in told[1]
    assert told[1].endswith("the answer to it is pacs.002")


@with_base
def test_under_the_base_the_rules_are_asked_for(good: Path, bad: Path) -> None:
    assert iso("validate", "--base", BASE, good, bad).exit_code == 0
    assert iso("validate", "--base", BASE, "--rules", good).exit_code == 0
    assert iso("validate", "--base", BASE, "--rules", bad).exit_code == 1


@with_base
def test_a_version_without_schema_is_told_apart(tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_bytes(PAID.replace(b"pacs.008.001.13", b"pacs.008.001.05"))

    assert "(no base schema is held" in iso("validate", "--base", BASE, old).stdout


def test_what_cannot_be_used_ends_with_status_2(good: Path, tmp_path: Path) -> None:
    assert iso("validate").exit_code == 2
    assert iso("validate", tmp_path / "none.xml").exit_code == 2
    assert iso("validate", tmp_path).exit_code == 2
    assert iso("validate", "--rules", good).exit_code == 2
    assert iso("validate", "--base", good, good).exit_code == 2
    assert iso("validate", "--at", "yesterday", good).exit_code == 2


def test_a_moment_of_judgement_can_be_given(good: Path) -> None:
    assert iso("validate", "--at", "2026-11-21T10:16:00+07:00", good).exit_code == 0
    late = iso("validate", "--json", "--at", "2026-11-25T00:00:00Z", good)
    assert orjson.loads(late.stdout)["code"] == "TM01"


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as opened:
        opened.truncate(1 << 40)

    row = orjson.loads(iso("validate", "--json", huge).stdout)

    assert row["layer"] == "security"


def test_no_value_of_a_message_is_told(tmp_path: Path) -> None:
    file = tmp_path / "m.xml"
    for old in (b"Sok Dara", b"sokdara@bkrt", b"E2E-1"):
        file.write_bytes(PAID.replace(b"<ChrgBr>SHAR", b"<ChrgBr>" + old))
        assert old.decode() not in iso("validate", "--json", file).output


def test_a_message_is_converted_and_its_losses_are_named(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    told = iso("convert", good, "--to", "pacs.008.001.08")
    filed = iso("convert", good, "--to", "pacs.008.001.08", "--output", out)

    assert (told.exit_code, filed.exit_code, filed.stdout_bytes) == (0, 0, b"")
    assert told.stdout_bytes == out.read_bytes()
    assert read(out.read_bytes(), names=DOCUMENTS).name == "pacs.008.001.08"


def test_what_no_element_takes_is_a_line_on_standard_error() -> None:
    recall = {
        "message_id": "KHXB0001",
        "created_at": PAYMENT["created_at"],
    }
    quoted = build(
        "pacs.008.001.13",
        {**PAYMENT, **recall, "agreed_rate": PAYMENT["exchange_rate"]},
        header_name="head.001.001.04",
        header=HEADER,
    )

    told = iso("convert", "-", "--to", "pacs.008.001.08", stdin=quoted)

    assert told.exit_code == 0
    assert "AgrdRate/PreAgrdXchgRate (agreed_rate)" in told.stderr


def test_what_cannot_be_converted_says_why(bad: Path, good: Path) -> None:
    broken = iso("convert", bad, "--to", "pacs.008.001.08")
    other = iso("convert", good, "--to", "pacs.002.001.10")

    assert (broken.exit_code, other.exit_code) == (1, 1)
    assert "AM12" in broken.stderr
    assert iso("convert", good, "--to", "pacs.008.001.99").exit_code == 2


def test_standard_input_is_judged_too(good: Path) -> None:
    told = iso("validate", "--json", "-", good, stdin=b"<x/>")

    rows = [orjson.loads(line) for line in told.stdout.splitlines()]
    assert [("-", False), (str(good), True)] == [(row["file"], row["valid"]) for row in rows]
    assert told.exit_code == 1


def test_a_path_that_is_not_utf_8_is_shown_all_the_same(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/x\xffy.xml"))
    file.write_bytes(PAID)

    for command in (["validate", "--json"], ["validate"]):
        told = iso(*command, file)
        assert (told.exit_code, "x\ufffdy.xml" in told.stdout) == (0, True)


@pytest.mark.parametrize("name", ["pacs.008.001.13", "head.001.001.04"])
@pytest.mark.parametrize("text", [b"no schema", b"<x/>", b""])
def test_a_base_schema_that_is_none_ends_with_status_2(
    good: Path, tmp_path: Path, name: str, text: bytes
) -> None:
    for held in ("pacs.008.001.13", "head.001.001.04"):
        (tmp_path / f"{held}.xsd").write_bytes(
            b'<schema xmlns="http://www.w3.org/2001/XMLSchema"/>' if held > name else text
        )
    (tmp_path / "pacs.008.001.copy.xsd").write_bytes(text)

    told = iso("validate", "--base", tmp_path, good)

    assert (told.exit_code, told.stdout) == (2, "")
    assert "--base" in told.stderr


def test_other_files_of_the_folder_do_not_matter(good: Path, tmp_path: Path) -> None:
    (tmp_path / "pacs.008.001.copy.xsd").write_bytes(b"no schema")
    inner = tmp_path / "document.xml"
    inner.write_bytes(b"<Document" + PAID.partition(b"<Document")[2].replace(b"</BizMsg>", b""))

    assert iso("validate", "--base", tmp_path, inner).exit_code == 0


def test_a_result_that_cannot_be_written_ends_with_status_2(good: Path, tmp_path: Path) -> None:
    for output in (tmp_path, tmp_path / "none" / "out.xml"):
        told = iso("convert", good, "--to", "pacs.008.001.08", "--output", output)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "Traceback" not in told.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("line", ["validate", "convert --to pacs.008.001.08", "verify"])
def test_a_full_disk_behind_standard_output_ends_with_status_2(
    good: Path, tmp_path: Path, line: str
) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(
        EC.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    more = ["--key", str(key)] if line == "verify" else []
    program = [sys.executable, "-c", "from switch.cli import main; main()"]
    words = [*program, "iso", *line.split(), *more, str(good)]
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "standard output" in told.stderr


@with_base
def test_the_answer_of_bakong_without_group_header_passes_without_schema(tmp_path: Path) -> None:
    answer = tmp_path / "answer.xml"
    answer.write_bytes(
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.06"><CstmrPmtStsRpt>'
        b"<OrgnlGrpInfAndSts/></CstmrPmtStsRpt></Document>"
    )

    assert iso("validate", "--base", BASE, answer).exit_code == 0
