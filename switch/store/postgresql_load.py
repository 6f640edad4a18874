"""The load of a batch on PostgreSQL: everything that it names in one query, then its accounts.

Rows that the batch may change are locked as they are read: payments in the order of their numbers,
then accounts in the order of their names, by every process alike. What is not there cannot be
locked: if another process adds it meanwhile, its key refuses ours when it is written. The surprise:
what a decision needs to stay absent without writing its key itself (a tombstone, a withdrawal) is
kept absent by :data:`QUIET`, held in common by those who rely on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from switch import lifecycle
from switch.commands import Answer, Binding, Bury, Configure, Forget, Publish, RateRow
from switch.delta import Claim, Snapshot, accounts_wanted, wanted
from switch.ledger import Account
from switch.model import from_micros
from switch.operators import ApproveStep, Enrol, ProposeStep
from switch.outbox import receivers_wanted
from switch.store.postgresql_outbox import load_numbers
from switch.store.rows import PAYMENT_COLUMNS, payment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from switch.commands import Command
    from switch.delta import Wanted
    from switch.store.postgresql_link import Connection

QUIET: Final = 7_203_941_559
"""Advisory lock: held alone by batches that bury, publish, configure, forget or say how somebody
stands, in common by all others. So no payment opens beside a tombstone, a withdrawal or a
suspension that it could not see."""

ALONE: Final = (Bury, Publish, Configure, Forget, Enrol, ProposeStep, ApproveStep)

_PAYMENT: Final = PAYMENT_COLUMNS.split(", ")
_ANSWER: Final = ("status", "content_type", "body", "sealed")
_PLAIN: Final = ", ".join(f"p.{name}" for name in _PAYMENT)
_HELD: Final = ", ".join([*(f"h.{n}" for n in _PAYMENT), *(f"a.{n}" for n in _ANSWER)])
_FIRST_ANSWER: Final = 1 + len(_PAYMENT)


def _other(kind: int, given: str, source: str) -> str:
    """A part of the load whose columns stand in for those of a payment of the same type."""
    values = dict(pair.split("=", 1) for pair in given.split("; "))
    columns = ", ".join(values.get(name, "NULL") for name in (*_PAYMENT, *_ANSWER))
    return f"UNION ALL SELECT {kind}, {columns} FROM {source}"  # noqa: S608  constants


LOAD_SQL: Final = " ".join(
    (
        "WITH named AS MATERIALIZED (",
        f"SELECT {_PLAIN} FROM payment p WHERE uetr = ANY($1::text[])",  # noqa: S608
        "ORDER BY payment_id FOR NO KEY UPDATE), bound AS MATERIALIZED (",
        "SELECT b.payment_id, p.uetr, b.scope, b.key, b.content",
        "FROM unnest($2::text[], $3::text[]) AS w (scope, key)",
        "JOIN binding b ON b.scope = w.scope AND b.key = w.key",
        "JOIN payment p ON p.payment_id = b.payment_id), claimed AS MATERIALIZED (",
        "SELECT quote_id, uetr, released FROM claim WHERE quote_id = ANY($4::text[])",
        "ORDER BY quote_id FOR NO KEY UPDATE), wrapped AS MATERIALIZED (",
        "SELECT p.uetr, d.wrapped FROM payment p JOIN data_key d USING (payment_id)",
        "WHERE p.uetr = ANY($11::text[]) ORDER BY payment_id FOR NO KEY UPDATE OF d), held AS (",
        "SELECT * FROM named UNION ALL",
        f"SELECT {_PLAIN} FROM payment p WHERE payment_id IN",  # noqa: S608
        "(SELECT payment_id FROM bound EXCEPT SELECT payment_id FROM named))",
        f"SELECT 0 AS kind, {_HELD} FROM held h",  # noqa: S608  constants
        "LEFT JOIN answer a USING (payment_id)",
        _other(1, "uetr=uetr; network=scope; reference=key; frozen=content", "bound"),
        _other(2, "network=quote_id; uetr=uetr; version=released", "claimed"),
        _other(
            3,
            "network=t.scope; uetr=t.uetr; updated_at=t.at",
            "unnest($5::text[], $6::text[]) AS w (scope, uetr) "
            "JOIN tombstone t ON t.scope = w.scope AND t.uetr = w.uetr",
        ),
        _other(4, "network=item_hash", "incoming WHERE item_hash = ANY($7::text[])"),
        _other(
            5,
            "network=r.provider; reference=r.pair; state=r.version; updated_at=r.effective_at; "
            "next_at=r.published_at; frozen=r.sheet; reservation=r.withdrawn_at",
            "unnest($8::text[], $9::text[], $10::text[]) AS w (provider, pair, version) JOIN rate "
            "r ON r.provider = w.provider AND r.pair = w.pair AND r.version = w.version",
        ),
        _other(6, "uetr=uetr; body=wrapped", "wrapped"),
    )
)
"""All that a batch names but its accounts, each kind of row under a number of its own."""

_ANSWERS_SQL: Final = (
    "SELECT p.uetr, a.status, a.content_type, a.body, a.sealed FROM payment p "
    "JOIN answer a USING (payment_id) WHERE p.uetr = ANY($1::text[])"
)
_NAMED_SQL: Final = (
    "SELECT p.network, p.reference, p.uetr FROM unnest($1::text[], $2::text[]) AS w (n, r) "
    "JOIN payment p ON p.network = w.n AND p.reference = w.r"
)
ACCOUNTS_SQL: Final = (
    "SELECT key, currency, debits_posted, credits_posted, debits_pending, credits_pending, "
    "net_debit_max, net_credit_max FROM account WHERE key = ANY($1::text[]) "
    "ORDER BY key FOR NO KEY UPDATE"
)


def alone(commands: Sequence[Command]) -> bool:
    """Whether a batch holds :data:`QUIET` alone."""
    return any(isinstance(command, ALONE) for command in commands)


async def load_all(
    connection: Connection, commands: Sequence[Command], enrolled: frozenset[str]
) -> Snapshot:
    """Load and lock all that a batch needs: events are counted for ``enrolled`` receivers."""
    snapshot = await load(connection, wanted(commands))
    snapshot.accounts = await load_accounts(connection, accounts_wanted(commands, snapshot))
    if enrolled:
        names = receivers_wanted(commands, snapshot)
        snapshot.receivers = await load_numbers(connection, names, enrolled)
    return snapshot


async def load(connection: Connection, keys: Wanted) -> Snapshot:
    """Load and lock what a batch named, apart from accounts."""
    rows = await connection.fetch(
        LOAD_SQL,
        keys.payments,
        *_columns(keys.bindings, 2),
        keys.claims,
        *_columns(keys.tombstones, 2),
        keys.incoming,
        *_columns(keys.rates, 3),
        keys.wrapped,
    )
    snapshot = Snapshot()
    for row in rows:
        _take(snapshot, row)
    payments, answers = snapshot.payments, snapshot.answers
    early = [u for u, p in payments.items() if lifecycle.is_final(p) and u not in answers]
    if early:
        # Ended while it was waited for, its answer behind what the query could see; or let go of.
        for row in await connection.fetch(_ANSWERS_SQL, early):
            answers[row[0]] = Answer(row[1], row[2], row[3], bool(row[4]))
    if keys.named:
        # Few networks name what is paid: the others' batches are spared the query.
        found = await connection.fetch(_NAMED_SQL, *_columns(keys.named, 2))
        snapshot.named = {(row[0], row[1]): row[2] for row in found}
    return snapshot


async def load_accounts(connection: Connection, keys: Sequence[str]) -> dict[str, Account]:
    """Lock accounts in the order of their names, and load them."""
    if not keys:
        return {}
    rows = await connection.fetch(ACCOUNTS_SQL, keys)
    return {row[0]: Account(*row) for row in rows}


def _columns(keys: Sequence[tuple[str, ...]], width: int) -> tuple[Sequence[str], ...]:
    return tuple([key[place] for key in keys] for place in range(width))


def _take(snapshot: Snapshot, row: asyncpg.Record) -> None:
    kind, uetr, name = row["kind"], row["uetr"], row["network"]
    if kind == 0:
        snapshot.payments[uetr] = payment_of(tuple(row)[1:_FIRST_ANSWER])
        if row["status"] is not None:
            answer = Answer(row["status"], row["content_type"], row["body"], bool(row["sealed"]))
            snapshot.answers[uetr] = answer
    elif kind == 1:
        key, content = row["reference"], orjson.loads(row["frozen"])
        snapshot.bindings[name, key] = Binding(name, key, content, uetr)
    elif kind == 2:  # noqa: PLR2004  the kinds are numbered in LOAD_SQL
        snapshot.claims[name] = Claim(name, uetr, bool(row["version"]))
    elif kind == 3:  # noqa: PLR2004
        snapshot.tombstones[name, uetr] = from_micros(row["updated_at"])
    elif kind == 4:  # noqa: PLR2004
        snapshot.incoming.add(name)
    elif kind == 5:  # noqa: PLR2004
        rate = _rate(row)
        snapshot.rates[rate.key] = rate
    else:
        snapshot.wrapped[uetr] = row["body"]


def _rate(row: asyncpg.Record) -> RateRow:
    return RateRow(
        provider=row["network"],
        pair=row["reference"],
        version=row["state"],
        effective_at=from_micros(row["updated_at"]),
        published_at=from_micros(row["next_at"]),
        sheet=row["frozen"],
        withdrawn_at=None if row["reservation"] is None else from_micros(row["reservation"]),
    )
