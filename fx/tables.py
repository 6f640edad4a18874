"""Reads TOML tables key by key, so that every problem names the file and the whole key.

Nothing has a hidden default: a key is asked for as needed or as optional, and one that nobody asks
for is refused, because a misspelt limit is no limit. A TOML float is never an amount or a rate.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fx.money import Currency, Money, MoneyError, Rate, currency
from fx.refusals import RateRefused
from fx.sheets import utc

if TYPE_CHECKING:
    from collections.abc import Mapping

_CURRENCY: Final = re.compile(r"\A[A-Z]{3}\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"\A[0-9]{1,15}(?:\.[0-9]{1,10})?\Z", re.ASCII)


class ProviderConfigError(ValueError):
    """A problem in the table of providers: ``file``, ``key`` and what is wrong there."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}")
        self.file = file
        self.key = key
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Table:
    """One TOML table; every method raises :class:`ProviderConfigError` for a bad value."""

    file: str
    path: str
    values: Mapping[str, object]

    def problem(self, key: str, problem: str) -> ProviderConfigError:
        """Return the error to raise for a key of this table."""
        return ProviderConfigError(self.file, f"{self.path}.{key}", problem)

    def only(self, *keys: str) -> None:
        """Refuse any key but these."""
        for key in self.values:
            if key not in keys:
                raise self.problem(key, "is not a known key")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.values

    def text(self, key: str, pattern: re.Pattern[str], meaning: str) -> str:
        """Text of a pattern; ``meaning`` completes "must be"."""
        value = self._value(key)
        if not isinstance(value, str) or pattern.match(value) is None:
            raise self.problem(key, f"must be {meaning}")
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self._value(key)
        if type(value) is not int or not least <= value <= most:
            raise self.problem(key, f"must be a whole number from {least} to {most}")
        return value

    def optional_whole(self, key: str, least: int, most: int) -> int | None:
        """A whole number within bounds, or nothing."""
        return self.whole(key, least, most) if self.has(key) else None

    def texts(self, key: str, pattern: re.Pattern[str], meaning: str) -> tuple[str, ...]:
        """A list of texts of a pattern, each once."""
        value = self._value(key)
        known: list[str] = []
        for each in value if isinstance(value, list) else [None]:
            if not isinstance(each, str) or pattern.match(each) is None or each in known:
                raise self.problem(key, f"must be a list, each once, of {meaning}")
            known.append(each)
        return tuple(known)

    def unit(self, key: str) -> Currency:
        """A supported currency by its alphabetic code."""
        try:
            return currency(self.text(key, _CURRENCY, "a currency code in capitals"))
        except MoneyError as error:
            raise self.problem(key, error.detail) from None

    def money(self, key: str, unit: Currency) -> Money:
        """An amount of a currency, as text."""
        try:
            return Money.parse(self.text(key, _DECIMAL, "an amount as text"), unit.code)
        except MoneyError as error:
            raise self.problem(key, error.detail) from None

    def rate(self, key: str, unit: Currency, quoted: Currency) -> Rate:
        """A rate as text; ``unit`` is the currency that one of is priced."""
        try:
            return Rate.parse(self.text(key, _DECIMAL, "a rate as text"), unit.code, quoted.code)
        except MoneyError as error:
            raise self.problem(key, error.detail) from None

    def moment(self, key: str) -> datetime:
        """A TOML date-time with its offset."""
        value = self._value(key)
        if not isinstance(value, datetime):
            raise self.problem(key, "must be a date-time")
        try:
            return utc(value)
        except RateRefused as refused:
            raise self.problem(key, refused.detail) from None

    def inner(self, key: str) -> Table:
        """A table inside this one."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.problem(key, "must be a table")
        return Table(self.file, f"{self.path}.{key}", value)

    def rows(self, key: str) -> list[Table]:
        """A list of tables inside this one."""
        return rows_of(self.file, f"{self.path}.{key}", self._value(key))

    def _value(self, key: str) -> object:
        value = self.values.get(key)
        if value is None:
            raise self.problem(key, "is missing")
        return value


def rows_of(file: str, path: str, value: object) -> list[Table]:
    """Tables of a list, each with its place in its path."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ProviderConfigError(file, path, f"must be tables, written [[{path}]]")
    return [Table(file, f"{path}[{place}]", row) for place, row in enumerate(value)]


def document_of(content: bytes, file: str, known: tuple[str, ...]) -> dict[str, object]:
    """Parse a file whose top-level keys are among ``known``."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ProviderConfigError(file, "(file)", "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ProviderConfigError(file, "(file)", f"is not TOML: {error}") from None
    for heading in document:
        if heading not in known:
            raise ProviderConfigError(file, heading, "is not a known key")
    return document
