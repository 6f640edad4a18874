"""Standing rates: who converts in a corridor, at which rate, fee and validity.

The table is data (``providers.toml``), read once into frozen objects; every problem in it names the
file and the key. A rate is kept in the direction with the bigger number, so the payer's currency is
the unit in one direction and the quoted currency in the other; nothing here depends on which.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from fx.fees import Fee
from fx.money import Currency, Money, MoneyError, Rate, currency
from fx.refusals import QuoteError
from fx.sheets import BASIS, HOME_NETWORK, Direction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VALIDITY_S_MAX: Final = 86_400
"""Longest validity that can be configured: a rate does not hold for more than a day."""

_NAME: Final = re.compile(r"\A[a-z][a-z0-9_]{0,31}\Z", re.ASCII)
_VERSION: Final = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,34}\Z", re.ASCII)
_BIC: Final = re.compile(r"\A[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z", re.ASCII)
_CURRENCY: Final = re.compile(r"\A[A-Z]{3}\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"\A[0-9]{1,15}(?:\.[0-9]{1,10})?\Z", re.ASCII)


class ProviderConfigError(ValueError):
    """A problem in the table of standing rates: ``file``, ``key`` and what is wrong there."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


@dataclass(frozen=True, slots=True)
class StandingRate:
    """One provider's rate for one corridor and pair of currencies.

    ``liquidity_holder`` is the BIC whose money is paid out; ``validity_s`` seconds is how long a
    quote at this rate holds at most.
    """

    provider: str
    liquidity_holder: str
    source_network: str
    destination_network: str
    payer_currency: Currency
    merchant_currency: Currency
    rate: Rate
    rate_version: str
    fee: Fee
    validity_s: int

    @property
    def corridor(self) -> str:
        """Name of the corridor, as in ``bakong-thailand``."""
        return f"{self.source_network}-{self.destination_network}"

    @property
    def direction(self) -> Direction:
        """Outbound when the payer is on Bakong."""
        home = self.source_network == HOME_NETWORK
        return Direction.OUTBOUND if home else Direction.INBOUND


_Key: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class StandingRates:
    """All standing rates, by corridor and currencies; in the order of the file."""

    by_key: Mapping[_Key, StandingRate]

    def find(
        self, source_network: str, destination_network: str, payer: Currency, merchant: Currency
    ) -> StandingRate:
        """Return the rate, or raise :class:`QuoteError` ``rate_missing``."""
        found = self.by_key.get((source_network, destination_network, payer.code, merchant.code))
        if found is None:
            raise QuoteError("rate_missing", "no provider quotes this corridor and currencies")
        return found


