"""Whether a linked payment can be of the payment that it names, judged where it is committed. Pure.

The shell makes a linked payment from its original, so one that differs from it in network,
institution or currency, or that is of more than its original, is a fault that would move somebody
else's money: it is declined whole. Where the original stands is looked at first. The surprise: what
gives a payment back whole is not held to its amount, because a network may have paid another one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch.model import Direction, Funding, Kind, State
from switch.parts import has_all_back
from switch.reasons import Reason

if TYPE_CHECKING:
    from fx.money import Money
    from switch.model import Institutions, Payment

_GIVES_BACK: Final = (State.UNWINDING, State.RETURNING)
"""What must go back whole, by a refund of ours."""

_PAID_ABROAD: Final = (State.ACCEPTED, State.CONFIRMING)
"""What was carried out abroad, and comes back in parts by a network's returns."""

_BANK_CODE: Final = 8
"""A BIC of eight characters names the head office, which is the same with XXX behind it."""


def unlinkable(original: Payment | None, linked: Payment) -> Reason | None:
    """Why nothing such can be linked to a payment as it stands in this batch.

    What a network returns has arrived, whatever is disputed; what we give back waits for people.
    """
    if original is None or original.kind is not Kind.PAYMENT:
        return Reason.NOT_REFUNDABLE
    if not _stands(original, linked):
        return Reason.NOT_REFUNDABLE
    return None if _fits(original, linked) else Reason.LINKED_DIFFERS


def _stands(original: Payment, linked: Payment) -> bool:
    back = has_all_back(original)
    if linked.kind is Kind.RECALL:
        # A reversal comes with its money, which has arrived whatever is disputed.
        asks = not original.disputed or bool(linked.institutions.sponsor)
        return asks and original.state in (State.CREDITED, *_PAID_ABROAD) and not back
    if linked.kind is Kind.RETURN:
        # What fits not as it stands is held, whatever the original is.
        abroad = original.state in _PAID_ABROAD and not back
        return abroad or linked.funding is Funding.HELD
    if linked.funding in (Funding.CAPPED, Funding.REVERSED):
        return original.state is State.CREDITED and not original.disputed
    return original.state in _GIVES_BACK and not original.disputed


def _fits(original: Payment, linked: Payment) -> bool:
    match linked.kind:
        case Kind.RECALL:
            return _recalls(original, linked)
        case Kind.RETURN:
            return _returns(original, linked)
        case _ if linked.funding in (Funding.HELD, Funding.GROSS):
            return _gives_back(original, linked)
        case _:
            return _refunds(original, linked)


def _gives_back(original: Payment, linked: Payment) -> bool:
    """Whole, as it came, to where it came from: nobody converts it.

    What was pushed goes back at home, and so may what nobody asked for, which is of there. In
    another currency than was asked for it is only where just that was what refused the payment.
    """
    terms, abroad = linked.terms, linked.funding is Funding.HELD
    there = linked.network == original.origin or not abroad
    as_it_came = terms.source == terms.destination == terms.debit
    amiss = original.reason is Reason.AMOUNT_DIFFERS
    ours = abroad or amiss or terms.debit.currency == original.terms.debit.currency
    same = linked.institutions == original.institutions
    return linked.direction is Direction.OUTBOUND and there and as_it_came and ours and same


def _refunds(original: Payment, linked: Payment) -> bool:
    """Part of what a payee got, from their bank, to the network that its payer is at."""
    was, now = original.institutions, linked.institutions
    known = was.payee_bank[:_BANK_CODE]
    return (
        linked.direction is Direction.OUTBOUND
        and linked.network == original.origin
        and now.payee_side == was.payer_side
        and now.holder == was.paying_holder
        and known in ("", now.payer_side[:_BANK_CODE])
        and _is_part(linked.terms.source, original.terms.destination)
        and _is_part(linked.terms.destination, original.terms.source)
    )


def _returns(original: Payment, linked: Payment) -> bool:
    """What a network gives back: part of what it got, or held as it came."""
    terms = linked.terms
    same = linked.network == original.network and linked.institutions == original.institutions
    if linked.direction is not Direction.INBOUND or not same:
        return False
    if linked.funding is Funding.HELD:
        return terms.source == terms.destination
    return (
        linked.funding is original.funding
        and _is_part(terms.source, original.terms.source)
        and _is_part(terms.destination, original.terms.destination)
    )


def _recalls(original: Payment, linked: Payment) -> bool:
    """All of it from a network, or by the network whose customer paid."""
    ours = linked.direction is Direction.OUTBOUND
    there = original.network if ours else original.origin
    terms, of = linked.terms, original.terms
    currencies = (terms.source.currency, terms.destination.currency)
    return (
        original.direction is linked.direction
        and linked.network == there
        and _unpooled(linked.institutions) == _unpooled(original.institutions)
        and currencies == (of.source.currency, of.destination.currency)
    )


def _unpooled(institutions: Institutions) -> Institutions:
    """Without whose pool the money came to: a reversal names that."""
    return replace(institutions, sponsor="")


def _is_part(amount: Money, whole: Money) -> bool:
    return amount.currency == whole.currency and amount.minor <= whole.minor
