"""A database of every earlier schema is brought up to date with all that it holds.

``schema_0002.dump`` is the dump of a database as the second schema's program left it: payments that
ended, that were refused, that are unknown and that were being sent, opened twice in slot 3.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import apsw
import pytest

from switch.commands import Done
from switch.ledger import Account
from switch.lifecycle import Event
from switch.model import EPOCH, State
from switch.store.audit import audit
from switch.store.sqlite import MIGRATIONS, SCHEMA_VERSION
from tests.contract.contract_engines import KEY, AnyEngine, SqlitePlace, balances
from tests.switch_core.core_values import MEMBER_KHR, concluded, opened, payment, uetr

DUMPED: Final = 2
"""Schema of the dump; those in between are made of it, and the first by leaving the rates out."""


NO_RATES: Final = ["rate provider-a/KHR/THB/r-7"]
"""What the journal of the dump misses in a database that is made without its rates."""


def faults(engine: AnyEngine) -> list[str]:
    """Where verification finds something wrong."""
    return [fault.place for fault in audit(engine, KEY.public_key()).faults]


def earlier(path: Path, version: int) -> SqlitePlace:
    """A database as the program of an earlier schema left it."""
    dump = Path(__file__).parent / "data" / "schema_0002.dump"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(dump.read_text("utf-8"))
        for name in MIGRATIONS[DUMPED:version]:
            text = (files("switch.store") / "migrations" / name).read_text("utf-8")
            connection.execute(text)
        if version < DUMPED:
            connection.execute("DROP TABLE rate")
        connection.execute(f"PRAGMA user_version = {version}")
    return SqlitePlace(path)


def uncapped(account: Account) -> Account:
    """An account as a past balance shows it."""
    return replace(account, net_debit_max=None, net_credit_max=None)


def schema(path: Path) -> list[Any]:
    """Every table with its columns, every index and trigger, as the database describes it."""
    with closing(apsw.Connection(str(path))) as connection:
        rows = connection.execute(
            "SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
            "UNION ALL SELECT 'column', name, c FROM (SELECT m.name, i.name || ' ' || i.type AS c "
            "FROM sqlite_schema AS m, pragma_table_info(m.name) AS i WHERE m.type = 'table') "
            "ORDER BY 1, 2, 3"
        )
        return [*rows]


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_what_an_earlier_schema_held_is_kept_and_goes_on(tmp_path: Path, version: int) -> None:
    place = earlier(tmp_path / "switch.db", version)
    with closing(place.open(slot=3)) as engine:
        states = {n: (engine.payment(uetr(n)) or payment()).state for n in (1, 2, 3, 4)}
        assert states == {
            1: State.ACCEPTED,
            2: State.UNKNOWN,
            3: State.SENDING,
            4: State.REFUSED,
        }
        assert balances(engine)[MEMBER_KHR] == (4_125_000, 0, 2 * 4_125_000, 0)
        assert faults(engine) == ([] if version >= DUMPED else NO_RATES)
        assert [held.uetr for held in engine.sent_states(9)] == [uetr(3)]
        past = {key: engine.balance(key, EPOCH.replace(year=2099)) for key in engine.accounts()}
        now = engine.accounts()
        assert past == {
            # What is only configured was in no block that booked anything.
            key: None if balances(engine)[key] == (0, 0, 0, 0) else uncapped(now[key])
            for key in now
        }

        (lost,) = engine.execute([concluded(payment(3), Event.LOST)])
        (more,) = engine.execute([opened(payment(6, quote="quote-6"))])
        assert isinstance(lost, Done)
        assert isinstance(more, Done)
        assert [held.uetr for held in engine.sent_states(9)] == []
        # New records of these tests have old numbers, so verification takes them for older ones.
        places = {place for place in faults(engine) if not place.startswith("sealed ")}
        assert places == (set() if version >= DUMPED else set(NO_RATES))


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_every_way_to_the_current_schema_leads_to_the_same_one(
    tmp_path: Path, version: int
) -> None:
    for place in (earlier(tmp_path / "old.db", version), SqlitePlace(tmp_path / "new.db")):
        place.open(slot=3).close()

    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db") != []


def test_another_slot_takes_over_what_an_earlier_schema_left_open(tmp_path: Path) -> None:
    place = earlier(tmp_path / "switch.db", DUMPED)
    with closing(place.open(slot=1)) as engine:
        assert [(each.slot, each.payments) for each in engine.adopt()] == [(3, 2)]
        assert [held.uetr for held in engine.sent_states(9)] == [uetr(3)]
