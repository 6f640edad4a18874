"""What a batch leaves, written into the tables of a PostgreSQL store by one statement.

Every table takes its rows as one array per column, so the length of a batch changes no statement
and costs no round trip. A row that was loaded and locked is updated, any other is inserted: if
another process was faster the key refuses it, and the batch is decided again. Rows of a table are
inserted in the order of their keys, so that two processes never wait for each other in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from switch.store.rows import PAYMENT_COLUMNS
from switch.store.statements import BALANCES_EVERY
from switch.store.table_rows import TableRows, table_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.delta import Delta, Snapshot
    from switch.store.journal import Block
    from switch.store.postgresql_link import Connection
    from switch.store.table_rows import Row

_BIGINT, _INTEGER, _TEXT, _BYTEA = "bigint", "integer", "text", "bytea"
_TYPES: Final = (
    (_BIGINT, "payment_id updated_at next_at reservation block send_by record_id exchange_id"),
    (_BIGINT, "entry_id minor pending_entry number at effective_at published_at withdrawn_at"),
    (_BIGINT, "debits_posted credits_posted debits_pending credits_pending"),
    (_BIGINT, "net_debit_max net_credit_max before last"),
    (
        _INTEGER,
        "sealed version rung disputed slot epoch status released answer_within_ms place leaves",
    ),
    (_BYTEA, "body wrapped blob salt previous root signature"),
)
"""Types of columns by name; every other is text."""

_OTHER: Final = MappingProxyType(
    {("rate", "version"): _TEXT, ("leaf", "content"): _BYTEA, ("outbox", "status"): _TEXT}
)
"""Types of columns whose name means something else in another table."""


@dataclass(frozen=True, slots=True)
class _Write:
    """How rows of one table are written; ``changed`` names what an update sets (none: insert)."""

    rows: str
    table: str
    columns: tuple[str, ...]
    changed: tuple[str, ...] = ()
    keyed: int = 1

    def sql(self, first: int) -> str:
        """The statement, its arrays being numbered from ``first``."""
        held = self.columns if not self.changed else (*self.columns[: self.keyed], *self.changed)
        arrays = ", ".join(
            f"${first + place}::text::{_type(self.table, name)}[]"
            for place, name in enumerate(held)
        )
        names = ", ".join(held)
        if not self.changed:
            rows = f"SELECT * FROM unnest({arrays})"  # noqa: S608  constants
            return f"INSERT INTO {self.table} ({names}) {rows}"
        sets = ", ".join(f"{name} = new.{name}" for name in self.changed)
        key = " AND ".join(f"old.{name} = new.{name}" for name in self.columns[: self.keyed])
        return (
            f"UPDATE {self.table} AS old SET {sets} "  # noqa: S608  constants
            f"FROM unnest({arrays}) AS new ({names}) WHERE {key}"
        )

    def arrays(self, rows: Sequence[Row]) -> list[str]:
        """One array for each column, as text."""
        if not rows:
            return ["{}"] * (len(self.changed) + self.keyed if self.changed else len(self.columns))
        columns = list(zip(*rows, strict=True))
        if self.changed:
            places = [self.columns.index(name) for name in self.changed]
            columns = [*columns[: self.keyed], *(columns[place] for place in places)]
        return [_array(column) for column in columns]


def _array(values: Sequence[object]) -> str:
    """An array as PostgreSQL reads it from text.

    The library's own way looks at each value whether it is an array again, which costs more than
    all the rest of a batch.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    assert value is None, "a column holds numbers, texts and bytes"
    return "NULL"


def _type(table: str, column: str) -> str:
    other = _OTHER.get((table, column))
    if other is not None:
        return other
    return next((kind for kind, names in _TYPES if column in names.split()), _TEXT)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


