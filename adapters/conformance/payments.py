"""Payments as the switch would have them in commit 1, made for the bench.

Amounts follow from the plan: a network that prices itself says what it is paid, else the plan's
rate does, rounded up to the payer's unit so that no payment is given away. The surprise: the times
are those of the planning, since a message's age is judged by the far side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from adapters.conformance.plan import DEBTOR
from fx.money import Money, Rounding
from switch.model import (
    Channel,
    Direction,
    Hop,
    Institutions,
    Kind,
    Particulars,
    Party,
    Payment,
    State,
    Terms,
    UseCase,
)

if TYPE_CHECKING:
    from adapters.conformance.plan import Plan
    from switch.facts import Facts
    from switch.port import Merchant, Planning, SchemeQuote

MEMBER: Final = "ABAAKHPPXXX"
HOLDER: Final = "ACLBKHPPXXX"
HOME: Final = "bakong"
QUOTED_FOR: Final = timedelta(minutes=10)


@dataclass(slots=True)
class Ready:
    """A payment and who is involved. ``rung`` counts the enquiries made so far."""

    payment: Payment
    particulars: Particulars
    rung: int = 0

    @property
    def amounts(self) -> tuple[Money, ...]:
        """The sums that the far book may show of it: what the payee gets, or what it is owed."""
        terms = self.payment.terms
        return terms.destination, terms.source


def made(
    facts: Facts,
    plan: Plan,
    merchant: Merchant,
    amount: Money,
    planning: Planning,
    *,
    reference: str,
    debtor: str,
    quote: SchemeQuote | None,
    payload: str,
) -> Ready:
    """A merchant payment that has just been committed and not been sent."""
    now = planning.now
    payment = Payment(
        payment_id=planning.message_number,
        uetr=planning.uetr,
        direction=Direction.OUTBOUND,
        use_case=UseCase.MERCHANT,
        corridor=f"{HOME}-{facts.network}",
        origin=MEMBER,
        channel=Channel.JSON,
        network=facts.network,
        reference=reference,
        terms=_terms(facts, plan, amount, planning, quote),
        institutions=Institutions(MEMBER, HOLDER, facts.network, HOLDER),
        config_version="conformance",
        state=State.SENDING,
        version=1,
        opened_at=now,
        accepted_at=now,
        deadline=now + timedelta(milliseconds=facts.deadline_ms),
        send_by=planning.send_by,
        updated_at=now,
    )
    particulars = Particulars(
        debtor=Party(debtor, DEBTOR[1], MEMBER, "Phnom Penh", "KH"),
        creditor=merchant.party,
        end_to_end_id=f"E2E{planning.message_number % 10**12:012d}",
        qr_payload=payload,
        merchant_category=merchant.category,
        store_label=merchant.store_label,
        terminal_label=merchant.terminal_label,
        bill_number=merchant.bill_number,
        extra=merchant.extra,
    )
    return Ready(payment, particulars)


def given_back(ready: Ready, amount: Money, planning: Planning, reference: str) -> Ready:
    """A refund of part of a payment, which has not been sent."""
    paid = ready.payment
    payment = replace(
        paid,
        payment_id=planning.message_number,
        uetr=planning.uetr,
        reference=reference,
        kind=Kind.REFUND,
        original=paid.uetr,
        terms=replace(paid.terms, destination=amount, hops=()),
        send_by=planning.send_by,
    )
    return Ready(payment, ready.particulars)


def _terms(
    facts: Facts, plan: Plan, amount: Money, planning: Planning, quote: SchemeQuote | None
) -> Terms:
    source = plan.rate.convert(amount, Rounding.UP) if quote is None else quote.source
    rate = plan.rate if quote is None else quote.rate
    destination = amount if quote is None else quote.destination
    zero = Money(0, source.currency)
    named = f"{facts.network}-conformance"
    quote_id = named if quote is None else quote.quote_id
    expires_at = planning.now + QUOTED_FOR if quote is None else quote.expires_at
    hop = Hop(facts.network, HOLDER, source, destination, rate, "1",
              "" if quote is None else quote.quote_id)  # fmt: skip
    return Terms(
        debit=source + zero,
        fee=zero,
        source=source,
        destination=destination,
        rate=rate,
        rate_version="1",
        quote_id=quote_id,
        quote_expires_at=expires_at,
        hops=(hop,),
    )
