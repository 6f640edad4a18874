"""What is told to members without being asked, as the commit that caused it writes it. Pure.

A row of the outbox says no more than that a payment changed: receiver, number, payment, version,
kind, status, time. All of it follows from the payment and its journal entry, so the outbox is a
queue and no record of its own, and it holds nothing personal; what is sent is made from the payment
when it is sent. Numbers of one receiver have no gaps and rise in the order of commits, because they
are given out in the commit. Who does not subscribe costs nothing. The surprise: an event's
identifier is not stored; it is a hash of the row, so it stays the same however often it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from switch import lifecycle, model
from switch.commands import Conclude, Open, Refuse
from switch.model import Direction, Funding, State, to_micros
from switch.operators import Approve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from switch.commands import Command
    from switch.delta import Snapshot
    from switch.model import Payment, Status

_NAMED: Final = frozenset({"disputed", "settled"})
"""Kinds of journal entries that are news by their own name."""

BANK_CODE: Final = 8
"""A BIC names its institution in so many characters; members are named by eleven."""


class Kind(StrEnum):
    """Why an event was written."""

    ENDED = "ended"
    """The payment is final: its answer never changes."""
    WAITING = "waiting"
    """Nobody can tell how it ended without people: it stays pending for longer than usual."""
    DISPUTED = "disputed"
    """A final answer was contradicted; the payment stands as it was answered."""
    SETTLED = "settled"
    """Such a dispute has ended; the payment stands as it was answered."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One event. ``number`` counts the receiver's events from 1; ``version`` is the payment's."""

    receiver: str
    number: int
    payment_id: int
    uetr: str
    version: int
    kind: Kind
    status: Status
    at: datetime

    @property
    def event_id(self) -> str:
        """A UUID version 7 (RFC 9562) of the event's time and a hash of what it is."""
        micros = to_micros(self.at)
        said = f"{self.receiver}/{self.number}/{self.uetr}/{self.version}/{self.kind}/{micros}"
        drawn = sha256(said.encode()).digest()
        number = int.from_bytes(drawn[:10], "big") | (micros // 1000) << 80
        number = number & ~(0xF << 76) | 7 << 76
        number = number & ~(3 << 62) | 2 << 62
        text = f"{number:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def kind_of(entry: str, payment: Payment, *, answered: bool) -> Kind | None:
    """What a journal entry of a payment means to its bank, None for a step on the way.

    ``answered`` is true of the entry that made the payment final. An order that nobody paid is
    nobody's news.
    """
    if payment.kind is model.Kind.RETURN and payment.funding is Funding.HELD:
        return None  # until it is matched it is nobody's
    if entry in _NAMED:
        return Kind(entry)
    if answered:
        return None if payment.state is State.LAPSED else Kind.ENDED
    return Kind.WAITING if _waits(payment) else None


def _waits(payment: Payment) -> bool:
    """Whether people must decide: of a recall, the bank that is told so."""
    return payment.state in (State.MANUAL, State.CANCEL_MANUAL, State.PUT)


def receiver_of(payment: Payment) -> str:
    """The institution whose customer pays or gets money back, or whose customer is paid.

    Empty where it is not known. A refund is paid by the bank of the merchant; what a network
    returns goes to the bank of who had paid. A BIC of eight characters names the head office.
    """
    pays = payment.direction is Direction.OUTBOUND or payment.kind is model.Kind.RETURN
    held = payment.institutions
    bank = held.payer_side if pays else held.payee_bank
    return f"{bank}XXX" if len(bank) == BANK_CODE else bank


def receivers_wanted(commands: Sequence[Command], snapshot: Snapshot) -> dict[str, None]:
    """The receivers whose counts to load (and lock) once payments are known."""
    found: dict[str, None] = {}
    for command in commands:
        match command:
            case Refuse(payment=payment):
                found[receiver_of(payment)] = None
            case Open(payment=payment) if lifecycle.is_final(payment) or _waits(payment):
                found[receiver_of(payment)] = None
            case Conclude(uetr=uetr) | Approve(uetr=uetr) if uetr in snapshot.payments:
                found[receiver_of(snapshot.payments[uetr])] = None
            case _:
                pass
    return found
