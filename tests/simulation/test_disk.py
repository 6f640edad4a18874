"""The disk can fail: FULL loses no committed row in any crash, NORMAL and OFF lose some."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import apsw
import pytest

from switch.runtime.entropy import SeededEntropy
from switch.simulation.disk import File, SimDisk


def connect(disk: SimDisk, synchronous: str = "FULL") -> apsw.Connection:
    """Open the database as the store does."""
    connection = apsw.Connection("switch.db", vfs=disk.name)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    return connection


def reopened(disk: SimDisk) -> apsw.Connection:
    """Open it as the next process."""
    disk.boot()
    return connect(disk)


@contextmanager
def disk_of(seed: int) -> Iterator[SimDisk]:
    """A disk of its own, unregistered afterwards."""
    disk = SimDisk(f"test-{seed}", SeededEntropy(seed))
    yield disk
    disk.close()


def rows(connection: apsw.Connection) -> list[int]:
    """Read all rows, after SQLite's own check."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return [row[0] for row in connection.execute("SELECT id FROM row ORDER BY id")]


def crash_and_count_lost(disk: SimDisk, seed: int, synchronous: str) -> int:
    """Commit some rows, lose power within a next transaction, count the committed that are gone."""
    connection = connect(disk, synchronous)
    connection.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, filler BLOB)")
    connection.execute("DELETE FROM row")
    if seed % 3 == 0:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    committed = 5 + seed % 20
    for number in range(committed):
        connection.execute("INSERT INTO row VALUES (?, zeroblob(900))", (number,))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO row VALUES (1000, zeroblob(9000))")
    disk.crash()
    del connection
    found = rows(reopened(disk))
    assert 1000 not in found
    return committed - len(found)


def test_full_loses_nothing_in_two_hundred_crashes() -> None:
    lost = []
    for seed in range(200):
        with disk_of(seed) as disk:
            lost.append(crash_and_count_lost(disk, seed, "FULL"))

    assert lost == [0] * 200


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_less_than_full_loses_committed_rows(synchronous: str) -> None:
    """At OFF the file may even be broken beyond reading, which is a loss as well."""
    lost = 0
    for seed in range(40):
        with disk_of(seed) as disk:
            try:
                lost += crash_and_count_lost(disk, seed, synchronous) > 0
            except (apsw.Error, AssertionError):
                lost += 1

    assert lost > 30


def test_power_lost_at_each_operation_of_a_commit_keeps_all_or_nothing() -> None:
    """The commit that was interrupted is there whole or not at all; those before it are there."""
    seen = set()
    for at in range(1, 60):
        with disk_of(at) as disk:
            connection = connect(disk)
            connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, filler BLOB)")
            connection.execute("INSERT INTO row VALUES (1, NULL)")
            last = disk.operations + at

            def cut(number: int, _: str, last: int = last, disk: SimDisk = disk) -> None:
                if number == last:
                    disk.crash()

            disk.on_operation = cut
            with suppress(apsw.Error), connection:
                connection.execute("INSERT INTO row VALUES (2, zeroblob(5000))")
                connection.execute("INSERT INTO row VALUES (3, zeroblob(5000))")
            disk.on_operation = None
            disk.kill()
            found = rows(reopened(disk))
            assert found in ([1], [1, 2, 3])
            seen.add(len(found))

    assert seen == {1, 3}


def test_killed_process_loses_nothing_and_what_it_still_writes_is_nowhere() -> None:
    with disk_of(1) as disk:
        connection = connect(disk, "OFF")
        connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO row VALUES (1)")

        disk.kill()
        with suppress(apsw.Error):
            connection.execute("INSERT INTO row VALUES (2)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with pytest.raises(apsw.CantOpenError):
            connect(disk)
        found = rows(reopened(disk))
        del connection
        gc.collect()

        assert found == [1]
        assert rows(connect(disk)) == [1]


def test_same_seed_tears_the_same_way() -> None:
    def content(seed: int) -> bytes:
        file = File()
        file.write(0, bytes(4096))
        file.sync()
        file.write(100, b"\xff" * 3000)
        file.crash(SeededEntropy(seed))
        return bytes(file.content)

    assert content(1) == content(1)
    assert content(1) != content(2)
    assert 0 < content(1).count(b"\xff") < 3000


def test_writes_are_torn_at_sector_boundaries_only() -> None:
    file = File()
    file.write(0, bytes(4096))
    file.sync()
    file.write(100, b"\xff" * 3000)
    file.crash(SeededEntropy(3))

    pieces = [bytes(file.content[at : at + 512]) for at in range(512, 3072, 512)]
    assert {1} == {len(set(piece)) for piece in pieces[:-1]}


def test_two_disks_live_side_by_side_and_leave_nothing_behind() -> None:
    before = apsw.vfs_names()
    with disk_of(1) as first, disk_of(2) as second:
        for number, disk in enumerate((first, second)):
            connection = connect(disk)
            connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY)")
            connection.execute("INSERT INTO row VALUES (?)", (number,))
        assert rows(connect(first)) == [0]
        assert rows(connect(second)) == [1]

    assert before == apsw.vfs_names()
    assert sqlite3.sqlite_version  # the standard library's SQLite is not touched by apsw's VFS
