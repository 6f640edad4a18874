"""Rows of rates and exchanges as values: the same columns, whichever SQL engine gave them.

A row is a sequence in the order of its query; times are microseconds since 1970. A row that does
not make a value raises, because only a bug or tampering can cause it.
"""

from __future__ import annotations

from typing import Any, Protocol

from switch.commands import RateRow
from switch.model import from_micros
from switch.port import Operation
from switch.store.contract import StoredExchange


class Columns(Protocol):
    """A row, whatever the driver calls it."""

    def __getitem__(self, place: int, /) -> Any:
        """The column at a place."""


def rate_of(row: Columns) -> RateRow:
    """A rate: provider, pair, version, effective_at, published_at, sheet, withdrawn_at."""
    return RateRow(
        provider=row[0],
        pair=row[1],
        version=row[2],
        effective_at=from_micros(row[3]),
        published_at=from_micros(row[4]),
        sheet=row[5],
        withdrawn_at=None if row[6] is None else from_micros(row[6]),
    )


def exchange_of(row: Columns) -> StoredExchange:
    """An exchange, its own columns in their order, then the sealed record's number and bytes."""
    return StoredExchange(
        exchange_id=row[0],
        uetr=row[1],
        network=row[2],
        operation=Operation(row[3]),
        reference=row[4],
        method=row[5],
        path=row[6],
        send_by=from_micros(row[7]),
        answer_within_ms=row[8],
        record_id=row[9],
        blob=row[10],
    )
