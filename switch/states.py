"""The state table itself: what each state means, and which event leads where. Data.

A *flow* is a direction with its funding and finality; each has its own rows, put together from
shared ones. A state says its outside status, where the reserved money stands, its timer, and
whether the answer to the origin can still change. The surprise: a state may be final and still have
a timer, where something remains to be done that changes no answer (money is on its way back, a
confirmation is not acknowledged yet).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.model import Flow, State, Status

if TYPE_CHECKING:
    from collections.abc import Mapping


class Event(StrEnum):
    """What can happen to a payment."""

    OPENED = "opened"
    """All checks passed; commit 1 holds the intent."""
    ORDERED = "ordered"
    """A network asks us to hold it until its customer pays; nothing is reserved."""
    HELD_READY = "held_ready"
    """The same where we are bound once they say so: what we shall pay out is reserved."""
    FUNDS_AWAITED = "funds_awaited"
    """The payer's bank must first push the money to the sponsor (gross funding)."""
    RECALLED = "recalled"
    """A network asks for money back; it is put to the payee's bank, and to people."""
    BOOKED = "booked"
    """Money that a network gave back: posted, and nothing is left to be done."""
    CHECK_FAILED = "check_failed"
    """A check refused it before anything was reserved."""
    FUNDED = "funded"
    """The money that was awaited has come; the commit holds the intent of the hop."""
    UNASKED = "unasked"
    """Money came that nothing waits for: it goes back, or on to the payer, on its own."""
    HIT = "hit"
    """Screening found somebody listed before anything was sent: people look at it first."""
    CLEARED = "cleared"
    """Two operators let what was held go on; the commit holds the intent of the hop."""
    BLOCKED = "blocked"
    """Two operators block it by law: its money is frozen."""
    UNBLOCKED = "unblocked"
    """By the authority's order its money is the payer's again."""
    SURRENDERED = "surrendered"
    """By the authority's order its money is the authority's."""
    PAID = "paid"
    """The network pays what was ordered; the commit holds the intent of the hop."""
    PAID_AMISS = "paid_amiss"
    """The payer paid what cannot be credited (another amount, or too late)."""
    EXPIRED = "expired"
    """What was waited for did not come in time; nothing was ever sent."""
    TAKEN_BACK = "taken_back"
    """The network takes back what it has not paid yet."""
    NOT_SENT = "not_sent"
    """Provably no byte left, and none will (``send_by`` passed or the network is offline)."""
    ACCEPTED = "accepted"
    UNPOSTED = "unposted"
    """Accepted, and not yet on the payee's account (ISO 20022 ACWP)."""
    REFUSED = "refused"
    PENDING = "pending"
    """The counterparty has it and will decide."""
    READY = "ready"
    """The counterparty has reserved it and carries it out once we confirm."""
    LOST = "lost"
    """No answer, or none that can be read or trusted; also a restart while an answer was due."""
    OVERDUE = "overdue"
    """The answer timer fired."""
    RUNG = "rung"
    """The timer of a repeated step fired; what is sent for it is recorded."""
    NEVER_SEEN = "never_seen"
    """The counterparty proved that it never had it and never will."""
    GIVEN_UP = "given_up"
    """We ask the counterparty to undo it; the request is recorded."""
    CANCELLED = "cancelled"
    """The counterparty undid it, or says that it was undone before."""
    TOO_LATE = "too_late"
    """The counterparty answers a cancel: it is done, and stays done."""
    SPENT = "spent"
    """The budget of a repeated step is used up, or nothing can be asked any more."""
    ACKNOWLEDGED = "acknowledged"
    """The counterparty has our confirmation."""
    OWED = "owed"
    """Two operators book what does not go back as owed: nothing is sent for it any more."""
    GIVEN_BACK = "given_back"
    """The linked payment that gives the money back was accepted."""


class Stand(StrEnum):
    """Where the reserved money of a payment stands."""

    NONE = "none"
    RESERVED = "reserved"
    POSTED = "posted"
    VOIDED = "voided"
    FROZEN = "frozen"
    """Taken from the payer's side and given to nobody."""


