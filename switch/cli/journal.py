"""``journal``: the record checked, one payment proven, the whole written out, the key changed.

Verifying reads one snapshot of the database beside the processes that own it and changes nothing.
The private key is not asked for: who checks the record need not be able to write it. A proof is
checked with the public key alone, without any database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from switch.cli.options import (
    config_option,
    data_option,
    guarded,
    read_bounded,
    read_config,
    say,
    shown,
    stop,
    tell,
    uetr_argument,
    warn,
    write_result,
)
from switch.cli.statement import moment
from switch.data_folder import KEYS
from switch.keys import KeyFolder, public_key
from switch.runtime.process import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from switch.config import Config
    from switch.heads import Heads
    from switch.store.contract import Reads
    from switch.store.report import Report

KEY_BYTES_MAX: Final = 16_384
Found = TypeVar("Found")

key_option = click.option(
    "--key",
    "key_files",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Public key of the journal in PEM; may be given again (default: those of the key folder).",
)
heads_option = click.option(
    "--heads",
    "heads_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="File of published heads, or of Journal-Head values that answers carried.",
)


@click.group("journal")
def command() -> None:
    """The journal."""


@command.command("verify")
@config_option
@data_option
@heads_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def verify(
    config_folder: Path | None,
    data: Path,
    heads_file: Path | None,
    key_files: tuple[Path, ...],
    *,
    as_json: bool,
) -> None:
    """Check every block, entry, row and balance.

    Status 0: sound; 1: something was changed, or none of the heads that were given vouches for it.
    """
    from switch.store.audit import audit_reads

    config = read_config(config_folder)

    def check() -> int:
        keys = _keys(key_files, data)
        heads = _heads(heads_file, keys)

        async def work(read: Reads) -> Report:
            return await audit_reads(read, keys, heads.hashes)

        report = _over(config, data, work)
        vouched = None if heads_file is None else any(each.anchored for each in report.anchors)
        if as_json:
            said = {**report.view(), **_of_heads(heads, heads_file), "heads_vouch": vouched}
            say({**said, "slots_unpublished": _unpublished(report, heads)})
        else:
            _print(report, heads, vouched=vouched)
        return 0 if report.sound and not heads.contradictions and vouched is not False else 1

    guarded(check)


@command.command("prove")
@uetr_argument
@config_option
@data_option
@heads_option
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="File to write to instead of standard output.")  # fmt: skip
def prove(
    uetr: str, config_folder: Path | None, data: Path, heads_file: Path | None, output: Path | None
) -> None:
    """Write the proof of one payment as JSON: its entries up to a head, nobody else's."""
    import orjson

    from switch.store import proof

    config = read_config(config_folder)
    own = data / config.journal.heads_file

    def work() -> int:
        keys = _keys((), data)
        heads = _heads(heads_file or (own if own.exists() else None), keys)
        if heads_file is not None and heads.contradictions:
            stop(f"{shown(heads_file)}: {_contradiction(heads.contradictions[0])}")
        for place in heads.contradictions:
            # Our own file after a loss: two blocks had this number, and neither vouches.
            heads.hashes.pop(place, None)
        try:
            found = _over(config, data, lambda read: proof.prove(read, uetr, heads.hashes))
        except proof.NotProvable as error:
            stop(f"{uetr}: {error}")
        write_result(orjson.dumps(found) + b"\n", output)
        return 0

    guarded(work)


@command.command("check-proof")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@data_option
@heads_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def check_proof(
    file: Path,
    data: Path,
    heads_file: Path | None,
    key_files: tuple[Path, ...],
    *,
    as_json: bool,
) -> None:
    """Check a proof with the public key alone. Status 0: it holds; 1: it does not, and why."""
    from switch.store.check_proof import PROOF_BYTES_MAX, BadProof
    from switch.store.check_proof import check_proof as checked

    def work() -> int:
        keys = _keys(key_files, data)
        heads = _heads(heads_file, keys)
        try:
            proven = checked(read_bounded(file, PROOF_BYTES_MAX), keys)
        except BadProof as error:
            warn(f"{shown(file)}: {error}")
            return 1
        known = [heads.hashes.get((head.slot, head.number)) for head in proven.heads]
        anchored = all(held == head.hash for held, head in zip(known, proven.heads, strict=True))
        other = any(
            held not in (None, head.hash) for held, head in zip(known, proven.heads, strict=True)
        )
        if as_json:
            say({**proven.view(), "anchored": anchored})
        else:
            for entry in proven.entries:
                reason = f" {entry['reason']}" if entry.get("reason") else ""
                tell(f"{entry['version']} {entry['kind']}: {entry['state']}{reason}")
            for head in proven.heads:
                tell(f"head {head.slot};{head.number};{head.hash.hex()}")
            tell("anchored by published heads" if anchored else "not anchored: signed only")
        for place in heads.contradictions:
            click.echo(_contradiction(place), err=True)
        if other:
            click.echo("another head was published in this place", err=True)
        return 1 if other or heads.contradictions else 0

    guarded(work)


