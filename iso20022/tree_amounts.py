"""Rules between the amounts of a message: how many transactions, their sums, the rate between two.

A rate is written with few digits, so an amount agrees with it when some rate that is written the
same gives it, to one smallest unit that moves in each currency. The surprise: nothing says in which
direction ``XchgRate`` is meant, nor whether charges are taken off first, so each reading is tried.
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

_TOTAL: Final = "Ttl"
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


def miscounted(sight: Sight) -> Iterator[Seen]:
    """Yield each ``NbOfTxs`` that is not the number of transactions it speaks of."""
    for seen in tagged(sight.document, e.NUMBER_OF_TRANSACTIONS):
        count = len(transactions(_scope(sight, seen)))
        if count and number(seen.text) != count:
            yield seen


def missummed(sight: Sight) -> Iterator[Seen]:
    """Yield each control sum and each total that is not the sum of its amounts."""
    for seen in sight.document:
        parts = _summands(sight, seen)
        if parts and sum(number(part.text) or _NOTHING for part in parts) != number(seen.text):
            yield seen


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
    for exchange in _exchanges(sight):
        if exchange.rate is not None and not _agrees(exchange, exchange.rate):
            yield exchange.rate


def _scope(sight: Sight, counter: Seen) -> tuple[Seen, ...]:
    """Return what a count or total speaks of: its own group, or from a header the message."""
    for steps in (1, 2):
        at = len(counter.steps) - steps
        owners = [seen for seen in sight.document if len(seen.steps) == at and counter.within(seen)]
        inside = sight.below(owners[0]) if owners else ()
        if transactions(inside):
            return inside
    return ()


def _summands(sight: Sight, total: Seen) -> list[Seen]:
    """Return the amounts that a control sum or total adds up; empty when it cannot be told."""
    if total.tag == e.CONTROL_SUM:
        scope = _scope(sight, total)
        parts = tagged(scope, e.INTER_BANK_SETTLEMENT_AMOUNT) or tagged(scope, e.INSTRUCTED_AMOUNT)
        return parts if len(parts) == len(transactions(scope)) else []
    if total.tag.startswith(_TOTAL) and total.element.get(e.CURRENCY):
        return tagged(_scope(sight, total), total.tag.removeprefix(_TOTAL))
    return []


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


def _agrees(exchange: _Exchange, written: Seen) -> bool:
    settled, whole = number(exchange.settled.text), number(exchange.instructed.text)
    rate = number(written.text)
    if not settled or not whole or not rate or rate < 0:
        # Zero, and what is no number, is another rule's business.
        return True
    step = Decimal(1).scaleb(-len(written.text.strip().partition(".")[2]))
    low, high = max(rate - step, _NOTHING), rate + step
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
