"""What operators may propose for a payment, what a proposal is called, and what it books. Pure.

A payment that is left to people ends as its counterparty's word would end it; a dispute is upheld,
taken up again, or booked to whoever bears it or is owed it, and its answer stays in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.leaves import sealed_digest
from switch.lifecycle import BORNE
from switch.model import Direction, Funding, Kind, State
from switch.operators import Action, Propose
from switch.postings import exchanged, filled, lines_back, lines_of, netted
from switch.states import STATES, Stand, Timer
from switch.suspense import put_down

if TYPE_CHECKING:
    from collections.abc import Mapping
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
        return Action.UNBLOCK, Action.SURRENDER
    if not payment.disputed:
        return ()
    if is_unmatched(payment):
        return Action.MATCH, Action.SEND_BACK
    timer = STATES[payment.state].timer
    if timer is Timer.CHILD:
        # What goes back is no loss yet: it is tried again, or owed.
        return Action.AGAIN, Action.OWE
    turned = _turned_by(payment)
    again = (Action.AGAIN,) if timer is not Timer.NONE and payment.rung != BORNE else ()
    return (Action.UPHOLD, *again, *(() if turned is None else (turned,)))


def _turned_by(payment: Payment) -> Action | None:
    """What books a dispute as its other side has it; None where nothing can."""
    if payment.state is State.LAPSED or payment.kind not in (Kind.PAYMENT, Kind.REFUND):
        # Nothing was ever sent for an order that lapsed: its payer is waited for, or gets it back.
        return None
    accepted = STATES[payment.state].stand is Stand.POSTED
    if accepted and payment.direction is Direction.INBOUND and payment.institutions.on_us:
        # The payee's bank is the sponsor, which has the money: it pays its own customer.
        return None
    if payment.rung != BORNE:
        return Action.UNBOOK if accepted else Action.BOOK
    if into_suspense(payment):
        # Its money is an item of its own by now, or may be closed.
        return None
    return Action.BOOK if accepted else Action.UNBOOK


def into_suspense(payment: Payment) -> bool:
    """Whether what is booked against a payment's answer stands in suspense, or leaves it."""
    accepted = STATES[payment.state].stand is Stand.POSTED
    lines = lines_back(payment) if accepted else lines_for(payment, Action.BOOK)
    return put_down(lines, 0) is not None


def gives_back_whole(payment: Payment) -> bool:
    """Whether it gives back all that stands in suspense for its original."""
    return payment.kind is Kind.REFUND and payment.funding in (Funding.HELD, Funding.GROSS)


def out_of_suspense(payment: Payment) -> bool:
    """Whether what a refund gives back stands in suspense until it has."""
    return gives_back_whole(payment) or payment.funding is Funding.REVERSED


def lines_gone(payment: Payment, *, owed: bool) -> tuple[Line, ...]:
    """What such a one books that was carried out when its money had left suspense already.

    Either it was owed, and its bearer owes it no more; or it went back by another one as well, and
    the bearer is exposed by it. What became of a reversal's money is not asked: it is exposed.
    """
    if payment.funding is Funding.REVERSED:
        held = payment.institutions
        places = {"bearer": held.fee_taker, "payee_side": held.payee_side}
        return filled("late_acceptance", {"destination": payment.terms.destination}, places)
    lines = (*exchanged(lines_for(payment, Action.OWE)), *lines_of(payment))
    if not owed:
        bearer = {"bearer": payment.institutions.fee_taker}
        lines += exchanged(filled("late_credit_lost", {"debit": payment.terms.debit}, bearer))
    return netted(lines)


def is_unmatched(payment: Payment) -> bool:
    """Whether it is money that came back and fitted its payment not as that stood."""
    return payment.kind is Kind.RETURN and payment.funding is Funding.HELD


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
        case Action.BOOK | Action.UNBOOK:
            accepted = STATES[payment.state].stand is Stand.POSTED
            amounts["debit"] = terms.debit
            lines = lines_back(payment) if accepted else _late(payment, amounts, places)
            # What was booked against its answer already is taken back by the other one.
            first = Action.UNBOOK if accepted else Action.BOOK
            return lines if action is first else exchanged(lines)
        case Action.OWE:
            pushed = outbound and payment.funding is not Funding.HELD
            return filled("returned_owed" if pushed else "unwound_owed", amounts, places)
        case Action.MATCH | Action.SEND_BACK:
            return filled("return_unmatched", amounts, places, exchanged=True)
        case _:
            return ()


def _late(
    payment: Payment, amounts: Mapping[str, Money], places: Mapping[str, str]
) -> tuple[Line, ...]:
    """What a refused payment books that was carried out all the same."""
    terms, held = payment.terms, payment.institutions
    if payment.kind is Kind.REFUND and payment.funding is not Funding.CAPPED:
        # What went back after all is in suspense still, and so nobody's loss.
        return lines_of(payment)
    if payment.direction is Direction.OUTBOUND:
        return filled("late_acceptance", amounts, places)
    lines = filled("late_credit_on_us" if held.on_us else "late_credit", amounts, places)
    if terms.between is not None and held.second_holder not in ("", held.holder):
        second = {"holder": held.holder, "second_holder": held.second_holder}
        lines += filled("between", {"between": terms.between}, second)
    return lines
