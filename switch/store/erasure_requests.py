"""Requests to erase, put into a store beside the processes that serve it.

The row is all that is written here: the process that owns the slot carries it out. What is left in
the files afterwards can be searched for as well, because only bytes prove that bytes are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

from switch.model import to_micros
from switch.store.sqlite import BUSY_TIMEOUT_MS, StoreUnreadable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

CHUNK_BYTES: Final = 4 << 20
FILES: Final = ("", "-wal", "-shm")
"""What stands of a database on the disk, behind its name."""


def ask_erasure(database: Path, uetr: str, at: datetime) -> None:
    """Ask for a payment's names to be erased; to ask twice is to ask once.

    Raises :class:`StoreUnreadable` where the file cannot be written.
    """
    try:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        connection.execute(
            "INSERT INTO erasure_request VALUES (?, ?) ON CONFLICT DO NOTHING",
            (uetr, to_micros(at)),
        )
        connection.close()
    except apsw.Error as error:
        raise StoreUnreadable(f"{database}: cannot be written: {error}") from None


async def ask_server(url: str, uetr: str, at: datetime) -> None:
    """As :func:`ask_erasure`, of a store on a PostgreSQL server. Raises :class:`OSError`."""
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO erasure_request VALUES ($1, $2) ON CONFLICT DO NOTHING",
            uetr,
            to_micros(at),
        )
    finally:
        await connection.close()


def holds(database: Path, needle: bytes) -> bool:
    """True where a file of the database has these bytes in it."""
    return any(
        _found(path, needle)
        for path in (database.with_name(database.name + each) for each in FILES)
        if path.exists()
    )


def _found(path: Path, needle: bytes) -> bool:
    behind = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if needle in behind + chunk:
                return True
            behind = chunk[1 - len(needle) :]
    return False
