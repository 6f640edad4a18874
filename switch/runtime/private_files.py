"""Files that nobody but their owner may read, and that are whole or not there.

A file is written under another name and renamed, so whoever looks finds the old content, the new
one or none. The surprise: an existing file or folder is narrowed too, because a copy restored from
a backup often comes back readable by all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def write_private(path: Path, content: bytes) -> None:
    """Replace the file as a whole. One writer at a time; raises :class:`OSError`."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=FILE_MODE)
    unfinished.write_bytes(content)
    unfinished.replace(path)


def private_file(path: Path) -> None:
    """Make the file if it is not there, and close it to others. Raises :class:`OSError`."""
    path.touch(mode=FILE_MODE)
    path.chmod(FILE_MODE)


def private_folder(path: Path) -> None:
    """Make the folder if it is not there, and close it to others. Raises :class:`OSError`."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    path.chmod(FOLDER_MODE)


def sync_file(path: Path) -> None:
    """Return when the file's content outlives a power cut. Raises :class:`OSError`."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Return when the names in the folder outlive a power cut. Raises :class:`OSError`."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
