"""After an erasure no file of the database holds the wrapped key's bytes, wherever it once stood.

Payments come in an order that is not that of their numbers, so pages are split where they must be;
each kind of overwriting is followed by one scrub, and then the files are searched.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import apsw
import pytest

from switch.commands import Rewrap
from switch.reasons import Reason
from switch.store.sqlite import MIGRATIONS, SqliteEngine
from switch.store.vault import WRAPPED_BYTES, wrapping_of
from tests.contract.contract_engines import KEY, SteppingClock
from tests.switch_core.core_values import NOW, erased, opened, payment, refused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from switch.commands import Refuse

PAYMENTS: Final = 420
BATCH: Final = 30
NAME: Final = b"2026-11".ljust(16, b"\0")


def engine(folder: Path) -> SqliteEngine:
    """The engine of a database in a folder."""
    return SqliteEngine(str(folder / "switch.db"), clock=SteppingClock(), sign=KEY.sign)


def commands(seed: int) -> list[Refuse]:
    """Refusals, each with a data key of its own, in an order that is not that of their numbers."""
    drawn = random.Random(seed)
    numbers = drawn.sample(range(1, PAYMENTS + 1), PAYMENTS)
    return [
        replace(
            refused(payment(number), Reason.TOO_OLD),
            wrapped_key=NAME + drawn.randbytes(WRAPPED_BYTES - len(NAME)),
        )
        for number in numbers
    ]


def files(folder: Path) -> bytes:
    """Every byte of every file beside the database."""
    return b"\0".join(path.read_bytes() for path in sorted(folder.glob("switch.db*")))


def found(folder: Path, wrapped: Iterable[bytes]) -> list[int]:
    """How often each wrapped key stands in the files, name of the wrapping key aside."""
    content = files(folder)
    return [content.count(each[len(NAME) :]) for each in wrapped]


def filled(folder: Path, seed: int) -> tuple[SqliteEngine, list[Refuse]]:
    """A database with many data keys, all of them in its main file."""
    made, store = commands(seed), engine(folder)
    for start in range(0, PAYMENTS, BATCH):
        store.execute(made[start : start + BATCH])
    assert store.scrub()
    return store, made


@pytest.mark.parametrize("seed", [1, 2])
def test_of_an_erased_key_nothing_is_left(tmp_path: Path, seed: int) -> None:
    store, made = filled(tmp_path, seed)
    chosen = random.Random(seed).sample(made, PAYMENTS // 3)
    kept = [each for each in made if each not in chosen]
    for start in range(0, len(chosen), BATCH):
        store.execute([erased(each.payment) for each in chosen[start : start + BATCH]])
    assert store.scrub()

    assert found(tmp_path, (each.wrapped_key for each in chosen)) == [0] * len(chosen)
    assert found(tmp_path, (each.wrapped_key for each in kept)) == [1] * len(kept)
    store.close()


def test_before_the_scrub_the_log_and_the_file_still_hold_them(tmp_path: Path) -> None:
    """The search can fail: this is what it would find."""
    store, made = filled(tmp_path, 3)
    store.execute([erased(made[0].payment)])

    assert found(tmp_path, [made[0].wrapped_key]) == [1]
    store.close()


def test_of_a_key_wrapped_anew_the_old_wrapping_is_gone(tmp_path: Path) -> None:
    store, made = filled(tmp_path, 4)
    drawn = random.Random(4)
    fresh = [NAME + drawn.randbytes(WRAPPED_BYTES - len(NAME)) for _ in made]
    pairs = [(c.payment.uetr, c.wrapped_key, now) for c, now in zip(made, fresh, strict=True)]
    for start in range(0, PAYMENTS, BATCH):
        store.execute([Rewrap("2026-11", tuple(pairs[start : start + BATCH]), NOW, bytes(16))])
    assert store.scrub()

    assert found(tmp_path, (each.wrapped_key for each in made)) == [0] * PAYMENTS
    assert found(tmp_path, fresh) == [1] * PAYMENTS
    store.close()


def test_a_reader_in_the_way_holds_the_scrub_up_and_no_longer(tmp_path: Path) -> None:
    store, made = filled(tmp_path, 5)
    store.execute([erased(made[0].payment)])
    reader = apsw.Connection(str(tmp_path / "switch.db"), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM payment").fetchall()
    store.execute([erased(made[1].payment)])

    assert store.scrub() is False
    reader.close()
    assert store.scrub() is True
    assert found(tmp_path, [each.wrapped_key for each in made[:2]]) == [0, 0]
    store.close()


def test_of_keys_from_before_they_stood_still_nothing_is_left_in_the_old_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration moves them, and leaves no copy behind."""
    migrations = tuple(name for name in MIGRATIONS if name < "0005")
    store = apsw.Connection(str(tmp_path / "switch.db"))
    store.execute("PRAGMA journal_mode = WAL")
    for name in migrations:
        store.execute(_script(name))
    drawn = random.Random(6)
    wrapped = [drawn.randbytes(60) for _ in range(PAYMENTS)]
    numbers = drawn.sample(range(1, PAYMENTS + 1), PAYMENTS)
    store.executemany("INSERT INTO data_key VALUES (?, ?)", zip(numbers, wrapped, strict=True))
    store.execute(f"PRAGMA user_version = {len(migrations)}")
    store.close()
    moved = engine(tmp_path)
    assert moved.scrub()
    content = files(tmp_path)

    assert [content.count(each) for each in wrapped] == [1] * PAYMENTS
    assert wrapping_of(wrapped[0]) == "vault"
    moved.close()


def _script(name: str) -> str:
    from importlib.resources import files as resources

    return (resources("switch.store") / "migrations" / name).read_text("utf-8")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sealed SET blob = x'00'",
        "DELETE FROM sealed",
        "DELETE FROM data_key",
        "INSERT OR REPLACE INTO sealed SELECT record_id, payment_id, kind, x'00' FROM sealed",
    ],
)
def test_the_store_itself_refuses_to_change_or_lose_what_is_sealed(
    tmp_path: Path, sql: str
) -> None:
    store = engine(tmp_path)
    store.execute([opened(payment())])
    with pytest.raises(apsw.ConstraintError):
        store.connection.execute(sql)

    store.close()


def test_what_nobody_can_open_any_more_may_go(tmp_path: Path) -> None:
    store = engine(tmp_path)
    store.execute([refused(payment(), Reason.TOO_OLD)])
    row = (1, payment().payment_id, "k", b"")
    store.connection.execute("INSERT INTO sealed VALUES (?, ?, ?, ?)", row)
    store.execute([erased(payment())])
    store.connection.execute("DELETE FROM sealed")

    assert store.connection.execute("SELECT count(*) FROM sealed").get == 0
    store.close()
