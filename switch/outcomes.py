"""What a counterparty's answer means for a payment, by what it was asked. Pure.

The answer to an instruction or an enquiry is about the payment; that to a cancel or a confirmation
is about these, so the same word means something else there. The surprise: what says nothing is not
dropped, it is an answer that was lost.
"""

from __future__ import annotations

from typing import Final

from switch.port import Operation, OutcomeKind
from switch.states import Event

_EVENTS: Final = (
    (OutcomeKind.ACCEPTED, Event.ACCEPTED),
    (OutcomeKind.ACCEPTED_UNPOSTED, Event.UNPOSTED),
    (OutcomeKind.REFUSED, Event.REFUSED),
    (OutcomeKind.PENDING, Event.PENDING),
    (OutcomeKind.UNKNOWN, Event.LOST),
    (OutcomeKind.NEVER_SEEN, Event.NEVER_SEEN),
    (OutcomeKind.READY, Event.READY),
    (OutcomeKind.CANCELLED, Event.CANCELLED),
)

_OF_CANCEL: Final = (
    (OutcomeKind.ACCEPTED, Event.TOO_LATE),
    (OutcomeKind.REFUSED, Event.CANCELLED),
    (OutcomeKind.CANCELLED, Event.CANCELLED),
    (OutcomeKind.NEVER_SEEN, Event.NEVER_SEEN),
)
"""Answers to a cancel: that a payment was refused undoes it too. Anything else says nothing."""

_OF_CONFIRM: Final = (
    (OutcomeKind.ACCEPTED, Event.ACKNOWLEDGED),
    (OutcomeKind.REFUSED, Event.REFUSED),
)
"""Answers to a confirmation: that it has arrived, or that it came to nothing (a dispute)."""


def event_of(kind: OutcomeKind, operation: Operation) -> Event:
    """The event of an outcome; what a cancel or a confirmation is answered has its own."""
    if operation is Operation.CANCEL:
        return dict(_OF_CANCEL).get(kind, Event.LOST)
    if operation is Operation.CONFIRM:
        return dict(_OF_CONFIRM).get(kind, Event.LOST)
    return dict(_EVENTS)[kind]
