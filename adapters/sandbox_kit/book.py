"""A network's own book: one entry for each reference, in order of arrival.

The book is the truth of a sandbox: what it says was moved was moved, whatever was answered. The
surprise: it can be made to lie while one answer is written, so that a network contradicts itself
without a wrong line in its book.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fx.money import Money

BOOK_ENTRIES_MAX: Final = 250_000
"""Entries of a book; a payment beyond is answered as if the sandbox were down (HTTP 500)."""


class EntryStatus(StrEnum):
    """What a network's own book says of a payment."""

    BOOKED = "booked"
    REFUSED = "refused"
    PENDING = "pending"
    RESERVED = "reserved"
    """Set aside until the payer's side gives its word; nothing has moved."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a network's book, without anything personal.

    ``reference`` is the key that the network itself goes by; ``direction`` is seen from Cambodia:
    ``outbound`` when a Cambodian pays abroad.
    """

    uetr: str
    reference: str
    direction: str
    amount: Money
    status: EntryStatus
    at: datetime
    reason: str | None = None


class BookFullError(RuntimeError):
    """The book has reached its bound; nothing was added."""


class Book:
    """A network's own book: one entry for each reference, in order of arrival."""

    def __init__(self, entries_max: int = BOOK_ENTRIES_MAX) -> None:
        self._entries: dict[str, Entry] = {}
        self._entries_max = entries_max
        self._lie: str | None = None
        self._lied: dict[str, None] = {}

    def find(self, reference: str) -> Entry | None:
        """The entry of this reference, if there is one."""
        entry = self._entries.get(reference)
        if entry is None or self._lie is None:
            return entry
        self._lied[reference] = None
        if entry.status is EntryStatus.REFUSED:
            return replace(entry, status=EntryStatus.BOOKED, reason=None)
        return replace(entry, status=EntryStatus.REFUSED, reason=self._lie)

    def of_payment(self, uetr: str, direction: str) -> Entry | None:
        """The first entry of a payment in one direction, if there is one."""
        entries = self._entries.values()
        return next((e for e in entries if (e.uetr, e.direction) == (uetr, direction)), None)

    @contextmanager
    def lying(self, reason: str) -> Iterator[None]:
        """Say the opposite for a while: refused with ``reason`` is booked, all else refused."""
        self._lie = reason
        try:
            yield
        finally:
            self._lie = None

    def lied_about(self) -> list[str]:
        """References of which the opposite was said once."""
        return list(self._lied)

    def entries(self) -> list[Entry]:
        """Every line, in order of arrival."""
        return list(self._entries.values())

    def add(self, entry: Entry) -> Entry:
        """Add an entry under a new reference; raises :class:`BookFullError`."""
        assert entry.reference not in self._entries, "a reference is booked once"
        if len(self._entries) >= self._entries_max:
            raise BookFullError(entry.direction)
        self._entries[entry.reference] = entry
        return entry

    def end(self, reference: str, status: EntryStatus, reason: str | None = None) -> Entry:
        """End a pending entry; one that has ended stays as it is, unless it is cancelled now."""
        entry = self._entries[reference]
        open_ = (EntryStatus.PENDING, EntryStatus.RESERVED)
        if entry.status in open_ or status is EntryStatus.CANCELLED:
            entry = replace(entry, status=status, reason=reason)
            self._entries[reference] = entry
        return entry

    def state(self, network: str) -> dict[str, object]:
        """Return the book as ``GET /state`` shows it; totals count booked entries both ways."""
        totals: dict[str, Money] = {}
        lines: list[dict[str, object]] = []
        for entry in self._entries.values():
            code = entry.amount.currency.code
            if entry.status is EntryStatus.BOOKED:
                known = totals.get(code)
                totals[code] = entry.amount if known is None else known + entry.amount
            lines.append({
                "uetr": entry.uetr,
                "reference": entry.reference,
                "direction": entry.direction,
                "amount": str(entry.amount),
                "currency": code,
                "status": entry.status.value,
                "reason": entry.reason,
                "at": entry.at.isoformat(),
            })  # fmt: skip
        return {
            "network": network,
            "book": lines,
            "totals": {code: str(total) for code, total in totals.items()},
        }
