"""Backups of the embedded store: made beside the running switch, checked, and brought back.

A backup is a copy of the database and a manifest with its digest and the newest block of each slot.
It is taken for good only after every page, block, entry and balance of the copy has been checked.
Keys are in no backup. One that comes back is whole and checked beside the database before anything
is moved. The surprise: the data folder is marked before that, so that a crash half-way leaves a
switch that pays nothing new, or that does not start, rather than one that forgot what it paid.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from switch.data_folder import DATABASE, KEYS, readable_database
from switch.keys import KeyFolder
from switch.lifecycle import is_final
from switch.loss_file import begun, read_loss, write_loss
from switch.runtime.lock import owned_folder
from switch.runtime.private_files import private_folder, sync_folder, write_private
from switch.store.audit import audit
from switch.store.copying import SIDE_FILES, broken_pages, copy_database, newest_block_at
from switch.store.sqlite import open_reader
from switch.store.vault import VaultError, wrapping_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from switch.config import Config
    from switch.store.report import Report

COMING: Final = f"{DATABASE}.restored"
"""The copy that is about to take the database's place, whole, synced and checked."""

MANIFEST_SUFFIX: Final = ".json"
UNCHECKED: Final = ".unchecked"
"""Behind the name of a copy that is not verified yet."""

CHUNK_BYTES: Final = 1 << 20
FAULTS_SHOWN: Final = 20
PAGE: Final = 1_000
LAST: Final = (1 << 63) - 1
"""Above the number of every payment."""


class BackupUnsound(OSError):  # noqa: N818  the name says what happened
    """A copy that is not what it should be; it was not taken."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked of a copy: its digest, what it holds, and its newest block's time."""

    sha256: str
    report: Report
    head_at: datetime | None

    def view(self) -> dict[str, object]:
        """As plain values, for the manifest and for people."""
        return {
            "sha256": self.sha256,
            "blocks": self.report.blocks,
            "payments": self.report.payments,
            "head_at": None if self.head_at is None else self.head_at.isoformat(),
            "slots": [[each.slot, each.blocks, each.head.hex()] for each in self.report.anchors],
        }


@dataclass(frozen=True, slots=True)
class Lacked:
    """Wrapping keys that are gone, and how many open payments nobody can open without them."""

    names: tuple[str, ...]
    closed: int


def embedded(config: Config) -> None:
    """Raise :class:`BackupUnsound` where the store is a server, which has backups of its own."""
    if config.store.engine != "sqlite":
        raise BackupUnsound("the store is PostgreSQL: use pg_basebackup, and serve --restored")


def back_up(data: Path, file: Path, slot: int) -> Mapping[str, object]:
    """Copy the database of a data folder to ``file`` and write its manifest beside it.

    Raises :class:`BackupUnsound` when the copy does not verify or would take the place of the
    database itself, and whatever reading or writing a file raises; a backup that stood there stays.
    """
    database = readable_database(data)
    if _is_of(database, file):
        raise BackupUnsound(f"{file}: is the database itself, or stands with it: name another file")
    coming = file.with_name(file.name + UNCHECKED)
    copy_database(database, coming)
    try:
        checked = _checked(coming, data, slot, named=file)
    except BaseException:
        # It holds data keys, and nobody would look for it by that name.
        coming.unlink()
        raise
    coming.replace(file)
    view = checked.view()
    write_private(_manifest(file), orjson.dumps(view, option=orjson.OPT_INDENT_2) + b"\n")
    sync_folder(file.absolute().parent)
    return view


def _is_of(database: Path, file: Path) -> bool:
    """Whether a file is a database, by whatever name, or one that SQLite keeps beside it."""
    if file.exists() and file.samefile(database):
        return True
    beside = file.absolute().parent.samefile(database.absolute().parent)
    return beside and file.name.removeprefix(database.name) in ("", *SIDE_FILES)


def wrapping_lacked(file: Path, slot: int, held: Collection[str]) -> Lacked:
    """Which wrapping keys a copy needs that are not ``held``. Raises :class:`BackupUnsound`."""
    _whole(file)
    reader = open_reader(str(file), slot)
    names, closed = set(), 0
    try:
        after = 0
        while page := reader.wrapped_keys(after, LAST, PAGE):
            after = page[-1].payment_id
            for each in page:
                try:
                    name = wrapping_of(each.wrapped)
                except VaultError:
                    # No key opens it: people end its payment, here as where it was copied.
                    name = ""
                if name and name not in held:
                    names.add(name)
                    payment = reader.payment(each.uetr)
                    closed += payment is not None and not is_final(payment)
    finally:
        reader.connection.close()
    return Lacked(tuple(sorted(names)), closed)


