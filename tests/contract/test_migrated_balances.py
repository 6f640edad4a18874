"""What the fourth migration makes of a store of many blocks, or one that two slots wrote."""

from __future__ import annotations

from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import apsw

from switch.commands import Bury
from switch.model import EPOCH
from switch.store.audit import audit
from switch.store.sqlite import MIGRATIONS
from switch.store.statements import BALANCES_EVERY
from tests.contract.contract_engines import KEY, SqlitePlace, balances
from tests.switch_core.core_values import opened, payment, uetr

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.contract_engines import AnyEngine

BEFORE: Final = 3
"""The schema before past balances were kept."""

TABLES: Final = (
    *("payment", "binding", "answer", "claim", "tombstone", "incoming", "account", "entry"),
    *("exchange", "sealed", "data_key", "block", "leaf", "slot"),
)


def as_before(new: Path, old: Path) -> None:
    """Write the same rows under the third schema, which had just these columns."""
    with closing(apsw.Connection(str(old))) as connection:
        for name in MIGRATIONS[:BEFORE]:
            connection.execute((files("switch.store") / "migrations" / name).read_text("utf-8"))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in TABLES:
            columns = ", ".join(
                str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")
            )
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
        connection.execute(f"PRAGMA user_version = {BEFORE}")


def faults(engine: AnyEngine) -> list[tuple[str, str]]:
    return [(fault.place, fault.what) for fault in audit(engine, KEY.public_key()).faults]


def past(engine: AnyEngine) -> dict[str, tuple[int, ...]]:
    """The newest past balance of every account that was booked on."""
    found: dict[str, tuple[int, ...]] = {}
    for key, sums in balances(engine).items():
        held = engine.balance(key, EPOCH.replace(year=2099))
        if any(sums) and held is not None:
            posted = (held.debits_posted, held.credits_posted)
            found[key] = (*posted, held.debits_pending, held.credits_pending)
    return found


def test_a_store_of_many_blocks_verifies_after_the_migration(tmp_path: Path) -> None:
    with closing(SqlitePlace(tmp_path / "new.db").open()) as engine:
        engine.execute([opened(payment(1, quote="q-1"))])
        for number in range(BALANCES_EVERY + 2):
            salt = number.to_bytes(16, "big")
            engine.execute([Bury("thailand", uetr(10_000 + number), EPOCH, salt)])
        assert faults(engine) == []
    as_before(tmp_path / "new.db", tmp_path / "old.db")
    with closing(SqlitePlace(tmp_path / "old.db").open()) as engine:
        assert faults(engine) == []


def test_past_balances_are_those_of_the_last_block_by_time(tmp_path: Path) -> None:
    with closing(SqlitePlace(tmp_path / "new.db").open(slot=3)) as engine:
        engine.execute([opened(payment(1, quote="q-1"))])
    with closing(SqlitePlace(tmp_path / "new.db").open(slot=1)) as engine:
        engine.execute([opened(payment(2, quote="q-2"))])
        now = {key: tuple(sums) for key, sums in balances(engine).items() if any(sums)}
        assert past(engine) == now
    as_before(tmp_path / "new.db", tmp_path / "old.db")
    with closing(SqlitePlace(tmp_path / "old.db").open(slot=1)) as engine:
        assert past(engine) == now != {}
