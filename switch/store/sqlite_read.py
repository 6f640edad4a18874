"""Reads of the SQLite store.

Each read is one indexed query on a committed snapshot. Where a decision reads several rows they are
ordered, so that two runs of one seed see the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import apsw
import orjson

from switch.commands import Answer, Binding, RateRow
from switch.ledger import Account
from switch.model import State, to_micros
from switch.port import Operation
from switch.store import sqlite_ledger
from switch.store.contract import RecordUnreadable, StoredExchange, WrappedKey
from switch.store.journal import Block
from switch.store.leaf_packing import LeafPacking
from switch.store.packing import LEAF
from switch.store.row_values import exchange_of, rate_of
from switch.store.rows import PAYMENT_COLUMNS, payment_of
from switch.store.tables import TABLES, UNENDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from switch.model import Payment, RateKey
    from switch.store.statements import BoundPayment, StatementPage


Row = tuple[Any, ...]
"""A row as apsw gives it; the schema fixes the types of its columns."""

_EXCHANGE: Final = (
    "SELECT x.exchange_id, p.uetr, x.network, x.operation, x.reference, x.method, x.path, "
    "x.send_by, x.answer_within_ms, x.record_id, s.blob FROM exchange x "
    "JOIN payment p USING (payment_id) JOIN sealed s USING (record_id) "
)
_LAST_EXCHANGE: Final = (
    "WHERE x.exchange_id = (SELECT max(exchange_id) FROM exchange WHERE operation = ?2 "
    "AND payment_id = (SELECT payment_id FROM payment WHERE uetr = ?1))"
)
_BLOCKS: Final = (
    "SELECT slot, number, epoch, previous, root, at, leaves, signature FROM block "
    "WHERE slot = ? ORDER BY number "
)
ONE_RATE: Final = (
    "SELECT provider, pair, version, effective_at, published_at, sheet, withdrawn_at FROM rate "
    "WHERE provider = ? AND pair = ? AND version = ?"
)
_NEWEST_RATES: Final = (
    "WITH RECURSIVE named (name) AS (SELECT min(provider) FROM rate UNION ALL "
    "SELECT (SELECT min(provider) FROM rate WHERE provider > name) FROM named "
    "WHERE name IS NOT NULL), known (provider, pair) AS "
    "(SELECT name, (SELECT min(pair) FROM rate WHERE provider = name) FROM named "
    "WHERE name IS NOT NULL UNION ALL SELECT provider, (SELECT min(pair) FROM rate AS next "
    "WHERE next.provider = known.provider AND next.pair > known.pair) FROM known "
    "WHERE pair IS NOT NULL) "
    "SELECT provider, pair, version, effective_at, published_at, sheet, withdrawn_at "
    "FROM known CROSS JOIN rate USING (provider, pair) WHERE version IN "
    "(SELECT version FROM rate AS one WHERE one.provider = known.provider AND "
    "one.pair = known.pair AND (withdrawn_at IS NULL OR withdrawn_at >= effective_at) "
    "ORDER BY effective_at DESC, version DESC LIMIT ?) "
    "ORDER BY provider, pair, effective_at, version"
)
"""From pair to pair along the key, of each only its newest; most of what was posted is not read."""
_ACCOUNTS: Final = (
    "SELECT key, currency, debits_posted, credits_posted, debits_pending, credits_pending, "
    "net_debit_max, net_credit_max FROM account "
)
SELECT_PAYMENT: Final = f"SELECT {PAYMENT_COLUMNS} FROM payment "  # noqa: S608  a constant
_FIRED: Final = (
    "SELECT value FROM json_each(?) WHERE EXISTS "
    "(SELECT 1 FROM payment WHERE slot = ? AND network = value AND next_at <= ?)"
)
_DUE: Final = (
    SELECT_PAYMENT
    + "WHERE slot = ? AND network = ? AND next_at <= ? ORDER BY next_at, payment_id LIMIT ?"
)
_DUE_IN: Final = SELECT_PAYMENT + (  # noqa: S608  constants
    "WHERE slot = ? AND network = ? AND next_at <= ? "
    "AND state IN (SELECT value FROM json_each(?)) ORDER BY next_at, payment_id LIMIT ?"
)
_PAST: Final = SELECT_PAYMENT + (  # noqa: S608  constants
    "WHERE slot = ? AND network = ? AND next_at > ? AND state IN (SELECT value FROM json_each(?)) "
    "ORDER BY next_at DESC, payment_id LIMIT ?"
)
_SENT: Final = (
    SELECT_PAYMENT + "WHERE next_at IS NOT NULL AND slot = ? AND epoch < ? AND state IN (?, ?) "
    "ORDER BY payment_id LIMIT ?"
)
_UNENDED: Final = (
    SELECT_PAYMENT + f"INDEXED BY payment_unended WHERE {UNENDED} "
    "AND payment_id > ? ORDER BY payment_id LIMIT ?"
)
_CLAIMED: Final = (
    "SELECT quote_id, uetr FROM claim WHERE quote_id BETWEEN ? AND ? ORDER BY quote_id"
)
_LOWEST_SLOT: Final = "SELECT min(slot) FROM slot WHERE lease_until > ?"
_LAST_NUMBER: Final = (
    "SELECT max((SELECT coalesce(max(payment_id), 0) FROM payment), "
    "(SELECT coalesce(max(record_id), 0) FROM sealed), "
    "(SELECT coalesce(max(exchange_id), 0) FROM exchange))"
)
WRAPPED: Final = "SELECT wrapped FROM data_key JOIN payment USING (payment_id) WHERE uetr = ?"
_WRAPPED_PAGE: Final = (
    "SELECT payment_id, uetr, wrapped FROM payment JOIN data_key USING (payment_id) "
    "WHERE payment_id > ? AND payment_id < ? ORDER BY payment_id LIMIT ?"
)
NAMED: Final = f"{SELECT_PAYMENT} WHERE uetr IN (SELECT value FROM json_each(?))"  # noqa: S608


def rows_of(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query."""
    return connection.execute(sql, tuple(values)).fetchall()


