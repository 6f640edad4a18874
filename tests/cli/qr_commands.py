"""``qr`` as it is typed: run in this process, with what is given on standard input."""

from __future__ import annotations

from typing import Any, Final

import orjson
from click.testing import CliRunner

from switch.cli import main

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
