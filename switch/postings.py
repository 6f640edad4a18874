"""The lines that templates make: what a payment, an item or a refund books. Pure.

A set sums to zero in each currency, checked where its lines are made. :func:`lines_of` and
:func:`incoming_lines` are what commands book; :func:`filled` fills any template of the table. The
surprise: a payment's templates are compiled into getters once, because its lines are made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money, Rounding, currency, divide
from switch.ledger import Kind as AccountKind
from switch.ledger import Line, Side, account_key, balanced
from switch.model import Direction, Finality, Flow, Funding, Kind
from switch.states import Event
from switch.templates import POSTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switch.commands import Receive
    from switch.model import Institutions, Payment, Terms


def filled(
    name: str,
    amounts: Mapping[str, Money],
    places: Mapping[str, str],
    *,
    exchanged: bool = False,
) -> tuple[Line, ...]:
    """The lines of a template; lines of zero are left out.

    ``exchanged`` turns every line to the other side: what takes the set back.
    """
    lines = []
    for part in POSTINGS[name].lines:
        amount = amounts[part.amount]
        if amount.minor == 0:
            continue
        code = amount.currency.code
        key = account_key(places[part.place], part.role, code, part.asset, part.kind)
        side = _OTHER[part.side] if exchanged else part.side
        lines.append(Line(key, side, code, amount.minor))
    balanced(lines)
    return tuple(lines)


_OTHER: Final = MappingProxyType({Side.DEBIT: Side.CREDIT, Side.CREDIT: Side.DEBIT})


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A line of a payment's template: how its place and amount are read, and its name's middle."""

    place: Callable[[object], str]
    amount: Callable[[object], Money]
    role: str
    rest: str
    side: Side
    sign: int


def _compiled(name: str, *, exchanged: bool = False) -> tuple[_Compiled, ...]:
    """A template's getters; ``exchanged`` turns every line to the other side."""
    lines = POSTINGS[name].lines
    return tuple(
        _Compiled(
            attrgetter(part.place),
            attrgetter(part.amount),
            f"/{part.role}/",
            f"/{part.asset}" + ("" if part.kind is AccountKind.POSITION else f"/{part.kind}"),
            _OTHER[part.side] if exchanged else part.side,
            1 if (part.side is Side.DEBIT) is not exchanged else -1,
        )
        for part in lines
    )


_OUTBOUND: Final = _compiled("outbound_capped")
_GROSS: Final = _compiled("outbound_gross")
_PREFUNDED: Final = _compiled("outbound_prefunded")
_INBOUND: Final = _compiled("inbound_two_leg")
_ON_US: Final = _compiled("inbound_on_us")
_PAYS_OUT: Final = _compiled("advice_pays_out")
_PAYS_OUT_ON_US: Final = _compiled("advice_pays_out_on_us")
_GOES_BACK: Final = _compiled("advice_failed")
_GROSS_GOES_BACK: Final = _compiled("outbound_gross_return")
_RETURNED: Final = _compiled("refund")
_RETURNED_GROSS: Final = _compiled("refund_gross")
_RETURNED_PREFUNDED: Final = _compiled("refund_prefunded")
_RETURNED_UNMATCHED: Final = _compiled("return_unmatched")
_BETWEEN: Final = _compiled("between")
_RETURNED_BETWEEN: Final = _compiled("between", exchanged=True)
_PAYEE_FEE: Final = _compiled("payee_fee")
_RESIDUE_HOLDER, _RESIDUE_TAKER = _compiled("residue")


_PAYS: Final = MappingProxyType({Funding.GROSS: _GROSS, Funding.PREFUNDED: _PREFUNDED})
_RETURNS: Final = MappingProxyType(
    {Funding.GROSS: _RETURNED_GROSS, Funding.PREFUNDED: _RETURNED_PREFUNDED}
)


