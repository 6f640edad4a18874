"""A network's code as data: the one reader of the files in ``schemes/``.

A scheme file says which (tag, identifier, country, currency) are the network's, what its account
objects hold, and which of EMVCo's rules its codes break in the field. There is no parser per
network; an adapter package may bring its own file and have it read here. The surprise is
``tolerates``: it lists reason words, and a fault with such a word becomes a reported deviation.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeGuard

from fx.money import CURRENCIES
from switch.qr.emv import VALUE_LENGTH_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMERICS: Final = frozenset(unit.numeric for unit in CURRENCIES.values())
_INDISPENSABLE: Final = frozenset({"missing_53", "missing_58"})


class SchemeError(ValueError):
    """A scheme file that cannot be used; the text names the file and the key."""


@dataclass(frozen=True, slots=True)
class Field:
    """Limits of one value, in code points, with the reason word of each way to break them."""

    name: str
    required: bool
    missing: str
    shortest: int
    longest: int
    length: str
    pattern: re.Pattern[str] | None
    format: str
    sets: tuple[tuple[str, str], ...]

    def broken(self, value: str) -> str | None:
        """Return the reason word if ``value`` breaks a limit."""
        if not self.shortest <= len(value) <= self.longest:
            return self.length
        if self.pattern is not None and self.pattern.fullmatch(value) is None:
            return self.format
        return None


@dataclass(frozen=True, slots=True)
class Account:
    """One account object (26-51) of a scheme and what its sub-tags mean.

    ``ids`` are globally unique identifiers of sub-tag 00; ``id_contains`` marks an identifier that
    is only unique inside the scheme's countries.
    """

    tag: str
    kind: str
    ids: tuple[str, ...]
    id_contains: str | None
    cross_border: bool
    fields: Mapping[str, Field]
    one_of: tuple[str, ...]
    one_of_missing: str


@dataclass(frozen=True, slots=True)
class Validity:
    """Where a scheme keeps its time stamps: sub-tags of one root object, epoch milliseconds."""

    template: str
    created: str
    expires: str
    needed_with_amount: bool


@dataclass(frozen=True, slots=True)
class Decoy:
    """Text that looks like the network's payment code and is none.

    Its last root object is ``last``, and its root object ``tag`` has ``value``.
    """

    last: str
    tag: str
    value: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """One network's codes; ``accounts`` stand in order of preference."""

    scheme: str
    network: str
    countries: tuple[str, ...]
    currencies: tuple[str, ...]
    tolerates: frozenset[str]
    templates: tuple[str, ...]
    plain: tuple[str, ...]
    one_account: bool
    dynamic_needs_amount: bool
    accounts: tuple[Account, ...]
    validity: Validity | None
    decoys: tuple[Decoy, ...]
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Base:
    """EMVCo's rules about every code: ``fields`` by root tag, ``nested`` by root and sub-tag."""

    required: tuple[str, ...]
    tolerates: frozenset[str]
    fields: Mapping[str, Field]
    nested: Mapping[str, Mapping[str, Field]]


@dataclass(frozen=True, slots=True)
class Schemes:
    """The rule set a switch reads with; ``schemes`` stand in order of preference."""

    base: Base
    schemes: tuple[Scheme, ...]


