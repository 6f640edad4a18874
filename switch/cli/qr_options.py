"""What several ``qr`` commands do in one way: read a moment and a code, and write an answer.

A moment without an offset is refused, since nobody could say when it is. The surprise: a command
line is bytes, so a code on it that is not UTF-8 is noticed here and nowhere later.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from switch.cli import options
from switch.cli.options import stop
from switch.qr.view import without_line_end

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

INPUT_BYTES_MAX: Final = 65_536
"""Most that is read of standard input; a code has at most 512 characters."""


class Moment(click.ParamType[datetime]):
    """A moment of ISO 8601 with its offset from UTC."""

    name = "iso8601"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the text, or fail in one sentence."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("is not written 2026-11-21T10:00:00+07:00", param, ctx)
        if moment.tzinfo is None:
            self.fail("lacks its offset from UTC (Z, or such as +07:00)", param, ctx)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail("is beyond what a calendar holds", param, ctx)


MOMENT: Final = Moment()


def read_payload(argument: str) -> str:
    """The code given, or the one on standard input without the line end behind it."""
    if argument != "-":
        try:
            argument.encode()
        except UnicodeEncodeError:
            stop("PAYLOAD is not UTF-8")
        return argument
    if sys.stdin is None:
        stop("standard input is closed")
    raw = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
    if len(raw) > INPUT_BYTES_MAX:
        stop(f"standard input holds more than {INPUT_BYTES_MAX} bytes")
    try:
        return without_line_end(raw.decode())
    except UnicodeDecodeError:
        stop("standard input is not UTF-8")


def put(line: bytes) -> None:
    """Write one line to standard output at once, as :func:`switch.cli.options.put` does."""
    options.put(line + b"\n")
