"""Money, rates and the one rounding function.

An amount is an integer count of minor units with its currency; a rate is an exact decimal with a
direction. There is no float and no second way to round: every division in the product that makes
money goes through :func:`divide`, which names its direction. The one surprise is the riel: ISO 4217
gives it two decimals, Bakong moves only whole riel, so ``KHR`` counts hundredths and steps by 100.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MINOR_UNITS_MAX: Final = 10**15
"""Largest amount in minor units: sums of it fit 64 bits, and it fits 18 digits of ISO 20022."""

RATE_DIGITS_MAX: Final = 11
"""Significant digits of a rate (ISO 20022 ``BaseOneRate``)."""

RATE_DECIMALS_MAX: Final = 10
"""Decimals of a rate (ISO 20022 ``BaseOneRate``)."""

_WHOLE_MAX: Final = 15
_FRACTION_MAX: Final = 5
_RATE_TEXT: Final = re.compile(r"\A[0-9]{1,11}(?:\.[0-9]{1,10})?\Z", re.ASCII)


class MoneyError(ValueError):
    """An amount, currency or rate that cannot be used; ``code`` says why.

    Codes: ``currency_unknown``, ``currency_mismatch``, ``amount_malformed``, ``amount_decimals``
    (more decimals than the currency has, or not a multiple of its step), ``amount_zero``,
    ``amount_too_large``, ``rate_malformed``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Rounding(Enum):
    """Direction of :func:`divide`; every use names one."""

    DOWN = "down"
    UP = "up"
    HALF_UP = "half_up"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return ``numerator / denominator`` as an integer, rounded in the named direction.

    Both are whole numbers with ``numerator >= 0`` and ``denominator > 0``; anything else is a
    programming error and raises :class:`AssertionError`.
    """
    assert denominator > 0, "divide: denominator must be positive"
    assert numerator >= 0, "divide: amounts are not negative here"
    if rounding is Rounding.DOWN:
        return numerator // denominator
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency: code, numeric code, exponent, and the step that payments move in."""

    code: str
    numeric: str
    exponent: int
    cash_step: int

    @property
    def minor_per_major(self) -> int:
        """Minor units in one major unit."""
        return int(10**self.exponent)


def _digits(text: object) -> tuple[str, str]:
    """Split an amount at its point. ASCII first: ``isdigit`` alone takes digits of any script."""
    if isinstance(text, str) and text.isascii():
        whole, point, fraction = text.partition(".")
        if whole.isdigit() and len(whole) <= _WHOLE_MAX:
            if not point:
                return whole, ""
            if fraction.isdigit() and len(fraction) <= _FRACTION_MAX:
                return whole, fraction
    raise MoneyError("amount_malformed", "an amount is digits with at most one point")


def _load() -> Mapping[str, Currency]:
    table = tomllib.loads((files("fx") / "currencies.toml").read_text("utf-8"))
    return MappingProxyType({code: Currency(code, **facts) for code, facts in table.items()})


CURRENCIES: Final = _load()
_BY_NUMERIC: Final = MappingProxyType({c.numeric: c for c in CURRENCIES.values()})


def currency(code: str) -> Currency:
    """Return the currency of an alphabetic (``KHR``) or numeric (``116``) ISO 4217 code.

    Raises :class:`MoneyError` ``currency_unknown`` for any other text.
    """
    found = CURRENCIES.get(code) or _BY_NUMERIC.get(code)
    if found is None:
        raise MoneyError("currency_unknown", "the currency is not supported")
    return found


def major_units(minor: int, unit: Currency) -> str:
    """Write so many minor units as :meth:`Money.short` does.

    Sums of an account only grow, so they may be more than one amount can be: they are no Money.
    """
    whole, rest = divmod(minor, unit.minor_per_major)
    if rest == 0 and unit.cash_step % unit.minor_per_major == 0:
        return str(whole)
    return _with_decimals(minor, unit)


