"""What a network, a file or a colleague wrote does not steer the terminal that it is shown on.

Nor is anything lost: JSON says the same to a program, and words in any script stay readable.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest

from switch.cli.options import plain, plain_json
from tests.cli.typed_commands import answering, typed

if TYPE_CHECKING:
    from pathlib import Path

UETR: Final = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
HOSTILE: Final = "A\x1b[2J\n\r\t\x00\x7f\x9b8m\u202e1\u2066\u200b\U000e0041Z"
PLAIN: Final = r"A\u001b[2J\u000a\u000d\u0009\u0000\u007f\u009b8m\u202e1\u2066\u200b\udb40\udc41Z"
AMOUNT: Final = {"value": "1.00", "currency": "USD"}
CASE: Final = {
    "uetr": UETR, "state": "manual", "disputed": False, "age_s": 7, "network": "thailand",
    "debit": AMOUNT, "owed": AMOUNT, "reference": HOSTILE, "actions": [],
    "proposal": {"id": "ab", "action": "refused", "reason": "AC04", "operator": "operator-1",
                 "at": "T", "evidence": HOSTILE},
}  # fmt: skip
REPORT: Final = {
    "lines": 1, "sha256": "ab", "counts": {"unknown": 1}, "taken": True, "whole": True,
    "unknown": [{"uetr": None, "amount": AMOUNT, "network_reference": HOSTILE}],
}  # fmt: skip


def shown(made: Path, body: object, *words: str) -> str:
    """What a command puts out of an answer."""
    said = orjson.dumps(body)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n".encode()
    with answering(head + said) as url:
        status, found, errors = typed(*words, "--data", str(made), "--url", url)
    assert (status, errors) == (0, "")
    return found


def steering(text: str) -> list[str]:
    """Characters of a text that do more than stand there."""
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [each for each in text if each != "\n" and unicodedata.category(each) in kinds]


@pytest.mark.parametrize("words", [("payments", "open"), ("payments", "show", UETR)])
def test_what_a_network_or_a_colleague_wrote_is_shown_plain(
    made: Path, words: tuple[str, ...]
) -> None:
    body: dict[str, Any] = {**CASE, "payments": [CASE], "after": None}
    found = shown(made, body, *words)

    assert steering(found) == []
    if words[1] == "open":
        assert found.splitlines()[0].endswith(f"thailand {PLAIN}")
    else:
        assert orjson.loads(found) == body


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_a_settlement_file_holds_is_shown_plain(made: Path, more: tuple[str, ...]) -> None:
    file = made / "settlement.csv"
    file.write_bytes(b"a,b\n")
    found = shown(made, REPORT, "settle", "alipayplus", str(file), *more)

    assert steering(found) == []
    if more:
        assert orjson.loads(found) == REPORT
    else:
        assert found.splitlines()[1:] == [f"  unknown: 1.00 USD  {PLAIN}"]


def test_a_code_is_shown_plain() -> None:
    _, found, _ = typed("qr", "decode", "000201\x9b\u202e")
    _, lines, _ = typed("iso", "check", __file__)

    assert steering(found + lines) == []


def test_words_stay_readable_and_json_means_the_same() -> None:
    words = "ភ្នំពេញ ไทย ລາວ Việt 日本 €1.00 — 😀"
    both = {HOSTILE: [words, HOSTILE]}

    assert plain(words) == words
    assert plain(HOSTILE) == PLAIN
    assert plain("\udcff") == r"\udcff"
    for option in (None, orjson.OPT_INDENT_2):
        assert orjson.loads(plain_json(both, option)) == both
        assert steering(plain_json(both, option).decode()) == []
