"""A file that is no database of the switch, or is damaged, is said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.runtime.clock import SystemClock
from switch.store.sqlite import SqliteEngine, StoreUnreadable, open_reader
from tests.contract.contract_engines import KEY

if TYPE_CHECKING:
    from pathlib import Path

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
