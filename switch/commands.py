"""What can be asked of the store, and what it answers. Frozen values, no behaviour.

``decide`` turns commands into a delta; an engine only loads and writes. Everything a command needs
is in it: times, ids, salts and sealed bytes are made by the shell before the commit, so the same
command always has the same effect. A refusal is a result, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.ledger import Account
    from switch.lifecycle import Event
    from switch.model import Payment, RateKey
    from switch.port import Operation
    from switch.reasons import Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer as it is stored and repeated, byte for byte."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Binding:
    """An idempotency key bound to a payment.

    ``scope`` names who may use the key; ``key`` and the values of ``content`` are HMACs, so that
    nothing of the request can be read back. ``content`` maps field names to digests.
    """

    scope: str
    key: str
    content: Mapping[str, str]
    uetr: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed bytes of one payment: particulars, an exchange body, evidence."""

    record_id: int
    uetr: str
    kind: str
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlannedExchange:
    """An exchange row: what is not personal; its body and headers are the sealed record."""

    exchange_id: int
    uetr: str
    network: str
    operation: Operation
    reference: str
    method: str
    path: str
    send_by: datetime
    answer_within_ms: int
    sealed: Sealed


@dataclass(frozen=True, slots=True)
class Open:
    """Commit 1: everything the payment needs, and the exact body to be sent."""

    payment: Payment
    binding: Binding
    exchange: PlannedExchange
    particulars: Sealed
    wrapped_key: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refuse:
    """A refusal bound to its key: the payment exists as refused, and the answer never changes."""

    payment: Payment
    binding: Binding
    answer: Answer
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An enquiry recorded before it is sent; moves the payment by ``Event.RUNG``."""

    uetr: str
    version: int
    exchange: PlannedExchange
    at: datetime
    next_at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Conclude:
    """What became known about a payment: commit 2, or a step on the way to it.

    ``answer`` is given exactly when the event makes the payment final; ``evidence`` is the
    counterparty's message, sealed.
    """

    uetr: str
    version: int
    event: Event
    at: datetime
    next_at: datetime | None
    reason: Reason | None
    far_reference: str | None
    answer: Answer | None
    evidence: Sealed | None
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bury:
    """A tombstone: we said "never seen" to this identification, so we never execute it."""

    scope: str
    key: str
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receive:
    """Money that a counterparty shows as arrived: posted to suspense once per ``item_hash``."""

    item_hash: str
    sponsor: str
    currency: str
    minor: int
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configure:
    """Caps of accounts as the configuration of this version has them."""

    config_version: str
    accounts: tuple[Account, ...]
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RateRow:
    """One version of a provider's rate as it is kept: what was posted, and whether it still stands.

    ``pair`` is as in ``KHR/THB``, payer's currency first; ``sheet`` is canonical JSON of what was
    posted. ``published_at`` is when it was last posted or confirmed, ``withdrawn_at`` when the
    provider took it back: no payment opens at it any more.
    """

    provider: str
    pair: str
    version: str
    effective_at: datetime
    published_at: datetime
    sheet: str
    withdrawn_at: datetime | None = None

    @property
    def key(self) -> RateKey:
        """What names it for ever."""
        return self.provider, self.pair, self.version


@dataclass(frozen=True, slots=True)
class Publish:
    """A rate posted, or with ``withdrawn_at`` taken back (also one that was only configured).

    One that ``confirms`` was posted before: it is as fresh as ``published_at`` now says.
    """

    row: RateRow
    salt: bytes = field(repr=False)
    confirms: bool = False


Command = Open | Refuse | Attempt | Conclude | Bury | Receive | Configure | Publish


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out; ``payment`` is as committed (None where there is none)."""

    payment: Payment | None


@dataclass(frozen=True, slots=True)
class Known:
    """The key is bound already, to the same content: the payment, and its answer when final.

    A rate that is posted or withdrawn a second time is known too; no payment belongs to that.
    """

    payment: Payment | None
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key is bound to other content; ``field_name`` is the first that differs."""

    field_name: str


@dataclass(frozen=True, slots=True)
class Declined:
    """A check of commit 1 failed; nothing was stored. The shell binds the refusal."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Stale:
    """The payment has moved on since the command was made; ``payment`` is as it is now."""

    payment: Payment


Result = Done | Known | Conflict | Declined | Stale
