"""The rules that any ISO 20022 message can be held to, declared or not, as one table.

Each rule looks at a :class:`~iso20022.sight.Sight` and names the places where it is broken; where
a declared message has the same rule, the rule object is the same one. The surprise: a message is
judged by its own clock, the latest moment that its header or its first creation time names, unless
a moment is given, because a file may be looked at long after it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from iso20022 import elements as e
from iso20022 import rules, tree_amounts, tree_totals, vocabulary
from iso20022.declare import ISO
from iso20022.identifiers import same_bic
from iso20022.tree_amounts import first, tagged, transactions
from iso20022.tree_values import Fault, moment, number, value_faults

if TYPE_CHECKING:
    from iso20022.errors import Rule
    from iso20022.sight import Seen, Sight

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far two clocks may be apart."""

ACCEPTANCE_AGE_MAX: Final = timedelta(hours=24)
"""Oldest acceptance of an instruction."""

CREATION_APART_MAX: Final = timedelta(hours=48)
"""Longest time between the creation of the header and of the document."""

UETR_SINCE: Final = 8
"""First version of pacs.008 and pacs.009 that has a UETR."""

_PAYMENT: Final = "pacs.008.001"
_INSTRUCTIONS: Final = frozenset({_PAYMENT, "pacs.009.001"})
_RECALL_ANSWER: Final = "camt.029.001"
_VERIFICATION_ANSWER: Final = "acmt.024.001"
_ABOUT_ANOTHER: Final = frozenset(
    {"pacs.002.001", "pacs.028.001", _RECALL_ANSWER, *vocabulary.REQUEST_REASONS}
)
_SIDES: Final = ((e.FROM, e.INSTRUCTING_AGENT), (e.TO, e.INSTRUCTED_AGENT))
_ORIGINAL: Final = "Orgnl"
_REJECTED: Final = "RJCT"
_RECALL_REFUSED: Final = "RJCR"
_DENIED: Final = frozenset({"false", "0"})


class TreeRule(NamedTuple):
    """A rule and the places where a message breaks it."""

    rule: Rule
    broken: Callable[[Sight], Iterator[Seen]]


def faults(sight: Sight) -> Iterator[Fault]:
    """Yield what breaks a rule: first single elements in document order, then relations."""
    yield from value_faults(sight)
    for entry in TREE_RULES:
        for seen in entry.broken(sight):
            yield Fault(entry.rule, seen.path, entry.rule.code)


def _definition(sight: Sight) -> Iterator[Seen]:
    for seen in tagged(sight.header, e.MESSAGE_DEFINITION_IDENTIFIER):
        if sight.name and seen.text != sight.name:
            yield seen


def _sender(sight: Sight) -> Iterator[Seen]:
    if sight.family not in _INSTRUCTIONS:
        return
    for side, agent in _SIDES:
        given = [
            seen.text
            for seen in sight.document
            if seen.ends(agent, e.FINANCIAL_INSTITUTION_IDENTIFICATION, e.BIC)
        ]
        for seen in sight.header:
            if seen.tag == e.BIC and side in seen.steps[:2]:
                if any(not same_bic(seen.text, bic) for bic in given):
                    yield seen
                break


def _more_than_one(sight: Sight) -> Iterator[Seen]:
    if sight.family == _PAYMENT:
        for seen in tagged(sight.document, e.NUMBER_OF_TRANSACTIONS):
            if number(seen.text) != 1:
                yield seen


def _without_uetr(sight: Sight) -> Iterator[Seen]:
    if sight.family not in _INSTRUCTIONS or int(sight.name.rpartition(".")[2]) < UETR_SINCE:
        return
    for transaction in transactions(sight.document):
        if first(sight.below(transaction), e.UETR) is None:
            yield transaction


def _rejection_unexplained(sight: Sight) -> Iterator[Seen]:
    """Yield a rejected transaction without a reason beside it, a rejected group without any."""
    explained = {
        owner.index
        for seen in sight.document
        if seen.ends(*vocabulary.STATUS_REASON)
        for owner in sight.owners(seen)
    }
    for seen in sight.document:
        if not (seen.leaf and seen.tag.endswith(e.STATUS) and seen.text == _REJECTED):
            continue
        # What stands around every reason is the document, the first element of all.
        if (seen.parent if seen.tag == e.TRANSACTION_STATUS else 0) not in explained:
            yield seen


def _denial_unexplained(sight: Sight) -> Iterator[Seen]:
    if sight.family != _VERIFICATION_ANSWER:
        return
    explained = {seen.parent for seen in sight.document if seen.ends(e.REPORT, e.REASON)}
    for seen in tagged(sight.document, e.VERIFICATION):
        if seen.text.strip() in _DENIED and seen.parent not in explained:
            yield seen