class Timer(StrEnum):
    """Which timer runs in a state, and so what is done when it fires."""

    NONE = "none"
    ANSWER = "answer"
    POLL = "poll"
    LADDER = "ladder"
    EXPIRY = "expiry"
    """What is waited for has not come."""
    CANCEL = "cancel"
    """The cancel is sent again until the network's window ends."""
    CONFIRM = "confirm"
    """The confirmation is sent again until it is acknowledged."""
    CHILD = "child"
    """The linked payment that gives the money back is looked at, and made where it is missing."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What a state means: outside status, money, timer, whether the answer can still change."""

    status: Status
    stand: Stand
    timer: Timer
    final: bool = False


STATES: Final[Mapping[State, StateFacts]] = MappingProxyType(
    {
        State.RECEIVED: StateFacts(Status.RCVD, Stand.NONE, Timer.NONE),
        State.AWAITING_FUNDS: StateFacts(Status.PDNG, Stand.NONE, Timer.EXPIRY),
        State.HELD: StateFacts(Status.PDNG, Stand.RESERVED, Timer.EXPIRY),
        State.BLOCKED: StateFacts(Status.PDNG, Stand.FROZEN, Timer.NONE),
        State.SENDING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.ANSWER),
        State.PENDING_FAR: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.UNKNOWN: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.CANCELLING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.CANCEL),
        State.CANCEL_MANUAL: StateFacts(Status.PDNG, Stand.RESERVED, Timer.NONE),
        State.ACCEPTED_UNPOSTED: StateFacts(Status.ACWP, Stand.RESERVED, Timer.LADDER),
        State.CONFIRMING: StateFacts(Status.ACCC, Stand.POSTED, Timer.CONFIRM, final=True),
        State.ACCEPTED: StateFacts(Status.ACCC, Stand.POSTED, Timer.NONE, final=True),
        State.RETURNING: StateFacts(Status.RJCT, Stand.VOIDED, Timer.CHILD, final=True),
        State.RETURNED: StateFacts(Status.RJCT, Stand.VOIDED, Timer.NONE, final=True),
        State.LOOKED_UP: StateFacts(Status.RCVD, Stand.NONE, Timer.EXPIRY),
        State.READY: StateFacts(Status.ACSP, Stand.RESERVED, Timer.EXPIRY),
        State.CREDITING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.ANSWER),
        State.CREDIT_PENDING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.POLL),
        State.CREDIT_UNKNOWN: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.CREDITED: StateFacts(Status.ACCC, Stand.POSTED, Timer.NONE, final=True),
        State.LAPSED: StateFacts(Status.RJCT, Stand.VOIDED, Timer.NONE, final=True),
        State.UNWINDING: StateFacts(Status.RJCT, Stand.VOIDED, Timer.CHILD, final=True),
        State.UNWOUND: StateFacts(Status.RJCT, Stand.VOIDED, Timer.NONE, final=True),
        State.PUT: StateFacts(Status.PDNG, Stand.RESERVED, Timer.EXPIRY),
        State.GIVING_BACK: StateFacts(Status.PDNG, Stand.RESERVED, Timer.CHILD),
        State.MANUAL: StateFacts(Status.PDNG, Stand.RESERVED, Timer.NONE),
        State.REFUSED: StateFacts(Status.RJCT, Stand.VOIDED, Timer.NONE, final=True),
    }
)

Move = tuple[State, Event, State]


def _hop(
    asked: State, pending: State, unknown: State, done: State, undone: State
) -> tuple[Move, ...]:
    """A hop whose outcome may stay unknown: asked, answered, enquired about, left to people."""
    return (
        (asked, Event.NOT_SENT, undone),
        (asked, Event.ACCEPTED, done),
        (asked, Event.REFUSED, undone),
        (asked, Event.PENDING, pending),
        (asked, Event.LOST, unknown),
        (asked, Event.OVERDUE, unknown),
        (pending, Event.ACCEPTED, done),
        (pending, Event.REFUSED, undone),
        (pending, Event.RUNG, pending),
        (pending, Event.NEVER_SEEN, State.MANUAL),
        (pending, Event.SPENT, State.MANUAL),
        (unknown, Event.ACCEPTED, done),
        (unknown, Event.REFUSED, undone),
        (unknown, Event.PENDING, pending),
        (unknown, Event.RUNG, unknown),
        (unknown, Event.NEVER_SEEN, undone),
        (unknown, Event.NOT_SENT, undone),
        (unknown, Event.SPENT, State.MANUAL),
        (State.MANUAL, Event.ACCEPTED, done),
        (State.MANUAL, Event.REFUSED, undone),
    )


