"""Who takes part, what they own, and the transfers between them: the simulator's own ledger.

Money is in a participant's pool or in transit, so the sum per currency never changes. The surprise:
a transfer that was accepted (ACSP) has left the payer's pool and is nobody's until it settles.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSETS: Final = ("KHR", "USD")
TRANSFERS_MAX: Final = 100_000
"""Transfers that the ledger holds; one more is answered as if the backbone were down."""

PARTICIPANTS: Final[Mapping[str, str]] = MappingProxyType({
    "ACLBKHPPXXX": "aclb",
    "ABAAKHPPXXX": "abaa",
    "BKRTKHPPXXX": "bkrt",
    "NBCOKHPPXXX": "nbco",
    "OSKIKHPPXXX": "oski",
    "TOURKHPPXXX": "tour",
})  # fmt: skip
_OPENING: Final = ("10000000000", "2500000.00")


class Stage(StrEnum):
    """The status chain in the backbone's own words."""

    AUTHORIZED = "Authorized and Sent"
    AT_FAST = "Received At FAST"
    FAILED_AT_FAST = "Failed At FAST"
    AT_BANK = "Received At FI"
    FAILED_AT_BANK = "Failed At FI"
    ACKNOWLEDGED = "Acknowledged By FI"
    SETTLED = "Settled"
    CANNOT_SETTLE = "Cannot Settled"


FAILURES: Final = frozenset({Stage.FAILED_AT_FAST, Stage.FAILED_AT_BANK, Stage.CANNOT_SETTLE})
ENDS: Final = FAILURES | {Stage.SETTLED}