class _Table:
    """A TOML table whose keys are taken one by one, so that a misspelt one is noticed."""

    def __init__(self, content: Mapping[str, object], place: str) -> None:
        self.content = dict(content)
        self.place = place

    def _wrong(self, key: str, wanted: str) -> SchemeError:
        return SchemeError(f"{self.place}: {key} must be {wanted}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.content.pop(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, "text")
        return value

    def optional(self, key: str) -> str | None:
        return self.text(key) if key in self.content else None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.content.pop(key, [])
        if not _is_list(value) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of texts")
        return tuple(str(item) for item in value)

    def number(self, key: str, default: int) -> int:
        value = self.content.pop(key, default)
        if type(value) is not int:
            raise self._wrong(key, "a whole number")
        return value

    def flag(self, key: str) -> bool:
        value = self.content.pop(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def pattern(self, key: str) -> re.Pattern[str] | None:
        value = self.optional(key)
        if value is None:
            return None
        try:
            return re.compile(value, re.ASCII)
        except re.error as error:
            raise self._wrong(key, "a regular expression") from error

    def table(self, key: str) -> _Table:
        value = self.content.pop(key, {})
        if not _is_table(value):
            raise self._wrong(key, "a table")
        return _Table(value, f"{self.place}: {key}")

    def tables(self, key: str) -> list[_Table]:
        value = self.content.pop(key, [])
        if not _is_list(value):
            raise self._wrong(key, "a list of tables")
        found = []
        for number, item in enumerate(value, 1):
            if not _is_table(item):
                raise self._wrong(key, "a list of tables")
            found.append(_Table(item, f"{self.place}: {key} {number}"))
        return found

    def done(self) -> None:
        if self.content:
            raise SchemeError(f"{self.place}: unknown key {min(self.content)}")


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_table(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _field(table: _Table, path: str) -> Field:
    word = path.replace("/", "_")
    field = Field(
        name=table.text("name", ""),
        required=table.flag("required"),
        missing=table.text("missing", f"missing_{word}"),
        shortest=table.number("shortest", 1),
        longest=table.number("longest", VALUE_LENGTH_MAX),
        length=table.text("length", f"length_{word}"),
        pattern=table.pattern("pattern"),
        format=table.text("format", f"format_{word}"),
        sets=_sets(table),
    )
    table.done()
    return field


def _sets(table: _Table) -> tuple[tuple[str, str], ...]:
    inner = table.table("sets")
    return tuple((key, inner.text(key)) for key in sorted(inner.content))


def _account(table: _Table) -> Account:
    tag = table.text("tag")
    fields = {}
    for inner in table.tables("field"):
        sub = inner.text("sub")
        fields[sub] = _field(inner, f"{tag}/{sub}")
    account = Account(
        tag=tag,
        kind=table.text("kind"),
        ids=table.texts("ids"),
        id_contains=table.optional("id_contains"),
        cross_border=table.flag("cross_border"),
        fields=MappingProxyType(fields),
        one_of=table.texts("one_of"),
        one_of_missing=table.text("one_of_missing", f"missing_{tag}"),
    )
    table.done()
    if bool(account.ids) == bool(account.id_contains):
        raise SchemeError(f"{table.place}: give either ids or id_contains")
    return account


def _validity(table: _Table) -> Validity | None:
    if not table.content:
        return None
    validity = Validity(
        template=table.text("template"),
        created=table.text("created"),
        expires=table.text("expires"),
        needed_with_amount=table.flag("needed_with_amount"),
    )
    table.done()
    return validity


def _decoy(table: _Table) -> Decoy:
    decoy = Decoy(last=table.text("last"), tag=table.text("tag"), value=table.text("value"))
    table.done()
    return decoy


def _open(text: str, name: str) -> _Table:
    try:
        return _Table(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(f"{name}: {error}") from error


def read_scheme(text: str, name: str) -> Scheme:
    """Read a scheme file's text; ``name`` is used in the message of :class:`SchemeError`."""
    table = _open(text, name)
    numbers = table.table("numbers")
    scheme = Scheme(
        scheme=table.text("scheme"),
        network=table.text("network"),
        countries=table.texts("countries"),
        currencies=table.texts("currencies"),
        tolerates=frozenset(table.texts("tolerates")),
        templates=table.texts("templates"),
        plain=table.texts("plain"),
        one_account=table.flag("one_account"),
        dynamic_needs_amount=table.flag("dynamic_needs_amount"),
        accounts=tuple(_account(inner) for inner in table.tables("account")),
        validity=_validity(table.table("validity")),
        decoys=tuple(_decoy(inner) for inner in table.tables("decoy")),
        numbers=MappingProxyType(
            {key: numbers.number(key, 0) for key in sorted(numbers.content)},
        ),
    )
    table.done()
    if not scheme.accounts:
        raise SchemeError(f"{name}: account is missing")
    if not scheme.currencies or any(number not in _NUMERICS for number in scheme.currencies):
        raise SchemeError(f"{name}: currencies must be ISO 4217 numbers that the switch handles")
    if not scheme.countries or not scheme.tolerates.isdisjoint(_INDISPENSABLE):
        raise SchemeError(f"{name}: a code must state its currency and country")
    return scheme


def read_base(text: str, name: str) -> Base:
    """Read the file of the rules about every code."""
    table = _open(text, name)
    fields: dict[str, Field] = {}
    nested: dict[str, dict[str, Field]] = {}
    for inner in table.tables("field"):
        path = inner.text("path")
        tag, _, sub = path.partition("/")
        if sub:
            nested.setdefault(tag, {})[sub] = _field(inner, path)
        else:
            fields[tag] = _field(inner, path)
    base = Base(
        required=table.texts("required"),
        tolerates=frozenset(table.texts("tolerates")),
        fields=MappingProxyType(fields),
        nested=MappingProxyType({tag: MappingProxyType(subs) for tag, subs in nested.items()}),
    )
    table.done()
    return base


def _load(*names: str) -> Schemes:
    folder = files("switch.qr") / "schemes"
    base = read_base((folder / "emvco.toml").read_text("utf-8"), "emvco.toml")
    read = (read_scheme((folder / f"{name}.toml").read_text("utf-8"), name) for name in names)
    return Schemes(base, tuple(read))


SCHEMES: Final = _load("khqr", "thaiqr")
"""The schemes that come with the switch, in order of preference."""