def row_of(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> Row | None:
    """The first row of a query, or None."""
    return connection.execute(sql, tuple(values)).fetchone()


class SqliteReader:
    """Reads on one connection."""

    def __init__(self, connection: apsw.Connection, slot: int, epoch: int = 0) -> None:
        self.connection = connection
        self._read_slot = slot
        self._read_epoch = epoch
        self._leaves = LeafPacking()

    @property
    def durability(self) -> str:
        """What a commit outlives; a connection for reading makes none."""
        return "none: for reading only"

    def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""
        row = row_of(self.connection, SELECT_PAYMENT + "WHERE uetr = ?", (uetr,))
        return None if row is None else payment_of(row)

    def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""
        return binding_in(self.connection, scope, key)

    def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""
        return answer_in(self.connection, uetr)

    def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""
        row = row_of(self.connection, _EXCHANGE + "WHERE x.exchange_id = ?", (exchange_id,))
        return None if row is None else exchange_of(row)

    def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""
        row = row_of(self.connection, _EXCHANGE + _LAST_EXCHANGE, (uetr, operation.value))
        return None if row is None else exchange_of(row)

    def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""
        row = row_of(self.connection, WRAPPED, (uetr,))
        return None if row is None else bytes(row[0])

    def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""
        rows = rows_of(self.connection, _WRAPPED_PAGE, (after, before, limit))
        return [WrappedKey(row[0], row[1], bytes(row[2])) for row in rows]

    def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""
        sql = "SELECT uetr FROM erasure_request WHERE uetr > ? ORDER BY uetr LIMIT ?"
        return [str(row[0]) for row in rows_of(self.connection, sql, (after, limit))]

    def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""
        row = row_of(
            self.connection,
            "SELECT record_id, blob FROM sealed JOIN payment USING (payment_id) "
            "WHERE uetr = ? AND kind = ? AND record_id > ? ORDER BY record_id LIMIT 1",
            (uetr, kind, after),
        )
        return None if row is None else (int(row[0]), bytes(row[1]))

    def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""
        found = row_of(self.connection, "SELECT 1 FROM incoming WHERE item_hash = ?", (item_hash,))
        return found is not None

    def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""
        row = row_of(
            self.connection,
            SELECT_PAYMENT + "WHERE network = ? AND reference = ?",
            (network, reference),
        )
        return None if row is None else payment_of(row)

    def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive."""
        row = row_of(self.connection, _LOWEST_SLOT, (to_micros(at),))
        return None if row is None else row[0]

    def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""
        (last,) = row_of(self.connection, _LAST_NUMBER) or (0,)
        return int(last)

    def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""
        given = (orjson.dumps(networks).decode(), self._read_slot, to_micros(at))
        return {str(row[0]) for row in rows_of(self.connection, _FIRED, given)}

    def due(
        self, network: str, at: datetime, limit: int, states: Sequence[State] | None = None
    ) -> list[Payment]:
        """Payments of this slot at a network whose timer has fired, oldest first.

        Where ``states`` are named, only those in one of them.
        """
        place = (self._read_slot, network, to_micros(at))
        if states is None:
            rows = rows_of(self.connection, _DUE, (*place, limit))
        else:
            named = orjson.dumps(states).decode()
            rows = rows_of(self.connection, _DUE_IN, (*place, named, limit))
        return [payment_of(row) for row in rows]

    def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""
        given = (self._read_slot, network, to_micros(after), orjson.dumps(states).decode(), limit)
        return [payment_of(row) for row in rows_of(self.connection, _PAST, given)]

    def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""
        rows = rows_of(
            self.connection,
            "SELECT DISTINCT json_extract(frozen, '$.corridor') FROM payment "
            "WHERE next_at IS NOT NULL ORDER BY 1",
        )
        return [str(row[0]) for row in rows]

    def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began."""
        states = (State.SENDING.value, State.CREDITING.value)
        rows = rows_of(self.connection, _SENT, (self._read_slot, self._read_epoch, *states, limit))
        return [payment_of(row) for row in rows]

    def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""
        rows = rows_of(
            self.connection,
            SELECT_PAYMENT + "WHERE payment_id > ? ORDER BY payment_id LIMIT ?",
            (after, limit),
        )
        return [payment_of(row) for row in rows]

    def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""
        rows = rows_of(
            self.connection,
            _UNENDED,
            (after, limit),
        )
        return [payment_of(row) for row in rows]

    def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""
        return sqlite_ledger.balance(self.connection, key, before)

    def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""
        return sqlite_ledger.statement(self.connection, key, since, until, after, limit)

    def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""
        return sqlite_ledger.bound(self.connection, after, limit)

    def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""
        return sqlite_ledger.graves(self.connection, before, limit)

    def accounts(self) -> dict[str, Account]:
        """Every account by name."""
        return self.load_accounts(self.connection, None)

    def account(self, key: str) -> Account | None:
        """One account by name."""
        return self.load_accounts(self.connection, (key,)).get(key)

    def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first.

        One that was withdrawn before it took effect is passed over, as if never posted.
        """
        rows = rows_of(self.connection, _NEWEST_RATES, (newest,))
        return [rate_of(row) for row in rows]

    def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""
        row = row_of(self.connection, ONE_RATE, key)
        return None if row is None else rate_of(row)

    def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""
        return dict(rows_of(self.connection, _CLAIMED, (first, last)))

    def blocks(
        self, *, last_only: bool = False
    ) -> Iterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""
        order = "DESC LIMIT 1" if last_only else "ASC"
        rows = rows_of(
            self.connection,
            _BLOCKS + order,
            (self._read_slot,),
        )
        for row in rows:
            block = Block(
                row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), row[5], row[6], bytes(row[7])
            )
            leaves = rows_of(
                self.connection,
                "SELECT salt, content FROM leaf WHERE slot = ? AND number = ? ORDER BY place",
                (block.slot, block.number),
            )
            yield (
                block,
                [(bytes(salt), self._leaves.unpack(bytes(content))) for salt, content in leaves],
            )

    def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""
        sql = TABLES[table].page(lambda number: f"?{number}", first=not after)
        rows = self._raw(table, sql, (*after, limit))
        return rows if table != LEAF else [self._unpacked(row) for row in rows]

    def _unpacked(self, row: Row) -> Row:
        *key, content = row
        return (*key, self._leaves.unpack(content) if isinstance(content, bytes) else content)

    def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""
        return self._raw("payment", NAMED, (orjson.dumps(list(uetrs)).decode(),))

    def _raw(self, table: str, sql: str, values: Sequence[Any]) -> list[Row]:
        try:
            return rows_of(self.connection, sql, values)
        except (apsw.Error, UnicodeDecodeError) as error:
            # No text of the error: it may quote the row.
            kind = type(error).__name__
            raise RecordUnreadable(f"table {table}: cannot be read ({kind})") from None

    @staticmethod
    def load_accounts(
        connection: apsw.Connection, keys: Sequence[str] | None
    ) -> dict[str, Account]:
        """Accounts by name: those named, or all."""
        if keys is None:
            rows = rows_of(connection, _ACCOUNTS + "ORDER BY key")
        else:
            rows = [
                row
                for key in keys
                for row in rows_of(connection, _ACCOUNTS + "WHERE key = ?", (key,))
            ]
        return {row[0]: Account(*row) for row in rows}


def binding_in(connection: apsw.Connection, scope: str, key: str) -> Binding | None:
    """What an idempotency key is bound to."""
    row = row_of(
        connection,
        "SELECT uetr, content FROM binding JOIN payment USING (payment_id) "
        "WHERE scope = ? AND key = ?",
        (scope, key),
    )
    return None if row is None else Binding(scope, key, orjson.loads(row[1]), row[0])


def answer_in(connection: apsw.Connection, uetr: str) -> Answer | None:
    """The stored answer of a payment."""
    row = row_of(
        connection,
        "SELECT status, content_type, body, sealed FROM answer JOIN payment USING (payment_id) "
        "WHERE uetr = ?",
        (uetr,),
    )
    return None if row is None else Answer(row[0], row[1], bytes(row[2]), bool(row[3]))
