"""What would be on the disk, as dicts: the tables of the model store.

Engines of several slots share them. Whatever a database would keep by a key is kept by it here;
the journal is by slot. Nothing here is durable, and nothing is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.commands import Answer, Binding, PlannedExchange, RateRow, Sealed
    from switch.delta import Claim
    from switch.ledger import Account, Entry
    from switch.model import Payment, RateKey
    from switch.outbox import OutboxRow
    from switch.store.journal import Block
    from switch.store.outbox_port import Retry, Standing

Leaves = tuple[tuple[bytes, bytes], ...]
"""The leaves of one block, each as (salt, canonical content)."""


@dataclass(slots=True)
class SlotRow:
    """A writer slot: times it was taken, who holds it (empty: nobody), and until when."""

    epoch: int
    owner: str
    lease_until: datetime


@dataclass(slots=True)
class Delivery:
    """How deliveries to a receiver stand, and the slot and the epoch of the process that sends."""

    standing: Standing
    owner: tuple[int, int] = (0, 0)


class OfPayment(Protocol):
    """A row that is of one payment."""

    @property
    def uetr(self) -> str:
        """Whose it is."""
        ...


Of = TypeVar("Of", bound=OfPayment)


class ByNumber(dict[int, Of]):
    """Rows by their number; ``of`` has those of each payment, as a database finds by an index."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, dict[int, Of]] = {}

    def __setitem__(self, number: int, row: Of) -> None:
        if number in self:
            del self[number]
        super().__setitem__(number, row)
        self.of.setdefault(row.uetr, {})[number] = row

    def __delitem__(self, number: int) -> None:
        del self.of[self[number].uetr][number]
        super().__delitem__(number)

    def keep(self, rows: Mapping[int, Of]) -> None:
        """Put these in."""
        for number, row in rows.items():
            self[number] = row


class Payments(dict[str, "Payment"]):
    """Payments by UETR; ``waiting`` has those with a timer, as a partial index of a database."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[str, Payment] = {}

    def __setitem__(self, uetr: str, payment: Payment) -> None:
        super().__setitem__(uetr, payment)
        if payment.next_at is None:
            self.waiting.pop(uetr, None)
        else:
            self.waiting[uetr] = payment

    def keep(self, payments: Mapping[str, Payment]) -> None:
        """Put these in."""
        for uetr, payment in payments.items():
            self[uetr] = payment


@dataclass(slots=True)
class MemoryTables:
    """What would be on the disk; ``blocks`` are by slot, everything else by its identity.

    ``owners`` holds the slot and the epoch of each payment's row.
    """

    slots: dict[int, SlotRow] = field(default_factory=dict)
    owners: dict[str, tuple[int, int]] = field(default_factory=dict)
    sequences: dict[tuple[str, str, str], int] = field(default_factory=dict)
    payments: Payments = field(default_factory=Payments)
    bindings: dict[tuple[str, str], Binding] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    tombstones: dict[tuple[str, str], datetime] = field(default_factory=dict)
    balances: dict[int, tuple[Account, ...]] = field(default_factory=dict)
    """Accounts that a block touched, as it left them, by its number across slots."""
    retained: dict[str, int] = field(default_factory=dict)
    incoming: dict[str, None] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    rates: dict[RateKey, RateRow] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    exchanges: ByNumber[PlannedExchange] = field(default_factory=ByNumber)
    sealed: ByNumber[Sealed] = field(default_factory=ByNumber)
    wrapped_keys: dict[str, bytes] = field(default_factory=dict)
    erasure_requests: dict[str, None] = field(default_factory=dict)
    references: dict[tuple[str, str], str] = field(default_factory=dict)
    receivers: dict[str, int] = field(default_factory=dict)
    outbox: dict[tuple[str, int], OutboxRow] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    retries: dict[tuple[str, int], Retry] = field(default_factory=dict)
    blocks: dict[int, list[tuple[Block, Leaves]]] = field(default_factory=dict)