def _recall_refusal_unexplained(sight: Sight) -> Iterator[Seen]:
    if sight.family == _RECALL_ANSWER and not any(
        seen.ends(*vocabulary.RECALL_STATUS_REASON) for seen in sight.document
    ):
        yield from [s for s in sight.document if s.leaf and s.text == _RECALL_REFUSED][:1]


def _request_unexplained(sight: Sight) -> Iterator[Seen]:
    reason = vocabulary.REQUEST_REASONS.get(sight.family)
    if reason is not None:
        for transaction in transactions(sight.document):
            if not any(seen.ends(*reason) for seen in sight.below(transaction)):
                yield transaction


def _original_unnamed(sight: Sight) -> Iterator[Seen]:
    if sight.family in _ABOUT_ANOTHER and not any(
        seen.leaf and seen.tag.startswith(_ORIGINAL) for seen in sight.document
    ):
        yield sight.document[0]


def _supplement_of_iso(sight: Sight) -> Iterator[Seen]:
    for seen, root in sight.enveloped:
        if (etree.QName(root).namespace or ISO).startswith(ISO):
            yield seen


def _clock(seen: Seen | None) -> datetime | None:
    found = None if seen is None else moment(seen.text)
    if found is None:
        return None
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        # The first hours of year 1: rule TIME-2 has the word.
        return None


def _created(sight: Sight) -> tuple[Seen | None, Seen | None]:
    header = first(sight.header, e.CREATION_DATE)
    return header, first(sight.document, e.CREATION_DATE_TIME)


def _created_off(sight: Sight) -> Iterator[Seen]:
    header, document = _created(sight)
    for seen in (header, document):
        at = _clock(seen)
        if seen and at and sight.latest and at > sight.latest:
            yield seen
    one, other = _clock(header), _clock(document)
    if document and one and other and abs(other - one) > CREATION_APART_MAX:
        yield document


def _acceptances(sight: Sight) -> Iterator[tuple[Seen, timedelta]]:
    """Yield each acceptance time with its age at the moment of judgement."""
    known = [at for at in map(_clock, _created(sight)) if at is not None]
    now = sight.at or max(known, default=None)
    for seen in tagged(sight.document, e.ACCEPTANCE_DATE_TIME):
        accepted = _clock(seen)
        if accepted is not None and now is not None:
            yield seen, now - accepted


def _accepted_in_future(sight: Sight) -> Iterator[Seen]:
    return (seen for seen, age in _acceptances(sight) if age < -CLOCK_TOLERANCE)


def _accepted_long_ago(sight: Sight) -> Iterator[Seen]:
    if sight.family in _INSTRUCTIONS:
        yield from (seen for seen, age in _acceptances(sight) if age > ACCEPTANCE_AGE_MAX)


TREE_RULES: Final = (
    TreeRule(rules.DEFINITION_MATCHES.rule, _definition),
    TreeRule(rules.SENDER_MATCHES, _sender),
    TreeRule(rules.CREATED_IN_WINDOW, _created_off),
    TreeRule(rules.ACCEPTED_BEFORE, _accepted_in_future),
    TreeRule(rules.ACCEPTED_LATELY, _accepted_long_ago),
    TreeRule(rules.COUNTED, tree_totals.miscounted),
    TreeRule(rules.ONE_TRANSACTION.rule, _more_than_one),
    TreeRule(rules.SUMMED, tree_totals.missummed),
    TreeRule(rules.UETR_PRESENT, _without_uetr),
    TreeRule(rules.RATE_AS_AGREED.rule, tree_amounts.rate_not_as_agreed),
    TreeRule(rules.RATE_PRESENT, tree_amounts.rate_missing),
    TreeRule(rules.AMOUNTS_AT_RATE, tree_amounts.amounts_off_rate),
    TreeRule(rules.RATE_LONG_ENOUGH, tree_amounts.rate_too_short),
    TreeRule(rules.REJECTION_EXPLAINED.rule, _rejection_unexplained),
    TreeRule(rules.DENIAL_EXPLAINED.rule, _denial_unexplained),
    TreeRule(rules.REFUSAL_EXPLAINED, _recall_refusal_unexplained),
    TreeRule(rules.REQUEST_EXPLAINED, _request_unexplained),
    TreeRule(rules.ORIGINAL_NAMED, _original_unnamed),
    TreeRule(rules.FOREIGN_NAMESPACE, _supplement_of_iso),
)