def _with_decimals(minor: int, unit: Currency) -> str:
    if unit.exponent == 0:
        return str(minor)
    whole, fraction = divmod(minor, unit.minor_per_major)
    return f"{whole}.{fraction:0{unit.exponent}d}"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """A non-negative amount: ``minor`` units of ``currency``.

    Signs do not exist here: a posting says debit or credit. Zero is a valid amount (a fee may be
    nothing); a payment's boundary refuses it with :meth:`positive`.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyError("amount_malformed", "an amount is a whole number of minor units")
        if not 0 <= self.minor <= MINOR_UNITS_MAX:
            raise MoneyError("amount_too_large", "the amount is outside what the switch can hold")

    @classmethod
    def parse(cls, text: str, code: str) -> Money:
        """Read a decimal amount of major units, such as ``"345.00"`` of ``"THB"``.

        Trailing zeros beyond the exponent are refused like any other digit: ``"1.000"`` is not a
        baht amount. Raises :class:`MoneyError` with the code that fits.
        """
        unit = currency(code)
        whole, fraction = _digits(text)
        if len(fraction) > unit.exponent:
            raise MoneyError("amount_decimals", f"{unit.code} has {unit.exponent} decimals")
        money = cls(int(whole + fraction.ljust(unit.exponent, "0")), unit)
        if money.minor % unit.cash_step:
            raise MoneyError("amount_decimals", f"{unit.code} moves in whole units only")
        return money

    def positive(self) -> Money:
        """Return this amount, or raise :class:`MoneyError` ``amount_zero``."""
        if self.minor == 0:
            raise MoneyError("amount_zero", "the amount is zero")
        return self

    def __str__(self) -> str:
        """Major units with all of the currency's decimals: ``345.00``, ``41250.00``, ``300``."""
        return _with_decimals(self.minor, self.currency)

    def short(self) -> str:
        """As :meth:`__str__`, without decimals that the currency's step never uses: ``41250``.

        A residue is less than a step; it keeps its decimals, as it would be nothing without them.
        """
        return major_units(self.minor, self.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def _same(self, other: Money) -> None:
        if self.currency is not other.currency and self.currency != other.currency:
            raise MoneyError("currency_mismatch", "amounts of two currencies cannot be combined")


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of ``unit`` is worth ``value`` units of ``quoted``; both in major units.

    Rates are kept in the direction with the bigger number (1 THB = 118.84 KHR), because the wire
    type holds eleven digits and the small direction would lose money.
    """

    value: Decimal
    unit: Currency
    quoted: Currency

    def __post_init__(self) -> None:
        digits = self.value.as_tuple()
        exponent = digits.exponent
        if not self.value.is_finite() or self.value <= 0 or not isinstance(exponent, int):
            raise MoneyError("rate_malformed", "a rate is a positive decimal number")
        if len(digits.digits) > RATE_DIGITS_MAX or not -RATE_DECIMALS_MAX <= exponent <= 0:
            raise MoneyError("rate_malformed", "a rate has 11 digits and 10 decimals at most")

    @classmethod
    def parse(cls, text: str, unit: str, quoted: str) -> Rate:
        """Read ``"118.84"``; raises :class:`MoneyError` ``rate_malformed`` otherwise."""
        if not isinstance(text, str) or _RATE_TEXT.match(text) is None:
            raise MoneyError("rate_malformed", "a rate is digits with at most one point")
        return cls(Decimal(text), currency(unit), currency(quoted))

    def __str__(self) -> str:
        return format(self.value, "f")

    def convert(self, amount: Money, rounding: Rounding) -> Money:
        """Convert to the other currency of this rate, rounded to that currency's step."""
        sign, digits, exponent = self.value.as_tuple()
        assert sign == 0
        assert isinstance(exponent, int)
        mantissa = int("".join(map(str, digits)))
        scale = 10**-exponent
        if amount.currency == self.unit:
            target, numerator, denominator = self.quoted, mantissa, scale
        elif amount.currency == self.quoted:
            target, numerator, denominator = self.unit, scale, mantissa
        else:
            raise MoneyError("currency_mismatch", "the rate does not apply to this currency")
        numerator *= amount.minor * target.minor_per_major
        denominator *= amount.currency.minor_per_major * target.cash_step
        return Money(divide(numerator, denominator, rounding) * target.cash_step, target)
