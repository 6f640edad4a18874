"""The book-keeper's check of a whole store: zero sums, reservations, journal.

What is asserted batch by batch when it is written is checked here in full from what is stored: per
currency the books sum to zero, what is reserved is what open payments reserve, and the journal
replays to the balances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from switch.ledger import Side
from switch.lifecycle import STATES, Stand
from switch.postings import lines_of
from switch.store.journal import JournalFault, verify

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from switch.ledger import Account
    from switch.store.contract import Reader

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found."""

    blocks: int
    payments: int
    faults: tuple[JournalFault, ...]
    ledger_balanced: bool
    journal_verified: bool

    @property
    def sound(self) -> bool:
        """True when nothing was found."""
        return self.ledger_balanced and self.journal_verified

    def view(self) -> dict[str, object]:
        """The report as plain values."""
        return {
            "blocks": self.blocks,
            "payments": self.payments,
            "ledger_balanced": self.ledger_balanced,
            "journal_verified": self.journal_verified,
            "faults": [[fault.place, fault.what] for fault in self.faults],
        }


def audit(read: Reader, key: Ed25519PublicKey) -> Report:
    """Check a whole store against the journal's public key."""
    accounts = read.accounts()
    payments, reserved = _reserved(read)
    books = [*_zero_sums(accounts), *_reservations(accounts, reserved)]
    balances = {
        a.key: (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
        for a in accounts.values()
    }
    blocks = list(read.blocks())
    journal = verify(blocks, balances, key)
    return Report(len(blocks), payments, (*books, *journal), not books, not journal)


def _zero_sums(accounts: dict[str, Account]) -> list[JournalFault]:
    posted: dict[str, int] = {}
    pending: dict[str, int] = {}
    for account in accounts.values():
        code = account.currency
        posted[code] = posted.get(code, 0) + account.debits_posted - account.credits_posted
        pending[code] = pending.get(code, 0) + account.debits_pending - account.credits_pending
    return [
        JournalFault(f"currency {code}", f"{name} entries do not sum to zero")
        for name, sums in (("posted", posted), ("pending", pending))
        for code, total in sorted(sums.items())
        if total
    ]


def _reserved(read: Reader) -> tuple[int, dict[tuple[str, Side], int]]:
    sums: dict[tuple[str, Side], int] = {}
    count, after = 0, 0
    while page := read.listed(after, PAGE):
        for payment in page:
            if STATES[payment.state].stand is Stand.RESERVED:
                for line in lines_of(payment):
                    place = (line.account, line.side)
                    sums[place] = sums.get(place, 0) + line.minor
        count, after = count + len(page), page[-1].payment_id
    return count, sums


def _reservations(
    accounts: dict[str, Account], reserved: dict[tuple[str, Side], int]
) -> list[JournalFault]:
    return [
        JournalFault(f"account {account.key}", "what is reserved is not what open payments reserve")
        for account in accounts.values()
        if reserved.get((account.key, Side.DEBIT), 0) != account.debits_pending
        or reserved.get((account.key, Side.CREDIT), 0) != account.credits_pending
    ]