@command.command("rotate-key")
@config_option
@data_option
def rotate_key(config_folder: Path | None, data: Path) -> None:
    """Change the key that blocks are signed under, while the switch is stopped.

    The journal says so under the old key, whose public part is kept for verifying.
    """
    from switch.rekeying import rotate_key as rotated
    from switch.runtime.clock import SystemClock
    from switch.runtime.entropy import SystemEntropy

    config = read_config(config_folder)

    def work() -> int:
        kept = rotated(config, data, SystemClock(), SystemEntropy())
        tell(f"changed; the old public key is kept as {kept}")
        return 0

    guarded(work)


@command.command("export")
@config_option
@data_option
@click.option("--from", "since", callback=moment, help="Blocks from this moment on.")
@click.option("--to", "until", callback=moment, help="Blocks before this moment.")
def export(
    config_folder: Path | None, data: Path, since: datetime | None, until: datetime | None
) -> None:
    """Write the journal as JSON lines: each block's header, then its entries with their salts."""
    from switch.store.export import exported

    config = read_config(config_folder)

    async def work(read: Reads) -> int:
        async for lines in exported(read, since, until):
            write_result(lines, None)
        return 0

    guarded(lambda: _over(config, data, work))


def _over(config: Config, data: Path, work: Callable[[Reads], Awaitable[Found]]) -> Found:
    """Do something over one snapshot of the store."""
    from switch.record_reader import open_record
    from switch.runtime.garbage import settle_memory

    settle_memory()
    found: list[Found] = []

    async def program(_: object) -> int:
        async with open_record(config, data) as read:
            found.append(await work(read))
        return 0

    run(program)
    return found[0]


def _keys(files: tuple[Path, ...], data: Path) -> list[Ed25519PublicKey]:
    if not files:
        return KeyFolder(data / KEYS).journal_publics()
    return [public_key(read_bounded(file, KEY_BYTES_MAX), shown(file)) for file in files]


def _heads(file: Path | None, keys: list[Ed25519PublicKey]) -> Heads:
    from switch.heads import Heads, read_heads

    return Heads() if file is None else read_heads(file, keys)


def _print(report: Report, heads: Heads, *, vouched: bool | None) -> None:
    for fault in report.faults:
        tell(f"{fault.place}: {fault.what}")
    for slot, number in heads.contradictions:
        tell(_contradiction((slot, number)))
    for anchor in report.anchors:
        tell(anchor.sentence)
    for slot in _unpublished(report, heads):
        tell(f"slot {slot}: no head of it was published")
    if heads.unreadable:
        tell(f"{heads.unreadable} lines of the heads are no head under a known key")
    if vouched is False:
        tell("none of the heads vouches for a block of this journal: a cut tail would not be seen")
    faults = len(report.faults) + len(heads.contradictions)
    tell(f"{report.blocks} blocks, {report.payments} payments, {faults} faults")


def _contradiction(place: tuple[int, int]) -> str:
    return f"block {place[0]}/{place[1]}: two heads of it were published"


def _unpublished(report: Report, heads: Heads) -> list[int]:
    """Slots of which no given head is: whoever opened one without anybody's knowing."""
    published = dict.fromkeys(slot for slot, _ in heads.hashes)
    slots = [each.slot for each in report.anchors]
    return [slot for slot in slots if slot not in published] if published else []


def _of_heads(heads: Heads, file: Path | None) -> dict[str, object]:
    """What a report says of the heads that it was held against."""
    return {
        "heads": None if file is None else len(heads.hashes),
        "heads_unreadable": heads.unreadable,
        "heads_contradicted": [list(place) for place in heads.contradictions],
    }