_PAYMENT: Final = (*_names(PAYMENT_COLUMNS), "slot", "epoch")
_ACCOUNT: Final = _names(
    "key currency debits_posted credits_posted debits_pending credits_pending "
    "net_debit_max net_credit_max institution role asset kind"
)
_BALANCE: Final = _names(
    "slot number account debits_posted credits_posted debits_pending credits_pending"
)
_FROZEN: Final = frozenset(_names("payment_id uetr network reference frozen"))
_CLAIM: Final = ("quote_id", "uetr", "released")
_RATE: Final = _names("provider pair version effective_at published_at sheet withdrawn_at")

_USUAL: Final = (
    _Write("new_payment", "payment", _PAYMENT),
    _Write("payment", "payment", _PAYMENT, tuple(n for n in _PAYMENT if n not in _FROZEN)),
    _Write("binding", "binding", _names("payment_id scope key content")),
    _Write("answer", "answer", _names("payment_id status content_type body sealed")),
    _Write("data_key", "data_key", _names("payment_id wrapped")),
    _Write("new_claim", "claim", _CLAIM),
    _Write("sealed", "sealed", _names("record_id payment_id kind blob")),
    _Write(
        "exchange",
        "exchange",
        _names(
            "exchange_id payment_id network operation reference method path send_by "
            "answer_within_ms record_id"
        ),
    ),
    _Write(
        "entry", "entry", _names("entry_id uetr account side currency minor phase pending_entry")
    ),
    _Write("account", "account", _ACCOUNT, _ACCOUNT[2:8]),
    _Write("balance_after", "balance_after", _BALANCE),
    _Write("outbox", "outbox", _names("receiver number payment_id version kind status at")),
    _Write("receiver", "receiver", ("receiver", "last"), ("last",)),
    _Write("leaf", "leaf", _names("slot number place salt content")),
    _Write("block", "block", _names("slot number epoch previous root at leaves signature")),
)
"""What most batches write, by one statement."""

_SELDOM: Final = (
    _Write("new_account", "account", _ACCOUNT),
    _Write("claim", "claim", _CLAIM, _CLAIM[1:]),
    _Write("tombstone", "tombstone", ("scope", "uetr", "at")),
    _Write("incoming", "incoming", ("item_hash",)),
    _Write("new_rate", "rate", _RATE),
    _Write("rate", "rate", _RATE, ("published_at", "withdrawn_at"), keyed=3),
)
"""What few batches write, each by a statement of its own where there is something."""

_RETENTION: Final = (
    "INSERT INTO retention SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT (what) "
    "DO UPDATE SET before = greatest(retention.before, excluded.before)"
)
_UNBURIED: Final = (
    "DELETE FROM tombstone AS t USING unnest($1::text[], $2::text[]) AS gone (scope, uetr) "
    "WHERE t.scope = gone.scope AND t.uetr = gone.uetr"
)
_REWRAPPED: Final = (
    "UPDATE data_key SET wrapped = new.wrapped FROM unnest($1::bytea[], $2::text[]) "
    "AS new (wrapped, uetr) JOIN payment ON payment.uetr = new.uetr "
    "WHERE data_key.payment_id = payment.payment_id"
)
_BEFORE: Final = (
    ("retention", _RETENTION),
    ("unbound", "DELETE FROM binding WHERE payment_id = ANY($1::bigint[])"),
    ("unbound", "DELETE FROM answer WHERE payment_id = ANY($1::bigint[])"),
    ("unburied", _UNBURIED),
)
"""What is let go of before anything is added."""

_LET_GO: Final = "DELETE FROM erasure_request WHERE uetr = ANY($1::text[])"
_AFTER: Final = (("rewrapped", _REWRAPPED), ("erased", _LET_GO))
"""What changes rows that the same batch may have added."""

_ALL_BALANCES: Final = (
    "INSERT INTO balance_after SELECT $1, $2, key, debits_posted, credits_posted, "
    "debits_pending, credits_pending FROM account"
)


def _usual_sql() -> str:
    first, steps = 1, []
    for write in _USUAL:
        steps.append(write.sql(first))
        first += len(write.changed) + write.keyed if write.changed else len(write.columns)
    named = ", ".join(f"w{place} AS ({step})" for place, step in enumerate(steps[:-1]))
    return f"WITH {named} {steps[-1]}"