def _template_of(payment: Payment) -> tuple[_Compiled, ...]:
    """What a payment itself books: by its kind, direction, funding and finality."""
    gross = payment.funding is Funding.GROSS
    if payment.kind is Kind.REFUND and payment.funding is Funding.REVERSED:
        return _GROSS  # what is refunded stands in suspense already
    if payment.kind is Kind.RETURN:
        if payment.funding is Funding.HELD:
            return _RETURNED_UNMATCHED
        return _RETURNS.get(payment.funding, _RETURNED)
    if payment.kind is Kind.REFUND and payment.funding in (Funding.GROSS, Funding.HELD):
        return _GROSS_GOES_BACK if gross else _GOES_BACK
    if payment.direction is Direction.OUTBOUND:
        return _PAYS.get(payment.funding, _OUTBOUND)
    on_us = payment.institutions.on_us
    if payment.finality is Finality.TWO_LEG:
        return _ON_US if on_us else _INBOUND
    return _PAYS_OUT_ON_US if on_us else _PAYS_OUT


def lines_of(payment: Payment) -> tuple[Line, ...]:
    """The lines of a payment, from its templates and frozen terms; lines of zero are left out.

    The template of its direction comes first; what passes between two holders, a fee of the payee
    and what rounding left are sets of their own behind it.
    """
    if payment.kind is Kind.RECALL:
        return ()  # asking moves nothing; what comes of it is a payment of its own
    terms, institutions = payment.terms, payment.institutions
    template = _template_of(payment)
    second = institutions.second_holder
    passes = terms.between is not None and payment.funding is not Funding.HELD
    if second and second != institutions.holder and passes:
        template += _RETURNED_BETWEEN if payment.kind is Kind.RETURN else _BETWEEN
    if terms.payee_fee is not None:
        template += _PAYEE_FEE
    lines = _filled(template, terms, institutions)
    for residue in terms.residues:
        minor, code = residue.amount.minor, residue.amount.currency.code
        for part, place in (
            (_RESIDUE_HOLDER, residue.holder),
            (_RESIDUE_TAKER, institutions.fee_taker),
        ):
            if minor:
                lines.append(Line(place + part.role + code + part.rest, part.side, code, minor))
    return tuple(lines)


def lines_back(payment: Payment) -> tuple[Line, ...]:
    """What takes back a payment that was posted and not carried out: whatever it booked, turned.

    Of a credit at home only what left the pool: its network has paid, and goes on owing it.
    """
    if payment.direction is Direction.INBOUND:
        pool = {"payee_side": payment.institutions.payee_side}
        return filled("inbound_not_credited", {"destination": payment.terms.destination}, pool)
    return exchanged(lines_of(payment))


def exchanged(lines: Sequence[Line]) -> tuple[Line, ...]:
    """A set with each line on its other side."""
    return tuple(replace(line, side=_OTHER[line.side]) for line in lines)


