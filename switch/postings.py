"""The lines that templates make: what a payment, an item or a refund books. Pure.

A set sums to zero in each currency, checked where its lines are made. :func:`lines_of` and
:func:`incoming_lines` are what commands book; :func:`filled` fills any template of the table. The
surprise: a payment's templates are compiled into getters once, because its lines are made twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money, Rounding, divide
from switch.ledger import Kind, Line, Side, account_key, balanced
from switch.model import Direction
from switch.templates import POSTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switch.model import Payment


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


def _compiled(name: str) -> tuple[_Compiled, ...]:
    lines = POSTINGS[name].lines
    assert all(part.kind is Kind.POSITION for part in lines), "a payment is booked on positions"
    return tuple(
        _Compiled(
            attrgetter(part.place),
            attrgetter(part.amount),
            f"/{part.role}/",
            f"/{part.asset}",
            part.side,
            1 if part.side is Side.DEBIT else -1,
        )
        for part in lines
    )


_OUTBOUND: Final = _compiled("outbound_capped")
_INBOUND: Final = _compiled("inbound_two_leg")
_ON_US: Final = _compiled("inbound_on_us")
_BETWEEN: Final = _compiled("between")
_PAYEE_FEE: Final = _compiled("payee_fee")
_RESIDUE_HOLDER, _RESIDUE_TAKER = _compiled("residue")


def lines_of(payment: Payment) -> tuple[Line, ...]:
    """The lines of a payment, from its templates and frozen terms; lines of zero are left out.

    The template of its direction comes first; what passes between two holders, a fee of the payee
    and what rounding left are sets of their own behind it.
    """
    terms, institutions = payment.terms, payment.institutions
    if payment.direction is Direction.OUTBOUND:
        template = _OUTBOUND
    else:
        template = _ON_US if institutions.on_us else _INBOUND
    second = institutions.second_holder
    if second and second != institutions.holder and terms.between is not None:
        template += _BETWEEN
    if terms.payee_fee is not None:
        template += _PAYEE_FEE
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
    for residue in terms.residues:
        minor, code = residue.amount.minor, residue.amount.currency.code
        for part, place in (
            (_RESIDUE_HOLDER, residue.holder),
            (_RESIDUE_TAKER, institutions.fee_taker),
        ):
            if minor:
                lines.append(Line(place + part.role + code + part.rest, part.side, code, minor))
    return tuple(lines)


def incoming_lines(sponsor: str, amount: Money) -> tuple[Line, ...]:
    """Money that arrived in a Bakong pool and is not matched yet: pool to suspense."""
    return filled("outbound_funded", {"debit": amount}, {"sponsor": sponsor})


def refunded(cumulative: Money, paid: Money, source: Money, already: Money) -> Money:
    """What the payer gets back for a refund at the payment's own rate.

    ``cumulative`` of ``paid`` is refunded now and before, ``already`` is what the payer got before.
    Rounded down to the currency's step each time; the last one takes what is left of ``source``.
    """
    assert cumulative.minor <= paid.minor, "no more is refunded than was paid"
    if cumulative.minor == paid.minor:
        return source - already
    step = source.currency.cash_step
    owed = divide(cumulative.minor * source.minor, paid.minor * step, Rounding.DOWN) * step
    return Money(owed, source.currency) - already
