"""What a batch leaves, written row by row into the tables of the SQLite store.

Everything here runs inside the transaction of the engine's ``execute`` and decides nothing: the
delta is complete, and a clash with what is stored is a bug that fails the batch whole. Whoever
wrote a payment last owns it: its row names the slot and the epoch of the block that holds it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import orjson

from switch.model import to_micros
from switch.store.journal import canonical
from switch.store.rows import PAYMENT_COLUMNS, payment_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from switch.commands import RateRow
    from switch.delta import Delta
    from switch.store.journal import Block

_SORTED: Final = orjson.OPT_SORT_KEYS


def write(connection: apsw.Connection, delta: Delta, block: Block) -> None:
    """Write a delta and its block inside the caller's transaction."""
    ids = {payment.uetr: payment.payment_id for payment in delta.payments.values()}
    _write_payments(connection, delta, block, ids)
    _write_ledger(connection, delta)
    run = partial(_rows, connection)
    run(
        "INSERT OR REPLACE INTO claim VALUES (?, ?, ?)",
        [(c.quote_id, c.uetr, int(c.released)) for c in delta.claims.values()],
    )
    run("INSERT INTO tombstone VALUES (?, ?)", delta.tombstones)
    run("INSERT INTO incoming VALUES (?)", [(item,) for item in delta.incoming])
    run(
        "INSERT INTO rate VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET withdrawn_at = excluded.withdrawn_at",
        [_rate_row(row) for row in delta.rates.values()],
    )
    run(
        "INSERT INTO leaf VALUES (?, ?, ?, ?, ?)",
        [
            (block.slot, block.number, place, leaf.salt, canonical(leaf.content))
            for place, leaf in enumerate(delta.leaves)
        ],
    )
    connection.execute(
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


def _rows(connection: apsw.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows with one statement; most tables have none in most batches."""
    if rows:
        connection.executemany(sql, rows)


def _write_ledger(connection: apsw.Connection, delta: Delta) -> None:
    run = partial(_rows, connection)
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


def _write_payments(
    connection: apsw.Connection, delta: Delta, block: Block, ids: dict[str, int]
) -> None:
    run = partial(_rows, connection)
    marks = ", ".join("?" * 17)
    run(
        f"INSERT INTO payment ({PAYMENT_COLUMNS}, slot, epoch) VALUES ({marks}) "  # noqa: S608  constants
        "ON CONFLICT (payment_id) DO UPDATE SET state = excluded.state, "
        "version = excluded.version, updated_at = excluded.updated_at, "
        "next_at = excluded.next_at, rung = excluded.rung, reason = excluded.reason, "
        "far_reference = excluded.far_reference, disputed = excluded.disputed, "
        "block = excluded.block, slot = excluded.slot, epoch = excluded.epoch",
        [
            (*payment_row(payment, delta.frozen.get(payment.uetr)), block.slot, block.epoch)
            for payment in delta.payments.values()
        ],
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
