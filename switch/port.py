"""The port: what the switch asks of a network adapter, and what an adapter may know.

Adapters are pure. They *plan* a request and *read* its answer; they verify, translate and render
what a network sends us. They have no clock, no network, no store and no retry of their own: times
and ids are given in :class:`Planning`, keys when the adapter is made. Only ``dispatch`` sends a
payment's exchange, and only after the commit that holds it byte for byte has returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

from fx.scheme import Stated
from switch.merchants import NO_MERCHANTS, Merchants

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Money
    from fx.quotes import Quote
    from switch.facts import Facts
    from switch.inbound_port import InboundOrder, Told
    from switch.key_store import KeyStore
    from switch.model import Particulars, Party, Payment, Status
    from switch.reasons import Reason


class Operation(StrEnum):
    """What can be asked of a network; a missing one is missing in its facts."""

    LOOKUP = "lookup"
    QUOTE = "quote"
    PAY = "pay"
    CONFIRM = "confirm"
    ENQUIRE = "enquire"
    CANCEL = "cancel"
    REFUND = "refund"
    RECALL = "recall"
    COLLECT = "collect"
    ACKNOWLEDGE = "acknowledge"


class OutcomeKind(StrEnum):
    """What an answer says about a payment. No answer, or none we can read, is UNKNOWN."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ACCEPTED_UNPOSTED = "accepted_unposted"
    """Taken by the payee's bank and not on his account yet; it may still be refused."""
    PENDING = "pending"
    UNKNOWN = "unknown"
    NEVER_SEEN = "never_seen"
    READY = "ready"
    """Reserved on their side; it is carried out once we confirm (three-leg networks)."""
    CANCELLED = "cancelled"
    """Undone, or never carried out and never will be: the answer to a cancel or an enquiry."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one answer means. ``far_reference`` is the counterparty's own (never personal)."""

    kind: OutcomeKind
    reason: Reason | None = None
    far_reference: str | None = None

    def __post_init__(self) -> None:
        refused = self.kind is OutcomeKind.REFUSED
        assert refused == (self.reason is not None), "a refusal, and only a refusal, has a reason"


@dataclass(frozen=True, slots=True)
class Planning:
    """What an adapter may use while it plans: the time, a fresh time-ordered id, the last moment.

    ``message_number`` is unique per slot and time-ordered (63 bits); ``rung`` counts enquiries.
    ``uetr`` is the payment's, if any; ``sequence`` is counted per day, where the facts declare it.
    """

    now: datetime
    message_number: int
    slot: int
    send_by: datetime
    rung: int = 0
    uetr: str = ""
    sequence: int = 0


def reference_digits(message_number: int, slot: int) -> str:
    """Render a time-ordered number as 17 digits, unique per day and slot.

    Two digits of slot, eight of the millisecond of the day, seven of the counter below it.
    """
    millisecond, counter = divmod(message_number, 1 << 20)
    return f"{slot % 100:02d}{millisecond % 86_400_000:08d}{counter:07d}"


LOST: Final = "LOST"
"""Begins a reference that stands for one which is not known any more."""


def lost_reference(uetr: str) -> str:
    """The reference of a payment whose own was lost with the store."""
    return LOST + uetr.replace("-", "")[: 35 - len(LOST)]


def is_lost(reference: str) -> bool:
    """Whether a reference stands for a lost one: the network is asked by the UETR alone."""
    return reference.startswith(LOST)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One planned request; ``body`` is personal, sealed at rest, and never sent from ``send_by``.

    ``reference`` is ours in the partner's format: the idempotency key; ``headers`` go as stored.
    """

    exchange_id: int
    uetr: str
    network: str
    operation: Operation
    reference: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    send_by: datetime
    answer_within_ms: int


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An answer as it came: status, lower-case header names, raw body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Merchant:
    """What the owner network tells about a scanned code. Personal: never shown by ``repr``.

    ``amount`` there when the code fixes it; ``extra`` is handed back when the payment is planned.
    """

    party: Party = field(repr=False)
    city: str = field(repr=False)
    category: str
    currency: str
    amount: Money | None
    store_label: str = field(default="", repr=False)
    terminal_label: str = field(default="", repr=False)
    bill_number: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


SchemeQuote: TypeAlias = Stated
"""A price that a network made; a payment hands its id back (``payment.terms.scheme_quote``)."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer to a lookup or a quote: nothing was moved, it may be asked again."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class IncomingItem:
    """One transfer shown as received, by ``item_hash``; it names a UETR or what it ``reverses``."""

    item_hash: str
    amount: Money
    payer_agent: str
    payee_agent: str
    acknowledgement: Mapping[str, str] = field(repr=False)
    reversal: bool = False
    uetr: str = ""
    reverses: str = ""


