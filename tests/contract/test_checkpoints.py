"""Checkpoints run beside the writer; the log is bounded, and a failing disk ends the process."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from switch.runtime.clock import SystemClock
from switch.runtime.threads import WokenThread
from switch.store import sqlite_wal
from switch.store.sqlite import SqliteEngine
from switch.store.sqlite_wal import PAGE_BYTES, Checkpoints
from tests.contract.contract_engines import KEY
from tests.switch_core.core_values import received

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


STEP = 40
"""Pages between two wakes here; a commit of one item takes a few."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteEngine]:
    monkeypatch.setattr(sqlite_wal, "CHECKPOINT_PAGES", STEP)
    path = str(tmp_path / "switch.db")
    with closing(SqliteEngine(path, clock=SystemClock(), sign=KEY.sign)) as opened_engine:
        yield opened_engine


def fill(engine: SqliteEngine, start: int, commits: int) -> None:
    """Commit that often, one small thing each."""
    for number in range(start, start + commits):
        engine.execute([received(f"item-{number}")])


def log_pages(tmp_path: Path) -> int:
    """Length of the log file in pages."""
    return (tmp_path / "switch.db-wal").stat().st_size // PAGE_BYTES


def in_database(tmp_path: Path, scratch: str = "copy.db") -> int:
    """How many items the database file itself holds, without the log."""
    copy = tmp_path / scratch
    copy.write_bytes((tmp_path / "switch.db").read_bytes())
    with closing(apsw.Connection(str(copy))) as connection:
        if not connection.table_exists(None, "incoming"):
            return 0
        (count,) = connection.execute("SELECT count(*) FROM incoming").fetchone() or (0,)
        return int(count)


def test_what_was_committed_is_copied_by_the_other_thread(
    tmp_path: Path, engine: SqliteEngine
) -> None:
    copied = threading.Event()

    def run() -> None:
        checkpoints.run()
        copied.set()

    with closing(engine.checkpoints()) as checkpoints:
        thread = WokenThread("checkpoints", run)
        checkpoints.begin(thread.wake)
        fill(engine, 0, 40)
        assert copied.wait(10)
        thread.close()

    assert in_database(tmp_path) > 0


def test_the_writer_makes_no_checkpoint_below_the_bound(
    tmp_path: Path, engine: SqliteEngine
) -> None:
    woken: list[int] = []
    with closing(Checkpoints(engine._writer, engine._open(), 100_000)) as checkpoints:
        checkpoints.begin(lambda: woken.append(1))
        fill(engine, 0, 40)
        pages = log_pages(tmp_path)

        assert 1 < len(woken) <= pages // STEP
        assert in_database(tmp_path) == 0


def test_the_log_is_bounded_when_nobody_else_copies(tmp_path: Path, engine: SqliteEngine) -> None:
    with closing(Checkpoints(engine._writer, engine._open(), 2 * STEP)) as checkpoints:
        checkpoints.begin(lambda: None)
        fill(engine, 0, 40)
        first = log_pages(tmp_path)
        fill(engine, 40, 60)

        assert max(first, log_pages(tmp_path)) < 3 * STEP
        assert in_database(tmp_path) > 60


def test_a_reader_that_keeps_its_snapshot_stops_neither_the_writer_nor_the_bound(
    tmp_path: Path, engine: SqliteEngine
) -> None:
    with (
        closing(Checkpoints(engine._writer, engine._open(), 2 * STEP)) as checkpoints,
        closing(apsw.Connection(str(tmp_path / "switch.db"))) as reader,
    ):
        checkpoints.begin(lambda: None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM incoming").fetchall() == [(0,)]
        fill(engine, 0, 40)
        grown = log_pages(tmp_path)
        assert reader.execute("SELECT count(*) FROM incoming").fetchall() == [(0,)]
        reader.execute("COMMIT")
        fill(engine, 40, 40)

        assert grown > 3 * STEP, "the log waits for the reader"
        assert log_pages(tmp_path) <= grown + 2 * STEP


def test_a_checkpoint_that_fails_reaches_the_crash_handler() -> None:
    crashed = threading.Event()
    crashes: list[str] = []

    def failing() -> None:
        raise apsw.IOError("fsync")

    def on_crash(name: str, escaped: BaseException) -> None:
        crashes.append(f"{name} {type(escaped).__name__}")
        crashed.set()

    thread = WokenThread("checkpoints", failing, on_crash=on_crash)
    thread.wake()
    assert crashed.wait(10)
    thread.close()

    assert crashes == ["checkpoints IOError"]


def test_wakes_while_it_works_are_one_and_none_is_lost() -> None:
    free, begun = threading.Event(), threading.Semaphore(0)
    runs: list[int] = []

    def work() -> None:
        begun.release()
        assert free.wait(10)
        runs.append(1)

    thread = WokenThread("work", work)
    thread.wake()
    assert begun.acquire(timeout=10)
    for _ in range(5):
        thread.wake()
    free.set()
    assert begun.acquire(timeout=10)
    thread.close()

    assert runs == [1, 1]
