"""Checkpoints of the SQLite store: copying the write-ahead log into the database beside the writer.

A checkpoint syncs the database file, which would make one batch in a thousand wait for two disks'
worth of work; so it runs on a connection and a thread of its own, woken when the log has grown. It
never catches up with a writer that does not pause, so at a bound the writer itself copies the rest.
The surprise: a reader that keeps its snapshot keeps the log from starting again, whoever copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKPOINT_PAGES: Final = 8_000
"""Pages of the log (32 MB) after which a checkpoint is asked for; one copy serves many commits."""

LOG_PAGES_MAX: Final = 32_000
"""Pages of the log (128 MB) at which the writer copies what is left before it goes on."""

PAGE_BYTES: Final = 4_096


class Checkpoints:
    """The log of one writer; from :meth:`begin` on, SQLite's own rule no longer holds."""

    def __init__(
        self, writer: apsw.Connection, own: apsw.Connection, log_pages_max: int = LOG_PAGES_MAX
    ) -> None:
        self._writer = writer
        self._own = own
        self._wake: Callable[[], None] = lambda: None
        self._log_pages_max = log_pages_max
        self._next_own = log_pages_max
        self._next_wake = CHECKPOINT_PAGES
        self._pages = 0

    def begin(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when :meth:`run` is due, which belongs to another thread."""
        self._wake = wake
        self._writer.execute(f"PRAGMA journal_size_limit = {self._log_pages_max * PAGE_BYTES}")
        # In place of SQLite's own rule, which would checkpoint in the writer's commit.
        self._writer.set_wal_hook(self._grown)

    def run(self) -> None:
        """Copy what is committed; an error of the disk escapes and ends the process."""
        _copy(self._own)

    def close(self) -> None:
        """Close the connection, when nobody calls ``run`` any more."""
        self._own.close()

    def _grown(self, writer: apsw.Connection, _: str, pages: int) -> int:
        """After each commit of the writer, with the length of the log."""
        if pages < self._pages:
            # The log started again at its beginning.
            self._next_wake, self._next_own = CHECKPOINT_PAGES, self._log_pages_max
        self._pages = pages
        if pages >= self._next_own:
            _copy(writer)
            self._next_own = pages + CHECKPOINT_PAGES
        elif pages >= self._next_wake:
            self._wake()
            self._next_wake = pages + CHECKPOINT_PAGES
        return apsw.SQLITE_OK


def _copy(connection: apsw.Connection) -> None:
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except apsw.BusyError:
        return  # the other one is at it
