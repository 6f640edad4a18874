"""``iso``: ISO 20022 files, judged, converted, signed and verified without a running switch.

``validate`` gives each file one verdict: for a person a line, for a program a JSON line, in the
order of the files. ``convert`` writes the message to standard output and what it cost to standard
error. The surprise: without ``--at`` a file is judged by its own clock, so that a
message of last year is not refused for being old.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from lxml import etree

from iso20022 import DOCUMENTS, HEADERS, SIZE_BYTES_MAX, IsoError
from iso20022.convert import Loss, convert
from iso20022.refusals import refusal_of
from iso20022.validate import Judgement, Verdict, validate
from switch.cli.iso_sign import message_argument, output_option, sign, verify
from switch.cli.options import plain, plain_json, read_bounded, shown, warn, write_result
from switch.cli.qr_options import MOMENT
from switch.runtime.clock import SystemClock

if TYPE_CHECKING:
    from datetime import datetime


@click.group("iso")
def command() -> None:
    """ISO 20022 messages."""


command.add_command(sign)
command.add_command(verify)


@command.command("validate")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    "--base",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of base schemas (NAME.xsd) to judge by, instead of our guideline.",
)
@click.option("--rules", is_flag=True, help="With --base: the rules beyond the schema as well.")
@click.option("--at", type=MOMENT, help="Moment at which to judge (default: the message's own).")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per file.")
def check(
    files: tuple[Path, ...], base: Path | None, at: datetime | None, *, rules: bool, as_json: bool
) -> None:
    """Judge each FILE (- for standard input) by our guideline and the rules, or by base schemas.

    Status 0: all are valid; 1: one is not; 2: a file or an option cannot be used.
    """
    if rules and base is None:
        raise click.UsageError("--rules goes with --base; without it the rules always apply.")
    judgement = Judgement(SystemClock().now(), at, base, rules)
    valid = True
    for file in files:
        raw = read_bounded(file, SIZE_BYTES_MAX)
        found = _judged(raw, judgement)
        valid = valid and found.valid
        line = _line(file, found) if as_json else plain(_sentence(file, raw, found)).encode()
        write_result(line + b"\n", None)
    raise SystemExit(0 if valid else 1)


@command.command("convert")
@message_argument
@click.option("--to", type=click.Choice([*DOCUMENTS]), required=True, metavar="NAME",
              help="The version to write, such as pacs.008.001.08.")  # fmt: skip
@click.option("--header", type=click.Choice([*HEADERS]), metavar="NAME",
              help="The version of its header (default: what goes with NAME).")  # fmt: skip
@output_option
def to_version(file: Path, to: str, header: str | None, output: Path | None) -> None:
    """Write the message FILE (- for standard input) as another version of its family.

    Each loss is a line on standard error. Status 0: it is converted; 1: it is not a message that
    can be, and why; 2: an option cannot be used.
    """
    try:
        written, losses = convert(read_bounded(file, SIZE_BYTES_MAX), to, header=header)
    except IsoError as error:
        warn(f"bakong-switch: {error}")
        raise SystemExit(1) from None
    write_result(written, output)
    for loss in losses:
        warn(_lost(loss))


def _lost(loss: Loss) -> str:
    what = "set aside in supplementary data" if loss.kept else "lost"
    return f"{what}: {loss.path}" + (f" ({loss.field})" if loss.field else "")


def _judged(raw: bytes, judgement: Judgement) -> Verdict:
    try:
        return validate(raw, judgement)
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError):
        # The message is read by then: what fails like this is a file of the folder.
        raise click.UsageError("--base: a schema in the folder cannot be used") from None


def _line(file: Path, found: Verdict) -> bytes:
    row = {
        "file": shown(file),
        "message": found.message,
        "valid": found.valid,
        "layer": found.layer,
        "code": found.code,
        "path": found.path,
        "detail": found.detail,
    }
    return plain_json(row)


def _sentence(file: Path, raw: bytes, found: Verdict) -> str:
    told = shown(file)
    name, error = found.message or "no message", found.error
    if error is None:
        return f"{told}: valid {name}" + (f" ({found.detail})" if found.detail else "")
    answer = refusal_of(raw, error).message
    return f"{told}: {name} refused by {error}; the answer to it is {answer}"
