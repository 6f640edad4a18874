"""Genuine and prepared samples: valid ones are read whole, bad ones refused by the right layer."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fx.money import Money
from iso20022 import DOCUMENTS, IsoError, build, read

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
ISO = SAMPLES / "iso20022"
BACKBONE = SAMPLES / "networks" / "bakong" / "backbone"

NEEDS_A_CLOCK = {"bad__accptnc_in_future.xml"}
"""Refused by the switch, which has a clock; the message as such is in order."""

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the sample messages are not beside the project"
)


def manifest(prefix: str) -> list[dict[str, str]]:
    if not ISO.is_dir():
        return []
    files = json.loads((ISO / "manifest.json").read_text("utf-8"))["files"]
    return [entry for entry in files if entry["file"].startswith(prefix)]


def name_of(entry: dict[str, str]) -> str:
    return entry["file"]


@pytest.mark.parametrize("entry", manifest("own__"), ids=name_of)
def test_valid_samples_are_read_and_built_again_without_loss(entry: dict[str, str]) -> None:
    found = read((ISO / entry["file"]).read_bytes(), names=DOCUMENTS, header=True)
    assert found.header is not None
    header = dict(found.header)
    header["business_message_id"] = found.values.get("message_id", "X")

    again = build(found.name, found.values, header_name=found.header_name, header=header)

    assert found.values == read(again, names=DOCUMENTS).values


@pytest.mark.parametrize("entry", manifest("bad__"), ids=name_of)
def test_bad_samples_are_refused_by_the_layer_and_code_that_fit(entry: dict[str, str]) -> None:
    raw = (ISO / entry["file"]).read_bytes()
    if entry["file"] in NEEDS_A_CLOCK:
        assert read(raw, names=DOCUMENTS).name == "pacs.008.001.08"
        return

    with pytest.raises(IsoError) as caught:
        read(raw, names=DOCUMENTS)

    expected = (entry["layer"], entry["suggested_answer"].rpartition("/")[2])
    assert expected == (caught.value.layer, caught.value.code)
    assert caught.value.path.startswith("/")


def backbone(file: str) -> bytes:
    text = html.unescape((BACKBONE / file).read_text("utf-8"))
    found = re.search(r"<Document.*?</Document>", text, re.DOTALL)
    assert found is not None
    return found.group().encode()


def test_a_genuine_bakong_transfer_is_read() -> None:
    values = read(backbone("makeFullFundTransfer.request.xml"), names={"pain.001.001.05"}).values

    assert Money.parse("1000", "KHR") == values["instructed_amount"]
    assert values["payment_information_id"] == "BKRTKHPPXXX/TOURKHPPXXX/REGULAR001"
    assert datetime(2026, 1, 29, 3, tzinfo=UTC) == values["created_at"]
    remittance = values["remittance_unstructured"]
    assert isinstance(remittance, tuple)
    assert len(remittance) == 2


def test_a_genuine_bakong_transfer_is_built_again_with_whole_riel() -> None:
    raw = backbone("makeFullFundTransfer.request.xml")
    values = read(raw, names={"pain.001.001.05"}).values

    built = build("pain.001.001.05", values)

    assert b'<InstdAmt Ccy="KHR">1000</InstdAmt>' in built
    assert b"<?xml" not in built
    unspaced = re.sub(rb">\s+<", b"><", raw)
    moved = unspaced.replace(b"2026-01-29T10:00:00.000+07:00", b"2026-01-29T03:00:00.000Z")
    assert moved == built


def test_a_genuine_bakong_answer_without_group_header_is_read() -> None:
    raw = backbone("makeFullFundTransfer.response.xml")

    values = read(raw, names={"pain.002.001.06"}).values

    assert {"status", "remittance_unstructured"} == set(values)
    assert values["status"] == "ACSP"


def test_a_bakong_acknowledgement_is_read() -> None:
    values = read(backbone("makeAcknowledgement.request.xml"), names={"pain.002.001.06"}).values

    assert values["status"] == "ACSC"
    assert values["original_message_id"] == "REGULAR001/015039685739105"
    assert Money.parse("1000", "KHR") == values["instructed_amount"]
