"""``qr decode`` and ``check``: what is wrong with a code is data, with a command one sentence.

Commands run in this process as from a shell; one test starts a program, to answer it line by line.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Final

import orjson
import pytest

from switch.cli.qr import LINE_BYTES_MAX
from tests.cli.qr_commands import (
    AT,
    AT_MS,
    BETWEEN_PERSONS,
    DYNAMIC,
    LATER,
    SOK,
    STATIC,
    checked,
    decoded,
    qr,
)

TARUS: Final = """scheme = "tarus"
countries = ["BN"]
currencies = ["096"]
[[account]]
tag = "26"
kind = "merchant"
ids = ["BN.TARUS.PAY"]
"""
TARUS_CODE: Final = (
    "00020101021126250012BN.TARUS.PAY0105123455204581253030965802BN5905Kedai6003BSB6304DF0D"
)
VECTORS: Final = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "qr.jsonl"


def test_decode_shows_what_a_code_says() -> None:
    status, told = decoded(STATIC)

    assert (status, told["valid"], told["network"], told["networks"]) == (
        0,
        True,
        "khqr",
        ["khqr"],
    )
    assert (told["layer"], told["reason"], told["path"], told["position"]) == (None,) * 4
    assert (told["deviations"], told["notes"], told["faults"]) == ([], [], [])
    assert told["fields"]["merchant_name"] == "Sok Dara"
    assert told["fields"]["md5"] == md5(STATIC.encode(), usedforsecurity=False).hexdigest()


def test_decode_says_which_fault_decides_and_names_all() -> None:
    status, told = decoded(DYNAMIC, "--at", LATER)

    assert (status, told["valid"], told["layer"], told["reason"], told["nbc"]) == (
        1,
        False,
        "time",
        "expired",
        46,
    )
    assert [fault["reason"] for fault in told["faults"]] == ["expired"]
    assert told["faults"][0].keys() == {"layer", "reason", "path", "position", "code"}
    assert told["fields"] == {}


def test_sound_code_that_nobody_abroad_can_pay_has_no_network_to_pay_it() -> None:
    status, told = decoded(BETWEEN_PERSONS)

    assert (status, told["valid"], told["network"], told["networks"]) == (0, True, "vietqr", [])
    assert told["notes"] == ["person_to_person"]


def test_decode_judges_at_the_moment_given() -> None:
    assert decoded(DYNAMIC, "--at", AT)[0] == 0
    assert decoded(DYNAMIC, "--at", LATER)[0] == 1


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_decode_reads_standard_input_without_its_line_end(end: str) -> None:
    assert decoded("-", given=(STATIC + end).encode()) == decoded(STATIC)


@pytest.mark.parametrize("more", [" ", "\n\n", "\n "])
def test_decode_cuts_nothing_else(more: str) -> None:
    status, told = decoded("-", given=(STATIC + more).encode())

    assert (status, told["layer"]) == (1, "tlv")
    assert decoded(STATIC + "\n")[0] == 1


def test_strict_refuses_what_is_otherwise_a_deviation() -> None:
    lower = STATIC[:-4] + STATIC[-4:].lower()
    status, told = decoded(lower)
    strict, refused = decoded(lower, "--strict")

    assert (status, told["deviations"]) == (0, ["crc_lower_case"])
    assert (strict, refused["valid"], refused["reason"]) == (1, False, "crc_lower_case")


def test_scheme_file_that_is_being_written_is_read_besides_the_built_in_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "tarus.toml").write_text(TARUS)
    file = ("--scheme", str(tmp_path / "tarus.toml"))

    assert decoded(TARUS_CODE)[1]["network"] == "emvco"
    assert decoded(TARUS_CODE, *file)[1]["networks"] == ["tarus"]
    assert decoded(STATIC, *file)[1]["networks"] == ["khqr"]
    assert checked({"payload": TARUS_CODE}, arguments=file)[0]["network"] == "tarus"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'scheme = "tarus"', "tarus.toml"),
        (b"\xff", "is not UTF-8"),
        (TARUS.replace("tarus", "khqr").encode(), "khqr: "),
    ],
    ids=["incomplete", "not text", "name of another"],
)
def test_scheme_file_that_cannot_be_read_is_told_in_one_sentence(
    tmp_path: Path, text: bytes, says: str
) -> None:
    (tmp_path / "tarus.toml").write_bytes(text)
    status, said, errors = qr("decode", STATIC, "--scheme", str(tmp_path / "tarus.toml"))

    assert (status, said, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("bakong-switch: --scheme: ")
    assert says in errors


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("decode",), b"", "Missing argument 'PAYLOAD'"),
        (("decode", STATIC, "--at", "today"), b"", "is not written 2026-11-21T10:00:00+07:00"),
        (("decode", STATIC, "--at", "2026-11-21T10:00:00"), b"", "lacks its offset from UTC"),
        (("decode", "-"), b"\xff", "standard input is not UTF-8"),
        (("decode", "-"), b"0" * 65_537, "standard input holds more than 65536 bytes"),
        (("decode", "\udcff"), b"", "PAYLOAD is not UTF-8"),
        (("decode", STATIC, "--scheme", "none.toml"), b"", "'none.toml' does not exist"),
        (("check", "--at-ms", "soon"), b"", "'soon' is not a valid integer"),
        (("check", "--at-ms", "9" * 30), b"", "beyond what a calendar holds"),
        (("image", STATIC, "--output", "a.gif"), b"", "--output ends with .png or .svg."),
        (("image", STATIC), b"", "Missing option '--output'"),
        (("encode", "khqr", "--name", "x"), b"", "Missing option '--account'"),
        (("encode", "khqr", *SOK, "--amount", "1", "--valid-for", "soon"), b"", "is not written"),
        (("encode", "khqr", *SOK, "--currency", "THB"), b"", "'THB' is not one of"),
        (("encode", "khqr", *SOK, "--valid-for", "10m"), b"", "for a code with an --amount"),
        (("encode", "khqr", *SOK, "--language", "km"), b"", "--local-name go together"),
        (("encode", "khqr", *SOK, "--local-city", "a"), b"", "--local-city needs both"),
    ],
)
def test_command_that_cannot_be_meant_ends_with_status_2(
    arguments: tuple[str, ...], given: bytes, says: str
) -> None:
    status, said, errors = qr(*arguments, given=given)

    assert (status, said) == (2, "")
    assert says in errors
    assert "Traceback" not in errors


def test_check_answers_each_line_in_order() -> None:
    answers = checked(
        {"id": "a", "payload": STATIC},
        {"id": 2, "payload": DYNAMIC, "at_ms": AT_MS},
        {"id": None, "payload": DYNAMIC, "at_ms": AT_MS + 600_001},
        {"id": ["x"], "payload": STATIC + "\n"},
        {"payload": STATIC},
    )

    assert [answer["id"] for answer in answers] == ["a", 2, None, ["x"], None]
    assert [answer["valid"] for answer in answers] == [True, True, False, False, True]
    assert [answer["layer"] for answer in answers] == [None, None, "time", "tlv", None]
    for answer in answers:
        assert list(answer) == [
            "id",
            "valid",
            "network",
            "layer",
            "reason",
            "deviations",
            "fields",
        ]
    assert answers[1]["fields"]["amount"] == "100"


def test_published_vectors_are_judged_as_they_should_be() -> None:
    if not VECTORS.is_file():
        pytest.skip("the shared vectors are not beside the project")
    lines = VECTORS.read_bytes().splitlines()
    answers = checked(*lines, arguments=("--at-ms", str(AT_MS)))

    assert len(answers) == len(lines) > 200
    for vector, answer in zip(map(orjson.loads, lines), answers, strict=True):
        assert (answer["id"], answer["valid"], answer["layer"], answer["reason"]) == (
            vector["id"],
            vector["valid"],
            vector.get("layer"),
            vector.get("why_invalid"),
        )
        assert answer["deviations"] == vector.get("deviations", [])


def test_moment_of_the_command_is_for_lines_without_their_own() -> None:
    late = str(AT_MS + 600_001)
    lines = ({"payload": DYNAMIC}, {"payload": DYNAMIC, "at_ms": AT_MS})

    assert [a["valid"] for a in checked(*lines, arguments=("--at-ms", late))] == [False, True]
    assert [a["valid"] for a in checked(lines[0], arguments=("--at-ms", str(AT_MS)))] == [True]


def test_strict_check_refuses_deviations() -> None:
    line = {"payload": STATIC[:-4] + STATIC[-4:].lower()}

    assert checked(line)[0]["deviations"] == ["crc_lower_case"]
    assert checked(line, arguments=("--strict",))[0]["valid"] is False


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        (b"{", None, "line_not_json"),
        (b'{"id": "a", "payload": "\xff"}', None, "line_not_json"),
        (b'{"id": "a", "payload": "\\ud800"}', None, "line_not_json"),
        (b"[]", None, "line_not_an_object"),
        (b'"00020101"', None, "line_not_an_object"),
        (b'{"id": "a"}', "a", "payload_missing"),
        (b'{"id": "a", "payload": 7}', "a", "payload_missing"),
        (b'{"id": "a", "payload": "x", "at_ms": "1"}', "a", "moment_malformed"),
        (b'{"id": "a", "payload": "x", "at_ms": true}', "a", "moment_malformed"),
        (b'{"id": "a", "payload": "x", "at_ms": 99999999999999999}', "a", "moment_malformed"),
        (b'{"id": "a", "payload": "' + b"x" * LINE_BYTES_MAX + b'"}', None, "line_too_long"),
        (b"[" * 10_000, None, "line_not_json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_line_that_holds_no_code_is_answered_and_the_next_one_read(
    line: bytes, name: object, reason: str
) -> None:
    broken, sound = checked(line, {"id": "next", "payload": STATIC})

    assert broken == {
        "id": name,
        "valid": False,
        "network": None,
        "layer": "tlv",
        "reason": reason,
        "deviations": [],
        "fields": {},
    }
    assert (sound["id"], sound["valid"]) == ("next", True)


def test_line_of_the_greatest_length_is_read() -> None:
    head = b'{"id": "a", "payload": "'
    line = head + b"x" * (LINE_BYTES_MAX - len(head) - 3) + b'"}'

    assert [a["id"] for a in checked(line, {"id": "b", "payload": STATIC})] == ["a", "b"]


def test_empty_lines_get_no_answer_and_the_last_needs_no_end() -> None:
    status, said, _ = qr("check", given=b'\n \r\n{"id":1,"payload":"x"}\n\n{"id":2,"payload":"y"}')

    assert status == 0
    assert [orjson.loads(line)["id"] for line in said.splitlines()] == [1, 2]


def test_check_answers_while_more_is_to_come() -> None:
    """As a program, with a reader that waits for each answer before it asks again."""
    with subprocess.Popen(
        [sys.executable, "-m", "switch", "qr", "check"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdin
        assert program.stdout
        for number in range(3):
            program.stdin.write(orjson.dumps({"id": number, "payload": STATIC}) + b"\n")
            program.stdin.flush()
            answer = orjson.loads(program.stdout.readline())
            assert (answer["id"], answer["valid"]) == (number, True)
        program.stdin.close()
        assert program.wait(30) == 0
