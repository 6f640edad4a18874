"""A copy of a database while it is served, and whether a file is a whole database.

The copy is one snapshot, taken in one step beside the process that writes; it is synced before it
gets its name, so a file of that name is whole. Free pages are not copied as they stand: what was
erased is in no copy. The surprise: nothing here knows whether the books agree; that is audited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

from switch.model import from_micros
from switch.runtime.private_files import private_file, sync_file, sync_folder
from switch.store.sqlite import BUSY_TIMEOUT_MS, StoreUnreadable
from switch.store.tables import NEWEST_BLOCK_AT

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from switch.store.sqlite_read import SqliteReader

UNFINISHED: Final = ".unfinished"
SIDE_FILES: Final = ("-wal", "-shm")
"""What stands beside a database while it is open."""


def copy_database(source: Path, target: Path) -> None:
    """Copy as one snapshot; ``target`` is replaced when the copy is whole and synced.

    Raises :class:`StoreUnreadable`, and :class:`OSError`.
    """
    unfinished = target.with_name(target.name + UNFINISHED)
    unfinished.unlink(missing_ok=True)
    private_file(unfinished)
    try:
        connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        finally:
            connection.close()
    except (apsw.FullError, apsw.IOError) as error:
        unfinished.unlink(missing_ok=True)
        raise OSError(f"{target}: cannot be written: {error}") from None
    except apsw.Error as error:
        unfinished.unlink(missing_ok=True)
        raise StoreUnreadable(f"{source}: cannot be copied: {error}") from None
    sync_file(unfinished)
    unfinished.replace(target)
    sync_folder(target.parent)


def newest_block_at(reader: SqliteReader) -> datetime | None:
    """When the newest block was written, over all slots."""
    row = reader.connection.execute(NEWEST_BLOCK_AT).fetchone()
    return None if row is None or row[0] is None else from_micros(row[0])


def broken_pages(path: Path) -> list[str]:
    """What SQLite itself finds wrong with a file; empty when it is whole."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            rows = connection.execute("PRAGMA integrity_check(20)").fetchall()
        finally:
            connection.close()
    except apsw.Error as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]
