"""Reads of the PostgreSQL store, each one statement on committed rows.

They are those of :mod:`switch.store.sqlite_read`, awaited. Keys and names are compared byte by byte
(``COLLATE "C"``), so both engines give the same order. The surprise: what one process has committed
another may read a moment later than the first has answered, never the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from switch.commands import Answer, Binding, RateRow
from switch.ledger import Account
from switch.model import State, to_micros
from switch.port import Operation
from switch.store import postgresql_past as past
from switch.store.contract import StoredExchange, WrappedKey
from switch.store.journal import Block
from switch.store.leaf_packing import LeafPacking
from switch.store.packing import LEAF
from switch.store.postgresql_slots import LOWEST_SLOT
from switch.store.row_values import exchange_of, rate_of
from switch.store.rows import PAYMENT_COLUMNS, payment_of
from switch.store.tables import TABLES, UNENDED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    import asyncpg

    from switch.model import Payment, RateKey
    from switch.store.postgresql_link import Query
    from switch.store.statements import BoundPayment, StatementPage
    from switch.store.tables import Row

BLOCK_PAGE: Final = 64
"""Blocks that are read at once."""

_SELECT: Final = f"SELECT {PAYMENT_COLUMNS} FROM payment "  # noqa: S608  a constant
_CLAIMED: Final = (
    "SELECT quote_id, uetr FROM claim WHERE quote_id BETWEEN $1 AND $2 ORDER BY quote_id"
)
_EXCHANGE: Final = (
    "SELECT x.exchange_id, p.uetr, x.network, x.operation, x.reference, x.method, x.path, "
    "x.send_by, x.answer_within_ms, x.record_id, s.blob FROM exchange x "
    "JOIN payment p USING (payment_id) JOIN sealed s USING (record_id) "
)
_LAST_EXCHANGE: Final = (
    "WHERE x.exchange_id = (SELECT max(exchange_id) FROM exchange WHERE operation = $2 "
    "AND payment_id = (SELECT payment_id FROM payment WHERE uetr = $1))"
)
_FIRED: Final = (
    "SELECT name FROM unnest($1::text[]) AS name, LATERAL (SELECT 1 FROM payment "
    "WHERE slot = $2 AND network = name AND next_at <= $3 LIMIT 1) AS one"
)
_DUE: Final = (
    _SELECT + "WHERE slot = $1 AND network = $2 AND next_at <= $3 "
    "ORDER BY next_at, payment_id LIMIT $4"
)
_DUE_IN: Final = (
    _SELECT + "WHERE slot = $1 AND network = $2 AND next_at <= $3 "
    "AND state = ANY($4::text[]) ORDER BY next_at, payment_id LIMIT $5"
)
_PAST: Final = (
    _SELECT + "WHERE slot = $1 AND network = $2 AND next_at > $3 "
    "AND state = ANY($4::text[]) ORDER BY next_at DESC, payment_id LIMIT $5"
)
_SENT: Final = (
    _SELECT + "WHERE next_at IS NOT NULL AND slot = $1 AND epoch < $2 AND state IN ($3, $4) "
    "ORDER BY payment_id LIMIT $5"
)
_LAST_NUMBER: Final = (
    "SELECT greatest((SELECT coalesce(max(payment_id), 0) FROM payment), "
    "(SELECT coalesce(max(record_id), 0) FROM sealed), "
    "(SELECT coalesce(max(exchange_id), 0) FROM exchange))"
)
_ACCOUNT: Final = (
    "SELECT key, currency, debits_posted, credits_posted, debits_pending, credits_pending, "
    "net_debit_max, net_credit_max FROM account "
)
_RATE: Final = "provider, pair, version, effective_at, published_at, sheet, withdrawn_at"
_ONE_RATE: Final = (
    f"SELECT {_RATE} FROM rate "  # noqa: S608  constants
    "WHERE provider = $1 AND pair = $2 AND version = $3"
)
_NEWEST_RATES: Final = (
    "WITH RECURSIVE known AS ((SELECT provider, pair FROM rate "  # noqa: S608  constants
    "ORDER BY provider, pair LIMIT 1) UNION ALL "
    "SELECT next.provider, next.pair FROM known CROSS JOIN LATERAL "
    "(SELECT provider, pair FROM rate WHERE (provider, pair) > (known.provider, known.pair) "
    "ORDER BY provider, pair LIMIT 1) AS next) "
    f"SELECT newest.* FROM known CROSS JOIN LATERAL (SELECT {_RATE} FROM rate AS one "
    "WHERE one.provider = known.provider AND one.pair = known.pair AND "
    "(withdrawn_at IS NULL OR withdrawn_at >= effective_at) "
    "ORDER BY effective_at DESC, version DESC LIMIT $1) AS newest "
    "ORDER BY provider, pair, effective_at, version"
)
"""As of SQLite: from pair to pair along the key, and of each only its newest."""
_BLOCKS: Final = (
    "SELECT slot, number, epoch, previous, root, at, leaves, signature FROM block "
    "WHERE slot = $1 AND number > $2 ORDER BY number LIMIT $3"
)
_LEAVES: Final = (
    "SELECT number, salt, content FROM leaf WHERE slot = $1 AND number > $2 AND number <= $3 "
    "ORDER BY number, place"
)


class PostgresReader:
    """Reads through a query function. ``slot`` and ``epoch`` are of the process that reads."""

    def __init__(self, query: Query, slot: int, epoch: int = 0) -> None:
        self._query = query
        self._read_slot = slot
        self._read_epoch = epoch
        self._leaves = LeafPacking()
        self._seen: dict[str, Account] = {}

    @property
    def durability(self) -> str:
        """What a commit outlives; a connection for reading makes none."""
        return "none: for reading only"

    def account_now(self, key: str) -> Account | None:
        """One account without waiting, as this process saw it last."""
        return self._seen.get(key)

    async def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""
        row = await self._row(_SELECT + "WHERE uetr = $1", uetr)
        return None if row is None else payment_of(tuple(row))

    async def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""
        row = await self._row(
            "SELECT uetr, content FROM binding JOIN payment USING (payment_id) "
            "WHERE scope = $1 AND key = $2",
            scope,
            key,
        )
        return None if row is None else Binding(scope, key, orjson.loads(row[1]), row[0])

    async def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""
        row = await self._row(
            "SELECT status, content_type, body, sealed FROM answer JOIN payment "
            "USING (payment_id) WHERE uetr = $1",
            uetr,
        )
        return None if row is None else Answer(row[0], row[1], row[2], bool(row[3]))

    async def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""
        row = await self._row(_EXCHANGE + "WHERE x.exchange_id = $1", exchange_id)
        return None if row is None else exchange_of(row)

    async def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""
        row = await self._row(_EXCHANGE + _LAST_EXCHANGE, uetr, operation.value)
        return None if row is None else exchange_of(row)

    async def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""
        row = await self._row(
            "SELECT wrapped FROM data_key JOIN payment USING (payment_id) WHERE uetr = $1", uetr
        )
        return None if row is None else row[0]

    async def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""
        rows = await self._query(
            "SELECT payment_id, uetr, wrapped FROM payment JOIN data_key USING (payment_id) "
            "WHERE payment_id > $1 AND payment_id < $2 ORDER BY payment_id LIMIT $3",
            after,
            before,
            limit,
        )
        return [WrappedKey(*row) for row in rows]

    async def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""
        sql = "SELECT uetr FROM erasure_request WHERE uetr > $1 ORDER BY uetr LIMIT $2"
        return [row[0] for row in await self._query(sql, after, limit)]

    async def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""
        row = await self._row(
            "SELECT record_id, blob FROM sealed JOIN payment USING (payment_id) "
            "WHERE uetr = $1 AND kind = $2 AND record_id > $3 ORDER BY record_id LIMIT 1",
            uetr,
            kind,
            after,
        )
        return None if row is None else (row[0], row[1])

    async def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""
        found = await self._row("SELECT 1 FROM incoming WHERE item_hash = $1", item_hash)
        return found is not None

    async def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""
        row = await self._row(_SELECT + "WHERE network = $1 AND reference = $2", network, reference)
        return None if row is None else payment_of(tuple(row))

    async def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive, by the server's clock."""
        del at
        (row,) = await self._query(LOWEST_SLOT)
        found: int | None = row[0]
        return found

    async def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""
        (row,) = await self._query(_LAST_NUMBER)
        return int(row[0])

    async def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""
        rows = await self._query(_FIRED, list(networks), self._read_slot, to_micros(at))
        return {str(row[0]) for row in rows}

    async def due(
        self, network: str, at: datetime, limit: int, states: Sequence[State] | None = None
    ) -> list[Payment]:
        """Payments of this slot at a network whose timer has fired, oldest first.

        Where ``states`` are named, only those in one of them.
        """
        place = (self._read_slot, network, to_micros(at))
        if states is None:
            rows = await self._query(_DUE, *place, limit)
        else:
            rows = await self._query(_DUE_IN, *place, [str(each) for each in states], limit)
        return [payment_of(tuple(row)) for row in rows]

    async def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""
        given = (self._read_slot, network, to_micros(after), [str(each) for each in states], limit)
        rows = await self._query(_PAST, *given)
        return [payment_of(tuple(row)) for row in rows]

    async def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""
        rows = await self._query(
            "SELECT DISTINCT (frozen::json ->> 'corridor') COLLATE \"C\" FROM payment "
            "WHERE next_at IS NOT NULL ORDER BY 1"
        )
        return [str(row[0]) for row in rows]

    async def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began."""
        states = (State.SENDING.value, State.CREDITING.value)
        rows = await self._query(_SENT, self._read_slot, self._read_epoch, *states, limit)
        return [payment_of(tuple(row)) for row in rows]

    async def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""
        rows = await self._query(
            _SELECT + "WHERE payment_id > $1 ORDER BY payment_id LIMIT $2", after, limit
        )
        return [payment_of(tuple(row)) for row in rows]

    async def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""
        rows = await self._query(
            _SELECT + f"WHERE {UNENDED} AND payment_id > $1 ORDER BY payment_id LIMIT $2",
            after,
            limit,
        )
        return [payment_of(tuple(row)) for row in rows]

    async def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""
        return await past.balance(self._query, key, before)

    async def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""
        return await past.statement(self._query, key, since, until, after, limit)

    async def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""
        return await past.bound(self._query, after, limit)

    async def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""
        return await past.graves(self._query, before, limit)

    async def accounts(self) -> dict[str, Account]:
        """Every account by name."""
        rows = await self._query(_ACCOUNT + "ORDER BY key")
        found = {row[0]: Account(*row) for row in rows}
        self._seen.update(found)
        return found

    async def account(self, key: str) -> Account | None:
        """One account by name."""
        row = await self._row(_ACCOUNT + "WHERE key = $1", key)
        if row is None:
            return None
        self._seen[key] = Account(*row)
        return self._seen[key]

    async def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first.

        One that was withdrawn before it took effect is passed over, as if never posted.
        """
        return [rate_of(row) for row in await self._query(_NEWEST_RATES, newest)]

    async def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""
        row = await self._row(_ONE_RATE, *key)
        return None if row is None else rate_of(row)

    async def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""
        return {row[0]: row[1] for row in await self._query(_CLAIMED, first, last)}

    async def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""
        sql = TABLES[table].page(lambda number: f"${number}", first=not after)
        rows = [tuple(row) for row in await self._query(sql, *after, limit)]
        if table != LEAF:
            return rows
        return [(*key, self._leaves.unpack(content)) for *key, content in rows]

    async def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""
        rows = await self._query(_SELECT + "WHERE uetr = ANY($1::text[])", uetrs)
        return [tuple(row) for row in rows]

    async def blocks(self) -> AsyncIterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""
        number = 0
        while page := await self._query(_BLOCKS, self._read_slot, number, BLOCK_PAGE):
            first, number = number, page[-1]["number"]
            leaves: dict[int, list[tuple[bytes, bytes]]] = {}
            for row in await self._query(_LEAVES, self._read_slot, first, number):
                leaves.setdefault(row[0], []).append((row[1], self._leaves.unpack(row[2])))
            for row in page:
                yield Block(*row), leaves.get(row["number"], [])

    async def _row(self, sql: str, *values: Any) -> asyncpg.Record | None:
        rows = await self._query(sql, *values)
        return rows[0] if rows else None
