"""A backup takes the place of nothing but an earlier backup, and of that only when it is sound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from switch.backup import BackupUnsound, back_up
from switch.cli.backup import command
from switch.config import default_folder, load_config
from switch.keys import KeyFolder
from switch.own_keys import keys_of
from switch.runtime.clock import SystemClock
from switch.store.sqlite import SqliteEngine
from tests.switch_core.core_values import buried, capped

if TYPE_CHECKING:
    from pathlib import Path

SLOT = 1
CONFIG = load_config(default_folder())
DATABASE = "switch.db"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a switch that has committed once."""
    folder = tmp_path / "var"
    keys_of(CONFIG, folder, may_make=True)
    with closing(served(folder)) as engine:
        engine.execute([capped(7)])
    return folder


def served(folder: Path) -> SqliteEngine:
    """The database as a switch serves it."""
    sign = KeyFolder(folder / "keys").ed25519_private("journal").sign
    return SqliteEngine(str(folder / DATABASE), clock=SystemClock(), sign=sign, slot=SLOT)


def test_a_backup_that_fails_leaves_the_good_one_of_before(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "nightly.db"
    back_up(data, kept, SLOT)
    before = kept.read_bytes()
    with closing(sqlite3.connect(data / DATABASE)) as damaged:
        damaged.execute("UPDATE account SET net_debit_max = net_debit_max + 1")
        damaged.commit()
    with pytest.raises(BackupUnsound):
        back_up(data, kept, SLOT)

    assert kept.read_bytes() == before
    assert sorted(each.name for each in tmp_path.glob("nightly*")) == [
        "nightly.db",
        "nightly.db.json",
    ]


@pytest.mark.parametrize("named", ["", "-wal", "-shm", "linked", "again"])
def test_a_backup_onto_the_database_itself_is_refused_and_loses_nothing(
    data: Path, tmp_path: Path, named: str
) -> None:
    database = data / DATABASE
    target = data / f"{DATABASE}{named}"
    if named == "linked":
        target = tmp_path / "copy.db"
        target.symlink_to(database)
    if named == "again":
        target = tmp_path / "copy.db"
        target.hardlink_to(database)
    with closing(served(data)) as engine:
        said = CliRunner().invoke(command, [str(target), "--data", str(data)])
        engine.execute([buried(8)])
        assert engine.head is not None
        head = engine.head.number
    with closing(served(data)) as engine:
        assert engine.head is not None
        assert engine.head.number == head

    assert said.exit_code == 2
    assert "name another file" in said.stderr


def test_a_backup_beside_the_database_is_none_of_its_own_files(data: Path) -> None:
    back_up(data, data / f"{DATABASE}.bak", SLOT)

    assert (data / f"{DATABASE}.bak").exists()
