"""The embedded store: SQLite in WAL mode with synchronous=FULL, through apsw.

``execute`` is one transaction: load what the batch needs, decide, write the delta and the signed
block that holds it, commit. It is a plain synchronous function, so a writer thread runs it in
production and the simulated loop runs it on a disk that loses what was not synced. The epoch is
read inside each transaction: a process that was replaced meanwhile writes nothing and ends.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import apsw

from switch.decide import decide
from switch.delta import accounts_wanted, across_slots, wanted
from switch.model import to_micros
from switch.outbox import receivers_wanted
from switch.store.contract import LEASE_S
from switch.store.journal import GENESIS, Block, canonical, leaf_hash, merkle_root
from switch.store.leaf_packing import LeafPacking
from switch.store.open_payments import OpenPayments
from switch.store.sqlite_ledger import newest_at
from switch.store.sqlite_load import load
from switch.store.sqlite_outbox import SqliteOutbox
from switch.store.sqlite_read import SqliteReader, row_of
from switch.store.sqlite_slots import adopt, claim, fence, lease_numbers, release, renew, writing
from switch.store.sqlite_wal import Checkpoints
from switch.store.sqlite_write import let_go, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.commands import Command, Result
    from switch.delta import Delta
    from switch.runtime.clock import Clock
    from switch.store.contract import Takeover

MIGRATIONS: Final = (
    "0001_first.sql",
    "0002_rates.sql",
    "0003_slots.sql",
    "0004_ledger.sql",
    "0005_vault.sql",
    "0006_journal.sql",
    "0007_outbox.sql",
    "0008_indexes.sql",
    "0009_newest_rates.sql",
)
"""Each brings a database from the version before to its own number."""

SCHEMA_VERSION: Final = len(MIGRATIONS)
MICROS: Final = 1_000_000
BUSY_TIMEOUT_MS: Final = 5_000
SYNCHRONOUS_FULL: Final = 2
"""Answer of ``PRAGMA synchronous`` when every commit is synced."""

AUTOCHECKPOINT_PAGES: Final = 4_000
"""Pages of the log after which a commit also checkpoints, where no thread of its own does."""


_UNUSABLE: Final = (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError, apsw.BusyError)
"""Errors of opening that an operator can mend; the last: another program holds the file."""

DISK: Final = (
    *_UNUSABLE,
    *(apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.PermissionsError),
)
"""All that an operator can mend: also a disk that is full or fails, a file that cannot be written.
A process that serves ends at these, since nobody knows what of its batch was kept."""


class SchemaUnknown(Exception):  # noqa: N818  the name says what happened
    """The database was written by a version of the schema that this program does not know."""


class StoreUnreadable(Exception):  # noqa: N818  the name says what happened
    """The file cannot be opened as a database of the switch: damaged, or of something else."""


class SqliteEngine(SqliteReader):
    """One SQLite database, owned by one process at a time.

    ``sign`` makes the Ed25519 signature of a block header. ``exclusive`` keeps one connection for
    everything (needed where the disk has no shared memory); otherwise reads have their own. One
    that must not change a schema (``migrates``) refuses any but its own.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Clock,
        sign: Callable[[bytes], bytes],
        slot: int = 1,
        owner: str = "",
        lease_s: int = LEASE_S,
        vfs: str | None = None,
        exclusive: bool = False,
        migrates: bool = True,
    ) -> None:
        self._open = partial(_connect, path, vfs, exclusive=exclusive)
        self._clock = clock
        self._sign = sign
        self._slot = slot
        self._lease_us = lease_s * MICROS
        self._payments = OpenPayments()
        self._packing = LeafPacking()
        try:
            self._writer = self._open()
            self._durable = _durable(self._writer)
            if migrates:
                _migrate(self._writer)
            else:
                _current(self._writer)
            self._held = claim(self._writer, slot, owner or f"slot {slot}", self._until())
            self._head = self._tail()
            self._newest_at = newest_at(self._writer)
        except _UNUSABLE as error:
            raise StoreUnreadable(f"{path}: cannot be opened: {error}") from None
        reader = self._writer if exclusive else self._open()
        super().__init__(reader, slot, self._held.epoch)
        self.outbox = SqliteOutbox(self._writer, reader, self._held, clock)

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot; safe to ask from any thread."""
        return self._head

    def checkpoints(self) -> Checkpoints:
        """Checkpoints on a connection of their own, for a thread of their own."""
        return Checkpoints(self._writer, self._open())

    @property
    def durability(self) -> str:
        """What a commit outlives, as the connection that makes it said at the start."""
        return self._durable

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably. Raises :class:`Fenced`, or an apsw error of the disk."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            fence(self._writer, self._held)
            snapshot = load(self._writer, wanted(commands), self._payments)
            snapshot.accounts = self.load_accounts(
                self._writer, accounts_wanted(commands, snapshot)
            )
            if self.outbox.enrolled:
                snapshot.receivers = self.outbox.load(receivers_wanted(commands, snapshot))
            number = 1 if self._head is None else self._head.number + 1
            delta, results = decide(snapshot, commands, across_slots(self._slot, number))
            if not delta.leaves:
                let_go(self._writer, delta)
                self._writer.execute("COMMIT")
                return results
            block = self._block(delta, number)
            write(self._writer, delta, block, self._packing.pack)
        except BaseException:
            self._payments.forget()
            if not self._writer.get_autocommit():
                self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        self._head, self._newest_at = block, block.at
        self._payments.committed(delta.payments.values())
        return results

    def scrub(self) -> bool:
        """Copy the whole log into the database and cut it; False while a reader is in the way."""
        self._writer.set_busy_timeout(0)
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        finally:
            self._writer.set_busy_timeout(BUSY_TIMEOUT_MS)
        return True

    @property
    def slot(self) -> int:
        """The number that this process writes under."""
        return self._slot

    def renew(self) -> None:
        """Hold the slot for another lease from now. Raises :class:`Fenced`."""
        renew(self._writer, self._held, self._until())

    def adopt(self) -> list[Takeover]:
        """Take over every other slot whose lease ran out. Raises :class:`Fenced`."""
        return adopt(self._writer, self._held, to_micros(self._clock.now()))

    def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, given to nobody else ever. Raises :class:`Fenced`."""
        return lease_numbers(self._writer, self._held, name, count, last)

    def release(self) -> None:
        """Let the slot go at an orderly end."""
        release(self._writer, self._held)

    def close(self) -> None:
        """Close both connections."""
        self.connection.close()
        self._writer.close()

    def _until(self) -> int:
        """The end of a lease that begins now; the only process on a file is the clock's judge."""
        return to_micros(self._clock.now()) + self._lease_us

    def _tail(self) -> Block | None:
        for block, _ in SqliteReader(self._writer, self._slot).blocks(last_only=True):
            return block
        return None

    def _block(self, delta: Delta, number: int) -> Block:
        last = self._head
        hashes = [leaf_hash(leaf.salt, canonical(leaf.content)) for leaf in delta.leaves]
        unsigned = Block(
            slot=self._slot,
            number=number,
            epoch=self._held.epoch,
            previous=GENESIS if last is None else last.hash(),
            root=merkle_root(hashes),
            # A statement asks for moments: a clock that was set back does not go back here.
            at=max(to_micros(self._clock.now()), self._newest_at + 1),
            leaves=len(hashes),
            signature=b"",
        )
        signature = self._sign(unsigned.header())
        return Block(
            unsigned.slot,
            number,
            unsigned.epoch,
            unsigned.previous,
            unsigned.root,
            unsigned.at,
            unsigned.leaves,
            signature,
        )


