"""What operators may propose for a payment, what a proposal is called, and what it books. Pure.

A payment that is left to people ends as its counterparty's word would end it; a dispute is upheld,
or booked as a loss to whoever bears such losses, and its answer stays either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.commands import Action
from switch.model import Direction, Kind, State
from switch.postings import filled
from switch.states import STATES, Stand, Timer

if TYPE_CHECKING:
    from switch.commands import Approve, Propose
    from switch.ledger import Line
    from switch.model import Payment


def proposal_id(command: Propose | Approve, proposer: str) -> str:
    """What a proposal claims: a version of a payment, an end of it, by somebody."""
    reason = "" if command.reason is None else command.reason.name
    return f"{command.uetr}@{command.version}:{command.action}:{reason}:{proposer}"


def actions_for(payment: Payment) -> tuple[Action, ...]:
    """What may be proposed for a payment as it stands."""
    if payment.state in (State.MANUAL, State.CANCEL_MANUAL):
        return Action.ACCEPTED, Action.REFUSED
    if not payment.disputed:
        return ()
    voided = STATES[payment.state].stand is Stand.VOIDED
    # What goes back is no loss yet: its linked payment is looked at again.
    goes_back = STATES[payment.state].timer is Timer.CHILD or payment.kind is not Kind.PAYMENT
    late = voided and not goes_back and not _bridged(payment)
    return (Action.UPHOLD, Action.BOOK) if late else (Action.UPHOLD,)


def _bridged(payment: Payment) -> bool:
    return bool(payment.institutions.second_holder)


def lines_for(payment: Payment, action: Action) -> tuple[Line, ...]:
    """What a dispute that is settled by this action books; mostly nothing."""
    if action is not Action.BOOK:
        return ()
    terms, held = payment.terms, payment.institutions
    places = {
        "bearer": held.fee_taker,
        "holder": held.holder,
        "paying_holder": held.paying_holder,
        "payee_side": held.payee_side,
    }
    outbound = payment.direction is Direction.OUTBOUND
    amounts = {"debit": terms.debit, "destination": terms.destination}
    return filled("late_acceptance" if outbound else "late_credit", amounts, places)