def _cancelled(undone: State) -> tuple[Move, ...]:
    """Outbound: what is not answered can be undone where the network has a cancel.

    From then on an acceptance says nothing any more, because it may be older than the cancel: only
    the cancel's own answer ends it, or people do.
    """
    unanswered = (State.SENDING, State.PENDING_FAR, State.UNKNOWN)
    return (
        *((state, Event.CANCELLED, undone) for state in unanswered),
        (State.UNKNOWN, Event.GIVEN_UP, State.CANCELLING),
        (State.PENDING_FAR, Event.GIVEN_UP, State.CANCELLING),
        (State.CANCELLING, Event.RUNG, State.CANCELLING),
        (State.CANCELLING, Event.CANCELLED, undone),
        (State.CANCELLING, Event.NEVER_SEEN, undone),
        (State.CANCELLING, Event.TOO_LATE, State.ACCEPTED),
        (State.CANCELLING, Event.SPENT, State.CANCEL_MANUAL),
        (State.CANCEL_MANUAL, Event.CANCELLED, undone),
        (State.CANCEL_MANUAL, Event.REFUSED, undone),
        (State.CANCEL_MANUAL, Event.TOO_LATE, State.ACCEPTED),
        (State.MANUAL, Event.CANCELLED, undone),
    )


def _unposted(undone: State) -> tuple[Move, ...]:
    """Outbound transfers: accepted before the payee's bank has posted them."""
    asked = (State.SENDING, State.PENDING_FAR, State.UNKNOWN)
    return (
        *((state, Event.UNPOSTED, State.ACCEPTED_UNPOSTED) for state in asked),
        (State.ACCEPTED_UNPOSTED, Event.ACCEPTED, State.ACCEPTED),
        (State.ACCEPTED_UNPOSTED, Event.REFUSED, undone),
        (State.ACCEPTED_UNPOSTED, Event.RUNG, State.ACCEPTED_UNPOSTED),
        (State.ACCEPTED_UNPOSTED, Event.SPENT, State.MANUAL),
    )


def _outbound(undone: State) -> tuple[Move, ...]:
    return (
        *_hop(State.SENDING, State.PENDING_FAR, State.UNKNOWN, State.ACCEPTED, undone),
        *_cancelled(undone),
        *_unposted(undone),
    )


_CONFIRMED: Final = (
    *(
        (state, Event.READY, State.CONFIRMING)
        for state in (State.SENDING, State.PENDING_FAR, State.UNKNOWN, State.MANUAL)
    ),
    (State.CONFIRMING, Event.RUNG, State.CONFIRMING),
    (State.CONFIRMING, Event.ACKNOWLEDGED, State.ACCEPTED),
    (State.CONFIRMING, Event.ACCEPTED, State.ACCEPTED),
)
"""Three-leg: our confirmation is what makes it final; then it is told until acknowledged.

What is left to people they confirm: "accepted" by them is that it was set aside.
"""

_CAPPED: Final = (
    (State.RECEIVED, Event.OPENED, State.SENDING),
    (State.RECEIVED, Event.HIT, State.HELD),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
    (State.HELD, Event.CLEARED, State.SENDING),
    (State.HELD, Event.BLOCKED, State.BLOCKED),
    (State.HELD, Event.REFUSED, State.REFUSED),
    (State.HELD, Event.EXPIRED, State.REFUSED),
    (State.BLOCKED, Event.UNBLOCKED, State.REFUSED),
    (State.BLOCKED, Event.SURRENDERED, State.REFUSED),
    *_outbound(State.REFUSED),
)

_GROSS: Final = (
    (State.RECEIVED, Event.FUNDS_AWAITED, State.AWAITING_FUNDS),
    (State.RECEIVED, Event.UNASKED, State.RETURNING),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
    (State.AWAITING_FUNDS, Event.FUNDED, State.SENDING),
    (State.AWAITING_FUNDS, Event.PAID_AMISS, State.RETURNING),
    (State.AWAITING_FUNDS, Event.EXPIRED, State.REFUSED),
    (State.AWAITING_FUNDS, Event.TAKEN_BACK, State.REFUSED),
    *_outbound(State.RETURNING),
    (State.RETURNING, Event.RUNG, State.RETURNING),
    (State.RETURNING, Event.GIVEN_BACK, State.RETURNED),
    (State.RETURNING, Event.OWED, State.RETURNED),
)


