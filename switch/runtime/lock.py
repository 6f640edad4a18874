"""One process per data folder, and one maker of keys at a time, by locks that the kernel holds.

The lock ends with the process however it ends, so a crash leaves nothing to clean up and the file
may stay. A stopped process keeps it: that is wanted, because it may go on. The surprise: removing
the file would free nothing and let two processes in, so nobody removes it.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE: Final = "lock"


class FolderTaken(OSError):  # noqa: N818  the name says what happened
    """Another process owns the folder; nothing in it was touched."""


@contextmanager
def owned_folder(folder: Path) -> Iterator[None]:
    """Own the folder, which must exist, until the end of the block or of the process.

    Raises :class:`FolderTaken` at once when another process owns it, and :class:`OSError`.
    """
    with (folder / LOCK_FILE).open("ab") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(f"another process is serving the data folder {folder}") from None
        yield


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold the file ``path`` alone until the end of the block; whoever comes second waits.

    It blocks the whole process, so it is for the start only and for what is done within a second.
    Raises :class:`OSError`.
    """
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
