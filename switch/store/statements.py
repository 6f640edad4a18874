"""Statements of accounts and what retention looks at: the values that the store answers with.

A moment in the record is the time of the block that holds an entry; each block of a process is
later, by a microsecond at least, than all that were there when it began. Pages are bounded by what
is looked at, not only by what is found, so an account that is hardly used costs no more than a busy
one: a page may be short, or empty, and still have a next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

SCANNED_MAX: Final = 5_000
"""Entries that one page of a statement looks at."""

LINES_MAX: Final = 500
"""Lines of one page."""

BALANCES_EVERY: Final = 256
"""Blocks after which the balances of all accounts are kept, also of those not touched."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of an account: ``at`` is the time of its block.

    ``uetr`` is whose it is: a payment's UETR, or the name of an item; entries of items were of no
    name before. ``pending_entry`` is the reservation that it resolves.
    """

    entry_id: int
    at: datetime
    uetr: str
    side: str
    minor: int
    phase: str
    pending_entry: int | None


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Lines in the order of the journal, by slot; ``after`` is the next page's, None at the end."""

    lines: tuple[StatementLine, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class BoundPayment:
    """A payment whose key is bound, with its scope; ``ended_at`` is None while it is open."""

    payment_id: int
    uetr: str
    ended_at: datetime | None
    key: tuple[str, str] = field(repr=False)
