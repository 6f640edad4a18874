"""What a payment is, in frozen values: amounts, states, references; and, apart, who is involved.

:class:`Payment` holds nothing personal: it is what the journal, the ledger, logs and answers may
see. :class:`Particulars` holds the names, accounts, QR text and references that a counterparty
needs; it exists in memory while a payment is worked on and is sealed everywhere else. The states
and their rules are in ``lifecycle``; a payment changes only by becoming a new object there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import product
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money, Rate
    from switch.reasons import Reason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOPS_MAX: Final = 2
"""Most conversions of one payment: into the currency between, and out of it."""

RateKey: TypeAlias = tuple[str, str, str]
"""What names a rate for ever: provider, pair of currencies (``KHR/THB``), version."""


def pair_of(source: Money, destination: Money) -> str:
    """The pair of a conversion, from payer to payee: ``KHR/THB``."""
    return f"{source.currency.code}/{destination.currency.code}"


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time (exact: no floating point is involved)."""
    assert at.tzinfo is not None, "only aware times exist here"
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The aware UTC time of :func:`to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


class Direction(StrEnum):
    """Seen from Cambodia: outbound pays abroad, inbound pays a Cambodian merchant or account."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class UseCase(StrEnum):
    """Merchant payments are HIGH priority (the clock decides early), transfers are NORM."""

    MERCHANT = "merchant"
    TRANSFER = "transfer"


class Kind(StrEnum):
    """What a payment is to others: a payment of its own, or linked to the one it gives back.

    A refund is ours to instruct (a network, or Bakong, gets money back); a return is a network's. A
    recall asks for money back and moves none.
    """

    PAYMENT = "payment"
    REFUND = "refund"
    RETURN = "return"
    RECALL = "recall"


class Funding(StrEnum):
    """Where the money of a payment comes from.

    ``capped``: the payer side's position, within its cap; ``prefunded``: its deposit, never below
    zero. ``gross``: pushed to the sponsor's pool before anything is sent. Only of refunds:
    ``held``, what an earlier payment left with us that must go back; ``reversed``, what a reversal
    over Bakong brought to the sponsor's pool.
    """

    CAPPED = "capped"
    PREFUNDED = "prefunded"
    GROSS = "gross"
    HELD = "held"
    REVERSED = "reversed"


class Finality(StrEnum):
    """When a payment is final.

    With the creditor side's answer, with our confirmation of it, or before we hear of it: then the
    payer is debited already.
    """

    TWO_LEG = "two_leg"
    THREE_LEG = "three_leg"
    ADVICE = "advice"


class Flow(StrEnum):
    """Which rows of the state table a payment follows: its direction, funding and finality."""

    OUTBOUND = "outbound"
    OUTBOUND_THREE_LEG = "outbound_three_leg"
    OUTBOUND_GROSS = "outbound_gross"
    OUTBOUND_GROSS_THREE_LEG = "outbound_gross_three_leg"
    INBOUND = "inbound"
    INBOUND_BOUND = "inbound_bound"
    """Inbound by advice or in three legs: what cannot be credited is given back."""
    GIVEN_BACK = "given_back"
    """A network's return of what we paid: booked when we hear of it."""
    RECALLED = "recalled"
    """A network asks for what it has paid back: the payee's side decides."""


class Channel(StrEnum):
    """How the origin asked, and so how it is answered."""

    JSON = "json"
    ISO20022 = "iso20022"
    NETWORK = "network"


class State(StrEnum):
    """Internal states; ``lifecycle`` maps each to exactly one outside status."""

    RECEIVED = "received"
    AWAITING_FUNDS = "awaiting_funds"
    HELD = "held"
    BLOCKED = "blocked"
    SENDING = "sending"
    PENDING_FAR = "pending_far"
    UNKNOWN = "unknown"
    CANCELLING = "cancelling"
    CANCEL_MANUAL = "cancel_manual"
    ACCEPTED_UNPOSTED = "accepted_unposted"
    CONFIRMING = "confirming"
    ACCEPTED = "accepted"
    RETURNING = "returning"
    RETURNED = "returned"
    LOOKED_UP = "looked_up"
    READY = "ready"
    LAPSED = "lapsed"
    UNWINDING = "unwinding"
    UNWOUND = "unwound"
    CREDITING = "crediting"
    CREDIT_PENDING = "credit_pending"
    CREDIT_UNKNOWN = "credit_unknown"
    CREDITED = "credited"
    PUT = "put"
    GIVING_BACK = "giving_back"
    MANUAL = "manual"
    REFUSED = "refused"


class Status(StrEnum):
    """Outside status (ISO 20022 ExternalPaymentTransactionStatus1Code)."""

    RCVD = "RCVD"
    PDNG = "PDNG"
    ACSP = "ACSP"
    ACWP = "ACWP"
    ACCC = "ACCC"
    RJCT = "RJCT"


@dataclass(frozen=True, slots=True)
class Hop:
    """One conversion: ``source`` buys ``destination`` at a provider's ``rate`` of one version.

    ``holder`` is the institution whose money is paid out in the destination's currency.
    ``scheme_quote`` is the network's own quote id where the network made the price itself.
    """

    provider: str
    holder: str
    source: Money
    destination: Money
    rate: Rate
    rate_version: str
    scheme_quote: str = ""

    @property
    def rate_key(self) -> RateKey:
        """What names the rate: the provider, the currencies from payer to payee, the version."""
        return self.provider, pair_of(self.source, self.destination), self.rate_version


@dataclass(frozen=True, slots=True)
class Residue:
    """What rounding an amount to its currency's step leaves with the holder that gains by it."""

    holder: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Terms:
    """The frozen amounts of a payment, as quoted; booked to the unit, never recomputed.

    ``debit`` = ``source`` + ``fee`` in the payer's currency; ``source`` buys ``destination`` in the
    payee's currency at ``rate``. ``hops`` says how: one conversion, or two through a currency
    between; none where it was written before conversions were recorded, and then it is one.
    ``payee_fee`` was taken off what the last hop paid, and ``destination`` is what is left.
    """

    debit: Money
    fee: Money
    source: Money
    destination: Money
    rate: Rate
    rate_version: str
    quote_id: str
    quote_expires_at: datetime
    hops: tuple[Hop, ...] = ()
    residues: tuple[Residue, ...] = ()
    payee_fee: Money | None = None

    def __post_init__(self) -> None:
        assert self.debit == self.source + self.fee, "a debit is its source and its fee"
        assert len(self.hops) <= HOPS_MAX, "a conversion is direct or through one currency"
        if self.hops:
            assert self.hops[0].source == self.source, "the first hop converts the source"
            assert self.hops[-1].destination == self.paid_out, "the last hop pays the payee"
            assert self.hops[0].destination == self.hops[-1].source or len(self.hops) == 1

    @property
    def paid_out(self) -> Money:
        """What the paying holder pays: to the payee, and the fee that the payee bears."""
        return self.destination if self.payee_fee is None else self.destination + self.payee_fee

    @property
    def rate_keys(self) -> tuple[RateKey, ...]:
        """The versions that the conversions are at; a network's own price is at none of ours."""
        return tuple(hop.rate_key for hop in self.hops if not hop.scheme_quote)

    @property
    def scheme_quote(self) -> str:
        """The network's own quote id, to be handed back to it; empty where we priced."""
        return self.hops[-1].scheme_quote if self.hops else ""

    @property
    def between(self) -> Money | None:
        """What passes between two holders in the currency between; None where it is direct."""
        return self.hops[0].destination if len(self.hops) == HOPS_MAX else None


@dataclass(frozen=True, slots=True)
class Institutions:
    """Which institution holds each role of the corridor, by BIC or network name.

    ``payer_side`` is the member (outbound) or the network (inbound); ``holder`` takes the source
    and, where ``second_holder`` is empty, pays the destination; else the second holder pays it and
    is paid by the first in the currency between. ``payee_side`` is the network (outbound) or the
    sponsor whose Bakong pool pays (inbound); ``fee_taker`` earns the fee. ``on_us`` (inbound) says
    that the payee banks with the sponsor itself, so its Bakong pool does not move; ``payee_bank``
    (inbound) is the BIC of the bank whose customer is paid, where the code told it. ``sponsor``
    (gross outbound) is who gets the payer's money before anything is sent.
    """

    payer_side: str
    holder: str
    payee_side: str
    fee_taker: str
    on_us: bool = False
    second_holder: str = ""
    payee_bank: str = ""
    sponsor: str = ""

    @property
    def paying_holder(self) -> str:
        """The holder that pays the destination."""
        return self.second_holder or self.holder


@dataclass(frozen=True, slots=True)
class Payment:
    """One customer payment end to end, without anything personal.

    ``payment_id`` is time-ordered (primary key), ``uetr`` its identity everywhere. ``network`` is
    the counterparty of the irrevocable hop and ``reference`` our reference there. ``origin`` asked
    for it over ``channel``. ``next_at`` is when its timer fires; absent when nothing is due.
    ``rung`` counts enquiries. ``deadline`` is the origin's total deadline. ``reservation`` is the
    number of the first ledger entry of its reservation, ``block`` that of the journal block, across
    slots, with its newest entry. ``original`` is the UETR of the payment that a linked one gives
    back.
    """

    payment_id: int
    uetr: str
    direction: Direction
    use_case: UseCase
    corridor: str
    origin: str
    channel: Channel
    network: str
    reference: str
    terms: Terms
    institutions: Institutions
    config_version: str
    state: State
    version: int
    opened_at: datetime
    accepted_at: datetime
    deadline: datetime
    send_by: datetime
    updated_at: datetime
    next_at: datetime | None = None
    rung: int = 0
    reason: Reason | None = None
    far_reference: str | None = None
    disputed: bool = False
    reservation: int | None = None
    block: int | None = None
    kind: Kind = Kind.PAYMENT
    original: str = ""
    funding: Funding = Funding.CAPPED
    finality: Finality = Finality.TWO_LEG

    @property
    def flow(self) -> Flow:
        """Which rows of the state table it follows."""
        usual = self.finality is Finality.TWO_LEG and self.funding is Funding.CAPPED
        if usual and self.kind is Kind.PAYMENT:
            # Most are so, and a look-up by four enumerations hashes each of them.
            return Flow.OUTBOUND if self.direction is Direction.OUTBOUND else Flow.INBOUND
        return _FLOWS[self.kind, self.direction, self.funding, self.finality]


def _flow(kind: Kind, direction: Direction, funding: Funding, finality: Finality) -> Flow:
    if kind is Kind.RECALL:
        return Flow.OUTBOUND if direction is Direction.OUTBOUND else Flow.RECALLED
    if kind is not Kind.PAYMENT:
        return Flow.OUTBOUND if kind is Kind.REFUND else Flow.GIVEN_BACK
    three_leg = finality is Finality.THREE_LEG
    if direction is Direction.INBOUND:
        return Flow.INBOUND if finality is Finality.TWO_LEG else Flow.INBOUND_BOUND
    if funding is Funding.GROSS:
        return Flow.OUTBOUND_GROSS_THREE_LEG if three_leg else Flow.OUTBOUND_GROSS
    return Flow.OUTBOUND_THREE_LEG if three_leg else Flow.OUTBOUND


_FLOWS: Final = MappingProxyType(
    {each: _flow(*each) for each in product(Kind, Direction, Funding, Finality)}
)


_FIELDS: Final = tuple(each.name for each in fields(Payment))
_PLACES: Final = MappingProxyType({name: place for place, name in enumerate(_FIELDS)})
_values: Final = attrgetter(*_FIELDS)


def changed(payment: Payment, **changes: object) -> Payment:
    """A payment with other values of the fields named; a third of what ``replace`` costs."""
    values = [*_values(payment)]
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return Payment(*values)


@dataclass(frozen=True, slots=True)
class Party:
    """A person or merchant as a message names it. Personal: never shown by ``repr``."""

    name: str = field(repr=False)
    account: str = field(repr=False)
    agent: str = ""
    town: str = field(default="", repr=False)
    country: str = ""


@dataclass(frozen=True, slots=True)
class Particulars:
    """Everything personal that a payment carries. Sealed at rest; ``repr`` shows nothing.

    ``extra`` holds what one network needs back in its answer (its message ids, for instance) or
    gave us in its lookup, as plain text by name.
    """

    debtor: Party = field(repr=False)
    creditor: Party = field(repr=False)
    end_to_end_id: str = field(repr=False)
    qr_payload: str = field(default="", repr=False)
    merchant_category: str = ""
    store_label: str = field(default="", repr=False)
    terminal_label: str = field(default="", repr=False)
    bill_number: str = field(default="", repr=False)
    remittance: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
