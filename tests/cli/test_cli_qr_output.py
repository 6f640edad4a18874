"""Output that nobody takes, moments that no calendar holds and lines that two readers read apart.

Programs are started where the standard streams themselves are the matter.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.cli.qr_commands import SOK, STATIC, qr

PROGRAM = f"{shlex.quote(sys.executable)} -m switch qr"
LINE = """printf '{"id":1,"payload":"x"}\\n'"""
ROOT = Path(__file__).resolve().parents[2]


def shell(script: str) -> tuple[int, str, str]:
    run = subprocess.run(
        ["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout, run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.parametrize(
    "command",
    [f"decode {shlex.quote(STATIC)}", "check", f"encode khqr {shlex.join(SOK)}"],
)
def test_output_that_nobody_takes_is_told_in_one_sentence(command: str) -> None:
    full = shell(f"{LINE} | {PROGRAM} {command} > /dev/full")
    closed = shell(f"{LINE} | {PROGRAM} {command} >&-")

    assert full == (2, "", "bakong-switch: standard output: No space left on device\n")
    assert closed == (2, "", "bakong-switch: standard output is closed\n")


def test_a_reader_that_is_gone_is_told_in_one_sentence() -> None:
    """Far more answers than a pipe holds, and a reader that takes none."""
    script = f"{{ yes '{{}}' | head -20000; }} | {PROGRAM} check | true"
    _, said, errors = shell(script)

    assert (said, errors) == ("", "bakong-switch: standard output: Broken pipe\n")


@pytest.mark.parametrize("command", ["check", "decode -"])
def test_input_that_is_closed_is_told_in_one_sentence(command: str) -> None:
    assert shell(f"{PROGRAM} {command} <&-") == (
        2,
        "",
        "bakong-switch: standard input is closed\n",
    )


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("decode", STATIC, "--at"),
        ("encode", "khqr", *SOK, "--amount", "1", "--valid-for", "1m", "--created"),
        ("encode", "khqr", *SOK, "--amount", "1", "--expires"),
    ],
    ids=["at", "created", "expires"],
)
def test_a_moment_that_no_calendar_holds_in_utc_is_refused(
    arguments: tuple[str, ...], moment: str
) -> None:
    status, said, errors = qr(*arguments, moment)

    assert (status, said) == (2, "")
    assert "is beyond what a calendar holds" in errors


@pytest.mark.parametrize(
    "name",
    [
        "9007199254740993",
        "18446744073709551615",
        "-123456789012345678901234567890",
        "1.00000000000000000001",
        '["a",1e5,{"b":null}]',
    ],
)
def test_an_id_comes_back_exactly_as_it_was_written(name: str) -> None:
    status, said, _ = qr("check", given=f'{{"id": {name}, "payload": "x"}}\n')

    assert status == 0
    assert said.startswith(f'{{"id":{name},"valid":false,')


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1, "payload": "x", "payload": "y"}', "line_duplicate_key"),
        ('{"id": {"a": 1, "\\u0061": 2}, "payload": "x"}', "line_duplicate_key"),
        ('{"id": ' + "[" * 500 + "]" * 500 + ', "payload": "x"}', "line_too_deep"),
        ('{"id": ' + "[" * 1020 + "]" * 1020 + ', "payload": "x"}', None),
        ('{"id": NaN, "payload": "x"}', "line_not_json"),
    ],
    ids=["twice", "twice inside", "deep", "deeper", "no number"],
)
def test_a_line_that_readers_read_apart_is_refused(line: str, reason: str | None) -> None:
    status, said, errors = qr("check", given=line + "\n")
    answer = orjson.loads(said)

    assert (status, errors, answer["id"], answer["valid"]) == (0, "", None, False)
    assert answer["reason"] == reason or reason is None
