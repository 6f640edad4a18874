"""Where things stand in a data folder, and what can be said of its database before opening it.

A file that is no database at all is found out here, in one sentence, instead of deep in the store.
The surprise: an empty file is a database without tables, which the store may fill, unless a store
came back into this folder: then an empty ledger would have forgotten all that was ever paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

DATABASE: Final = "switch.db"
KEYS: Final = "keys"

LOSS_FILE: Final = "restored.json"
"""Says that a store came back from a copy. It is written before the copy takes its place."""

HEAD: Final = b"SQLite format 3\0"
"""First bytes of every database (SQLite file format, section 1.2)."""


class NotADatabase(OSError):  # noqa: N818  the name says what happened
    """The file in the database's place is something else; it was not touched."""


class RestoreCutOff(NotADatabase):
    """A store was to come back into this folder, and none is there."""


def readable_database(data: Path) -> Path:
    """The database of the folder, for reading.

    Raises :class:`NotADatabase` when there is none, it is empty or something else, and
    :class:`OSError` when it cannot be read.
    """
    path = writable_database(data)
    if not path.exists():
        raise NotADatabase(f"{path.absolute()}: there is no database")
    if not _head(path):
        raise NotADatabase(f"{path.absolute()}: the database is empty")
    return path


def writable_database(data: Path) -> Path:
    """The database of the folder, which need not be there yet. Raises as for reading.

    Raises :class:`RestoreCutOff` where one must be there, since a store came back, and is not.
    """
    path = data / DATABASE
    head = _head(path) if path.exists() else b""
    if not head and (data / LOSS_FILE).exists():
        raise RestoreCutOff(
            f"{path.absolute()}: there is no database, and {LOSS_FILE} says that one came back: a "
            "restore was cut off. Run `bakong-switch restore from` again; what stood there is in "
            "before-<time>"
        )
    return path


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(len(HEAD))
    if head not in (b"", HEAD):
        raise NotADatabase(f"{path.absolute()}: is not a database of this program")
    return head
