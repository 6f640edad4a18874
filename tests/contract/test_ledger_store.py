"""The store itself guards the ledger: sums, immutable rows, past balances, what is let go of."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import apsw
import asyncpg
import pytest

from switch.decide import decide
from switch.ledger import place_of
from switch.model import from_micros
from switch.store import memory, postgresql, sqlite, sqlite_ledger, statements
from switch.store.sqlite import SqliteEngine
from tests.contract.contract_engines import AnyEngine, Place, SqlitePlace, dump
from tests.contract.ledger_story import FAR, done, story
from tests.switch_core.core_values import MEMBER_KHR, NOW, opened, payment, received, uetr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from switch.delta import Delta
    from switch.ledger import Account


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place."""
    with closing(place.open()) as opened_engine:
        yield opened_engine


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteEngine]:
    """A database file with a story in it."""
    with closing(SqlitePlace(tmp_path / "switch.db").open()) as opened_engine:
        assert isinstance(opened_engine, SqliteEngine)
        story(opened_engine)
        yield opened_engine


# What the store refuses.


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("entry", "minor = minor + 1"),
        ("leaf", "content = x'00'"),
        ("block", "at = at + 1"),
        ("answer", "status = 500"),
        ("binding", "content = '{}'"),
        ("tombstone", "at = 0"),
        ("balance_after", "debits_posted = 0"),
        ("balance_check", "debits = credits"),
    ],
)
def test_what_is_kept_for_ever_is_neither_changed_nor_deleted(
    database: SqliteEngine, table: str, change: str
) -> None:
    connection = database.connection
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[misc]
    assert rows
    for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
        with pytest.raises(apsw.ConstraintError, match=r"never changes|kept|bound"):
            connection.execute(statement)
    connection.execute(f"CREATE TEMP TABLE copied AS SELECT * FROM {table} LIMIT 1")
    with pytest.raises(apsw.ConstraintError):
        connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM copied")


def unequal(delta: Delta) -> None:
    """One line of a set is larger than it may be."""
    first = delta.entries[0]
    delta.entries[0] = replace(first, line=replace(first.line, minor=first.line.minor + 1))


def missing(delta: Delta) -> None:
    """One line of a set is not there."""
    del delta.entries[-1]


def in_another_currency(delta: Delta) -> None:
    """One line of a set is of another currency."""
    last = delta.entries[-1]
    delta.entries[-1] = replace(last, line=replace(last.line, currency="USD"))


@pytest.mark.parametrize("tamper", [unequal, missing, in_another_currency])
def test_a_set_that_does_not_sum_to_zero_is_refused_by_the_store_itself(
    engine: AnyEngine, monkeypatch: pytest.MonkeyPatch, tamper: Callable[[Delta], None]
) -> None:
    def tampered(*batch: object) -> object:
        delta, results = decide(*batch)  # type: ignore[arg-type]
        tamper(delta)
        return delta, results

    story(engine)
    before = dump(engine)
    for module in (memory, postgresql, sqlite):
        monkeypatch.setattr(module, "decide", tampered)
    refused_by = (apsw.ConstraintError, asyncpg.CheckViolationError, AssertionError)
    with pytest.raises(refused_by):
        engine.execute([opened(payment(50, quote="quote-50"))])

    assert before == dump(engine)


def test_an_account_s_columns_say_what_its_name_says(database: SqliteEngine) -> None:
    rows = database.connection.execute(
        "SELECT key, institution, role, currency, asset, kind FROM account"
    ).fetchall()

    assert {row[0] for row in rows} == set(database.accounts())
    for key, institution, role, code, asset, kind in rows:
        place = place_of(str(key))
        assert (institution, role, code) == (place.institution, place.role, place.currency)
        assert (asset, kind) == (place.asset, place.kind)
    with pytest.raises(apsw.ConstraintError):
        database.connection.execute("UPDATE account SET institution = 'X'")


def test_each_block_s_sums_are_kept_as_the_database_adds_them_up(database: SqliteEngine) -> None:
    rows = database.connection.execute(
        "SELECT sum(debits), sum(credits), count(*) FROM balance_check"
    ).fetchone()
    (total,) = database.connection.execute("SELECT sum(minor) FROM entry").fetchone() or (0,)

    assert rows is not None
    assert rows[0] + rows[1] == total
    assert rows[0] == rows[1]


# Statements and past balances.


def sums(account: Account | None) -> tuple[int, int, int, int]:
    """The four sums of an account; zeros where there was none."""
    if account is None:
        return 0, 0, 0, 0
    return (
        account.debits_posted,
        account.credits_posted,
        account.debits_pending,
        account.credits_pending,
    )


