"""The embedded store: SQLite in WAL mode with synchronous=FULL, through apsw.

``execute`` is one transaction: load what the batch needs, decide, write the delta and the signed
block that holds it, commit. It is a plain synchronous function, so a writer thread runs it in
production and the simulated loop runs it on a disk that loses what was not synced. The epoch is
read inside each transaction: a process that was replaced meanwhile writes nothing and ends.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import apsw
import orjson

from switch.decide import decide
from switch.delta import accounts_wanted, across_slots, wanted
from switch.model import to_micros
from switch.store.contract import Fenced
from switch.store.journal import GENESIS, Block, canonical, leaf_hash, merkle_root
from switch.store.rows import PAYMENT_COLUMNS, payment_row
from switch.store.sqlite_read import SqliteReader, load, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.commands import Command, RateRow, Result
    from switch.delta import Delta
    from switch.runtime.clock import Clock

MIGRATIONS: Final = ("0001_first.sql", "0002_rates.sql")
"""Each brings a database from the version before to its own number."""

SCHEMA_VERSION: Final = len(MIGRATIONS)
BUSY_TIMEOUT_MS: Final = 5_000
SYNCHRONOUS_FULL: Final = 2
"""Answer of ``PRAGMA synchronous`` when every commit is synced."""

CHECKPOINT_PAGES: Final = 4_000
"""WAL pages after which a commit also checkpoints."""


class SchemaUnknown(Exception):  # noqa: N818  the name says what happened
    """The database was written by a version of the schema that this program does not know."""


class StoreUnreadable(Exception):  # noqa: N818  the name says what happened
    """The file cannot be opened as a database of the switch: damaged, or of something else."""


class SqliteEngine(SqliteReader):
    """One SQLite database, owned by one process at a time.

    ``sign`` makes the Ed25519 signature of a block header. ``exclusive`` keeps one connection for
    everything (needed where the disk has no shared memory); otherwise reads have their own.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Clock,
        sign: Callable[[bytes], bytes],
        slot: int = 1,
        vfs: str | None = None,
        exclusive: bool = False,
    ) -> None:
        self._clock = clock
        self._sign = sign
        self._slot = slot
        try:
            self._writer = _connect(path, vfs, exclusive=exclusive)
            self._durable = _durable(self._writer)
            _migrate(self._writer)
            self._epoch = self._take_over()
            self._number, self._previous = self._tail()
        except (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError) as error:
            raise StoreUnreadable(f"{path}: cannot be opened: {error}") from None
        reader = self._writer if exclusive else _connect(path, vfs, exclusive=False)
        super().__init__(reader, slot)

    @property
    def durability(self) -> str:
        """What a commit outlives, as the connection that makes it said at the start."""
        return self._durable

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably. Raises :class:`Fenced`, or an apsw error of the disk."""
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            self._fence()
            snapshot = load(self._writer, wanted(commands))
            snapshot.accounts = self.load_accounts(
                self._writer, accounts_wanted(commands, snapshot)
            )
            number = self._number + 1
            delta, results = decide(snapshot, commands, across_slots(self._slot, number))
            if not delta.leaves:
                self._writer.execute("COMMIT")
                return results
            block = self._block(delta, number)
            self._write(delta, block)
        except BaseException:
            if not self._writer.get_autocommit():
                self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        self._number, self._previous = number, block.hash()
        return results

    def close(self) -> None:
        """Close both connections."""
        self.connection.close()
        self._writer.close()

    def _fence(self) -> None:
        if self._epoch_now() != self._epoch:
            raise Fenced

    def _epoch_now(self) -> int:
        row = row_of(self._writer, "SELECT value FROM meta WHERE name = 'epoch'")
        return int(row[0]) if row else 0

    def _take_over(self) -> int:
        # Immediate: whoever is replaced may be in the middle of a batch, and is waited for.
        self._writer.execute("BEGIN IMMEDIATE")
        epoch = self._epoch_now() + 1
        self._writer.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
        self._writer.execute("COMMIT")
        return epoch

    def _tail(self) -> tuple[int, bytes]:
        last = None
        for block, _ in SqliteReader(self._writer, self._slot).blocks(last_only=True):
            last = block
        return (0, GENESIS) if last is None else (last.number, last.hash())

    def _block(self, delta: Delta, number: int) -> Block:
        hashes = [leaf_hash(leaf.salt, canonical(leaf.content)) for leaf in delta.leaves]
        unsigned = Block(
            slot=self._slot,
            number=number,
            epoch=self._epoch,
            previous=self._previous,
            root=merkle_root(hashes),
            at=to_micros(self._clock.now()),
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

    def _write(self, delta: Delta, block: Block) -> None:
        ids = {payment.uetr: payment.payment_id for payment in delta.payments.values()}
        self._write_payments(delta, ids)
        self._write_ledger(delta)
        run = self._rows
        run(
            "INSERT OR REPLACE INTO claim VALUES (?, ?, ?)",
            [(c.quote_id, c.uetr, int(c.released)) for c in delta.claims.values()],
        )
        run("INSERT INTO tombstone VALUES (?, ?)", delta.tombstones)
        run("INSERT INTO incoming VALUES (?)", [(item,) for item in delta.incoming])
        run(
            "INSERT INTO rate VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET published_at = excluded.published_at, "
            "withdrawn_at = excluded.withdrawn_at",
            [_rate_row(row) for row in delta.rates.values()],
        )
        run(
            "INSERT INTO leaf VALUES (?, ?, ?, ?, ?)",
            [
                (block.slot, block.number, place, leaf.salt, canonical(leaf.content))
                for place, leaf in enumerate(delta.leaves)
            ],
        )
        self._writer.execute(
            "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                block.slot,
                block.number,
                block.epoch,
                block.previous,
                block.root,
                block.at,
                block.leaves,
                block.signature,
            ),
        )

    def _rows(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Write rows with one statement; most tables have none in most batches."""
        if rows:
            self._writer.executemany(sql, rows)

    def _write_ledger(self, delta: Delta) -> None:
        run = self._rows
        run(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    e.entry_id,
                    e.uetr,
                    e.line.account,
                    e.line.side.value,
                    e.line.currency,
                    e.line.minor,
                    e.phase.value,
                    e.pending_entry,
                )
                for e in delta.entries
            ],
        )
        run(
            "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    a.key,
                    a.currency,
                    a.debits_posted,
                    a.credits_posted,
                    a.debits_pending,
                    a.credits_pending,
                    a.net_debit_max,
                    a.net_credit_max,
                )
                for a in delta.accounts.values()
            ],
        )

    def _write_payments(self, delta: Delta, ids: dict[str, int]) -> None:
        run = self._rows
        marks = ", ".join("?" * 14)
        run(
            f"INSERT INTO payment ({PAYMENT_COLUMNS}) VALUES ({marks}) "  # noqa: S608  constants
            "ON CONFLICT (payment_id) DO UPDATE SET state = excluded.state, "
            "version = excluded.version, updated_at = excluded.updated_at, "
            "next_at = excluded.next_at, rung = excluded.rung, reason = excluded.reason, "
            "far_reference = excluded.far_reference, disputed = excluded.disputed",
            [payment_row(payment) for payment in delta.payments.values()],
        )
        run(
            "INSERT INTO binding VALUES (?, ?, ?, ?)",
            [
                (ids[b.uetr], b.scope, b.key, orjson.dumps(b.content, option=_SORTED).decode())
                for b in delta.bindings
            ],
        )
        run(
            "INSERT INTO answer VALUES (?, ?, ?, ?)",
            [(ids[u], a.status, a.content_type, a.body) for u, a in delta.answers.items()],
        )
        run(
            "INSERT INTO data_key VALUES (?, ?)",
            [(ids[uetr], wrapped) for uetr, wrapped in delta.wrapped_keys],
        )
        sealed = [*delta.sealed, *(exchange.sealed for exchange in delta.exchanges)]
        run(
            "INSERT INTO sealed VALUES (?, ?, ?, ?)",
            [(s.record_id, ids[s.uetr], s.kind, s.blob) for s in sealed],
        )
        run(
            "INSERT INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    x.exchange_id,
                    ids[x.uetr],
                    x.network,
                    x.operation.value,
                    x.reference,
                    x.method,
                    x.path,
                    to_micros(x.send_by),
                    x.answer_within_ms,
                    x.sealed.record_id,
                )
                for x in delta.exchanges
            ],
        )


def _rate_row(row: RateRow) -> tuple[object, ...]:
    return (
        *row.key,
        to_micros(row.effective_at),
        to_micros(row.published_at),
        row.sheet,
        None if row.withdrawn_at is None else to_micros(row.withdrawn_at),
    )


_SORTED: Final = orjson.OPT_SORT_KEYS


def open_reader(path: str, slot: int) -> SqliteReader:
    """Open a database for reading only, beside the process that owns it."""
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        # One snapshot for all that is read: journal and balances must be of the same moment.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM meta")
    except (apsw.NotADBError, apsw.CorruptError, apsw.CantOpenError, apsw.SQLError) as error:
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
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
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


def _migrate(connection: apsw.Connection) -> None:
    """Bring an empty or an older database to the current schema; refuse one from a later."""
    connection.execute("BEGIN IMMEDIATE")
    row = row_of(connection, "PRAGMA user_version")
    version = 0 if row is None else row[0]
    if version > SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        raise SchemaUnknown(f"schema version {version}, this program knows {SCHEMA_VERSION}")
    for name in MIGRATIONS[version:]:
        folder = files("switch.store") / "migrations"
        connection.execute((folder / name).read_text("utf-8"))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
