"""The lifecycle of a payment as one table: (direction, state, event) to the next state.

Each state declares its outside status, where its money stands and its timer; what happens to the
money on a transition follows from the two states, so the table cannot say one thing and book
another. Every pair is decided: it moves, is ignored, opens a dispute, or is impossible (a bug, and
asserted). The surprise: no event of our own clock ends a payment once a byte may have left;
``overdue`` and ``spent`` only change who looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.model import Direction, Payment, State, Status, changed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.reasons import Reason


class Event(StrEnum):
    """What can happen to a payment."""

    OPENED = "opened"
    """All checks passed; commit 1 holds the intent."""
    CHECK_FAILED = "check_failed"
    """A check refused it before anything was reserved."""
    NOT_SENT = "not_sent"
    """Provably no byte left, and none will (``send_by`` passed or the network is offline)."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    PENDING = "pending"
    """The counterparty has it and will decide."""
    LOST = "lost"
    """No answer, or none that can be read or trusted; also a restart while an answer was due."""
    OVERDUE = "overdue"
    """The answer timer fired."""
    RUNG = "rung"
    """The enquiry timer fired; an enquiry is recorded."""
    NEVER_SEEN = "never_seen"
    """The counterparty proved that it never had it and never will."""
    SPENT = "spent"
    """The enquiry budget is used up, or no enquiry can be made: what was sealed does not open."""


class Stand(StrEnum):
    """Where the money of a payment stands."""

    NONE = "none"
    RESERVED = "reserved"
    POSTED = "posted"
    VOIDED = "voided"


class Timer(StrEnum):
    """Which timer runs in a state."""

    NONE = "none"
    ANSWER = "answer"
    POLL = "poll"
    LADDER = "ladder"


class Verdict(StrEnum):
    """What the table says of a pair."""

    MOVE = "move"
    IGNORE = "ignore"
    DISPUTE = "dispute"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What a state means: outside status, money, timer, and whether it is final."""

    status: Status
    stand: Stand
    timer: Timer
    final: bool = False


STATES: Final[Mapping[State, StateFacts]] = MappingProxyType(
    {
        State.RECEIVED: StateFacts(Status.RCVD, Stand.NONE, Timer.NONE),
        State.SENDING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.ANSWER),
        State.PENDING_FAR: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.UNKNOWN: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.ACCEPTED: StateFacts(Status.ACCC, Stand.POSTED, Timer.NONE, final=True),
        State.CREDITING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.ANSWER),
        State.CREDIT_PENDING: StateFacts(Status.PDNG, Stand.RESERVED, Timer.POLL),
        State.CREDIT_UNKNOWN: StateFacts(Status.PDNG, Stand.RESERVED, Timer.LADDER),
        State.CREDITED: StateFacts(Status.ACCC, Stand.POSTED, Timer.NONE, final=True),
        State.MANUAL: StateFacts(Status.PDNG, Stand.RESERVED, Timer.NONE),
        State.REFUSED: StateFacts(Status.RJCT, Stand.VOIDED, Timer.NONE, final=True),
    }
)

_MOVES: Final = MappingProxyType(
    {
        Direction.OUTBOUND: (
            (State.RECEIVED, Event.OPENED, State.SENDING),
            (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
            (State.SENDING, Event.NOT_SENT, State.REFUSED),
            (State.SENDING, Event.ACCEPTED, State.ACCEPTED),
            (State.SENDING, Event.REFUSED, State.REFUSED),
            (State.SENDING, Event.PENDING, State.PENDING_FAR),
            (State.SENDING, Event.LOST, State.UNKNOWN),
            (State.SENDING, Event.OVERDUE, State.UNKNOWN),
            (State.PENDING_FAR, Event.ACCEPTED, State.ACCEPTED),
            (State.PENDING_FAR, Event.REFUSED, State.REFUSED),
            (State.PENDING_FAR, Event.RUNG, State.PENDING_FAR),
            (State.PENDING_FAR, Event.NEVER_SEEN, State.MANUAL),
            (State.PENDING_FAR, Event.SPENT, State.MANUAL),
            (State.UNKNOWN, Event.ACCEPTED, State.ACCEPTED),
            (State.UNKNOWN, Event.REFUSED, State.REFUSED),
            (State.UNKNOWN, Event.PENDING, State.PENDING_FAR),
            (State.UNKNOWN, Event.RUNG, State.UNKNOWN),
            (State.UNKNOWN, Event.NEVER_SEEN, State.REFUSED),
            (State.UNKNOWN, Event.NOT_SENT, State.REFUSED),
            (State.UNKNOWN, Event.SPENT, State.MANUAL),
            (State.MANUAL, Event.ACCEPTED, State.ACCEPTED),
            (State.MANUAL, Event.REFUSED, State.REFUSED),
        ),
        Direction.INBOUND: (
            (State.RECEIVED, Event.OPENED, State.CREDITING),
            (State.RECEIVED, Event.CHECK_FAILED, State.REFUSED),
            (State.CREDITING, Event.NOT_SENT, State.REFUSED),
            (State.CREDITING, Event.ACCEPTED, State.CREDITED),
            (State.CREDITING, Event.REFUSED, State.REFUSED),
            (State.CREDITING, Event.PENDING, State.CREDIT_PENDING),
            (State.CREDITING, Event.LOST, State.CREDIT_UNKNOWN),
            (State.CREDITING, Event.OVERDUE, State.CREDIT_UNKNOWN),
            (State.CREDIT_PENDING, Event.ACCEPTED, State.CREDITED),
            (State.CREDIT_PENDING, Event.REFUSED, State.REFUSED),
            (State.CREDIT_PENDING, Event.RUNG, State.CREDIT_PENDING),
            (State.CREDIT_PENDING, Event.NEVER_SEEN, State.MANUAL),
            (State.CREDIT_PENDING, Event.SPENT, State.MANUAL),
            (State.CREDIT_UNKNOWN, Event.ACCEPTED, State.CREDITED),
            (State.CREDIT_UNKNOWN, Event.REFUSED, State.REFUSED),
            (State.CREDIT_UNKNOWN, Event.PENDING, State.CREDIT_PENDING),
            (State.CREDIT_UNKNOWN, Event.RUNG, State.CREDIT_UNKNOWN),
            (State.CREDIT_UNKNOWN, Event.NEVER_SEEN, State.REFUSED),
            (State.CREDIT_UNKNOWN, Event.NOT_SENT, State.REFUSED),
            (State.CREDIT_UNKNOWN, Event.SPENT, State.MANUAL),
            (State.MANUAL, Event.ACCEPTED, State.CREDITED),
            (State.MANUAL, Event.REFUSED, State.REFUSED),
        ),
    }
)

_ANSWERS: Final = (
    Event.ACCEPTED,
    Event.REFUSED,
    Event.PENDING,
    Event.LOST,
    Event.NEVER_SEEN,
    Event.OVERDUE,
    Event.NOT_SENT,
    Event.SPENT,
)
"""Events that a message or timer in flight can still deliver after the payment has moved on."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The table's word on one pair; ``target`` is the state afterwards."""

    verdict: Verdict
    target: State


