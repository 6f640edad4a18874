"""A file that is no database of the switch, or is damaged, is said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.runtime.clock import SystemClock
from switch.store import sqlite
from switch.store.sqlite import SqliteEngine, StoreUnreadable, open_reader
from tests.contract.contract_engines import KEY

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

HEADER = b"SQLite format 3\x00"


@pytest.mark.parametrize("content", [HEADER + b"\xff" * 8192, b"no database" * 400])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "switch.db"
    path.write_bytes(content)

    with pytest.raises(StoreUnreadable, match=r"switch\.db"):
        SqliteEngine(str(path), clock=SystemClock(), sign=KEY.sign)
    with pytest.raises(StoreUnreadable, match=r"switch\.db"):
        open_reader(str(path), 1)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreadable, match=r"nothing\.db"):
        open_reader(str(tmp_path / "nothing.db"), 1)


def test_a_connection_that_does_not_sync_its_commits_refuses_to_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `/health/ready` says of durability is asked of the connection that commits."""
    connect = sqlite._connect

    def careless(path: str, vfs: str | None, *, exclusive: bool) -> apsw.Connection:
        connection = connect(path, vfs, exclusive=exclusive)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    monkeypatch.setattr(sqlite, "_connect", careless)
    with pytest.raises(AssertionError, match="not durable"):
        SqliteEngine(str(tmp_path / "switch.db"), clock=SystemClock(), sign=KEY.sign)
