"""Why a payment ended for which no counterparty named a reason. Pure.

Whoever was asked for money back and said nothing has said no, which is a reason of its own. The
surprise: why something was held is told to nobody outside, so what is let go of has no reason.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.model import Kind
from switch.reasons import Reason
from switch.states import Event

if TYPE_CHECKING:
    from switch.model import Payment

_REASONS: Final = MappingProxyType(
    {
        Event.NEVER_SEEN: Reason.NEVER_SEEN,
        Event.CANCELLED: Reason.CANCELLED,
        Event.TAKEN_BACK: Reason.CANCELLED,
        Event.EXPIRED: Reason.LAPSED,
        Event.UNBLOCKED: Reason.UNSPECIFIED,
        Event.SURRENDERED: Reason.UNSPECIFIED,
    }
)


def own_reason(payment: Payment, event: Event) -> Reason | None:
    """The reason that an event of ours has; None where its counterparty must name one."""
    unanswered = payment.kind is Kind.RECALL and event is Event.EXPIRED
    return Reason.RECALL_UNANSWERED if unanswered else _REASONS.get(event)