@dataclass(frozen=True, slots=True)
class _Table:
    """One TOML table that is read key by key; its errors carry the file and the whole key."""

    file: str
    path: str
    values: Mapping[str, object]

    def problem(self, key: str, problem: str) -> ProviderConfigError:
        return ProviderConfigError(self.file, f"{self.path}.{key}", problem)

    def only(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                raise self.problem(key, "is not a known key")

    def text(self, key: str, pattern: re.Pattern[str], meaning: str) -> str:
        value = self.values.get(key)
        if value is None:
            raise self.problem(key, "is missing")
        if not isinstance(value, str) or pattern.match(value) is None:
            raise self.problem(key, f"must be {meaning}")
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        value = self.values.get(key)
        if value is None:
            raise self.problem(key, "is missing")
        if type(value) is not int or not least <= value <= most:
            raise self.problem(key, f"must be a whole number from {least} to {most}")
        return value

    def unit(self, key: str) -> Currency:
        try:
            return currency(self.text(key, _CURRENCY, "a currency code in capitals"))
        except MoneyError as error:
            raise self.problem(key, error.detail) from None

    def money(self, key: str, unit: Currency) -> Money:
        try:
            return Money.parse(self.text(key, _DECIMAL, "an amount as text"), unit.code)
        except MoneyError as error:
            raise self.problem(key, error.detail) from None


_PROVIDER_KEYS: Final = ("id", "liquidity_holder", "validity_s")
_RATE_KEYS: Final = (
    "provider", "source_network", "destination_network", "payer_currency", "merchant_currency",
    "unit_currency", "rate", "rate_version", "fee_fixed", "fee_basis_points", "fee_minimum",
    "fee_maximum",
)  # fmt: skip


def read_providers(path: Path) -> StandingRates:
    """Read the table from a file; raises :class:`ProviderConfigError`, or OSError if unreadable."""
    return parse_providers(path.read_bytes(), path.name)


def parse_providers(content: bytes, file: str) -> StandingRates:
    """Read the table from its bytes; ``file`` is the name that errors carry."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ProviderConfigError(file, "(file)", "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ProviderConfigError(file, "(file)", f"is not TOML: {error}") from None
    for heading in document:
        if heading not in ("provider", "rate"):
            raise ProviderConfigError(file, heading, "is not a known key")
    providers: dict[str, _Table] = {}
    for table in _tables(document, "provider", file):
        table.only(*_PROVIDER_KEYS)
        name = table.text("id", _NAME, "a name in lower case")
        if name in providers:
            raise table.problem("id", "is there twice")
        table.text("liquidity_holder", _BIC, "a BIC of 8 or 11 characters")
        table.whole("validity_s", 1, VALIDITY_S_MAX)
        providers[name] = table
    rates: dict[_Key, StandingRate] = {}
    for table in _tables(document, "rate", file):
        rate = _rate(table, providers)
        key = (rate.source_network, rate.destination_network,
               rate.payer_currency.code, rate.merchant_currency.code)  # fmt: skip
        if key in rates:
            raise table.problem("source_network", "this corridor and currencies are there twice")
        rates[key] = rate
    return StandingRates(MappingProxyType(rates))


def _tables(document: Mapping[str, object], name: str, file: str) -> list[_Table]:
    rows = document.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProviderConfigError(file, name, f"must be tables, written [[{name}]]")
    return [_Table(file, f"{name}[{place}]", row) for place, row in enumerate(rows)]


def _rate(table: _Table, providers: Mapping[str, _Table]) -> StandingRate:
    table.only(*_RATE_KEYS)
    name = table.text("provider", _NAME, "a name in lower case")
    provider = providers.get(name)
    if provider is None:
        raise table.problem("provider", "is not the id of a [[provider]]")
    source = table.text("source_network", _NAME, "a network's name")
    destination = table.text("destination_network", _NAME, "a network's name")
    if (source == HOME_NETWORK) == (destination == HOME_NETWORK):
        raise table.problem("destination_network", f"exactly one end must be {HOME_NETWORK}")
    payer, merchant = table.unit("payer_currency"), table.unit("merchant_currency")
    if payer == merchant:
        raise table.problem("merchant_currency", "is the payer's currency: nothing to convert")
    return StandingRate(
        provider=name,
        liquidity_holder=provider.text("liquidity_holder", _BIC, "a BIC of 8 or 11 characters"),
        source_network=source,
        destination_network=destination,
        payer_currency=payer,
        merchant_currency=merchant,
        rate=_value(table, payer, merchant),
        rate_version=table.text("rate_version", _VERSION, "1 to 35 letters, digits, . _ or -"),
        fee=_fee(table, payer),
        validity_s=provider.whole("validity_s", 1, VALIDITY_S_MAX),
    )


def _value(table: _Table, payer: Currency, merchant: Currency) -> Rate:
    unit = table.unit("unit_currency")
    if unit not in (payer, merchant):
        raise table.problem("unit_currency", "must be the payer's or the merchant's currency")
    quoted = merchant if unit == payer else payer
    try:
        rate = Rate.parse(table.text("rate", _DECIMAL, "a rate as text"), unit.code, quoted.code)
    except MoneyError as error:
        raise table.problem("rate", error.detail) from None
    if rate.value < 1:
        raise table.problem("rate", "must be stated in the direction with the bigger number")
    return rate


def _fee(table: _Table, payer: Currency) -> Fee:
    fixed = table.money("fee_fixed", payer)
    points = table.whole("fee_basis_points", 0, BASIS)
    minimum, maximum = Money(0, payer), None
    if "fee_minimum" in table.values:
        minimum = table.money("fee_minimum", payer)
    if "fee_maximum" in table.values:
        maximum = table.money("fee_maximum", payer)
        if maximum < minimum or maximum < fixed:
            raise table.problem("fee_maximum", "is below the fixed fee or the minimum")
    return Fee(fixed=fixed, basis_points=points, minimum=minimum, maximum=maximum)
