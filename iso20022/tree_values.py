"""Content rules on any message: what one element says, judged by its name alone.

They are the rules that the scalar types of our declarations apply while reading, here for messages
and versions that are not declared. The surprise: an amount is known by its ``Ccy`` attribute, so
amounts are checked wherever they stand, also where no rule of ours has heard of the element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from fx.iso4217 import ISO_4217_BY_CODE
from iso20022 import elements as e
from iso20022 import external_codes as sets
from iso20022 import rules, vocabulary
from iso20022.codes import COUNTRIES, CUSTOMER_STATUSES
from iso20022.external_codes import is_external_code
from iso20022.identifiers import is_bic, is_iban, is_lei, is_uetr

if TYPE_CHECKING:
    from iso20022.errors import Rule
    from iso20022.sight import Seen, Sight

NUMBER_CHARACTERS_MAX: Final = 40
"""Longest number that is looked at, twice the 18 digits of ISO 20022; it bounds the arithmetic."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_MOMENT: Final = re.compile(r"\s*-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_AMOUNT: Final = re.compile(r"\+?(?:[0-9]+(?:\.([0-9]*))?|\.([0-9]+))", re.ASCII)
_SPACES: Final = " \t\r\n"
_OF_MOMENT: Final = (e.DATE_TIME, e.CREATION_DATE)


class Fault(NamedTuple):
    """A rule that is broken: the path of the place and the reason code that fits the place."""

    rule: Rule
    path: str
    code: str


class ValueRule(NamedTuple):
    """A rule on one element with text; ``codes`` are for the debtor's and the creditor's side."""

    rule: Rule
    broken: Callable[[Seen], bool]
    codes: tuple[str, str] | None = None


def number(text: str) -> Decimal | None:
    """Read a decimal number of XML Schema; ``None`` when it is none, or longer than any amount."""
    plain = text.strip(_SPACES)
    if len(plain) > NUMBER_CHARACTERS_MAX or _DECIMAL.fullmatch(plain) is None:
        return None
    return Decimal(plain)


def moment(text: str) -> datetime | None:
    """Read a date and time with or without an offset; ``None`` when the calendar has none such."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _currency(seen: Seen) -> str | None:
    return seen.element.get(e.CURRENCY)


def _blank(seen: Seen) -> bool:
    return bool(seen.text) and seen.text.isspace()


def _unprintable(seen: Seen) -> bool:
    return _CONTROL.search(seen.text) is not None


def _slashes(seen: Seen) -> bool:
    return seen.tag in vocabulary.IDENTIFIERS and rules.slashes_misplaced(seen.text)


def _not_latin(seen: Seen) -> bool:
    return seen.tag in vocabulary.IDENTIFIERS and not seen.text.isascii()


def _is_moment(seen: Seen) -> bool:
    return _MOMENT.match(seen.text) is not None and seen.tag.endswith(_OF_MOMENT)


def _no_offset(seen: Seen) -> bool:
    if not _is_moment(seen):
        return False
    found = moment(seen.text)
    return found is not None and found.tzinfo is None


def _no_such_moment(seen: Seen) -> bool:
    return _is_moment(seen) and moment(seen.text) is None


def _no_currency(seen: Seen) -> bool:
    code = _currency(seen)
    if code is None and seen.tag in vocabulary.CURRENCIES:
        code = seen.text
    return code is not None and code not in ISO_4217_BY_CODE


def _decimals(seen: Seen) -> bool:
    currency = ISO_4217_BY_CODE.get(_currency(seen) or "")
    if currency is None:
        return False
    text = _AMOUNT.fullmatch(seen.text.strip(_SPACES))
    return text is None or len(text[1] or text[2] or "") > currency.exponent


def _zero(seen: Seen) -> bool:
    return seen.tag in vocabulary.MOVED_AMOUNTS and number(seen.text) == 0


def _rate_not_positive(seen: Seen) -> bool:
    if seen.tag not in vocabulary.RATES:
        return False
    value = number(seen.text)
    return value is not None and value <= 0


def _country(seen: Seen) -> bool:
    return seen.tag in vocabulary.COUNTRIES and seen.text not in COUNTRIES


def _bic(seen: Seen) -> bool:
    return seen.tag in vocabulary.BICS and not is_bic(seen.text)


def _iban(seen: Seen) -> bool:
    return seen.tag == e.IBAN and not is_iban(seen.text)


def _lei(seen: Seen) -> bool:
    return seen.tag == e.LEI and not is_lei(seen.text)


def _uetr(seen: Seen) -> bool:
    return seen.tag.endswith(e.UETR) and not is_uetr(seen.text)


def _group_status(seen: Seen) -> bool:
    return (
        seen.tag in vocabulary.GROUP_STATUSES
        and seen.text not in CUSTOMER_STATUSES
        and not is_external_code(sets.TRANSACTION_STATUS, seen.text)
    )


_CODED: Final = frozenset(steps[-1] for steps in vocabulary.CODE_SETS)

VALUE_RULES: Final = (
    ValueRule(rules.BLANK, _blank),
    ValueRule(rules.CHARACTERS, _unprintable),
    ValueRule(rules.IDENTIFIER, _slashes),
    ValueRule(rules.IDENTIFIER_CHARACTERS, _not_latin),
    ValueRule(rules.MOMENT, _no_such_moment),
    ValueRule(rules.ZONE, _no_offset),
    ValueRule(rules.CURRENCY_EXISTS, _no_currency),
    ValueRule(rules.DECIMALS, _decimals),
    ValueRule(rules.ZERO, _zero),
    ValueRule(rules.RATE, _rate_not_positive),
    ValueRule(rules.COUNTRY, _country, ("BE10", "BE11")),
    ValueRule(rules.AGENT_COUNTRY, _bic, ("RC03", "RC04")),
    ValueRule(rules.IBAN, _iban, ("AC02", "AC03")),
    ValueRule(rules.LEI, _lei, ("BE16", "BE17")),
    ValueRule(rules.UETR, _uetr),
    ValueRule(rules.STATUS_KNOWN.rule, _group_status),
)


def value_faults(sight: Sight) -> Iterator[Fault]:
    """Yield every content rule that a value in the message breaks, in document order."""
    for seen in sight.every:
        if not seen.leaf:
            continue
        for entry in VALUE_RULES:
            if entry.broken(seen):
                yield Fault(entry.rule, seen.path, _code(entry, seen))
        if seen.tag in _CODED:
            yield from _code_faults(seen)


def _code_faults(seen: Seen) -> Iterator[Fault]:
    name = vocabulary.code_set(seen.steps)
    if name is not None and not is_external_code(name, seen.text):
        rule = rules.EXTERNAL_CODE
        if name == sets.TRANSACTION_STATUS:
            rule = rules.STATUS_KNOWN.rule
        yield Fault(rule, seen.path, rule.code)


def _code(entry: ValueRule, seen: Seen) -> str:
    if entry.codes is None:
        return entry.rule.code
    return entry.codes[0 if vocabulary.is_debtor_side(seen.steps) else 1]
