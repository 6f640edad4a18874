"""The lifecycle of a payment: what the state table says of each pair, and how a payment advances.

The table is in ``states``; what happens to the money on a transition follows from the two states,
so the table cannot say one thing and book another. Every pair is decided: it moves, is ignored,
opens a dispute, or is impossible (a bug, and asserted). The surprise: no event of our own clock
ends a payment once a byte may have left; ``overdue`` and ``spent`` only change who looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.model import Flow, Payment, State, Status, changed
from switch.states import (
    ANSWERS,
    MOVES,
    REFUSALS,
    STATES,
    SUCCESSES,
    Event,
    Stand,
    StateFacts,
    Timer,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.reasons import Reason
    from switch.states import Move

__all__ = [
    "BORNE",
    "STATES",
    "TABLE",
    "Decision",
    "Event",
    "Stand",
    "StateFacts",
    "Timer",
    "Verdict",
    "advance",
    "decided",
    "is_ended",
    "is_final",
    "is_unbooked",
    "moves_of",
    "rung_after",
    "states_of",
    "status",
]


BORNE: Final = -1
"""Rung of a payment that two operators booked against its answer: it agrees with its network.

Told of it once more, nobody disputes it again, and it cannot be booked twice. Told that its answer
was right after all, it is disputed anew.
"""


class Verdict(StrEnum):
    """What the table says of a pair."""

    MOVE = "move"
    IGNORE = "ignore"
    DISPUTE = "dispute"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Decision:
    """The table's word on one pair; ``target`` is the state afterwards."""

    verdict: Verdict
    target: State


def _contradicts(state: State, event: Event) -> bool:
    """True when a final answer says the opposite of the one that was booked."""
    if STATES[state].timer is not Timer.NONE and event is Event.SPENT:
        return True
    return event in (REFUSALS if STATES[state].stand is Stand.POSTED else SUCCESSES)


def _decided(flow: Flow, state: State, event: Event) -> Decision:
    for source, cause, target in MOVES[flow]:
        if source is state and cause is event:
            return Decision(Verdict.MOVE, target)
    if STATES[state].final and _contradicts(state, event):
        return Decision(Verdict.DISPUTE, state)
    if event in ANSWERS and state is not State.RECEIVED:
        return Decision(Verdict.IGNORE, state)
    return Decision(Verdict.IMPOSSIBLE, state)


TABLE: Final[Mapping[tuple[Flow, State, Event], Decision]] = MappingProxyType(
    {
        (flow, state, event): _decided(flow, state, event)
        for flow in Flow
        for state in State
        for event in Event
    }
)


def decided(payment: Payment, event: Event) -> Decision:
    """What the table says of a payment and an event."""
    decision = TABLE[payment.flow, payment.state, event]
    if payment.rung != BORNE or decision.verdict is Verdict.IMPOSSIBLE:
        return decision
    news = (*SUCCESSES, Event.ACKNOWLEDGED) if is_unbooked(payment) else REFUSALS
    return Decision(Verdict.DISPUTE if event in news else Verdict.IGNORE, payment.state)


def is_unbooked(payment: Payment) -> bool:
    """True when it was answered as accepted, and operators took back what was booked for it."""
    return payment.rung == BORNE and STATES[payment.state].stand is Stand.POSTED


def status(payment: Payment) -> Status:
    """The outside status of a payment: the only name of its state that a caller sees."""
    return STATES[payment.state].status


def is_final(payment: Payment) -> bool:
    """True when the answer to this payment can no longer change."""
    return STATES[payment.state].final


def is_ended(payment: Payment) -> bool:
    """True when the answer is final and nothing remains to be done, by a timer or by people."""
    return is_final(payment) and payment.next_at is None and not payment.disputed


def states_of(flow: Flow) -> tuple[State, ...]:
    """The states that a payment of this flow can be in, in the order of the table."""
    ordered = [State.RECEIVED]
    for _, _, target in MOVES[flow]:
        if target not in ordered:
            ordered.append(target)
    return tuple(ordered)


def moves_of(flow: Flow) -> tuple[Move, ...]:
    """The rows of the table that change state or start a new timer, for diagrams and tests."""
    return MOVES[flow]


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
    state has one. A payment that becomes refused needs its reason, and keeps it. An impossible pair
    is a bug and asserts. ``block`` is the number of the journal block that will say so, where that
    is known. A dispute stops whatever timer still ran: from there people decide. One about an order
    that lapsed ends when the advice comes that was missing: what it says is carried out.
    """
    decision = decided(payment, event)
    assert decision.verdict is not Verdict.IMPOSSIBLE, f"{event} cannot happen in {payment.state}"
    if decision.verdict is Verdict.IGNORE:
        return Verdict.IGNORE, payment
    if decision.verdict is Verdict.DISPUTE:
        if payment.disputed:
            return Verdict.IGNORE, payment
        return Verdict.DISPUTE, changed(
            payment,
            disputed=True,
            version=payment.version + 1,
            updated_at=at,
            next_at=None,
            block=block,
        )
    facts = STATES[decision.target]
    assert (next_at is not None) == (facts.timer is not Timer.NONE), "a timer runs where declared"
    if facts.status is Status.RJCT:
        reason = payment.reason or reason
    assert (reason is not None) == (facts.status is Status.RJCT), "a refusal has its reason"
    return Verdict.MOVE, changed(
        payment,
        state=decision.target,
        version=payment.version + 1,
        updated_at=at,
        next_at=next_at,
        disputed=payment.disputed and event is not Event.PAID_AMISS,
        rung=rung_after(payment, event, decision.target),
        reason=reason,
        far_reference=far_reference or payment.far_reference,
        block=block,
    )


def rung_after(payment: Payment, event: Event, target: State) -> int:
    """How often the step of a state was repeated; a step of another kind is counted anew."""
    if event is Event.RUNG:
        return payment.rung + 1
    if STATES[target].timer in (Timer.CANCEL, Timer.CONFIRM, Timer.CHILD):
        return 0
    return payment.rung