def added(
    start: tuple[int, int, int, int], lines: tuple[statements.StatementLine, ...]
) -> tuple[int, int, int, int]:
    """Sums after the lines of a statement."""
    held = list(start)
    for line in lines:
        column = 0 if line.side == "debit" else 1
        if line.phase == "posted":
            held[column] += line.minor
        if line.phase == "pending":
            held[column + 2] += line.minor
        elif line.pending_entry is not None:
            held[column + 2] -= line.minor
    return held[0], held[1], held[2], held[3]


def test_a_statement_leads_from_any_past_balance_to_any_later_one(engine: AnyEngine) -> None:
    story(engine)
    moments = [
        moment
        for block, _ in engine.blocks()
        for at in (from_micros(block.at),)
        for moment in (at, at + timedelta(microseconds=1))
    ]
    for key in engine.accounts():
        for since in moments[::3]:
            for until in moments[1::4]:
                page = engine.statement(key, since, until, 0, 500)
                assert page.after is None
                if since <= until:
                    start = sums(engine.balance(key, since))
                    assert added(start, page.lines) == sums(engine.balance(key, until))
                else:
                    assert page.lines == ()
        assert sums(engine.balance(key, FAR)) == sums(engine.account(key))
        assert engine.balance(key, moments[0]) is None


def test_pages_of_a_statement_are_the_statement(engine: AnyEngine) -> None:
    story(engine)
    whole = engine.statement(MEMBER_KHR, NOW, FAR, 0, 500).lines
    paged: list[statements.StatementLine] = []
    after: int | None = 0
    while after is not None:
        page = engine.statement(MEMBER_KHR, NOW, FAR, after, 2)
        assert len(page.lines) <= 2
        paged += page.lines
        after = page.after

    assert list(whole) == paged
    assert {line.phase for line in whole} == {"pending", "posted", "voided", "expired"}
    assert {line.uetr for line in whole} == {uetr(n) for n in range(1, 7)}


def test_a_page_looks_at_no_more_entries_than_its_bound(
    engine: AnyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    story(engine)
    whole = engine.statement(MEMBER_KHR, NOW, FAR, 0, 500).lines
    for module in ("memory_ledger", "postgresql_past", "sqlite_ledger"):
        monkeypatch.setattr(f"switch.store.{module}.SCANNED_MAX", 3)
    paged: list[statements.StatementLine] = []
    after: int | None = 0
    pages = 0
    while after is not None:
        page = engine.statement(MEMBER_KHR, NOW, FAR, after, 500)
        assert len(page.lines) <= 3
        paged += page.lines
        after, pages = page.after, pages + 1

    assert list(whole) == paged
    assert pages > len(paged) // 3


def test_a_clock_that_is_set_back_does_not_take_the_record_back(place: Place) -> None:
    with closing(place.open()) as first:
        story(first)
        last = [block for block, _ in first.blocks()][-1]
    with closing(place.open()) as second:
        # Opened anew, the clock of a test begins where it began before.
        second.execute([received("item-2")])
        times = [block.at for block, _ in second.blocks()]

    assert times == sorted(set(times))
    assert times[-1] == last.at + 1


def test_a_past_balance_knows_what_every_slot_booked(place: Place) -> None:
    """Slots write one after the other here; the later one knows what the earlier one booked."""
    for slot in (1, 3, 2, 1):
        with closing(place.open(slot)) as engine:
            number = len(engine.listed(0, 99)) + 1
            done(engine, opened(payment(number, quote=f"quote-{number}")))
            now = sums(engine.account(MEMBER_KHR))
            page = engine.statement(MEMBER_KHR, NOW, FAR, 0, 500)
            assert sums(engine.balance(MEMBER_KHR, FAR)) == now
            assert added((0, 0, 0, 0), page.lines) == now


def test_balances_of_all_accounts_are_kept_every_so_often(
    database: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("switch.store.sqlite_write.BALANCES_EVERY", 2)
    for number in (51, 52):
        database.execute([received(f"item-{number}")])
    rows = database.connection.execute(
        "SELECT count(*) FROM balance_after GROUP BY number ORDER BY number DESC LIMIT 2"
    ).fetchall()

    assert {2, len(database.accounts())} == {row[0] for row in rows}
    assert sums(database.balance(MEMBER_KHR, FAR)) == sums(database.account(MEMBER_KHR))


def test_slots_are_found_without_reading_every_block(database: SqliteEngine) -> None:
    assert sqlite_ledger.slots(database.connection) == [1]