def open_reader(path: str, slot: int) -> SqliteReader:
    """Open a database for reading only, beside the process that owns it."""
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        # One snapshot for all that is read: journal and balances must be of the same moment.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM meta")
    except (*DISK, apsw.SQLError) as error:
        raise StoreUnreadable(f"{path}: cannot be read: {error}") from None
    return SqliteReader(connection, slot)


def _connect(path: str, vfs: str | None, *, exclusive: bool) -> apsw.Connection:
    connection = apsw.Connection(path, vfs=vfs)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    if exclusive:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What is overwritten or dropped is gone from its page; nothing is kept in files beside.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    # A row that takes another's place is deleted first, and the schema may refuse that.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
    return connection


def _durable(connection: apsw.Connection) -> str:
    """Assert that commits are synced before they return, and say how; a bug otherwise."""
    (journal,) = row_of(connection, "PRAGMA journal_mode") or ("",)
    (synchronous,) = row_of(connection, "PRAGMA synchronous") or (0,)
    if journal == "memory":
        # A database without a file, for trying scripts on: nothing of it is kept.
        return "none: in memory"
    assert (journal, synchronous) == ("wal", SYNCHRONOUS_FULL), "commits are not durable"
    return "journal wal, synchronous full, one node"


def migrate_file(path: str) -> tuple[int, int]:
    """Bring a file to the current schema; the versions before and after.

    Raises :class:`SchemaUnknown` and :class:`StoreUnreadable`.
    """
    try:
        with closing(_connect(path, None, exclusive=False)) as connection:
            return _migrate(connection), SCHEMA_VERSION
    except DISK as error:
        raise StoreUnreadable(f"{path}: cannot be opened or written: {error}") from None


def _version(connection: apsw.Connection) -> int:
    (version,) = row_of(connection, "PRAGMA user_version") or (0,)
    if version > SCHEMA_VERSION:
        raise SchemaUnknown(f"schema version {version}, this program knows {SCHEMA_VERSION}")
    return int(version)


def _current(connection: apsw.Connection) -> None:
    version = _version(connection)
    if version < SCHEMA_VERSION:
        raise SchemaUnknown(
            f"schema version {version}, this program works on {SCHEMA_VERSION}: "
            "run `bakong-switch db migrate`"
        )


def _migrate(connection: apsw.Connection) -> int:
    """Bring an empty or an older database to the current schema; refuse one from a later."""
    with writing(connection):
        version = _version(connection)
        for name in MIGRATIONS[version:]:
            folder = files("switch.store") / "migrations"
            connection.execute((folder / name).read_text("utf-8"))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return version
