"""The model finds by an index what going through every row would find, and reads whole at rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.store.memory import MemoryReader
from switch.store.memory_rested import RestedReader
from switch.store.tables import TABLES
from tests.contract.journal_chain import told
from tests.switch_core.core_values import NOW, uetr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.store.tables import Row


def pages(reader: MemoryReader, table: str, limit: int) -> list[Sequence[Row]]:
    """Every page of a table."""
    found: list[Sequence[Row]] = []
    after: Sequence[object] = ()
    while page := reader.record_page(table, after, limit):
        found.append(page)
        after = page[-1][: TABLES[table].keyed]
    return found


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("limit", [1, 3, 1_000])
def test_pages_at_rest_are_the_pages_that_are_made_anew(table: str, limit: int) -> None:
    tables = told().tables

    assert pages(RestedReader(tables, 1), table, limit) == pages(
        MemoryReader(tables, 1), table, limit
    )


def test_rows_of_a_payment_are_found_without_the_others() -> None:
    tables = told().tables
    for held in (tables.exchanges, tables.sealed):
        assert held
        for name in {row.uetr for row in held.values()}:
            assert held.of[name] == {n: row for n, row in held.items() if row.uetr == name}

    number, record = next(iter(tables.sealed.items()))
    tables.sealed[number] = replace(record, uetr=uetr(99))
    assert number not in tables.sealed.of[record.uetr]
    assert list(tables.sealed.of[uetr(99)]) == [number]
    del tables.sealed[number]
    assert not tables.sealed.of[uetr(99)]


def test_payments_that_wait_are_those_with_a_timer() -> None:
    payments = told().tables.payments
    assert payments.waiting == {u: p for u, p in payments.items() if p.next_at is not None}

    held = payments[uetr(1)]
    payments[uetr(1)] = replace(held, next_at=NOW)
    assert uetr(1) in payments.waiting
    payments[uetr(1)] = replace(held, next_at=None)
    assert uetr(1) not in payments.waiting