class WireRefusal(Exception):  # noqa: N818  the name says what it is
    """A network's request that gets a refusal in that network's own dialect; nothing is bound.

    ``status`` and ``body`` are ready to send. ``reason`` is logged; nothing of the input is.
    ``uetr`` is given where the body refuses a payment for good: the switch commits a tombstone for
    it before the refusal leaves; where it exists already, ``otherwise`` refuses the message alone.
    """

    def __init__(  # the parts of one answer
        self,
        reason: Reason,
        status: int,
        content_type: str,
        body: bytes,
        *,
        uetr: str = "",
        otherwise: Rendered | None = None,
    ) -> None:
        super().__init__(reason.name)
        assert bool(uetr) == (otherwise is not None), "a refusal of a payment has its alternative"
        self.reason = reason
        self.status = status
        self.content_type = content_type
        self.body = body
        self.uetr = uetr
        self.otherwise = otherwise


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer in the network's dialect, ready to send and to store."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class InboundLookup:
    """A network asks about a KHQR its customer scanned. ``request`` is for the renderer."""

    payload: str = field(repr=False)
    amount: Money | None
    request: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class InboundPay:
    """A network instructs a payment to a KHQR merchant.

    ``key`` is the network's own identification of it (its duplicate rule), ``content`` what must be
    equal in a repeat, ``quote_token`` the one our lookup gave. ``refused`` is an adapter check
    that failed on a well-formed instruction: the refusal is bound to the key and never changes.
    """

    uetr: str
    key: str
    content: Mapping[str, str] = field(repr=False)
    quote_token: str = field(repr=False)
    settlement_amount: Money
    accepted_at: datetime
    particulars: Particulars = field(repr=False)
    refused: Reason | None = None


@dataclass(frozen=True, slots=True)
class InboundEnquiry:
    """A network asks what became of its payment; our "never seen" commits a tombstone.

    ``reference`` identifies the instruction there (``original_transaction_id``): another is another
    payment. ``returned``: key of the return it may ask of; of that alone, where ``uetr`` is empty.
    """

    uetr: str
    key: str
    request: Mapping[str, str] = field(repr=False)
    reference: str = ""
    returned: str = ""


Inbound: TypeAlias = "InboundLookup | InboundPay | InboundEnquiry | InboundOrder | Told"


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What an adapter is made with at start-up: ``own_bic`` is ours there, ``partner_bic`` its own.

    ``options`` are its further settings as text, ``merchants`` whom it means by its merchant ids.
    """

    own_bic: str
    partner_bic: str
    options: Mapping[str, str]
    keys: KeyStore = field(repr=False)
    merchants: Merchants = NO_MERCHANTS


class Adapter(Protocol):
    """One network. Every method is pure: same arguments, same result."""

    @property
    def facts(self) -> Facts:
        """Its declared data."""

    def reference(self, planning: Planning) -> str:
        """Our reference for a payment hop in this network's format: its idempotency key."""

    def plan_pay(self, payment: Payment, particulars: Particulars, planning: Planning) -> Exchange:
        """The irrevocable request; ``payment.reference`` is its idempotency key."""

    def plan_enquire(
        self, payment: Payment, particulars: Particulars, planning: Planning
    ) -> Exchange:
        """Ask what became of a payment, by our own reference; by its UETR where that is lost."""

    def read(self, exchange: Exchange, payment: Payment, answer: WireAnswer) -> Outcome:
        """What an answer to ``plan_pay`` or ``plan_enquire`` means; never raises for bad input."""


@runtime_checkable
class SchemeBringer(Protocol):
    """A network whose codes the switch has no scheme file for: its package brings them."""

    @property
    def scheme_files(self) -> tuple[tuple[str, str], ...]:
        """Name (for messages) and text of each scheme file, in order of preference."""


class LookupAdapter(Adapter, Protocol):
    """A network that is asked about its own codes (outbound merchant payments)."""

    def plan_lookup(self, payload: str, amount: Money | None, planning: Planning) -> Exchange:
        """Ask the owner of a code for its merchant. Moves nothing, so it is not stored."""

    def read_lookup(self, exchange: Exchange, answer: WireAnswer) -> Merchant | Unavailable:
        """The merchant, or why there is none; never raises for bad input."""


class QuoteAdapter(LookupAdapter, Protocol):
    """A network that prices its own merchants (``quote`` among its operations)."""

    def plan_quote(
        self, merchant: Merchant, payload: str, amount: Money, other: str, planning: Planning
    ) -> Exchange:
        """Ask what a fixed ``amount`` is in ``other``: the payee gets it, or it is paid for them.

        ``amount`` in the merchant's currency is what the payee gets, else what the network is paid.
        Moves nothing, so it is not stored.
        """

    def read_quote(self, exchange: Exchange, answer: WireAnswer) -> SchemeQuote | Unavailable:
        """The network's own price, or why there is none; never raises for bad input."""


class InboundAdapter(Adapter, Protocol):
    """A network that sends us requests."""

    @property
    def inbound_path(self) -> str:
        """Path under ``/networks/<network>``, such as ``/iso20022/v1/messages``."""

    def translate(self, headers: Mapping[str, str], body: bytes, planning: Planning) -> Inbound:
        """Verify the raw bytes, then parse. Raises :class:`WireRefusal`; binds nothing.

        ``headers`` have lower-case names; ``:path`` is the path of the request.
        """

    def render_lookup(
        self,
        request: InboundLookup,
        answer: tuple[Merchant, Quote, str] | Reason,
        planning: Planning,
    ) -> Rendered:
        """The merchant, a quote and its sealed token, or a refusal."""

    def render_status(
        self,
        payment: Payment,
        particulars: Particulars,
        status: Status,
        planning: Planning,
    ) -> Rendered:
        """The status of a payment. ``payment.reason`` is present when the status is RJCT."""

    def render_enquiry(
        self,
        request: InboundEnquiry,
        payment: Payment | None,
        status: Status | None,
        planning: Planning,
    ) -> Rendered:
        """The status of the payment enquired about, or never seen when there is none."""

    def render_refusal(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        """A refusal of an instruction that never became a payment and never will."""

    def render_rejection(self, request: InboundPay, reason: Reason, planning: Planning) -> Rendered:
        """A refusal of the message alone: it says nothing of the payment that it names."""
