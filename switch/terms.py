"""From a quote to what a payment is frozen as: its amounts, and who holds each role.

The one place where the quoting engine's words become the ledger's. The surprise is the destination:
of a quote it is what the last provider pays out, of a payment what the payee's side gets; the fee
that the payee bears is the difference, and is booked as a pair of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.model import Direction, Funding, Hop, Institutions, Residue, Terms

if TYPE_CHECKING:
    from fx.quotes import Quote
    from switch.sealing import Priced

BANK_CODE: Final = 8
"""A BIC names its institution in the first eight characters; the rest is a branch."""


def frozen(quote: Quote) -> Terms:
    """The terms that a quote freezes."""
    return Terms(
        debit=quote.debit,
        fee=quote.fee,
        source=quote.source,
        destination=quote.credit,
        rate=quote.rate,
        rate_version=quote.rate_version,
        quote_id=quote.quote_id,
        quote_expires_at=quote.expires_at,
        hops=tuple(
            Hop(
                provider=hop.provider,
                holder=hop.liquidity_holder,
                source=hop.source,
                destination=hop.destination,
                rate=hop.rate,
                rate_version=hop.rate_version,
                scheme_quote=hop.scheme_quote,
            )
            for hop in quote.hops
        ),
        residues=tuple(
            Residue(hop.liquidity_holder, hop.residue) for hop in quote.hops if hop.residue.minor
        ),
        payee_fee=quote.payee_fee if quote.payee_fee and quote.payee_fee.minor else None,
    )


def institutions(priced: Priced, network: str) -> Institutions:
    """Who holds each role of a priced payment; ``network`` is where its payee is."""
    quote, destination = priced.quote, priced.destination
    corridor = destination.corridor
    outbound = corridor.direction is Direction.OUTBOUND
    first, last = quote.hops[0].liquidity_holder, quote.hops[-1].liquidity_holder
    payee_bank = destination.merchant.party.agent
    return Institutions(
        payer_side=destination.origin,
        holder=first,
        payee_side=network if outbound else corridor.sponsor,
        fee_taker=corridor.fee_taker,
        on_us=not outbound and payee_bank[:BANK_CODE] == corridor.sponsor[:BANK_CODE],
        second_holder="" if first == last else last,
        payee_bank="" if outbound else payee_bank,
        sponsor=corridor.sponsor if corridor.funding is Funding.GROSS else "",
    )