USUAL_SQL: Final = _usual_sql()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The keys of what a batch found: those rows are locked and updated, all others inserted."""

    payments: frozenset[str]
    accounts: frozenset[str]
    claims: frozenset[str]
    rates: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Loaded:
        """Of a snapshot before it is decided on, because deciding adds to it."""
        return cls(
            frozenset(snapshot.payments),
            frozenset(snapshot.accounts),
            frozenset(snapshot.claims),
            frozenset(snapshot.rates),
        )


def keeps_all_balances(number: int) -> bool:
    """Whether a block keeps the balances of all accounts: then no other batch may be in flight."""
    return number % BALANCES_EVERY == 0


async def let_go(connection: Connection, delta: Delta) -> None:
    """End a batch that writes nothing; the requests to erase that are done go all the same."""
    if delta.erased:
        await connection.execute(_LET_GO, delta.erased)
    await connection.execute("COMMIT" if delta.erased else "ROLLBACK")


async def write(
    connection: Connection,
    delta: Delta,
    block: Block,
    loaded: Loaded,
    pack: Callable[[bytes], bytes],
) -> None:
    """Write a delta and its block inside the caller's transaction."""
    made = table_rows(delta, block, pack)
    rows = _divided(made, loaded)
    all_balances = keeps_all_balances(block.number)
    if all_balances:
        rows["balance_after"] = []
    await _each(connection, _BEFORE, made)
    for seldom in _SELDOM:
        found = rows[seldom.rows]
        if found:
            await connection.execute(seldom.sql(1), *seldom.arrays(found))
    arrays: list[str] = []
    for usual in _USUAL:
        arrays += usual.arrays(rows[usual.rows])
    await connection.execute(USUAL_SQL, *arrays)
    await _each(connection, _AFTER, made)
    if all_balances:
        await connection.execute(_ALL_BALANCES, block.slot, block.number)


async def _each(
    connection: Connection, statements: Sequence[tuple[str, str]], made: TableRows
) -> None:
    for name, sql in statements:
        found: Sequence[Row] = getattr(made, name)
        if found:
            await connection.execute(sql, *zip(*found, strict=True))


def _divided(made: TableRows, loaded: Loaded) -> dict[str, Sequence[Row]]:
    """Rows by how they are written: what was loaded apart from what is new."""
    rows: dict[str, Sequence[Row]] = {name: getattr(made, name) for name in _plain()}
    for name, key, known in (
        ("payment", _uetr, loaded.payments),
        ("account", _first, loaded.accounts),
        ("claim", _first, loaded.claims),
        ("rate", _rate_key, loaded.rates),
    ):
        found: Sequence[Row] = getattr(made, name)
        rows[name] = [row for row in found if key(row) in known]
        rows[f"new_{name}"] = sorted((row for row in found if key(row) not in known), key=key)
    # The end of a payment gives its quote back without having loaded the claim: it is there. What
    # operators propose for a payment is a new claim.
    back = [row for row in rows["new_claim"] if row[1] in loaded.payments and row[2]]
    rows["new_claim"] = [row for row in rows["new_claim"] if row not in back]
    rows["claim"] = [*rows["claim"], *back]
    rows["binding"] = sorted(made.binding, key=_scope_and_key)
    rows["tombstone"] = sorted(made.tombstone, key=_grave)
    rows["incoming"] = sorted(made.incoming, key=_first)
    return rows


def _plain() -> tuple[str, ...]:
    return _names("answer data_key sealed exchange entry balance_after outbox receiver leaf block")


def _uetr(row: Row) -> Any:
    return row[1]


def _first(row: Row) -> Any:
    return row[0]


def _grave(row: Row) -> Any:
    return row[:2]


def _rate_key(row: Row) -> Any:
    return row[:3]


def _scope_and_key(row: Row) -> Any:
    return row[1:3]
