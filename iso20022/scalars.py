"""The value types of the messages: one place for what XML Schema, reader and builder know of each.

A scalar reads text that its schema type has already admitted and writes a Python value; both apply
the content rules, so the two directions agree. The surprise: text is measured in Unicode code
points, as XML Schema does, so 140 characters of Khmer are 420 bytes on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fx.money import CURRENCIES, MINOR_UNITS_MAX, Money, MoneyError
from iso20022 import rules
from iso20022.codes import BIC_COUNTRIES, COUNTRIES
from iso20022.elements import CURRENCY
from iso20022.errors import Breach, Misfit, Rule
from iso20022.identifiers import is_iban, is_lei
from iso20022.moments import read_date, read_moment, write_date, write_moment

_BAD: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
_FORBIDDEN: Final = re.compile(f"[{_BAD}]")
_RATE: Final = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,10})?\Z", re.ASCII)
_RATE_DIGITS_MAX: Final = 11

_PLAIN_AMOUNTS: Final = MappingProxyType(
    {c.code: (c, c.exponent + 1 if c.exponent else 0, c.cash_step) for c in CURRENCIES.values()}
)
"""Currency code → currency, characters from the point on, step."""

_MONEY_RULES: Final = MappingProxyType(
    {
        "currency_unknown": rules.CURRENCY,
        "amount_decimals": rules.DECIMALS,
        "amount_malformed": rules.DECIMALS,
        "amount_too_large": rules.RANGE,
        "amount_zero": rules.ZERO,
    }
)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type of simple content.

    ``facets`` is the body of its XML Schema restriction of ``base``; ``code`` the reason when a
    value does not fit; ``says`` the type in words. ``read`` and ``write`` raise ``Breach`` for a
    broken rule, ``write`` raises ``Misfit`` for a value of another type. ``rules`` are those that
    the schema cannot hold; a ``plain`` type has none and reads the text as it is, and one of
    ``words`` reads letters and digits as they are.
    """

    name: str
    base: str
    facets: str
    code: str
    says: str
    read: Callable[[str], object]
    write: Callable[[object], str]
    rules: tuple[Rule, ...] = ()
    plain: bool = False
    words: bool = False

    @property
    def encode(self) -> Callable[[object], str]:
        """What stands between ``<Tag>`` and ``</Tag>``."""
        return self.write


WHOLE_DIGITS_MAX: Final = 15
"""Digits before the point that the schema takes: the largest amount has more where it has none."""


@dataclass(frozen=True, slots=True)
class AmountType:
    """An amount with its ``Ccy`` attribute; values are :class:`fx.money.Money`.

    ``zero`` admits nothing owed (a fee); ``short`` writes whole riel without decimals, as the
    Bakong backbone does, where the pacs messages write ``41000.00``.
    """

    name: str
    zero: bool = False
    short: bool = False
    code: str = "AM12"
    says: str = "an amount of at most 15 digits and 5 decimals, with its currency"

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that every amount is held to."""
        some = () if self.zero else (rules.ZERO,)
        return (rules.CURRENCY, rules.DECIMALS, rules.RANGE, *some)

    def read(self, text: str, code: str) -> Money:
        """Read the element's text and currency; raises ``Breach``.

        An amount with all of its currency's decimals is read at once; whatever else it may be,
        ``Money.parse`` says.
        """
        known = _PLAIN_AMOUNTS.get(code)
        if known is not None:
            unit, tail, step = known
            whole, _, fraction = text.partition(".")
            digits = whole + fraction
            if len(text) - len(whole) == tail and whole and digits.isdigit() and digits.isascii():
                minor = int(digits)
                if 0 < minor <= MINOR_UNITS_MAX and not minor % step:
                    return Money(minor, unit)
        try:
            money = Money.parse(text.strip(), code)
            return money if self.zero else money.positive()
        except MoneyError as error:
            raise Breach(_MONEY_RULES[error.code]) from None

    def write(self, value: object) -> str:
        """Return the text; raises ``Breach`` and ``Misfit``."""
        if type(value) is not Money:
            raise Misfit(self.says)
        minor, unit = value.minor, value.currency
        if not minor and not self.zero:
            raise Breach(rules.ZERO)
        if minor % unit.cash_step:
            raise Breach(rules.DECIMALS)
        if self.short:
            return value.short()
        places = unit.exponent
        digits = str(minor)
        if len(digits) - places > WHOLE_DIGITS_MAX:
            raise Breach(rules.RANGE)
        if not places:
            return digits
        if len(digits) <= places:
            return str(value)
        return f"{digits[:-places]}.{digits[-places:]}"

    def encode(self, value: object) -> str:
        """What stands between ``<Tag`` and ``</Tag>``: the currency too."""
        text = self.write(value)
        # Only money has come so far.
        return f' {CURRENCY}="{value.currency.code}">{text}'  # type: ignore[attr-defined]


def escape(text: str) -> str:
    """Escape character data as canonical XML does, so that built and canonical bytes agree."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(length: int, *, identifier: bool = False) -> Scalar:
    says = f"text of 1 to {length} characters"

    def read(text: str) -> str:
        # What can be printed holds nothing forbidden, and no white space but the plain one.
        if text.isprintable() and text[:1] > " ":
            return text
        if _FORBIDDEN.search(text) is not None:
            raise Breach(rules.CHARACTERS)
        if not text or text.isspace():
            raise Breach(rules.BLANK)
        return text

    def read_identifier(text: str) -> str:
        if not text.isprintable() or text[:1] <= " ":
            read(text)
        if "/" in text and (text[0] == "/" or text[-1] == "/" or "//" in text):
            raise Breach(rules.IDENTIFIER)
        return text

    accept = read_identifier if identifier else read

    def write(value: object) -> str:
        if type(value) is not str or len(value) > length:
            raise Misfit(says)
        if value.isalnum():
            return value
        text = accept(value)
        return escape(text) if "&" in text or "<" in text or ">" in text else text

    facets = f'<xs:minLength value="1"/><xs:maxLength value="{length}"/>'
    name = f"Max{length}{'Identifier' if identifier else 'Text'}"
    held = (rules.BLANK, rules.CHARACTERS, *((rules.IDENTIFIER,) if identifier else ()))
    return Scalar(name, "xs:string", facets, "FF01", says, accept, write, held, words=True)


