"""A bit that flips in a copied database file is reported wherever it changes a value that is read.

The oracle reads every row of the journal's and the ledger's tables from the whole file and from the
copy; where the two differ, or the copy cannot be read, verification must not call it sound. Not the
other way round: it may report more, such as an index that leads nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.store.audit import audit
from switch.store.sqlite import StoreUnreadable, open_reader
from switch.store.tables import TABLES
from tests.contract.contract_engines import KEY, SqlitePlace
from tests.contract.journal_chain import tell

if TYPE_CHECKING:
    from pathlib import Path

LEFT_OUT: Final = ("next_at", "rung", "far_reference")
"""Columns of a payment with which the switch works; the journal does not say them."""


class File:
    """The written file, what an independent reader finds in it, and a place for copies."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "copy.db"
        engine = SqlitePlace(folder / "switch.db").open()
        tell(engine)
        engine.close()
        connection = apsw.Connection(str(folder / "switch.db"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()
        self.bytes = (folder / "switch.db").read_bytes()
        self.path.write_bytes(self.bytes)
        self.rows = read(self.path)

    def flipped(self, offset: int, bit: int) -> None:
        copy = bytearray(self.bytes)
        copy[offset] ^= 1 << bit
        self.path.write_bytes(copy)


def read(path: Path) -> dict[str, Any] | None:
    """Every row of what the journal speaks of; None where the file cannot be read."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return {table: rows(connection, table) for table in TABLES}
        finally:
            connection.close(True)
    except (apsw.Error, UnicodeDecodeError):
        return None


def rows(connection: apsw.Connection, table: str) -> list[Any]:
    columns = [
        column
        for column in TABLES[table].columns.split(", ")
        if table != "payment" or column not in LEFT_OUT
    ]
    # In the order of its key a table is read itself: SQLite takes an index that holds all columns
    # for it otherwise. Such an index finds rows, and what is decided is read by their keys.
    key = ", ".join(str(place + 1) for place in range(TABLES[table].keyed))
    source = f"{TABLES[table].source} ORDER BY {key}"
    return connection.execute(f"SELECT {', '.join(columns)} FROM {source}").fetchall()


def is_sound(path: Path) -> bool:
    """What ``journal verify`` says of a file."""
    try:
        reader = open_reader(str(path), 1)
    except StoreUnreadable:
        return False
    try:
        return audit(reader, KEY.public_key()).sound
    finally:
        reader.connection.close(True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> File:
    """The file, written once."""
    return File(tmp_path_factory.mktemp("flips"))


def test_the_whole_file_is_sound(file: File) -> None:
    file.path.write_bytes(file.bytes)

    assert is_sound(file.path)
    assert file.rows is not None
    assert all(file.rows[table] for table in TABLES if table != "retention")


@settings(max_examples=400)
@given(data=st.data())
def test_a_flip_that_changes_what_is_read_is_reported(file: File, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(file.bytes) - 1), label="offset")
    file.flipped(offset, data.draw(st.integers(0, 7), label="bit"))
    found = read(file.path)

    if found != file.rows:
        assert not is_sound(file.path)


def test_a_byte_of_each_page_and_every_byte_of_the_first(file: File) -> None:
    """The header, the schema and each page's own header, where a flip does the most."""
    offsets = [*range(108), *range(4096, len(file.bytes), 4096)]
    for offset in offsets:
        file.flipped(offset, offset % 8)
        if read(file.path) != file.rows:
            assert not is_sound(file.path), offset
