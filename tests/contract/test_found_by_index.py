"""What is looked at again and again is found by an index, however much has ended before it.

The statements are those that the engines run, caught as they run, and the database itself says
how it will find the rows: PostgreSQL in tables that are filled, because it chooses by their size.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.model import from_micros
from switch.rates import RATES_KEPT
from switch.store.copying import newest_block_at
from switch.store.sqlite import SqliteEngine
from tests.contract.contract_engines import SqlitePlace
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import NOW, buried, opened, payment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.processes import PostgresServer

ENDED: Final = 20_000
RATES: Final = (
    "INSERT INTO rate (provider, pair, version, effective_at, published_at, sheet) SELECT "
    "'p' || n % 2, 'KHR/T' || n % 3, 'v' || n, n, n, '{}' FROM generate_series(1, $1::bigint) AS n"
)
BLOCKS: Final = (
    "INSERT INTO block SELECT s, n, 1, '', '', 1000 * s + n, 1, '' FROM "
    "(VALUES (2), (3), (5)) AS slots (s), {} AS numbers (n)"
)
FILL: Final = (
    "INSERT INTO payment (payment_id, uetr, network, reference, state, version, updated_at, rung, "
    "disputed, frozen, slot, epoch) SELECT n + 100000000, 'u' || n, 'thailand', 'r' || n, "
    "'accepted', 2, 1, 0, 0, '{}', 1, 1 FROM generate_series(1, $1::bigint) AS n"
)
WAIT: Final = (
    "INSERT INTO payment (payment_id, uetr, network, reference, state, version, updated_at, rung, "
    "disputed, frozen, slot, epoch, next_at) SELECT n + 200000000, 'w' || n, 'thailand', 'w' || n, "
    "'unknown', 2, 1, 0, 0, '{}', 1, 1, 9000000000000000 + n FROM generate_series(1, $1::bigint) n"
)
GRAVES: Final = (
    "INSERT INTO tombstone (scope, uetr, at) "
    "SELECT 's', 'g' || n, n FROM generate_series(1, $1::bigint) AS n"
)


def explained(engine: SqliteEngine, look: Any) -> str:
    """How SQLite finds what a read asks for."""
    ran: list[tuple[str, Any]] = []

    def trace(_cursor: Any, sql: str, values: Any) -> bool:
        ran.append((sql, values))
        return True

    engine.connection.exec_trace = trace
    look()
    engine.connection.exec_trace = None
    ((sql, values),) = ran
    rows = engine.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
    return "\n".join(str(row[3]) for row in rows)


def test_sqlite_reads_only_what_it_finds(tmp_path: Path) -> None:
    with closing(SqlitePlace(tmp_path / "switch.db").open()) as engine:
        assert isinstance(engine, SqliteEngine)
        open_ones = explained(engine, lambda: engine.unended(0, 9))
        graves = explained(engine, lambda: engine.graves(NOW, 9))
        newest = explained(engine, lambda: newest_block_at(engine))
        rates = explained(engine, lambda: engine.rates(RATES_KEPT))
        fired = explained(engine, lambda: engine.fired(("bakong", "thailand"), NOW))

    assert open_ones == "SEARCH payment USING INDEX payment_unended (payment_id>?)"
    assert graves == "SEARCH tombstone USING COVERING INDEX tombstone_at (at<?)"
    assert "SCAN block" not in newest
    assert newest.count("SEARCH block USING") == 3
    assert "SCAN rate" not in rates
    assert "USING INDEX rate_newest (provider=? AND pair=?)" in rates
    assert "USING COVERING INDEX payment_due (slot=? AND network=? AND next_at<?)" in fired


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """A schema with many payments that ended, tombstones and blocks."""
    place = PostgresPlace(postgres_server, spare_schemas)
    place.sql(FILL, ENDED)
    place.sql(GRAVES, ENDED)
    place.sql(RATES, ENDED)
    place.sql(BLOCKS.format(f"generate_series(1, {ENDED})"))
    for table in ("payment", "tombstone", "block", "rate"):
        place.sql(f"ANALYZE {table}")
    yield place
    place.close()


def caught_of(engine: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """What an engine asks its server from now on."""
    ran: list[tuple[str, tuple[Any, ...]]] = []
    query = engine.engine._query

    async def caught(sql: str, *values: Any) -> Any:
        ran.append((sql, values))
        return await query(sql, *values)

    monkeypatch.setattr(engine.engine, "_query", caught)
    monkeypatch.setattr(engine.engine._readers, "query", caught)
    return ran


def plan_of(engine: Any, sql: str, values: tuple[Any, ...]) -> str:
    """How the server finds what a statement asks for."""
    rows = engine._run(engine.engine._query(f"EXPLAIN {sql}", *values))
    return "\n".join(str(row[0]) for row in rows)


def test_postgresql_reads_only_what_it_finds(
    pg: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = pg.open()
    ran = caught_of(engine, monkeypatch)
    engine.unended(0, 9)
    engine.graves(from_micros(50), 9)
    newest = engine.newest_block_at()
    rates = engine.rates(2)
    plans = [plan_of(engine, sql, values) for sql, values in list(ran)]

    assert newest == 1000 * 5 + ENDED
    assert len({(row.provider, row.pair) for row in rates}) == 6
    assert len(rates) == 12
    indexes = ("payment_unended", "tombstone_at", "block_pkey", "rate_newest")
    for plan, index in zip(plans, indexes, strict=True):
        assert f"using {index}" in plan, plan
        assert "Seq Scan" not in plan, plan


def test_postgresql_finds_networks_with_a_timer_that_has_fired(
    pg: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pg.sql(WAIT, ENDED // 10)
    pg.sql("ANALYZE payment")
    engine = pg.open()
    ran = caught_of(engine, monkeypatch)

    assert engine.fired(("bakong", "thailand"), NOW) == set()
    plan = plan_of(engine, *ran[0])
    assert "payment_due" in plan, plan
    assert "Seq Scan" not in plan, plan


def test_the_newest_block_is_found_whatever_its_slot(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path / "switch.db")
    with closing(place.open(1)) as one, closing(place.open(4)) as four:
        assert isinstance(one, SqliteEngine)
        assert newest_block_at(one) is None
        one.execute([buried(1)])
        four.execute([opened(payment(2))])
        four.execute([buried(3)])
        (written,) = one.connection.execute("SELECT max(at) FROM block").fetchall()[0]

        assert newest_block_at(one) == from_micros(int(str(written)))