class Condition(StrEnum):
    """What is wrong with an account; the value is the reason that a payer is given."""

    OPEN = ""
    CLOSED = "AC04"
    BLOCKED = "AC06"
    VANISHING = "late AC04"
    """Accepted by the backbone, then refused by the account's bank."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account ``name@bank`` of a bank's customer."""

    bank: str
    assets: tuple[str, ...]
    condition: Condition = Condition.OPEN


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer of the ledger; ``pulled`` ones wait until their payee acknowledges.

    ``content`` is the digest of the document, ``answer`` the report that it was answered with.
    """

    payer: str
    payee: str
    ext_ref: str = field(repr=False)
    content: str
    amount: Money
    ledger_hash: str
    stage: Stage
    document: str = field(repr=False)
    information_id: str = field(repr=False)
    reason: str = ""
    pulled: bool = False
    notes: tuple[str, ...] = field(default=(), repr=False)
    answer: str = field(default="", repr=False)


def default_accounts() -> dict[str, Account]:
    """The customers that the simulator knows without configuration."""
    return {
        "noodleshop@aclb": Account("ACLBKHPPXXX", ASSETS),
        "coffee@abaa": Account("ABAAKHPPXXX", ("KHR",)),
        "silkhouse@abaa": Account("ABAAKHPPXXX", ASSETS),
        "temple_guide@bkrt": Account("BKRTKHPPXXX", ("KHR",)),
        "closed@abaa": Account("ABAAKHPPXXX", ASSETS, Condition.CLOSED),
        "blocked@abaa": Account("ABAAKHPPXXX", ASSETS, Condition.BLOCKED),
        "vanishing@abaa": Account("ABAAKHPPXXX", ASSETS, Condition.VANISHING),
    }


def parse_accounts(listed: str) -> dict[str, Account]:
    """Read the option ``accounts``: ``name@bank`` entries with commas, open in both assets.

    Raises :class:`ValueError` for an account of a bank that takes no part.
    """
    banks = {code: bic for bic, code in PARTICIPANTS.items()}
    accounts = {}
    for name in filter(None, (part.strip() for part in listed.split(","))):
        bank = banks.get(name.rpartition("@")[2])
        if bank is None:
            raise ValueError("accounts: the part after @ is a participant's short name")
        accounts[name] = Account(bank, ASSETS)
    return accounts


class LedgerFullError(RuntimeError):
    """The ledger has reached its bound; nothing was moved."""


class Ledger:
    """Pools, transit and transfers. Every movement keeps the sum of its currency."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts
        opening = [Money.parse(text, code) for text, code in zip(_OPENING, ASSETS, strict=True)]
        self._pools = {(bic, m.currency.code): m for bic in PARTICIPANTS for m in opening}
        self._transit = {m.currency.code: Money(0, m.currency) for m in opening}
        self._transfers: dict[tuple[str, str], Transfer] = {}
        self._waiting: dict[str, dict[tuple[str, str], None]] = {bic: {} for bic in PARTICIPANTS}

    def pool_account(self, bic: str) -> str:
        """The account of a participant's own pool: its BIC in lower case at its short name."""
        return f"{bic.lower()}@{PARTICIPANTS[bic]}"

    def account(self, name: str) -> Account | None:
        """The customer's account of this name."""
        return self._accounts.get(name)

    def find(self, payer: str, ext_ref: str) -> Transfer | None:
        """The transfer with this key: a payer uses a reference once."""
        return self._transfers.get((payer, ext_ref))

    def covers(self, payer: str, amount: Money) -> bool:
        """True when the payer's pool holds the amount."""
        return amount <= self._pools[payer, amount.currency.code]

    def check_room(self) -> None:
        """Raise :class:`LedgerFullError` when there is no room for another transfer."""
        if len(self._transfers) >= TRANSFERS_MAX:
            raise LedgerFullError

    def enter(self, transfer: Transfer) -> None:
        """Take a new transfer: out of the pool and into transit, unless it failed at once."""
        key = transfer.payer, transfer.ext_ref
        assert key not in self._transfers, "a reference is entered once"
        code = transfer.amount.currency.code
        if transfer.stage not in ENDS:
            self._pools[transfer.payer, code] -= transfer.amount
            self._transit[code] += transfer.amount
        self._transfers[key] = transfer
        if transfer.pulled:
            self._waiting[transfer.payee][key] = None

    def advance(self, transfer: Transfer, stage: Stage, reason: str = "") -> Transfer:
        """Move a transfer to a stage; one that has ended stays as it is and is returned."""
        key = transfer.payer, transfer.ext_ref
        now = self._transfers[key]
        if now.stage in ENDS:
            return now
        after = replace(now, stage=stage, reason=reason)
        self._transfers[key] = after
        if stage in ENDS:
            receiver = after.payee if stage is Stage.SETTLED else after.payer
            code = after.amount.currency.code
            self._transit[code] -= after.amount
            self._pools[receiver, code] += after.amount
            self._waiting[after.payee].pop(key, None)
        return after

    def waiting(self, payee: str, size: int) -> list[Transfer]:
        """The oldest transfers that wait for this payee's acknowledgement."""
        return [self._transfers[key] for key in list(self._waiting[payee])[:size]]

    def waiting_for(self, payee: str, information_id: str) -> Transfer | None:
        """The transfer of this ``PmtInfId`` that waits for this payee's acknowledgement."""
        found = (self._transfers[key] for key in self._waiting.get(payee, ()))
        return next((each for each in found if each.information_id == information_id), None)

    def settled_to(self, payee: str, information_id: str) -> Transfer | None:
        """The transfer of this ``PmtInfId`` that was settled to this payee."""
        found = (each for each in self._transfers.values() if each.information_id == information_id)
        return next((t for t in found if t.payee == payee and t.stage is Stage.SETTLED), None)

    def shown(self) -> dict[str, object]:
        """Pools, transit and the sums over both, as ``GET /ledger`` shows them."""
        totals = dict(self._transit)
        for (_, code), pool in self._pools.items():
            totals[code] += pool
        return {
            "pools": {
                bic: {code: str(self._pools[bic, code]) for code in ASSETS} for bic in PARTICIPANTS
            },
            "transit": {code: str(money) for code, money in self._transit.items()},
            "totals": {code: str(money) for code, money in totals.items()},
        }
