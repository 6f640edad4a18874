"""What a scheme file says, as frozen data.

The reader (``scheme.py``) makes these records and the checks walk them; there is no code per
network. A scheme is one of three kinds: EMV text, a link, or bare digits. The surprise is
``tolerates``: it lists reason words, and a fault with such a word becomes a reported deviation;
``accepts`` does the same for one object and named values only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

Kind = Literal["emv", "link", "digits"]
Holds = Literal["query", "objects", "path"]

_NOTHING: Final[Mapping[str, Field]] = MappingProxyType({})


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


class LastDay(NamedTuple):
    """A sub-tag that names the last day of a code, YYYYMMDD, in a zone without summer time."""

    sub: str
    zone_hours: int
    format: str


class Expected(NamedTuple):
    """A form that a value usually has; another one is noted by ``note`` and never refused."""

    sub: str
    pattern: re.Pattern[str]
    note: str


@dataclass(frozen=True, slots=True)
class Account:
    """One account object of a scheme and what its sub-tags mean.

    ``ids`` are globally unique identifiers of sub-tag 00; ``id_patterns`` are expressions of
    identifiers that are only unique inside the scheme's countries; with ``any_id`` every
    identifier is the scheme's in its countries. An ``opaque`` object (02-25) has no identifier:
    the tag is enough, and its one field has the sub-tag "". A field's sub-tag may name a third
    level (``01/00``). ``never`` holds pairs of country and currency in which the object is not
    the scheme's. With ``payer_types`` (sub-tag and value) an amount of zero asks the payer for one.
    ``straight`` asks for the fast reader of clean codes.
    """

    tag: str
    kind: str
    ids: tuple[str, ...] = ()
    id_patterns: tuple[re.Pattern[str], ...] = ()
    any_id: bool = False
    opaque: bool = False
    cross_border: bool = False
    straight: bool = False
    never: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, Field] = field(default_factory=lambda: _NOTHING)
    one_of: tuple[str, ...] = ()
    one_of_missing: str = ""
    only_one: bool = False
    last_day: LastDay | None = None
    payer_types: tuple[str, str] | None = None
    expected: tuple[Expected, ...] = ()


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

    Its last root object is ``last``, and the value of its root object ``tag`` has this form.
    """

    last: str
    tag: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Unpayable:
    """Codes that are the scheme's and sound, but that no payer from abroad can pay.

    Either the value at ``path`` is one of ``values``, or the account kind is one of ``kinds``.
    """

    why: str
    path: str
    values: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One kind of link of a scheme.

    A text that matches ``claims`` from its start is the scheme's; ``reads`` must match it whole,
    else it is none of the links that are paid. ``holds`` says what the group ``held`` is:
    ``query`` (keys and percent-encoded values), ``objects`` (keys of four characters, lengths of
    three digits) or ``path`` (nothing but the groups). Fields are those of ``account`` by key;
    ``paths`` gives a key its place among EMV objects, ``says`` states what the link leaves out.
    """

    account: Account
    claims: re.Pattern[str]
    reads: re.Pattern[str]
    holds: Holds
    longest: int
    paths: Mapping[str, str]
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Digits:
    """Bare digits of one length; ``parts`` are names and lengths, ``says`` is added to them."""

    length: int
    starts: str
    parts: tuple[tuple[str, int], ...]
    says: tuple[tuple[str, int], ...]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PayerCode:
    """Codes that a payer shows: ``claims`` tells them from everything else, ``forms`` by length."""

    account: Account
    claims: re.Pattern[str]
    forms: Mapping[int, Digits]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One network's codes; ``accounts`` stand in order of preference.

    No countries, or no currencies, means any. A ``guest`` stands on other networks' stickers: where
    the sticker's own scheme refuses it, the guest does not pay either.
    """

    scheme: str
    kind: Kind
    countries: tuple[str, ...]
    currencies: tuple[str, ...]
    guest: bool
    tolerates: frozenset[str]
    accepts: Mapping[str, tuple[str, ...]]
    templates: tuple[str, ...]
    plain: tuple[str, ...]
    one_account: bool
    dynamic_needs_amount: bool
    accounts: tuple[Account, ...]
    validity: Validity | None
    decoys: tuple[Decoy, ...]
    unpayable: tuple[Unpayable, ...]
    links: tuple[Link, ...]
    payer_code: PayerCode | None
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Base:
    """EMVCo's rules about every code: ``fields`` by root tag, ``nested`` by root and sub-tag."""

    required: tuple[str, ...]
    tolerates: frozenset[str]
    fields: Mapping[str, Field]
    nested: Mapping[str, Mapping[str, Field]]
