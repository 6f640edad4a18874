"""Counts and totals of a message: each is what the transactions or entries it speaks of come to.

A count in the header speaks of the whole message, one in a group of its group; a summary of an
account report speaks of the entries beside it. The surprise: a control sum adds up amounts whatever
their currency, by definition, while a total has a currency and can only be of amounts in the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from iso20022 import elements as e
from iso20022.tree_amounts import first, tagged, transactions
from iso20022.tree_values import number

if TYPE_CHECKING:
    from iso20022.sight import Seen, Sight

OWNERS_MAX: Final = 2
"""How far above a count its group begins: around it, or around the header that it stands in."""

_TOTAL: Final = "Ttl"
_NOTHING: Final = Decimal(0)
_SUMMARY: Final = "TxsSummry"
_ENTRIES_COUNT: Final = "NbOfNtries"
_ENTRIES_SUM: Final = "Sum"
_TRUE: Final = frozenset({"true", "1"})
_SUMMED_SIDES: Final = (("TtlNtries", None), ("TtlCdtNtries", "CRDT"), ("TtlDbtNtries", "DBIT"))


class _Sum(NamedTuple):
    """Amounts added up: how many, in which currencies, to what."""

    many: int
    currencies: frozenset[str]
    total: Decimal

    @classmethod
    def of(cls, amounts: Iterable[Seen]) -> _Sum:
        """Add up, what is no number as nothing."""
        every = list(amounts)
        currencies = frozenset(seen.element.get(e.CURRENCY) or "" for seen in every)
        total = sum((number(seen.text) or _NOTHING for seen in every), _NOTHING)
        return cls(len(every), currencies, total)


class _Group:
    """What a count or a total speaks of; all is looked at once, however many speak of it."""

    def __init__(self, inside: tuple[Seen, ...]) -> None:
        self.count: Final = len(transactions(inside))
        self._tagged: defaultdict[str, list[Seen]] = defaultdict(list)
        for seen in inside if self.count else ():
            self._tagged[seen.tag].append(seen)
        self._sums: dict[str, _Sum] = {}

    def sum_of(self, tag: str) -> _Sum:
        if tag not in self._sums:
            self._sums[tag] = _Sum.of(self._tagged.get(tag, ()))
        return self._sums[tag]


class _Groups:
    """The groups of one message, each made when the first count asks for it."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._known: dict[int, _Group] = {}

    def around(self, counter: Seen) -> _Group | None:
        for owner in islice(self._sight.owners(counter), OWNERS_MAX):
            if owner.index not in self._known:
                self._known[owner.index] = _Group(self._sight.below(owner))
            if self._known[owner.index].count:
                return self._known[owner.index]
        return None


def miscounted(sight: Sight) -> Iterator[Seen]:
    """Yield each count that is not the number of transactions or entries it speaks of."""
    groups = _Groups(sight)
    for seen in tagged(sight.document, e.NUMBER_OF_TRANSACTIONS):
        group = groups.around(seen)
        if group is not None and number(seen.text) != group.count:
            yield seen
    for summary, entries in _summaries(sight):
        count = first(sight.below(summary), _ENTRIES_COUNT)
        if count is not None and number(count.text) != entries.many:
            yield count


def missummed(sight: Sight) -> Iterator[Seen]:
    """Yield each control sum and each total that is not the sum of its amounts."""
    groups = _Groups(sight)
    for seen in sight.document:
        if seen.tag == e.CONTROL_SUM or seen.tag.startswith(_TOTAL):
            group = groups.around(seen)
            if group is not None and _off(seen, group):
                yield seen
    for summary, entries in _summaries(sight):
        total = first(sight.below(summary), _ENTRIES_SUM)
        if total and len(entries.currencies) == 1 and number(total.text) != entries.total:
            yield total


def _off(total: Seen, group: _Group) -> bool:
    """Tell whether a control sum or a total is wrong; not when it cannot be told what it adds."""
    if total.tag == e.CONTROL_SUM:
        parts = group.sum_of(e.INTER_BANK_SETTLEMENT_AMOUNT)
        if not parts.many:
            parts = group.sum_of(e.INSTRUCTED_AMOUNT)
        return parts.many == group.count and number(total.text) != parts.total
    currency = total.element.get(e.CURRENCY)
    parts = group.sum_of(total.tag.removeprefix(_TOTAL))
    if currency is None or not parts.many:
        return False
    return parts.currencies != {currency} or number(total.text) != parts.total


def _summaries(sight: Sight) -> Iterator[tuple[Seen, _Sum]]:
    """Yield each summary of an account report with the entries that it speaks of.

    A report without entries may leave them out, and one in pages has only some of them.
    """
    if any(_in_pages(seen) for seen in sight.document):
        return
    known: dict[int, dict[str | None, _Sum]] = {}
    for summary in tagged(sight.document, _SUMMARY):
        if summary.parent not in known:
            known[summary.parent] = _entries(sight, summary)
        sums = known[summary.parent]
        for side in sight.children(summary):
            for tag, indicator in _SUMMED_SIDES:
                if side.tag == tag and sums[None].many:
                    yield side, sums[indicator]


def _entries(sight: Sight, summary: Seen) -> dict[str | None, _Sum]:
    """Return the sums of the entries beside a summary: of all, of the credits, of the debits."""
    amounts: dict[str | None, list[Seen]] = {indicator: [] for _, indicator in _SUMMED_SIDES}
    for entry in sight.children(sight.document[summary.parent]):
        if entry.tag == e.ENTRY:
            inside = tuple(sight.children(entry))
            amount, side = first(inside, e.AMOUNT), first(inside, e.CREDIT_DEBIT_INDICATOR)
            for indicator, found in amounts.items():
                if amount and (indicator is None or (side and side.text == indicator)):
                    found.append(amount)
    return {indicator: _Sum.of(found) for indicator, found in amounts.items()}


def _in_pages(seen: Seen) -> bool:
    if seen.tag == e.PAGE_NUMBER:
        return number(seen.text) != 1
    return seen.tag == e.LAST_PAGE_INDICATOR and seen.text.strip() not in _TRUE
