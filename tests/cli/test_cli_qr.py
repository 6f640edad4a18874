"""``qr``: what is wrong with a code is data, what is wrong with a command is one sentence.

Commands run in this process as from a shell; one test starts them as programs.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import md5
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from click.testing import CliRunner

from switch.cli import main
from switch.cli.qr import LINE_BYTES_MAX
from switch.qr.image import png, svg

STATIC: Final = (
    "00020101021129170013sok_dara@devb5204599953038405802KH5908Sok Dara6010Phnom Penh6304B79C"
)
DYNAMIC: Final = (
    "00020101021229170013sok_dara@devb52045999530311654031005802KH5908Sok Dara6010Phnom Penh"
    "9934001317952300000000113179523060000063043F95"
)
BETWEEN_PERSONS: Final = (
    "00020101021138570010A00000072701270006970403011300110123456780208QRIBFTTA53037045802VN63049E6F"
)
AT: Final = "2026-11-21T03:00:00Z"
AT_MS: Final = 1_795_230_000_000
LATER: Final = "2026-11-21T10:10:00.001+07:00"
"""One millisecond after the end of the dynamic code."""

VECTORS: Final = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "qr.jsonl"
SOK: Final = ("--account", "sok_dara@devb", "--name", "Sok Dara")


def qr(*arguments: str, given: str | bytes = "") -> tuple[int, str, str]:
    """Run a command of ``qr``; its status, standard output and standard error."""
    result = CliRunner().invoke(main, ["qr", *arguments], input=given, prog_name="bakong-switch")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def decoded(*arguments: str, given: str | bytes = "") -> tuple[int, dict[str, Any]]:
    """Status and answer of ``qr decode``."""
    status, said, errors = qr("decode", *arguments, given=given)
    assert errors == ""
    return status, orjson.loads(said)


def checked(*lines: bytes | dict[str, Any], arguments: tuple[str, ...] = ()) -> list[Any]:
    """The answers of ``qr check``; status and standard error are as they always are."""
    raw = b"".join(
        (line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines
    )
    status, said, errors = qr("check", *arguments, given=raw)
    assert (status, errors) == (0, "")
    return [orjson.loads(line) for line in said.splitlines()]


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


def test_encode_writes_a_static_code() -> None:
    assert qr("encode", "khqr", *SOK, "--currency", "USD") == (0, STATIC + "\n", "")


@pytest.mark.parametrize(
    "end", [("--valid-for", "10m"), ("--expires", "2026-11-21T10:10:00+07:00")]
)
def test_encode_writes_a_dynamic_code_with_its_end(end: tuple[str, ...]) -> None:
    arguments = ("encode", "khqr", *SOK, "--amount", "100", "--created", AT, *end)

    assert qr(*arguments) == (0, DYNAMIC + "\n", "")
    assert orjson.loads(qr(*arguments, "--json")[1]) == {
        "payload": DYNAMIC,
        "md5": "9ebd326f9f4069ca3829880da90b4796",
        "expires": "2026-11-21T03:10:00+00:00",
    }


def test_every_option_is_written_and_read_back() -> None:
    payload = qr(
        *("encode", "khqr", "--account", "angkor_cafe@devb", "--name", "Angkor Cafe"),
        *("--city", "Siem Reap", "--merchant-id", "1234567", "--bank", "Dev Bank"),
        *("--category", "5812", "--amount", "4000", "--valid-for", "1d", "--bill", "B-77"),
        *("--mobile", "85512345678", "--store", "S1", "--terminal", "POS 3", "--purpose", "tea"),
        *("--language", "km", "--local-name", "ហាង", "--local-city", "សៀមរាប"),
        *("--unionpay", "1974011600520446ACLB10002312081"),
    )[1].removesuffix("\n")
    fields = decoded(payload)[1]["fields"]

    assert fields["accounts"] == [
        {"tag": "15", "value": "1974011600520446ACLB10002312081"},
        {
            "tag": "30",
            "id": "angkor_cafe@devb",
            "sub": {"00": "angkor_cafe@devb", "01": "1234567", "02": "Dev Bank"},
        },
    ]
    assert (fields["mcc"], fields["amount"], fields["currency"]) == ("5812", "4000", "116")
    assert (fields["merchant_name"], fields["merchant_city"]) == ("Angkor Cafe", "Siem Reap")
    assert fields["additional"] == {
        "01": "B-77",
        "02": "85512345678",
        "03": "S1",
        "07": "POS 3",
        "08": "tea",
    }
    assert fields["language"] == {"00": "km", "01": "ហាង", "02": "សៀមរាប"}
    assert fields["expiry_ms"] - fields["creation_ms"] == 86_400_000


def test_account_information_is_written() -> None:
    payload = qr("encode", "khqr", *SOK, "--account-information", "85512345678")[1].strip()

    assert decoded(payload)[1]["fields"]["accounts"][0]["sub"]["01"] == "85512345678"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--name", "x" * 26), "length_59 at 59 (error 7 of the central bank's software)"),
        (("--account", "nobank"), "(error 3 of the central bank's software)"),
        (
            ("--amount", "1.5", "--valid-for", "1m"),
            "at 54 (error 4 of the central bank's software)",
        ),
        (("--amount", "abc", "--valid-for", "1m"), "amount_malformed at 54 (error 4"),
        (("--amount", "0", "--valid-for", "1m"), "amount_zero at 54\n"),
        (("--amount", "1"), "missing_expiry"),
        (("--amount", "1", "--expires", "2020-01-01T00:00Z"), "(error 50 of"),
        (("--currency", "USD", "--unionpay", "1" * 31), "unionpay_currency at 15 (error 44 of"),
        (("--merchant-id", "1"), "missing_acquiring_bank at 30/02 (error 31 of"),
        (("--bill", "b" * 26), "length_62_01 at 62/01 (error 10 of"),
    ],
)
def test_code_that_must_not_be_written_is_refused_by_reason_place_and_number(
    arguments: tuple[str, ...], says: str
) -> None:
    status, said, errors = qr("encode", "khqr", *SOK, *arguments)

    assert (status, said) == (1, "")
    assert errors.startswith("bakong-switch: not written: ")
    assert says in errors
    assert errors.count("\n") == 1


def test_image_is_written_as_its_name_says(tmp_path: Path) -> None:
    for name, content in (("a.png", png(STATIC)), ("b.SVG", svg(STATIC).encode())):
        assert qr("image", STATIC, "--output", str(tmp_path / name)) == (0, "", "")
        assert (tmp_path / name).read_bytes() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "b.SVG"]


def test_image_reads_standard_input_and_scales(tmp_path: Path) -> None:
    file = tmp_path / "a.png"

    assert qr("image", "-", "--output", str(file), "--scale", "3", given=STATIC + "\n")[0] == 0
    assert file.read_bytes() == png(STATIC, 3)


def test_code_that_cannot_be_paid_is_drawn_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    broken = STATIC[:-1] + "0"
    status, said, errors = qr("image", broken, "--output", str(file))

    assert (status, said, file.exists()) == (1, "", False)
    assert errors == "bakong-switch: not drawn: bad_crc at 63\n"
    assert qr("image", broken, "--output", str(file), "--force") == (0, "", "")
    assert file.read_bytes() == png(broken)


def test_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    file.write_text("mine")
    said = f"bakong-switch: {file}: is there already; --force replaces it\n"

    assert qr("image", STATIC, "--output", str(file)) == (2, "", said)
    assert file.read_text() == "mine"
    assert qr("image", STATIC, "--output", str(file), "--force") == (0, "", "")
    assert file.read_text() == svg(STATIC)


def test_folder_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "none" / "a.png"
    status, _, errors = qr("image", STATIC, "--output", str(file))

    assert (status, errors) == (2, f"bakong-switch: {file}: No such file or directory\n")


def test_text_that_no_symbol_holds_is_told_in_one_sentence(tmp_path: Path) -> None:
    arguments = ("image", "-", "--output", str(tmp_path / "a.png"), "--force")
    status, _, errors = qr(*arguments, given="x" * 5000)

    assert (status, errors) == (2, "bakong-switch: no symbol holds so much text\n")
