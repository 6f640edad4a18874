"""Bound keys, exchanges and data keys are held against the journal, as far as it says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw
import pytest

from switch.batch import Batch
from switch.commands import Forget
from switch.model import from_micros
from switch.store.audit import audit
from switch.store.sqlite import open_reader
from tests.contract.contract_engines import KEY, SqlitePlace
from tests.contract.journal_chain import tell, told
from tests.switch_core.core_values import NOW, salt, uetr

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "payment_id = (SELECT min(payment_id) FROM payment)"
CHANGES = [
    (f"DELETE FROM binding WHERE {FIRST}", f"binding {uetr(1)}: is missing"),
    (
        f"UPDATE binding SET key = 'other' WHERE {FIRST}",
        f"binding {uetr(1)}: is not what was journaled",
    ),
    (
        f"UPDATE binding SET content = '{{}}' WHERE {FIRST}",
        f"binding {uetr(1)}: is not what was journaled",
    ),
    (f"DELETE FROM exchange WHERE {FIRST}", f"exchange {uetr(1)}: is missing"),
    (
        f"UPDATE exchange SET send_by = send_by + 1 WHERE {FIRST}",
        f"exchange {uetr(1)}: is not what was journaled",
    ),
    (
        f"UPDATE exchange SET path = '/other' WHERE {FIRST}",
        f"exchange {uetr(1)}: is not what was journaled",
    ),
    (f"DELETE FROM data_key WHERE {FIRST}", f"data_key {uetr(1)}: is missing"),
    (
        f"UPDATE data_key SET wrapped = zeroblob(76) WHERE {FIRST}",
        f"erased {uetr(1)}: is in no journal entry",
    ),
]


def found(folder: Path, *statements: str) -> list[str]:
    """What is found after the statements, which nothing in the database refuses."""
    engine = SqlitePlace(folder / "switch.db").open()
    tell(engine)
    engine.close()
    connection = apsw.Connection(str(folder / "switch.db"))
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for statement in [*(f"DROP TRIGGER {name}" for (name,) in names), *statements]:
        connection.execute(statement)
    connection.close()
    reader = open_reader(str(folder / "switch.db"), 1)
    report = audit(reader, KEY.public_key())
    reader.connection.close()
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


@pytest.mark.parametrize(("statement", "fault"), CHANGES)
def test_a_change_beside_a_payment_is_named(tmp_path: Path, statement: str, fault: str) -> None:
    assert found(tmp_path, statement) == [fault]


def test_of_a_journal_that_did_not_say_them_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal: Any = Batch.journal

    def earlier(self: Batch, *values: Any) -> None:
        *others, more = values
        journal(self, *others, {k: v for k, v in more.items() if k not in ("bound", "exchange")})

    monkeypatch.setattr(Batch, "journal", earlier)

    assert found(tmp_path, f"DELETE FROM exchange WHERE {FIRST}") == []


def test_a_key_that_retention_let_go_of_is_not_missed_and_one_that_came_back_is_found() -> None:
    story = told()
    later = from_micros(2**51)
    known = story.engine.bound(0, 10)
    (held,) = (each for each in known if each.uetr == uetr(1))
    bindings = dict(story.tables.bindings)
    command = Forget((held.uetr,), (), later, later, NOW, salt(1, 1), keys=(held.key,))
    story.engine.execute([command])

    assert held.key not in story.tables.bindings
    assert story.faults() == []
    story.tables.bindings = bindings
    assert [fault.place for fault in story.faults()] == [f"binding {uetr(1)}"]
