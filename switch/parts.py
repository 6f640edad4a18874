"""What part of a payment a linked one gives back: its identity, its amounts, its terms. Pure.

The kth part is made of the sum of all of them, so that rounding never adds up: what the payer gets
back is rounded down each time, and the last part takes what is left. The surprise: parts are
counted, because the place of a part is what makes its identity, and so what two that are made at
once cannot share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch.inbound_port import own_uetr
from switch.lifecycle import BORNE, is_unbooked
from switch.model import Direction, Funding, Hop, Kind
from switch.postings import refunded
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fx.money import Money
    from switch.model import Institutions, Payment, Terms

LINKED_MAX: Final = 100
"""Most payments linked to one original that others ask for: refunds and returns together."""

PLACES_MAX: Final = 2 * LINKED_MAX
"""Others fill at most the first half of an original's places: the rest is for what goes back."""


QUICKLY_MADE: Final = 12
MADE_EVERY: Final = timedelta(hours=2)
"""So many that never arrived are made one at each look, then one every so often: a network that
is away for a week uses up no more places than there are (``LINKED_MAX``)."""

RECALLS_MAX: Final = 8
"""Recalls of one payment, of which all but the last never arrived."""


@dataclass(frozen=True, slots=True)
class Part:
    """What part of an original is given back: the payee's amount, the payer's, between them."""

    place: int
    payee: Money
    payer: Money
    between: Money | None


def linked_uetr(original: str, place: int) -> str:
    """The UETR of the payment that stands at a place (from 1) among those linked to an original."""
    return own_uetr("linked", f"{original}#{place}")


def linked_places(original: str) -> tuple[str, ...]:
    """Every UETR under which something linked to an original may stand: none is beyond them."""
    return tuple(linked_uetr(original, place) for place in range(1, PLACES_MAX + 1))


def linked_quote(original: str, place: int) -> str:
    """What a linked payment claims in the place of a quote: its place."""
    return f"{original}#{place}"


def recall_uetr(original: str, place: int) -> str:
    """The UETR of the recall that stands at a place (from 1) among those of a payment."""
    return own_uetr("recall", f"{original}#{place}")


def recall_quote(original: str, place: int) -> str:
    """What a recall claims in the place of a quote: there is one at a time."""
    return f"{original}?{place}"


def left_of(original: Payment, linked: Sequence[Payment]) -> Money:
    """What of an original, in what the payee got, has not gone back and is not on its way.

    Two may have gone back that were each all of it: then nothing is left, and never less.
    """
    whole = original.terms.destination
    if has_all_back(original):
        return whole - whole
    left = whole.minor
    for each in linked:
        if counts(each):
            refund = each.kind is Kind.REFUND
            left -= (each.terms.source if refund else each.terms.destination).minor
    return replace(whole, minor=max(left, 0))


def has_all_back(original: Payment) -> bool:
    """Whether a payer abroad has everything again, because operators took back what was booked."""
    return original.direction is Direction.OUTBOUND and is_unbooked(original)


def counts(linked: Payment) -> bool:
    """Whether a linked payment gave something of its original back, or may have.

    What came and is not matched yet gave nobody anything.
    """
    unmatched = linked.kind is Kind.RETURN and linked.funding is Funding.HELD
    return not unmatched and gave_back(linked)


def gave_back(linked: Payment) -> bool:
    """Whether a linked payment was carried out, or may have been: then none is made in its place.

    One that was refused may be carried out all the same: disputed first, then borne by somebody.
    One that operators took back was not; what came out of suspense for it is an item there by then.
    """
    if is_unbooked(linked):
        return linked.funding is not Funding.CAPPED
    return linked.reason is None or linked.disputed or linked.rung == BORNE


def unmatched_terms(terms: Terms, quote: str, amount: Money) -> Terms:
    """Terms of money that came back and fits its original not as that stands: no rate applies."""
    return changed_terms(terms, quote, amount, amount, None)


def part_of(
    original: Payment, linked: Sequence[Payment], amount: Money, most: int = LINKED_MAX
) -> Part | Reason:
    """The part that ``amount`` (of what the payee got) is, after those given back before.

    The payer's part is rounded down each time, and the last one takes what is left; where it would
    be nothing, none is made. One that was refused gave nothing back, unless it is disputed: then it
    may have arrived all the same. Where the payee bore a fee, the part is one of what was paid out:
    whoever took the fee keeps it, and nobody who only lent the money pays for it (decision 48).
    There are ``most`` linked payments at most.
    """
    terms = original.terms
    if len(linked) >= most or amount.minor <= 0:
        return Reason.REFUND_TOO_MUCH
    if has_all_back(original):
        return Reason.GONE_BACK
    if amount.currency != terms.destination.currency:
        return Reason.CURRENCY_UNSUPPORTED
    if amount.minor > terms.destination.minor:
        return Reason.REFUND_TOO_MUCH
    zero = terms.between - terms.between if terms.between is not None else None
    payee, payer, between = amount, terms.source - terms.source, zero
    for each in linked:
        if counts(each):
            mine, theirs = each.terms.destination, each.terms.source
            if each.kind is Kind.REFUND:
                mine, theirs = theirs, mine
            payee, payer = payee + mine, payer + theirs
            if between is not None and each.terms.between is not None:
                between += each.terms.between
    if payee.minor > terms.destination.minor:
        return Reason.REFUND_TOO_MUCH
    middle = None
    if terms.between is not None and between is not None:
        middle = refunded(payee, terms.paid_out, terms.between, between)
    back = refunded(payee, terms.paid_out, terms.source, payer)
    if back.minor == 0:
        return Reason.AMOUNT_BELOW_SCHEME
    return Part(len(linked) + 1, amount, back, middle)


def refunding_side(held: Institutions, bank: str) -> Institutions:
    """Who takes part in a refund that ``bank`` gives, of a payment between ``held``."""
    return replace(
        held,
        payer_side=bank,
        holder=held.paying_holder,
        second_holder=held.holder if held.second_holder else "",
        payee_side=held.payer_side,
        on_us=False,
        payee_bank="",
    )


def changed_terms(
    terms: Terms, quote: str, source: Money, destination: Money, between: Money | None
) -> Terms:
    """Terms of a linked payment: no fee, no residue, and the original's rate."""
    hops: tuple[Hop, ...] = ()
    if between is not None:
        first, last = terms.hops[0], terms.hops[-1]
        hops = (
            replace(first, source=source, destination=between, scheme_quote=""),
            replace(last, source=between, destination=destination, scheme_quote=""),
        )
    return replace(
        terms,
        debit=source,
        fee=source - source,
        source=source,
        destination=destination,
        quote_id=quote,
        hops=hops,
        residues=(),
        payee_fee=None,
    )


def has_place(parent: Payment, made: int, linked: int) -> bool:
    """Whether another may be made where so many were; people may have more made than we do."""
    return made < LINKED_MAX if parent.rung else linked < PLACES_MAX


def made_anew_at(parent: Payment, child: Payment, made: int) -> datetime:
    """When another is made for one that never arrived; at once where people have just asked."""
    quickly = parent.rung == 0 or made < QUICKLY_MADE
    return child.updated_at if quickly else child.updated_at + MADE_EVERY


def is_reversal(recall: Payment) -> bool:
    """Whether it asks for money back that is here already."""
    return recall.kind is Kind.RECALL and bool(recall.institutions.sponsor)