def bring_back(
    file: Path,
    data: Path,
    slot: int,
    now: datetime,
    *,
    replace: bool = False,
    published_at: datetime | None = None,
) -> Mapping[str, object]:
    """Put a backup in the place of a data folder's database, and mark that it came back.

    What stood there is moved into the folder ``before-<time>``, in the last step but one, when all
    that needs room on the disk is done. ``published_at`` is the time of the newest published head:
    the loss is never dated before it, whatever the clock says. Raises :class:`BackupUnsound` for a
    copy that does not verify or is not its manifest's, and :class:`OSError`, when a switch is
    serving the folder too, with nothing changed.
    """
    database = data / DATABASE
    with owned_folder(data):
        if database.exists() and not replace:
            raise OSError(f"{database.absolute()}: is there already; --replace moves it aside")
        with ExitStack() as ended:
            coming = data / COMING
            ended.callback(coming.unlink, missing_ok=True)
            checked, compared = _beside(file, coming, data, slot)
            loss = begun(read_loss(data), now, checked.head_at, published_at)
            write_loss(data, loss)
            _move_aside(data, now)
            coming.replace(database)
            sync_folder(data)
    behind = now < loss.restored_at
    return {**checked.view(), "manifest": compared, "clock_behind": behind}


def _beside(file: Path, coming: Path, data: Path, slot: int) -> tuple[Checked, bool]:
    """Copy ``file`` to where it waits, and check what was copied; the digest is the file's.

    Also whether there was a manifest that it was compared with.
    """
    _whole(file)
    digest = _digest(file)
    compared = _same_as_manifest(file, digest)
    copy_database(file, coming)
    return _checked(coming, data, slot, named=file, digest=digest), compared


def _checked(path: Path, data: Path, slot: int, *, named: Path, digest: str = "") -> Checked:
    """Check a whole copy; a fault is told under the name ``named``.

    ``digest`` is the one that was compared, where that is of another file.
    """
    broken = broken_pages(path)
    if broken:
        raise BackupUnsound(f"{named}: is damaged: {broken[0]}")
    reader = open_reader(str(path), slot)
    try:
        report = audit(reader, KeyFolder(data / KEYS).journal_publics())
        head_at = newest_block_at(reader)
    finally:
        reader.connection.close()
    if not report.sound:
        found = "; ".join(f"{each.place} {each.what}" for each in report.faults[:FAULTS_SHOWN])
        raise BackupUnsound(f"{named}: does not verify: {found}")
    return Checked(digest or _digest(path), report, head_at)


def _whole(file: Path) -> None:
    """Raise :class:`BackupUnsound` for a copy that is not there or is damaged."""
    if not file.exists():
        raise BackupUnsound(f"{file}: there is no such file")
    broken = broken_pages(file)
    if broken:
        raise BackupUnsound(f"{file}: is damaged: {broken[0]}")


def _same_as_manifest(file: Path, digest: str) -> bool:
    """Compare with the manifest; False where there is none, so that nothing was compared."""
    path = _manifest(file)
    if not path.exists():
        return False
    try:
        stated = orjson.loads(path.read_bytes())["sha256"]
    except (KeyError, TypeError, ValueError):
        raise BackupUnsound(f"{path}: cannot be read") from None
    if stated != digest:
        raise BackupUnsound(f"{file}: is not the file that {path.name} was made for")
    return True


def _move_aside(data: Path, now: datetime) -> None:
    """Keep whatever stood in the database's place: it may hold what the copy does not."""
    stood = [data / (DATABASE + suffix) for suffix in ("", *SIDE_FILES)]
    if not any(path.exists() for path in stood):
        return
    aside = data / f"before-{now:%Y%m%dT%H%M%S}"
    private_folder(aside)
    for path in stood:
        if path.exists():
            path.replace(aside / path.name)
    sync_folder(aside)
    sync_folder(data)


def _manifest(file: Path) -> Path:
    return file.with_name(file.name + MANIFEST_SUFFIX)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as held:
        while chunk := held.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