def _contradicts(state: State, event: Event) -> bool:
    """True when a final answer says the opposite of the one that was booked."""
    if STATES[state].stand is Stand.POSTED:
        return event in (Event.REFUSED, Event.NEVER_SEEN)
    return event is Event.ACCEPTED


def _decided(direction: Direction, state: State, event: Event) -> Decision:
    for source, cause, target in _MOVES[direction]:
        if source is state and cause is event:
            return Decision(Verdict.MOVE, target)
    if STATES[state].final and _contradicts(state, event):
        return Decision(Verdict.DISPUTE, state)
    if event in _ANSWERS and state is not State.RECEIVED:
        return Decision(Verdict.IGNORE, state)
    return Decision(Verdict.IMPOSSIBLE, state)


TABLE: Final[Mapping[tuple[Direction, State, Event], Decision]] = MappingProxyType(
    {
        (direction, state, event): _decided(direction, state, event)
        for direction in Direction
        for state in State
        for event in Event
    }
)


def status(payment: Payment) -> Status:
    """The outside status of a payment: the only name of its state that a caller sees."""
    return STATES[payment.state].status


def is_final(payment: Payment) -> bool:
    """True when the answer to this payment can no longer change."""
    return STATES[payment.state].final


def states_of(direction: Direction) -> tuple[State, ...]:
    """The states that a payment of this direction can be in, in the order of the table."""
    ordered = [State.RECEIVED]
    for _, _, target in _MOVES[direction]:
        if target not in ordered:
            ordered.append(target)
    return tuple(ordered)


def moves_of(direction: Direction) -> tuple[tuple[State, Event, State], ...]:
    """The rows of the table that change state or start a new timer, for diagrams and tests."""
    return _MOVES[direction]


def advance(
    payment: Payment,
    event: Event,
    *,
    at: datetime,
    next_at: datetime | None,
    reason: Reason | None = None,
    far_reference: str | None = None,
    block: int | None = None,
) -> tuple[Verdict, Payment]:
    """Apply one event. Returns the verdict and the payment as it is afterwards.

    ``next_at`` is when the timer of the target state fires; it must be given exactly where that
    state has one. A refusal needs its reason. An impossible pair is a bug and asserts. ``block`` is
    the number of the journal block that will say so, where that is known.
    """
    decision = TABLE[payment.direction, payment.state, event]
    assert decision.verdict is not Verdict.IMPOSSIBLE, f"{event} cannot happen in {payment.state}"
    if decision.verdict is Verdict.IGNORE:
        return Verdict.IGNORE, payment
    if decision.verdict is Verdict.DISPUTE:
        if payment.disputed:
            return Verdict.IGNORE, payment
        return Verdict.DISPUTE, changed(
            payment, disputed=True, version=payment.version + 1, updated_at=at, block=block
        )
    facts = STATES[decision.target]
    assert (next_at is not None) == (facts.timer is not Timer.NONE), "a timer runs where declared"
    assert (reason is not None) == (decision.target is State.REFUSED), "a refusal has its reason"
    return Verdict.MOVE, changed(
        payment,
        state=decision.target,
        version=payment.version + 1,
        updated_at=at,
        next_at=next_at,
        rung=payment.rung + 1 if event is Event.RUNG else payment.rung,
        reason=reason,
        far_reference=far_reference or payment.far_reference,
        block=block,
    )
