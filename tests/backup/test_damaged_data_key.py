"""One data key that nobody can open stops no command: not the vault's, nor bringing a copy back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from switch.cli import main
from tests.backup.test_backup_place import data as data  # noqa: PLC0414
from tests.backup.test_backup_place import served
from tests.switch_core.core_values import payment, refused

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def damaged(data: Path) -> Path:
    """A data folder with one payment, whose data key is no key any more."""
    with closing(served(data)) as engine:
        engine.execute([refused(payment(7))])
    with closing(sqlite3.connect(data / "switch.db")) as database:
        database.execute("UPDATE data_key SET wrapped = ?", (b"\xff" * 76,))
        assert database.total_changes == 1
        database.commit()
    return data


def test_the_vault_counts_it(damaged: Path) -> None:
    told = CliRunner().invoke(main, ["vault", "status", "--data", str(damaged)])

    assert told.exit_code == 0
    assert orjson.loads(told.output)["damaged"] == 1


def test_keys_are_rotated_beside_it(damaged: Path) -> None:
    words = ["vault", "rotate", "--name", "2027-01", "--data", str(damaged)]

    assert CliRunner().invoke(main, words).exit_code == 0


def test_a_copy_that_holds_it_can_be_brought_back(damaged: Path, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    made = CliRunner().invoke(main, ["backup", copy, "--data", str(damaged)])
    words = ["restore", "from", copy, "--replace", "--although-unreadable", "--data", str(damaged)]

    assert made.exit_code == 0
    assert CliRunner().invoke(main, words).exit_code == 0


def test_a_backup_that_could_not_be_checked_leaves_no_copy(data: Path, tmp_path: Path) -> None:
    (data / "keys" / "journal.pub.pem").rename(data / "keys" / "away")
    told = CliRunner().invoke(main, ["backup", str(tmp_path / "nightly.db"), "--data", str(data)])

    assert told.exit_code == 2
    assert list(tmp_path.glob("nightly*")) == []