def _credit(undone: State) -> tuple[Move, ...]:
    return _hop(State.CREDITING, State.CREDIT_PENDING, State.CREDIT_UNKNOWN, State.CREDITED, undone)


_INBOUND: Final = (
    (State.RECEIVED, Event.OPENED, State.CREDITING),
    (State.RECEIVED, Event.ORDERED, State.LOOKED_UP),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
    (State.LOOKED_UP, Event.PAID, State.CREDITING),
    (State.LOOKED_UP, Event.PAID_AMISS, State.REFUSED),
    (State.LOOKED_UP, Event.EXPIRED, State.LAPSED),
    (State.LOOKED_UP, Event.TAKEN_BACK, State.LAPSED),
    *_credit(State.REFUSED),
)

_BOUND: Final = (
    (State.RECEIVED, Event.HELD_READY, State.READY),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
    (State.READY, Event.PAID, State.CREDITING),
    (State.READY, Event.PAID_AMISS, State.UNWINDING),
    (State.READY, Event.EXPIRED, State.LAPSED),
    (State.READY, Event.TAKEN_BACK, State.LAPSED),
    (State.LAPSED, Event.PAID_AMISS, State.UNWINDING),
    *_credit(State.UNWINDING),
    (State.UNWINDING, Event.RUNG, State.UNWINDING),
    (State.UNWINDING, Event.GIVEN_BACK, State.UNWOUND),
    (State.UNWINDING, Event.OWED, State.UNWOUND),
)
"""Inbound where the payer is debited already when we hear (advice), or will be because we said so
(three-leg): a credit that fails must be given back."""

_GIVEN_BACK: Final = (
    (State.RECEIVED, Event.BOOKED, State.ACCEPTED),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
)

_RECALLED: Final = (
    (State.RECEIVED, Event.RECALLED, State.PUT),
    (State.RECEIVED, Event.UNASKED, State.GIVING_BACK),
    (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
    (State.PUT, Event.ACCEPTED, State.GIVING_BACK),
    (State.PUT, Event.REFUSED, State.REFUSED),
    (State.PUT, Event.EXPIRED, State.REFUSED),
    (State.MANUAL, Event.ACCEPTED, State.GIVING_BACK),
    (State.MANUAL, Event.REFUSED, State.REFUSED),
    (State.GIVING_BACK, Event.RUNG, State.GIVING_BACK),
    (State.GIVING_BACK, Event.GIVEN_BACK, State.ACCEPTED),
    (State.GIVING_BACK, Event.SPENT, State.MANUAL),
)
"""A recall is agreed to once the refund that it asks for has arrived; it has no lines itself.

Whoever is asked and says nothing has said no when its time is over; from then on nothing is given.
What a payee's bank gives back unasked (pain.007) is one that is agreed to already, with its money.
"""

MOVES: Final[Mapping[Flow, tuple[Move, ...]]] = MappingProxyType(
    {
        Flow.OUTBOUND: _CAPPED,
        Flow.OUTBOUND_THREE_LEG: (*_CAPPED, *_CONFIRMED),
        Flow.OUTBOUND_GROSS: _GROSS,
        Flow.OUTBOUND_GROSS_THREE_LEG: (*_GROSS, *_CONFIRMED),
        Flow.INBOUND: _INBOUND,
        Flow.INBOUND_BOUND: _BOUND,
        Flow.GIVEN_BACK: _GIVEN_BACK,
        Flow.RECALLED: _RECALLED,
    }
)
"""Every row that changes state or starts a timer anew."""

ANSWERS: Final = (
    *(Event.ACCEPTED, Event.UNPOSTED, Event.REFUSED, Event.PENDING, Event.READY, Event.LOST),
    *(Event.NEVER_SEEN, Event.CANCELLED, Event.TOO_LATE, Event.ACKNOWLEDGED),
    *(Event.OVERDUE, Event.NOT_SENT, Event.SPENT, Event.EXPIRED, Event.GIVEN_BACK),
    *(Event.PAID, Event.PAID_AMISS, Event.TAKEN_BACK, Event.FUNDED),
)
"""Events that a message or timer in flight can still deliver after the payment has moved on."""

REFUSALS: Final = (Event.REFUSED, Event.NEVER_SEEN, Event.CANCELLED)
"""What contradicts a payment that was accepted."""

SUCCESSES: Final = (Event.ACCEPTED, Event.TOO_LATE)
"""What contradicts a payment that was refused."""
