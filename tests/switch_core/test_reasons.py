"""Each reason is its own, has a code of the ISO list, and is found again from that code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from switch.reasons import Reason, from_iso, known_code

REFUSED_CODES: Final = {
    "TS01": "means successful",
    "FR01": "read from others, FRAD is written",
    "AM05": "read from others, DUPL is written",
}


def test_no_reason_is_another_by_a_second_name() -> None:
    """Members of an Enum with equal values are silently one."""
    assert [reason.name for reason in Reason] == list(Reason.__members__)
    assert len({reason.sentence for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_a_reason_has_a_code_and_a_sentence(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9]{3}", reason.iso)
    assert re.fullmatch(r"[A-Z][^.]*\.", reason.sentence)
    assert reason.name not in reason.sentence


@pytest.mark.parametrize("code", sorted(REFUSED_CODES))
def test_codes_that_are_only_read_are_never_written(code: str) -> None:
    assert code not in {reason.iso for reason in Reason}


def test_every_code_stands_in_the_external_code_lists(shared: Path) -> None:
    file = shared / "xsd" / "external-codes.json"
    if not file.is_file():
        pytest.skip("the external code lists are not on this machine")
    lists = json.loads(file.read_text("utf-8"))["sets"]
    status = lists["ExternalStatusReason1Code"]
    for code in sorted({reason.iso for reason in Reason}):
        assert code in status, code


@pytest.mark.parametrize("code", sorted({reason.iso for reason in Reason}))
def test_a_code_is_read_as_a_reason_with_that_code(code: str) -> None:
    assert from_iso(code).iso == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AC01", Reason.ACCOUNT_UNKNOWN),
        ("AC04", Reason.ACCOUNT_CLOSED),
        ("AM04", Reason.FUNDS_INSUFFICIENT),
        ("AB04", Reason.SETTLEMENT_ABORTED),
        ("AB08", Reason.CREDITOR_OFFLINE),
        ("FRAD", Reason.FRAUD_SUSPECTED),
        ("FR01", Reason.FRAUD_SUSPECTED),
        ("AM05", Reason.DUPLICATE),
        ("TM01", Reason.TOO_OLD),
        ("TK01", Reason.QR_INVALID),
        ("AG03", Reason.TRANSACTION_UNSUPPORTED),
        ("MS03", Reason.UNSPECIFIED),
    ],
)
def test_codes_of_others_are_read(code: str, reason: Reason) -> None:
    assert from_iso(code) is reason


@pytest.mark.parametrize("code", ["", "ZZZZ", "ac01", "TS01", "AC01 ", None])
def test_an_unknown_code_is_unspecified(code: str | None) -> None:
    assert from_iso(code) is Reason.UNSPECIFIED
    assert known_code(code or "") is None
