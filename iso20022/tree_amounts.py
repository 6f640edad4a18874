"""Rules between two amounts of a transaction: the rate that leads from one to the other.

A rate is written with few digits, so an amount agrees with it when some rate that is rounded or cut
to what is written gives it, to one smallest unit that moves in each currency, but never more than
1 % off. The surprise: nothing says in which direction ``XchgRate`` is meant, nor whether charges
are taken off first, so each reading is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from fx.iso4217 import ISO_4217_BY_CODE
from fx.money import CURRENCIES
from iso20022 import elements as e
from iso20022.tree_values import number

if TYPE_CHECKING:
    from iso20022.sight import Seen, Sight

RATE_APART_MAX: Final = Decimal("0.01")
"""Most that digits left out of a rate may change it, as a part of it."""

_NOTHING: Final = Decimal(0)


class _Exchange(NamedTuple):
    """A transaction in two currencies; ``charges`` are those in the instructed currency."""

    settled: Seen
    instructed: Seen
    rate: Seen | None
    charges: Decimal


def tagged(seen: Iterable[Seen], tag: str) -> list[Seen]:
    """Return the elements of one name, in document order."""
    return [each for each in seen if each.tag == tag]


def first(seen: Iterable[Seen], tag: str) -> Seen | None:
    """Return the first element of one name."""
    return next((each for each in seen if each.tag == tag), None)


def transactions(seen: Iterable[Seen]) -> list[Seen]:
    """Return the outermost transactions: ``CdtTrfTxInf``, ``TxInf`` and their like."""
    kind = e.TRANSACTION_INFORMATION
    return [
        each
        for each in seen
        if each.tag.endswith(kind) and not any(step.endswith(kind) for step in each.steps[:-1])
    ]


def rate_not_as_agreed(sight: Sight) -> Iterator[Seen]:
    """Yield each rate that differs from the one agreed for the same transaction."""
    for transaction in transactions(sight.document):
        inside = sight.below(transaction)
        used, agreed = first(inside, e.EXCHANGE_RATE), first(inside, e.PRE_AGREED_EXCHANGE_RATE)
        if used and agreed and number(used.text) != number(agreed.text):
            yield used


def rate_missing(sight: Sight) -> Iterator[Seen]:
    """Yield each instructed amount in another currency than the settlement, without a rate."""
    return (each.instructed for each in _exchanges(sight) if each.rate is None)


def amounts_off_rate(sight: Sight) -> Iterator[Seen]:
    """Yield each rate that does not lead from one amount of its transaction to the other."""
    return (rate for rate, digits_alone in _disagreeing(sight) if not digits_alone)


def rate_too_short(sight: Sight) -> Iterator[Seen]:
    """Yield each rate of which the amounts could be, were its last digit not so large a part."""
    return (rate for rate, digits_alone in _disagreeing(sight) if digits_alone)


def _disagreeing(sight: Sight) -> Iterator[tuple[Seen, bool]]:
    """Yield each rate that the amounts do not agree with, and whether more digits could help."""
    for exchange in _exchanges(sight):
        written = exchange.rate
        rate = None if written is None else number(written.text)
        if written is None or not rate or rate < 0:
            # Zero, and what is no number, is another rule's business.
            continue
        step = Decimal(1).scaleb(-len(written.text.strip().partition(".")[2]))
        low, high, apart = rate - step / 2, rate + step, rate * RATE_APART_MAX
        if not _agrees(exchange, max(low, rate - apart), min(high, rate + apart)):
            yield written, _agrees(exchange, low, high)


def _exchanges(sight: Sight) -> Iterator[_Exchange]:
    for transaction in transactions(sight.document):
        inside = sight.below(transaction)
        settled = first(inside, e.INTER_BANK_SETTLEMENT_AMOUNT)
        instructed = first(inside, e.INSTRUCTED_AMOUNT)
        if settled is None or instructed is None:
            continue
        currency = instructed.element.get(e.CURRENCY)
        if settled.element.get(e.CURRENCY) == currency:
            continue
        charges = (
            number(seen.text) or _NOTHING
            for seen in inside
            if seen.ends(e.CHARGES_INFORMATION, e.AMOUNT)
            and seen.element.get(e.CURRENCY) == currency
        )
        rate = first(inside, e.EXCHANGE_RATE)
        yield _Exchange(settled, instructed, rate, sum(charges, _NOTHING))


def _agrees(exchange: _Exchange, low: Decimal, high: Decimal) -> bool:
    """Tell whether a rate between the two leads from one amount to the other, either way round."""
    settled, whole = number(exchange.settled.text), number(exchange.instructed.text)
    if not settled or not whole:
        return True
    unit, other = _unit(exchange.instructed), _unit(exchange.settled)
    return any(
        (sent - unit) * low - other <= settled <= (sent + unit) * high + other
        or (settled - other) * low - unit <= sent <= (settled + other) * high + unit
        for sent in (whole, whole - exchange.charges)
    )


def _unit(amount: Seen) -> Decimal:
    """Return the smallest amount that moves in the currency: one riel, one satang."""
    code = amount.element.get(e.CURRENCY) or ""
    known, listed = CURRENCIES.get(code), ISO_4217_BY_CODE.get(code)
    return Decimal(known.cash_step if known else 1).scaleb(-(listed.exponent if listed else 0))
