"""What can be asked of the store, and what it answers. Frozen values, no behaviour.

``decide`` turns commands into a delta; an engine only loads and writes. Everything a command needs
is in it: times, ids, salts and sealed bytes are made by the shell before the commit, so the same
command always has the same effect. A refusal is a result, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.operators import Approve, ItemCommand, PartyCommand, Propose
from switch.states import Event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.ledger import Account
    from switch.model import Payment, RateKey
    from switch.port import Operation
    from switch.reasons import Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer as it is stored and repeated, byte for byte.

    ``sealed`` says that ``body`` is a sealed record of its payment: what a network or an
    ISO 20022 member is answered names the payer's own references.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """An idempotency key bound to a payment.

    ``scope`` names who may use the key; ``key`` is an HMAC under a key of the whole store, so that
    it can be found. ``content`` maps field names to HMACs under the payment's own data key, so that
    they tell nothing any more once that is destroyed; only the shell can compare them.
    """

    scope: str
    key: str
    content: Mapping[str, str]
    uetr: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed bytes of one payment: what it was opened with, an enquiry, evidence."""

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
    """Commit 1: everything the payment needs, and the exact body to be sent.

    The sealed record of ``exchange`` holds the particulars too: a payment is sealed once. Where
    nothing is sent yet (an order, funds that are awaited, a return that is only booked) ``sealed``
    holds them; what is final at once has its ``answer``. ``item_hash`` is the incoming item that is
    taken in by it, once. ``evidence`` is a counterparty's message that brought it, sealed, where
    people will want to read that. ``parties`` are others that it may come to only where they may be
    paid: a merchant of that network. ``named`` says that its reference is the network's own name
    for what is paid, which another payment may have taken. ``grave`` is what a tombstone would name
    it by, where that is not its UETR; ``order`` is under what UETR its network takes back what it
    named while nobody has paid it: once that is buried, this is never opened.
    """

    payment: Payment
    binding: Binding
    exchange: PlannedExchange | None
    wrapped_key: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    sealed: Sealed | None = None
    answer: Answer | None = None
    item_hash: str = ""
    evidence: Sealed | None = None
    parties: tuple[str, ...] = ()
    named: bool = False
    grave: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A refusal bound to its key: the payment exists as refused, and the answer never changes."""

    payment: Payment
    binding: Binding
    answer: Answer
    wrapped_key: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent while an outcome is waited for, recorded before it is sent.

    ``event`` is ``rung`` (an enquiry, a cancel or confirmation again) or ``given_up`` (the first
    cancel).
    """

    uetr: str
    version: int
    exchange: PlannedExchange
    at: datetime
    next_at: datetime
    salt: bytes = field(repr=False)
    event: Event = Event.RUNG


@dataclass(frozen=True, slots=True)
class Conclude:
    """What became known about a payment: commit 2, or a step on the way to it.

    ``answer`` is given exactly when the event makes the payment final; ``evidence`` is the
    counterparty's message, sealed. ``exchange`` is the next hop's, where the event starts one.
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
    exchange: PlannedExchange | None = None
    paid: Money | None = None
    """What a network paid, where that is not what was held: it is owed, and goes back."""
    item_hash: str = ""
    """The incoming item that is taken in by it, once: what was awaited, or something else."""


@dataclass(frozen=True, slots=True)
class Bury:
    """A tombstone: we said "never seen" to this identification, so we never execute it.

    What bears no UETR of its own is buried only while nothing is bound to ``bound`` in that scope,
    and ``item`` was not put down. ``named`` is what the network ``scope`` calls it, where it is the
    network's to be paid: nothing is buried that a payment of ours has as its reference already.
    """

    scope: str
    key: str
    at: datetime
    salt: bytes = field(repr=False)
    bound: str = ""
    item: str = ""
    named: str = ""


@dataclass(frozen=True, slots=True)
class Receive:
    """What a counterparty shows and no payment is known for: to suspense once per ``item_hash``.

    Money in a pool of ``sponsor``; or, where ``claimed``, what the network ``sponsor`` says that it
    owes (or, below zero, is owed). A file of such claims that was taken is an item of nothing, and
    ``by`` says who brought it. ``grave`` is the tombstone that forbids it.
    """

    item_hash: str
    sponsor: str
    currency: str
    minor: int
    at: datetime
    salt: bytes = field(repr=False)
    claimed: bool = False
    by: str = ""
    grave: str = ""


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


@dataclass(frozen=True, slots=True)
class Erase:
    """Destroy the data key of a payment that has ended; ``mark`` takes the place of the key.

    Ledger, journal and proofs stay whole. ``cause`` is ``request`` or ``retention``.
    """

    uetr: str
    cause: str
    mark: bytes
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rewrap:
    """Data keys wrapped anew under the wrapping key of that id: UETR, wrapped before, and now.

    A key that is not as it was before (erased meanwhile, say) is left alone.
    """

    wrapping: str
    keys: tuple[tuple[str, bytes, bytes], ...] = field(repr=False)
    at: datetime
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Forget:
    """Lets go of keys with their answers, and of tombstones, that are older than the retention.

    ``bindings`` are UETRs of payments that ended before ``ended_before``; ``tombstones`` are scopes
    and UETRs buried before ``buried_before``. ``keys`` are the bindings by scope and key, for the
    journal to say what they were. Payments, ledger and journal stay whole.
    """

    bindings: tuple[str, ...]
    tombstones: tuple[tuple[str, str], ...]
    ended_before: datetime
    buried_before: datetime
    at: datetime
    salt: bytes = field(repr=False)
    keys: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Rekey:
    """From the next block on this slot signs under another key, ``public`` (32 raw bytes).

    The block that says so is the last one under the key before. With a ``signature`` it is the
    first one under the new key instead: the key before said this when it was replaced
    (:func:`switch.store.chain.succession`), in a journal that a backup does not hold.
    """

    public: bytes
    at: datetime
    salt: bytes = field(repr=False)
    signature: bytes | None = None


_Payment = Open | Refuse | Attempt | Conclude | Propose | Approve
_Kept = Bury | Receive | Configure | Publish | Erase | Rewrap | Forget | Rekey
Command = _Payment | PartyCommand | ItemCommand | _Kept


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out; ``payment`` is as committed (None where there is none)."""

    payment: Payment | None


@dataclass(frozen=True, slots=True)
class Known:
    """The key is bound already: the payment, its answer when final, and the binding.

    Whether the content is the same is for the shell to see, which can open the payment's data key.
    A rate that is posted or withdrawn a second time is known too; no payment belongs to that. Nor
    is it news that a payment's names were erased.
    """

    payment: Payment | None
    answer: Answer | None
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Bound to other content; ``field_name`` is the first that differs, by name.

    The store itself says so of a UETR or of a rate only.
    """

    field_name: str


@dataclass(frozen=True, slots=True)
class Declined:
    """A check of commit 1 failed; nothing was stored. The shell binds the refusal."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Stale:
    """The payment does not stand as the command takes it to; ``payment`` is as it is now."""

    payment: Payment


Result = Done | Known | Conflict | Declined | Stale
