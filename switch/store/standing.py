"""The books as they stand: zero sums, and what is reserved is what open payments reserve.

Only rows are read here: accounts, and the payments that are open. What is asserted batch by batch
when it is written is so checked in full, from another side than the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.ledger import Side
from switch.lifecycle import STATES, Stand
from switch.postings import lines_of
from switch.store.journal import Faults
from switch.store.replay import is_open
from switch.store.rows import payment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switch.model import State
    from switch.store.tables import Row


@dataclass(slots=True)
class Standing:
    """How many payments there are, and what the open ones reserve by account and side."""

    faults: Faults = field(default_factory=Faults)
    payments: int = 0
    reserved: dict[tuple[str, Side], int] = field(default_factory=dict)

    def take(self, page: Iterable[Row]) -> None:
        """Look at a page of payments' rows."""
        for row in page:
            self.payments += 1
            if not is_open(row[4]):
                continue
            try:
                payment = payment_of(row)
                lines = lines_of(payment) if _reserves(payment.state) else ()
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, AssertionError):
                self.faults.add(f"payment {row[1]}", "its row cannot be read")
                continue
            for line in lines:
                place = (line.account, line.side)
                self.reserved[place] = self.reserved.get(place, 0) + line.minor

    def compare(self, accounts: Mapping[str, Row]) -> None:
        """Hold the rows of accounts against each other and against the open payments."""
        self._zero_sums(accounts)
        self._reservations(accounts)

    def _zero_sums(self, accounts: Mapping[str, Row]) -> None:
        sums: dict[tuple[str, str], int] = {}
        for row in accounts.values():
            if not all(isinstance(value, int) for value in row[2:6]):
                self.faults.add(f"account {row[0]}", "a sum is no number")
                continue
            for name, total in (("posted", row[2] - row[3]), ("pending", row[4] - row[5])):
                sums[name, str(row[1])] = sums.get((name, str(row[1])), 0) + total
        for (name, code), total in sorted(sums.items()):
            if total:
                self.faults.add(f"currency {code}", f"{name} entries do not sum to zero")

    def _reservations(self, accounts: Mapping[str, Row]) -> None:
        for key in sorted(accounts.keys() | {key for key, _ in self.reserved}, key=str):
            row = accounts.get(key, (key, "", 0, 0, 0, 0))
            wanted = tuple(self.reserved.get((key, side), 0) for side in (Side.DEBIT, Side.CREDIT))
            if wanted != (row[4], row[5]):
                what = "what is reserved is not what open payments reserve"
                self.faults.add(f"account {key}", what)


def _reserves(state: State) -> bool:
    return STATES[state].stand is Stand.RESERVED