def _pattern(
    name: str,
    pattern: str,
    says: str,
    code: str = "FF01",
    held: tuple[Rule, Callable[[str], str]] | None = None,
) -> Scalar:
    """Return a type kept by a pattern, and where the schema cannot by a rule and its reader."""
    match = re.compile(f"(?:{pattern})\\Z", re.ASCII).match
    facets = f'<xs:pattern value="{pattern}"/>'

    def write_plain(value: object) -> str:
        if type(value) is not str or match(value) is None:
            raise Misfit(says)
        return value

    if held is None:
        return Scalar(name, "xs:string", facets, code, says, str, write_plain, plain=True)
    rule, read = held

    def write(value: object) -> str:
        return read(write_plain(value))

    return Scalar(name, "xs:string", facets, code, says, read, write, (rule,))


def codes(name: str, *values: str, code: str = "FF01") -> Scalar:
    """Return a closed code list, kept by the schema itself."""
    says = "one of " + ", ".join(values)
    allowed = frozenset(values)

    def write(value: object) -> str:
        if type(value) is not str or value not in allowed:
            raise Misfit(says)
        return value

    facets = "".join(f'<xs:enumeration value="{value}"/>' for value in values)
    return Scalar(name, "xs:string", facets, code, says, str, write, plain=True)


def _agent(
    suffix: str, code: str, pattern: str = "[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"
) -> Scalar:
    rule = replace(rules.AGENT_COUNTRY, code=code)
    says = "a BIC of 8 or 11 capital letters and digits"

    def read(text: str) -> str:
        if text[4:6] not in BIC_COUNTRIES:
            raise Breach(rule)
        return text

    return _pattern(f"Bic{suffix}", pattern, says, code, (rule, read))


def _country(suffix: str, code: str) -> Scalar:
    rule = replace(rules.COUNTRY, code=code)

    def read(text: str) -> str:
        if text not in COUNTRIES:
            raise Breach(rule)
        return text

    says = "a country code of two capital letters"
    return _pattern(f"Country{suffix}", "[A-Z]{2}", says, code, (rule, read))


def _checked(rule: Rule, holds: Callable[[str], bool]) -> tuple[Rule, Callable[[str], str]]:
    def read(text: str) -> str:
        if not holds(text):
            raise Breach(rule)
        return text

    return rule, read


def _read_rate(text: str) -> Decimal:
    value = Decimal(text.strip())
    if value <= 0:
        raise Breach(rules.RATE)
    return value


