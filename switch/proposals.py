"""What operators may propose for a payment, what a proposal is called, and what it books. Pure.

A payment that is left to people ends as its counterparty's word would end it; a dispute is upheld,
taken up again, or booked to whoever bears it or is owed it, and its answer stays in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.leaves import sealed_digest
from switch.model import Direction, Funding, Kind, State
from switch.operators import Action, Propose
from switch.postings import filled, lines_of
from switch.states import STATES, Stand, Timer

if TYPE_CHECKING:
    from datetime import datetime

    from fx.money import Money
    from switch.ledger import Line
    from switch.model import Payment
    from switch.operators import Approve


PROPOSALS_A_DAY: Final = 5
"""Proposals of one operator for one version of a payment on one day: nobody can use them up alone,
and nobody's are used up for good."""


def proposal_name(case: str, end: str, who: str, digest: str) -> str:
    """What a proposal claims: a version of a payment, an end of it, by somebody, as it is sealed.

    An approval names the same, so it can carry out nothing but what its operator saw.
    """
    return f"{case}:{end}:{who}:{digest}"


def proposal_id(command: Propose | Approve) -> str:
    """What a proposal claims, or an approval says that one claimed."""
    case = f"{command.uetr}@{command.version}"
    end = f"{command.action}:{'' if command.reason is None else command.reason.name}"
    if isinstance(command, Propose):
        return proposal_name(case, end, command.operator, sealed_digest(command.sealed))
    return proposal_name(case, end, command.proposer, command.proposal)


def proposal_place(command: Propose) -> str:
    """What only one proposal can claim: its place among those for a version of a payment."""
    return f"{command.uetr}@{command.version}#{command.place}"


def proposal_turn(uetr: str, version: int, operator: str, at: datetime, turn: int) -> str:
    """What an operator's proposals for a version of a payment on a day claim, one after another."""
    return f"{uetr}@{version}#{operator}/{at:%Y-%m-%d}/{turn}"


def turn_of(command: Propose) -> str:
    """The turn that a proposal takes."""
    return proposal_turn(command.uetr, command.version, command.operator, command.at, command.turn)


def proposal_claims(command: Propose | Approve) -> tuple[str, ...]:
    """Every claim by which a proposal or an approval is judged."""
    if not isinstance(command, Propose):
        return (proposal_id(command),)
    replaced = (command.replaces,) if command.replaces else ()
    return (proposal_id(command), proposal_place(command), turn_of(command), *replaced)


def actions_for(payment: Payment) -> tuple[Action, ...]:
    """What may be proposed for a payment as it stands."""
    if payment.state in (State.MANUAL, State.CANCEL_MANUAL, State.PUT):
        return Action.ACCEPTED, Action.REFUSED
    if payment.state is State.HELD:
        return Action.RELEASE, Action.BLOCK, Action.REFUSED
    if payment.state is State.BLOCKED:
        return (Action.UNBLOCK,)
    if not payment.disputed:
        return ()
    if is_unmatched(payment):
        return Action.MATCH, Action.SEND_BACK
    timer, voided = STATES[payment.state].timer, STATES[payment.state].stand is Stand.VOIDED
    if timer is Timer.CHILD:
        # What goes back is no loss yet: it is tried again, or owed.
        return Action.AGAIN, Action.OWE
    if timer is not Timer.NONE:
        return Action.UPHOLD, Action.AGAIN
    # Nothing was ever sent for an order that lapsed: its payer is waited for, or gets it back.
    sent = voided and payment.state is not State.LAPSED
    late = sent and payment.kind in (Kind.PAYMENT, Kind.REFUND) and not _bridged(payment)
    return (Action.UPHOLD, Action.BOOK) if late else (Action.UPHOLD,)


def is_unmatched(payment: Payment) -> bool:
    """Whether it is money that came back and fitted its payment not as that stood."""
    return payment.kind is Kind.RETURN and payment.funding is Funding.HELD


def _bridged(payment: Payment) -> bool:
    return bool(payment.institutions.second_holder)


def lines_for(payment: Payment, action: Action, paid: Money | None = None) -> tuple[Line, ...]:
    """What a dispute that is settled by this action books; mostly nothing.

    ``paid`` is what a network had paid, where that is not what was held.
    """
    terms, held = payment.terms, payment.institutions
    places = {
        "bearer": held.fee_taker,
        "holder": held.holder,
        "paying_holder": held.paying_holder,
        "payee_side": held.payee_side,
        "payer_side": held.payer_side,
        "sponsor": held.sponsor,
    }
    amounts = {"debit": paid or terms.debit, "destination": terms.destination}
    outbound = payment.direction is Direction.OUTBOUND
    match action:
        case Action.BOOK if payment.kind is Kind.REFUND and payment.funding is not Funding.CAPPED:
            # What went back after all is in suspense still, and so nobody's loss.
            return lines_of(payment)
        case Action.BOOK:
            amounts["debit"] = terms.debit
            return filled("late_acceptance" if outbound else "late_credit", amounts, places)
        case Action.OWE:
            return filled("returned_owed" if outbound else "unwound_owed", amounts, places)
        case Action.MATCH | Action.SEND_BACK:
            return filled("return_unmatched", amounts, places, exchanged=True)
        case _:
            return ()
