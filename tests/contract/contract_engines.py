"""The engines under one contract: how each is opened, opened again, and looked at whole.

:func:`dump` reads everything that an engine holds into plain values, apart from the numbers of
ledger entries, which depend on how commands were batched: an entry points at its reservation by
its place in the payment instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from switch.store.memory import MemoryEngine, MemoryTables
from switch.store.sqlite import SqliteEngine
from tests.contract.engine_clock import KEY, SteppingClock
from tests.contract.postgres_place import Driven

if TYPE_CHECKING:
    from pathlib import Path

    from switch.model import Payment

__all__ = ("KEY", "SteppingClock")  # used with what stands here; the rest is defined here

AnyEngine = MemoryEngine | SqliteEngine | Driven
"""The engines under test; each keeps the contract of ``switch.store.contract.Engine``."""


class Place(Protocol):
    """Where an engine keeps what it has; ``open`` may be called again, as after a restart."""

    def open(self, slot: int = 1) -> AnyEngine:
        """Open an engine; one that was opened before and not closed is replaced."""


@dataclass
class MemoryPlace:
    """Tables that outlive their engine."""

    tables: MemoryTables = field(default_factory=MemoryTables)

    def open(self, slot: int = 1) -> AnyEngine:
        return MemoryEngine(self.tables, clock=SteppingClock(), sign=KEY.sign, slot=slot)


@dataclass
class SqlitePlace:
    """A database file; in ``exclusive`` mode one connection reads and writes."""

    path: Path
    exclusive: bool = False

    def open(self, slot: int = 1) -> AnyEngine:
        return SqliteEngine(
            str(self.path),
            clock=SteppingClock(),
            sign=KEY.sign,
            slot=slot,
            exclusive=self.exclusive,
        )


def transient() -> SqliteEngine:
    """An engine on a database in memory: for many small runs."""
    return SqliteEngine(":memory:", clock=SteppingClock(), sign=KEY.sign, exclusive=True)


def comparable(held: Payment | None) -> Payment | None:
    """A payment without the numbers of its reservation and of its newest journal block."""
    return None if held is None else replace(held, reservation=None, block=None)


def dump(engine: AnyEngine) -> dict[str, Any]:
    """Everything an engine holds, comparable with what another holds."""
    rows = _memory(engine) if isinstance(engine, MemoryEngine) else _stored(engine)
    rows["payments"] = {uetr: comparable(engine.payment(uetr)) for uetr in rows.pop("uetrs")}
    rows["answers"] = {uetr: engine.answer(uetr) for uetr in rows["payments"]}
    rows["wrapped_keys"] = {uetr: engine.wrapped_key(uetr) for uetr in rows["payments"]}
    rows["exchanges"] = [_plain(engine.exchange(number)) for number in rows.pop("exchange_ids")]
    rows["accounts"] = engine.accounts()
    rows["leaves"] = [
        (salt, _without_numbers(content))
        for _, leaves in engine.blocks()
        for salt, content in leaves
    ]
    return rows


def _plain(stored: Any) -> tuple[Any, ...]:
    names = (
        "exchange_id uetr network operation reference method path send_by answer_within_ms "
        "record_id blob"
    )
    return tuple(getattr(stored, name) for name in names.split())


def _without_numbers(content: bytes) -> Any:
    held = orjson.loads(content)
    held["entries"] = [entry[1:6] for entry in held.get("entries", [])]
    held.pop("before", None)
    return held


def _relative(entries: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Entries with the number of the reservation replaced by its place in the list."""
    places = {entry[0]: place for place, entry in enumerate(entries)}
    return [(*entry[1:-1], places.get(entry[-1])) for entry in entries]


def _memory(engine: MemoryEngine) -> dict[str, Any]:
    held = engine.tables
    return {
        "uetrs": sorted(held.payments),
        "exchange_ids": sorted(held.exchanges),
        "bindings": sorted(
            (b.uetr, b.scope, b.key, dict(b.content)) for b in held.bindings.values()
        ),
        "claims": sorted((c.quote_id, c.uetr, c.released) for c in held.claims.values()),
        "tombstones": sorted(held.tombstones),
        "incoming": sorted(held.incoming),
        "rates": engine.rates(99),
        "sealed": sorted((s.record_id, s.uetr, s.kind, s.blob) for s in held.sealed.values()),
        "entries": _relative(
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
                for e in held.entries
            ]
        ),
    }


def _stored(engine: SqliteEngine | Driven) -> dict[str, Any]:
    def rows(sql: str) -> list[Any]:
        if isinstance(engine, Driven):
            return engine.rows(sql)
        return engine.connection.execute(sql).fetchall()

    return {
        "uetrs": [row[0] for row in rows("SELECT uetr FROM payment ORDER BY uetr")],
        "exchange_ids": [row[0] for row in rows("SELECT exchange_id FROM exchange ORDER BY 1")],
        "bindings": [
            (uetr, scope, key, orjson.loads(content))
            for uetr, scope, key, content in rows(
                "SELECT uetr, scope, key, content FROM binding JOIN payment USING (payment_id) "
                "ORDER BY uetr"
            )
        ],
        "claims": [
            (quote_id, uetr, bool(released))
            for quote_id, uetr, released in rows("SELECT * FROM claim ORDER BY quote_id")
        ],
        "tombstones": rows("SELECT scope, uetr FROM tombstone ORDER BY 1, 2"),
        "rates": engine.rates(99),
        "incoming": [row[0] for row in rows("SELECT item_hash FROM incoming ORDER BY 1")],
        "sealed": [
            (record_id, uetr, kind, bytes(blob))
            for record_id, uetr, kind, blob in rows(
                "SELECT record_id, uetr, kind, blob FROM sealed JOIN payment USING (payment_id) "
                "ORDER BY record_id"
            )
        ],
        "entries": _relative(rows("SELECT * FROM entry ORDER BY entry_id")),
    }


def balances(engine: AnyEngine) -> dict[str, tuple[int, int, int, int]]:
    """What journal verification compares with: posted and pending sums by account."""
    return {
        a.key: (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
        for a in engine.accounts().values()
    }
