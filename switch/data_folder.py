"""Where things stand in a data folder, and what can be said of its database before opening it.

A file that is no database at all is found out here, in one sentence, instead of deep in the store.
The surprise: an empty file is a database without tables, which the store may fill but of which
there is nothing to verify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

DATABASE: Final = "switch.db"
KEYS: Final = "keys"

HEAD: Final = b"SQLite format 3\0"
"""First bytes of every database (SQLite file format, section 1.2)."""


class NotADatabase(OSError):  # noqa: N818  the name says what happened
    """The file in the database's place is something else; it was not touched."""


def readable_database(data: Path) -> Path:
    """The database of the folder, for reading.

    Raises :class:`NotADatabase` when there is none, it is empty or something else, and
    :class:`OSError` when it cannot be read.
    """
    path = data / DATABASE
    if not path.exists():
        raise NotADatabase(f"{path.absolute()}: there is no database")
    if not _head(path):
        raise NotADatabase(f"{path.absolute()}: the database is empty")
    return path


def writable_database(data: Path) -> Path:
    """The database of the folder, which need not be there yet. Raises as for reading."""
    path = data / DATABASE
    if path.exists():
        _head(path)
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(len(HEAD))
    if head not in (b"", HEAD):
        raise NotADatabase(f"{path.absolute()}: is not a database of this program")
    return head
