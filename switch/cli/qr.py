"""``qr``: read, check, write and draw scanned codes.

``decode`` looks at one code for a person, ``check`` at any number of them for a program: one JSON
line in, one out, in the same order, and what is wrong with a line is its answer. Nothing is sent
and no configuration is read. The surprise: ``decode`` cuts the line end that a shell puts behind a
code on standard input, ``check`` never changes a code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from switch.cli.options import plain_json, stop
from switch.cli.qr_encode import encode
from switch.cli.qr_options import EPOCH, MILLISECOND, MOMENT, put, read_payload
from switch.qr import SCHEMES, SchemeError, examine, read_scheme
from switch.qr.image import SCALE, SymbolError, png, svg
from switch.qr.view import verdict, view
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import BinaryIO

    from switch.qr import Schemes
    from switch.qr.examine import Profile

LINE_BYTES_MAX: Final = 65_536
"""Longest line that ``check`` reads; a code has at most 512 characters."""

_DIGITS_MAX: Final = 18
"""Digits of a whole number that fits 64 bits in any case."""

strict_option = click.option(
    "--strict", is_flag=True, help="Refuse what is otherwise taken and listed as a deviation."
)
scheme_option = click.option(
    "--scheme",
    "scheme_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A scheme file of another network, besides the built-in ones.",
)


@click.group("qr")
def command() -> None:
    """Scanned codes."""


command.add_command(encode)


@command.command("decode")
@click.argument("payload")
@click.option("--at", type=MOMENT, help="Moment at which to judge the code (default: now).")
@strict_option
@scheme_option
def decode(
    payload: str, at: datetime | None, *, strict: bool, scheme_files: tuple[Path, ...]
) -> None:
    """Show what the code PAYLOAD (- for standard input) says.

    Status 0: it is sound; 1: it is refused, and why.
    """
    examined = examine(
        read_payload(payload),
        at=at or SystemClock().now(),
        schemes=_schemes(scheme_files),
        profile=_profile(strict=strict),
    )
    put(plain_json(view(examined), orjson.OPT_INDENT_2))
    raise SystemExit(0 if examined.valid else 1)


@command.command("check")
@click.option("--at-ms", type=int, help="Moment in milliseconds since 1970 (default: now).")
@strict_option
@scheme_option
def check(at_ms: int | None, *, strict: bool, scheme_files: tuple[Path, ...]) -> None:
    """Judge each JSON line {"id", "payload", "at_ms"?} of standard input by a JSON line.

    The answers stand in the order of the lines; an empty line gets none. Status 0 when every line
    was answered, whatever the verdicts.
    """
    clock, schemes = SystemClock(), _schemes(scheme_files)
    given = None if at_ms is None else _moment(at_ms)
    if at_ms is not None and given is None:
        raise click.UsageError("--at-ms is beyond what a calendar holds.")
    if sys.stdin is None:
        stop("standard input is closed")
    for line in _lines(sys.stdin.buffer):
        answer = _judged(line, given or clock.now(), schemes, _profile(strict=strict))
        put(_written(answer))


@command.command("image")
@click.argument("payload")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="File to write; its name ends with .png or .svg.")  # fmt: skip
@click.option("--scale", type=click.IntRange(1, 64), default=SCALE, show_default=True,
              help="Side of a module in pixels.")  # fmt: skip
@click.option("--force", is_flag=True,
              help="Draw a code that is refused, and replace a file.")  # fmt: skip
def image(payload: str, output: Path, scale: int, *, force: bool) -> None:
    """Draw the code PAYLOAD (- for standard input) as PNG or SVG."""
    kind = output.suffix.lower()
    if kind not in {".png", ".svg"}:
        raise click.UsageError("--output ends with .png or .svg.")
    if output.exists() and not force:
        stop(f"{output}: is there already; --force replaces it")
    text = read_payload(payload)
    examined = examine(text, at=SystemClock().now())
    if not (examined.valid or force):
        where = f" at {examined.path}" if examined.path else ""
        click.echo(f"bakong-switch: not drawn: {examined.reason}{where}", err=True)
        raise SystemExit(1)
    try:
        content = png(text, scale) if kind == ".png" else svg(text, scale).encode()
    except SymbolError as error:
        stop(str(error))
    try:
        _replace(output, content)
    except OSError as error:
        stop(f"{output}: {error.strerror}")


def _profile(*, strict: bool) -> Profile:
    return "strict" if strict else "tolerant"


def _schemes(paths: tuple[Path, ...]) -> Schemes:
    try:
        return SCHEMES.joined([read_scheme(path.read_text("utf-8"), str(path)) for path in paths])
    except UnicodeDecodeError:
        stop("--scheme: is not UTF-8")
    except (OSError, SchemeError) as error:
        stop(f"--scheme: {error}")


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines that are not empty; None for one that is too long to be read."""
    while line := stream.readline(LINE_BYTES_MAX + 1):
        if len(line) <= LINE_BYTES_MAX or line.endswith(b"\n"):
            if line.strip():
                yield line
            continue
        while (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
            pass
        yield None


def _judged(
    line: bytes | None, at: datetime, schemes: Schemes, profile: Profile
) -> dict[str, object]:
    if line is None:
        return _unread(None, "line_too_long")
    try:
        asked = _loaded(line)
    except _DuplicateKeyError:
        return _unread(None, "line_duplicate_key")
    except (ValueError, RecursionError):
        return _unread(None, "line_not_json")
    if not isinstance(asked, dict):
        return _unread(None, "line_not_an_object")
    name, payload, at_ms = asked.get("id"), asked.get("payload"), asked.get("at_ms")
    if not isinstance(payload, str):
        return _unread(name, "payload_missing")
    if at_ms is not None:
        moment = _moment(at_ms) if type(at_ms) is int else None
        if moment is None:
            return _unread(name, "moment_malformed")
        at = moment
    examined = examine(payload, at=at, schemes=schemes, profile=profile)
    return {"id": name, **verdict(examined)}


def _written(answer: dict[str, object]) -> bytes:
    try:
        return plain_json(answer)
    except TypeError:
        # An id of hundreds of lists in one another can be read and not be written.
        return orjson.dumps(_unread(None, "line_too_deep"))


class _DuplicateKeyError(Exception):
    """An object of a line has a key twice, and no two readers agree which one counts."""


def _loaded(line: bytes) -> Any:
    """Read a line of JSON; an ``id`` is given back as it is written, however long a number it is.

    Raises _DuplicateKeyError, ValueError or RecursionError.
    """
    orjson.loads(line)
    return json.loads(line, object_pairs_hook=_once, parse_int=_whole, parse_float=orjson.Fragment)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DuplicateKeyError
    return found


def _whole(digits: str) -> int | orjson.Fragment:
    return int(digits) if len(digits) <= _DIGITS_MAX else orjson.Fragment(digits)


def _unread(name: object, reason: str) -> dict[str, object]:
    """The answer to a line that holds no code."""
    return {
        "id": name,
        "valid": False,
        "network": None,
        "layer": "tlv",
        "reason": reason,
        "deviations": [],
        "fields": {},
    }


def _moment(at_ms: int) -> datetime | None:
    """The moment so many milliseconds after 1970; none beyond what a calendar holds."""
    try:
        return EPOCH + at_ms * MILLISECOND
    except OverflowError:
        return None


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(content)
    unfinished.replace(path)