def _write_rate(value: object) -> str:
    says = "a decimal number of at most 11 digits, 10 of them decimals"
    if not isinstance(value, Decimal) or not value.is_finite():
        raise Misfit(says)
    if value <= 0:
        raise Breach(rules.RATE)
    text = format(value, "f")
    if _RATE.match(text) is None or len(text.replace(".", "").lstrip("0")) > _RATE_DIGITS_MAX:
        raise Misfit(says)
    return text


def _read_flag(text: str) -> bool:
    return text.strip() in {"true", "1"}


def _write_flag(value: object) -> str:
    if type(value) is not bool:
        raise Misfit("true or false")
    return "true" if value else "false"


_MOMENT_PATTERN: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+\-][0-9]{2}:[0-9]{2})?"
)
_UUID4: Final = "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"

ID: Final = _text(35, identifier=True)
TEXT_20: Final = _text(20)
TEXT_34: Final = _text(34)
TEXT_35: Final = _text(35)
TEXT_70: Final = _text(70)
TEXT_105: Final = _text(105)
TEXT_140: Final = _text(140)
TEXT_350: Final = _text(350)
TEXT_512: Final = _text(512)
TEXT_2048: Final = _text(2048)
CODE: Final = _pattern("Code4", "[A-Z0-9]{1,4}", "a code of 1 to 4 capital letters and digits")
CLEARING_CODE: Final = _pattern("Code3", "[A-Z0-9]{1,3}", "a code of 1 to 3 capitals and digits")
COUNT: Final = _pattern("Max15Numeric", "[0-9]{1,15}", "1 to 15 digits")
SUM: Final = _pattern("Sum", r"[0-9]{1,13}(\.[0-9]{1,5})?", "a decimal number")
PAGE: Final = _pattern("Max5Numeric", "[0-9]{1,5}", "1 to 5 digits")
CATEGORY: Final = _pattern("MerchantCategory", "[0-9]{4}", "four digits")
RATE_TEXT: Final = _pattern("RateText", r"[0-9]{1,11}(\.[0-9]{1,10})?", "a decimal number")
UUID4: Final = _pattern("Uuid4", _UUID4, "a UUID version 4 in lower case")
LEI: Final = _pattern(
    "Lei",
    "[A-Z0-9]{18}[0-9]{2}",
    "an LEI of 18 letters or digits and 2 check digits",
    rules.LEI.code,
    _checked(rules.LEI, is_lei),
)
IBAN: Final = _pattern(
    "Iban",
    "[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}",
    "an IBAN in capital letters",
    rules.IBAN.code,
    _checked(rules.IBAN, is_iban),
)
BIC: Final = _agent("", "RC04")
DEBTOR_BIC: Final = _agent("OfDebtorSide", "RC03")
OLD_BIC: Final = _agent("Of2009", "RC04", "[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?")
"""The BIC of ISO 9362:2009, as messages before 2019 have it: a bank's part is letters."""
COUNTRY: Final = _country("", "BE11")
DEBTOR_COUNTRY: Final = _country("OfDebtor", "BE10")
CURRENCY_CODE: Final = _pattern(
    "CurrencyCode", "[A-Z]{3}", "a currency code of three capital letters", "AM11"
)
MOMENT: Final = Scalar(
    "Moment",
    "xs:dateTime",
    f'<xs:pattern value="{_MOMENT_PATTERN}"/>',
    "FF01",
    "a date and time such as 2026-11-21T03:15:02.120Z",
    read_moment,
    write_moment,
    (rules.ZONE, rules.MOMENT),
)
DAY: Final = Scalar(
    "Day",
    "xs:date",
    '<xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}"/>',
    "FF01",
    "a date such as 2026-11-21",
    read_date,
    write_date,
    (rules.MOMENT,),
)
RATE: Final = Scalar(
    "BaseOneRate",
    "xs:decimal",
    '<xs:totalDigits value="11"/><xs:fractionDigits value="10"/>'
    r'<xs:pattern value="[0-9]{1,11}(\.[0-9]{1,10})?"/>',
    "FF01",
    "a decimal number of at most 11 digits, 10 of them decimals",
    _read_rate,
    _write_rate,
    (rules.RATE,),
)
FLAG: Final = Scalar("Flag", "xs:boolean", "", "FF01", "true or false", _read_flag, _write_flag)

AMOUNT: Final = AmountType("Amount")
FEE: Final = AmountType("AmountOrZero", zero=True)
SHORT_AMOUNT: Final = AmountType("AmountShort", short=True)
