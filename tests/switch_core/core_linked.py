"""Linked payments as the shell makes them: of their original's network, institutions and money.

Tests give one its kind, direction and funding; the rest follows from the payment that it names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switch.model import Direction, Funding, Kind

if TYPE_CHECKING:
    from fx.money import Money
    from switch.model import Payment


def fitted(held: Payment, original: Payment | None) -> Payment:
    """A linked payment made to fit its original; left as it is where there is none."""
    if original is None:
        return held
    held = replace(held, original=original.uetr)
    abroad = original.network if original.direction is Direction.OUTBOUND else original.origin
    if held.kind is not Kind.REFUND:
        held = replace(held, network=abroad, institutions=original.institutions)
        if held.kind is Kind.RETURN and held.funding is Funding.HELD:
            return with_amounts(held, original.terms.destination, original.terms.destination)
        if held.kind is Kind.RETURN:
            held = replace(held, funding=original.funding)
        return with_amounts(held, original.terms.source, original.terms.destination)
    if held.funding in (Funding.HELD, Funding.GROSS):
        back = original.terms.debit
        network = abroad if held.funding is Funding.HELD else "bakong"
        held = replace(held, network=network, institutions=original.institutions)
        return with_amounts(held, back, back)
    was = original.institutions
    bank = was.payee_bank or held.institutions.payer_side
    now = replace(was, payer_side=bank, holder=was.paying_holder, payee_side=was.payer_side)
    held = replace(held, network=abroad, institutions=now)
    return with_amounts(held, original.terms.destination, original.terms.source)


def with_amounts(held: Payment, source: Money, destination: Money) -> Payment:
    """A payment of other amounts: no fee, no conversion recorded, its own quote."""
    terms = replace(
        held.terms,
        debit=source,
        fee=source - source,
        source=source,
        destination=destination,
        hops=(),
        residues=(),
    )
    return replace(held, terms=terms)
