"""A disk in memory that forgets what was not synced, under unmodified SQLite.

An apsw VFS: every file keeps what is durable apart from what was only written. At a loss of power
each unsynced write survives, is lost or is torn, sector by sector, as the seed decides. A killed
process loses nothing, because the system's cache outlives it. The surprises: what a dead process
still writes goes to a copy that nobody sees, because an error inside SQLite's own clean-up would
have nowhere to go; use WAL with ``PRAGMA locking_mode=EXCLUSIVE`` set before ``journal_mode``,
because there is no shared memory; and removing a file is durable at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.runtime.entropy import SeededEntropy

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""


class File:
    """The content of one file, and what of it would be lost."""

    __slots__ = ("_unsynced", "content", "durable", "named")

    def __init__(self) -> None:
        self.content = bytearray()
        self.durable = bytearray()
        self.named = False
        """Whether its name is durable: a file never synced may be gone with its content."""
        self._unsynced: list[tuple[int, bytes | None]] = []

    def copy(self) -> File:
        """Return a copy that the disk does not know of."""
        copied = File()
        copied.content = bytearray(self.content)
        return copied

    def write(self, offset: int, data: bytes) -> None:
        """Write, in memory only."""
        _put(self.content, offset, data)
        self._unsynced.append((offset, data))

    def truncate(self, size: int) -> None:
        """Cut, in memory only."""
        del self.content[size:]
        self._unsynced.append((size, None))

    def sync(self) -> None:
        """Make everything so far durable."""
        for offset, data in self._unsynced:
            if data is None:
                del self.durable[offset:]
            else:
                _put(self.durable, offset, data)
        self.named = True
        self._unsynced.clear()

    def crash(self, entropy: SeededEntropy) -> bool:
        """Lose power; return whether anything was lost."""
        before = bytes(self.content)
        survivor = bytearray(self.durable)
        for offset, data in self._unsynced:
            if data is None:
                if entropy.below(2):
                    del survivor[offset:]
                continue
            for start, piece in _sectors(offset, data):
                if entropy.below(2):
                    _put(survivor, start, piece)
        self.content = survivor
        self.durable = bytearray(survivor)
        self._unsynced.clear()
        return self.durable != before


def _put(content: bytearray, offset: int, data: bytes) -> None:
    """Write into a content, with zeros before it where it was shorter."""
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """Split one write at the sector boundaries."""
    pieces = []
    position = 0
    while position < len(data):
        room = SECTOR_BYTES - (offset + position) % SECTOR_BYTES
        pieces.append((offset + position, data[position : position + room]))
        position += room
    return pieces


class SimDisk(apsw.VFS):
    """The disk of one machine, registered as a VFS under ``name`` until :meth:`close`."""

    def __init__(self, name: str, entropy: SeededEntropy) -> None:
        self.name = name
        self.operations = 0
        self.on_operation: Callable[[int, str], None] | None = None
        """Called before each write, truncation, sync and removal with its number and kind."""
        self.epoch = 0
        """Grows when a process dies; files of an earlier one are dead."""
        self.booted = True
        self._entropy = entropy
        self._files: dict[str, File] = {}
        super().__init__(name, base="")

    def kill(self) -> None:
        """The process died: nothing is lost, and what it still does has no effect."""
        self.epoch += 1
        self.booted = False

    def boot(self) -> None:
        """Serve the next process, or whoever reads what the last one left."""
        self.booted = True

    def crash(self) -> bool:
        """The machine lost power; return whether anything unsynced was lost."""
        self.kill()
        lost = False
        for path in sorted(self._files):
            file = self._files[path]
            if not file.named and not self._entropy.below(2):
                del self._files[path]
                lost = True
            else:
                lost |= file.crash(self._entropy)
        return lost

    def close(self) -> None:
        """Forget the files and unregister the VFS."""
        self.kill()
        self._files.clear()
        self.unregister()

    def count(self, kind: str) -> None:
        """Count one operation that changes something, and tell whoever listens."""
        self.operations += 1
        if self.on_operation is not None:
            self.on_operation(self.operations, kind)

    def xOpen(  # noqa: N802  the name is SQLite's
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open or create a file; one without a name is temporary and never durable."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        if not self.booted and flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            raise apsw.CantOpenError("no process lives here: boot first")
        if path is None or not self.booted:
            return _open_file(self, File(), None)
        file = self._files.get(path)
        if file is None:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError("no such file")
            file = self._files[path] = File()
        delete = path if flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE else None
        return _open_file(self, file, delete)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Remove a file, unless it is the dead who ask."""
        del syncdir
        if self.booted:
            self.count("delete")
        if not self.booted:
            return
        if self._files.pop(filename, None) is None:
            raise apsw.IOError("no such file")

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        """Return whether a file exists."""
        del flags
        return pathname in self._files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        """Return the path itself: there are no folders."""
        return name

    def xRandomness(self, numbytes: int) -> bytes:  # noqa: N802
        """Return seeded bytes; SQLite salts its WAL with them."""
        return self._entropy.bytes(numbytes)

    def xSleep(self, microseconds: int) -> int:  # noqa: N802
        """Return at once: nobody else holds a lock."""
        return microseconds

    def xCurrentTime(self) -> float:  # noqa: N802
        """Return a fixed Julian day: the product's time comes from its clock."""
        return 2_461_366

    def xCurrentTimeInt64(self) -> int:  # noqa: N802
        """Return the same in milliseconds."""
        return 2_461_366 * 86_400_000


def _open_file(disk: SimDisk, file: File, delete: str | None) -> apsw.VFSFile:
    return _SimFile(disk, file, delete)  # type: ignore[return-value]


class _SimFile:
    """One open file of one incarnation; SQLite calls these by name and needs no base class."""

    def __init__(self, disk: SimDisk, file: File, delete: str | None) -> None:
        self._disk = disk
        self._file = file
        self._delete = delete
        self._epoch = disk.epoch
        self._dead = False

    def _mine(self, changing: str = "") -> File:
        """Return the content: the disk's, or a private copy once this process is dead."""
        if changing and self._epoch == self._disk.epoch:
            self._disk.count(changing)
        if self._epoch != self._disk.epoch and not self._dead:
            self._dead = True
            self._file = self._file.copy()
        return self._file

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        """Read; short at the end of the file."""
        return bytes(self._mine().content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write without making it durable."""
        self._mine("write").write(offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut without making it durable."""
        self._mine("truncate").truncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Make the file durable."""
        del flags
        self._mine("sync").sync()

    def xFileSize(self) -> int:  # noqa: N802
        """Return the size in bytes."""
        return len(self._mine().content)

    def xClose(self) -> None:  # noqa: N802
        """Close; never fails, so that the dead can be cleared away."""
        if self._delete is not None and self._epoch == self._disk.epoch:
            self._disk.xDelete(self._delete, False)

    def xLock(self, level: int) -> None:  # noqa: N802
        """Grant, except to the dead.

        Closing asks for the exclusive lock first; refused, SQLite skips its last checkpoint and the
        removal of the log, which by then belong to the next process.
        """
        del level
        if self._epoch != self._disk.epoch:
            raise apsw.BusyError("the process that opened this file is dead")

    def xUnlock(self, level: int) -> None:  # noqa: N802
        """Release: nothing to do."""

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        """Return that nobody else writes."""
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802
        """Return that no control is known."""
        del op, ptr
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        """Return the size of what is written whole."""
        return SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        """Promise nothing."""
        return 0
