"""Every published vector gets the right verdict, layer, word, deviations, fields and MD5."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from switch.qr import QrError, Recognition, describe, examine, recognise, write_khqr
from switch.qr.emv import parse, write
from tests.qr.qr_codes import read_back

VECTORS = Path(__file__).resolve().parents[2] / ".." / "shared" / "vectors" / "qr.jsonl"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_AT_MS = 1795230000000
NOT_EMV = {"upi", "alipayplus"}


@cache
def read() -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        return []
    return [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]


def moment(vector: dict[str, Any]) -> datetime:
    return EPOCH + timedelta(milliseconds=vector.get("at_ms", DEFAULT_AT_MS))


pytestmark = pytest.mark.skipif(not read(), reason="the shared vectors are not beside the project")


def chosen(*, valid: bool) -> list[Any]:
    return [pytest.param(vector, id=vector["id"]) for vector in read() if vector["valid"] is valid]


@pytest.mark.parametrize("vector", chosen(valid=True))
def test_valid_code_is_read_with_its_fields(vector: dict[str, Any]) -> None:
    examined = examine(vector["payload"], at=moment(vector))

    assert examined.valid
    assert vector["network"] == examined.network
    assert (vector.get("deviations") or []) == list(examined.deviations)
    assert vector["expect"] == examined.fields
    assert (examined.layer, examined.reason, examined.faults) == (None, None, ())


@pytest.mark.parametrize("vector", chosen(valid=False))
def test_invalid_code_is_refused_in_its_layer_with_its_word(vector: dict[str, Any]) -> None:
    examined = examine(vector["payload"], at=moment(vector))

    assert not examined.valid
    assert (vector["layer"], vector["why_invalid"]) == (examined.layer, examined.reason)
    assert (examined.networks, examined.fields) == ((), {})


def outcome(vector: dict[str, Any]) -> Recognition | QrError:
    try:
        return recognise(vector["payload"], at=moment(vector))
    except QrError as refusal:
        return refusal


@pytest.mark.parametrize("vector", [*chosen(valid=True), *chosen(valid=False)])
def test_both_readers_agree_on_every_code(vector: dict[str, Any]) -> None:
    """What can be paid is sound, and is paid through the same networks with the same words."""
    examined = examine(vector["payload"], at=moment(vector))
    read = outcome(vector)

    if isinstance(read, QrError):
        decided = (read.layer, read.reason, read.nbc) if not examined.valid else (None, None, None)
        assert examined.networks == ()
        assert (examined.layer, examined.reason, examined.nbc) == decided
        return
    first = read.candidates[0]
    assert examined.networks == tuple(candidate.scheme for candidate in read.candidates)
    assert examined.deviations == first.deviations
    assert examined.fields == describe(first.content)


@pytest.mark.parametrize("vector", chosen(valid=True))
def test_strict_profile_refuses_exactly_what_the_tolerant_one_reports(
    vector: dict[str, Any],
) -> None:
    strict = examine(vector["payload"], at=moment(vector), profile="strict")

    assert strict.valid is not bool(vector.get("deviations"))
    assert set(vector.get("deviations") or []) <= {found.reason for found in strict.faults}


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=vector["id"])
        for vector in read()
        if vector["valid"] and vector["network"] not in NOT_EMV
    ],
)
def test_tree_writes_back_the_same_text(vector: dict[str, Any]) -> None:
    assert vector["payload"] == write(parse(vector["payload"]).nodes)


@pytest.mark.parametrize(
    "vector",
    [
        pytest.param(vector, id=vector["id"])
        for vector in read()
        if vector["valid"]
        and vector["origin"] == "library"
        and vector["source"].startswith("npm bakong-khqr 1.0.20")
    ],
)
def test_writer_gives_the_text_of_the_central_banks_software(vector: dict[str, Any]) -> None:
    assert vector["payload"] == write_khqr(read_back(vector["payload"], moment(vector)))