def netted(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Sets as one, with at most one line on an account."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line.account, line.currency
        sums[key] = sums.get(key, 0) + (line.minor if line.side is Side.DEBIT else -line.minor)
    return tuple(
        Line(account, Side.DEBIT if minor > 0 else Side.CREDIT, code, abs(minor))
        for (account, code), minor in sums.items()
        if minor
    )


_ADVICE_RECEIVED: Final = _compiled("advice_received")
_ADVICE_CREDITED: Final = _compiled("advice_credited")
_BOUND: Final = MappingProxyType(
    {
        Event.PAID: _ADVICE_RECEIVED,
        Event.PAID_AMISS: _ADVICE_RECEIVED,
        Event.ACCEPTED: _ADVICE_CREDITED,
    }
)
_COMES_IN: Final = _compiled("outbound_funded")
_PUSHED: Final = MappingProxyType(
    dict.fromkeys((Event.FUNDED, Event.PAID_AMISS, Event.UNASKED), _COMES_IN)
)
_BLOCKS: Final = MappingProxyType(
    {
        Event.BLOCKED: _compiled("blocked"),
        Event.UNBLOCKED: _compiled("blocked", exchanged=True),
        Event.SURRENDERED: _compiled("surrendered"),
    }
)
_BLOCKS_DEPOSIT: Final = MappingProxyType(
    {
        Event.BLOCKED: _compiled("blocked_prefunded"),
        Event.UNBLOCKED: _compiled("blocked_prefunded", exchanged=True),
        Event.SURRENDERED: _compiled("surrendered_prefunded"),
    }
)
_AT_ONCE: Final = MappingProxyType(
    {
        Flow.OUTBOUND: _BLOCKS,
        Flow.OUTBOUND_THREE_LEG: _BLOCKS,
        Flow.INBOUND_BOUND: _BOUND,
        Flow.OUTBOUND_GROSS: _PUSHED,
        Flow.OUTBOUND_GROSS_THREE_LEG: _PUSHED,
    }
)
"""What payments book at once, beside what they have reserved, by flow and event."""


def lines_at_once(payment: Payment, event: Event, paid: Money | None = None) -> tuple[Line, ...]:
    """What an event that moves a payment posts without a reservation; mostly nothing.

    ``paid`` is what the network paid, where that is not what was held.

    An advice is money that the network owes from when we hear of it, and the holder has earned it
    once the payee is credited. What was pushed in advance stands in suspense until it is used.
    """
    if payment.flow is Flow.RECALLED:
        return _reversed(payment, event)
    at_once = _AT_ONCE.get(payment.flow)
    if payment.funding is Funding.PREFUNDED and at_once is _BLOCKS:
        at_once = _BLOCKS_DEPOSIT
    if at_once is None or event not in at_once:
        return ()
    terms = payment.terms
    if paid is not None:
        none = Money(0, paid.currency)
        terms = replace(terms, debit=paid, source=paid, fee=none, hops=(), residues=())
    return tuple(_filled(at_once[event], terms, payment.institutions))


def _reversed(payment: Payment, event: Event) -> tuple[Line, ...]:
    """A recall of a network moves nothing; a reversal came with its money, which stays owed."""
    held, amounts = payment.institutions, {"debit": payment.terms.destination}
    if event is Event.UNASKED:
        return filled("outbound_funded", amounts, {"sponsor": held.sponsor})
    if event is Event.REFUSED and held.sponsor:
        return filled("returned_owed", amounts, {"sponsor": held.sponsor, "bearer": held.fee_taker})
    return ()


def _filled(
    template: tuple[_Compiled, ...], terms: Terms, institutions: Institutions
) -> list[Line]:
    lines: list[Line] = []
    sums: dict[str, int] = {}
    for part in template:
        amount = part.amount(terms)
        minor = amount.minor
        if minor:
            code = amount.currency.code
            key = part.place(institutions) + part.role + code + part.rest
            lines.append(Line(key, part.side, code, minor))
            sums[code] = sums.get(code, 0) + part.sign * minor
    assert not any(sums.values()), "a posting does not sum to zero"
    return lines


def incoming_lines(shown: Receive) -> tuple[Line, ...]:
    """What is shown and not matched: in a Bakong pool, or claimed by a network; to suspense."""
    amount = Money(abs(shown.minor), currency(shown.currency))
    if not shown.claimed:
        return filled("outbound_funded", {"debit": amount}, {"sponsor": shown.sponsor})
    places = {"payee_side": shown.sponsor}
    return filled("return_unmatched", {"destination": amount}, places, exchanged=shown.minor < 0)


def refunded(cumulative: Money, paid: Money, source: Money, already: Money) -> Money:
    """What the payer gets back for a refund at the payment's own rate.

    ``cumulative`` of ``paid`` is refunded now and before, ``already`` is what the payer got before.
    Rounded down to the currency's step each time; the last one takes what is left of ``source``.
    Nothing, where ``already`` is more: a part keeps its step when one before it is refused.
    """
    assert cumulative.minor <= paid.minor, "no more is refunded than was paid"
    owed = source.minor
    if cumulative.minor < paid.minor:
        step = source.currency.cash_step
        owed = divide(cumulative.minor * owed, paid.minor * step, Rounding.DOWN) * step
    return Money(max(owed - already.minor, 0), source.currency)
