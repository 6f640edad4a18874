"""The straight road: one regular expression that reads a clean code of one account kind.

Most codes are as their scheme file describes them, with objects in ascending order and nothing to
report. For these, presence, order, lengths, formats and both levels of nesting are one match in C;
the expression is compiled at start-up from the same declarations that the full reader walks. What
it does not take is not wrong: the full reader then says what the code is. The invariant: a code is
taken here only if the full reader would give one candidate, the same content, and nothing to note.
The surprise: every group starts with the two digits of its length, because a regular expression
can choose by them but cannot drop them.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from fx.money import currency
from switch.qr.check import CONTROL
from switch.qr.content import CREATED, EXPIRES, QrContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switch.qr.rules import Account, Base, Field, Scheme, Validity

_PREFIX: Final = 2
_CRC: Final = 4
_DIGITS: Final = tuple(f"{size:02d}" for size in range(100))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_HEADER: Final = 4
_STAMP_LENGTH: Final = 13
# What any value may hold: half a surrogate pair has no UTF-8 form.
_ANY: Final = f"[^{CONTROL.pattern[1:-1]}\ud800-\udfff]"
# A pattern whose width can be told: literals and classes, each with a fixed count at most.
_FIXED: Final = re.compile(r"(?:(?:\[[^\]\\]+\]|[0-9A-Za-z])(?:\{[0-9]+\})?)+")
_ITEM: Final = re.compile(r"(?:\[[^\]\\]+\]|[0-9A-Za-z])(?:\{([0-9]+)\})?")
# One class with a range of counts, such as [0-9]{1,19}.
_RANGE: Final = re.compile(r"(\[[^\]\\]+\])\{([0-9]+),([0-9]+)\}")
_BEFORE_ACCOUNT: Final = ("00", "01")
_AMOUNT_LENGTH_MAX: Final = 13
_BMP_LAST: Final = "\uffff"


class Road(NamedTuple):
    """One account kind of one scheme, compiled.

    ``places`` gives the place of a path in the groups; ``sized`` are places whose two digits of
    length remain to be compared; ``checks`` are patterns whose width the expression cannot state;
    ``amounts`` are patterns of object 54 by the group of object 53. Places of objects that a scheme
    does not use are -1.
    """

    rules: Scheme
    rule: Account
    match: Callable[[str], re.Match[str] | None]
    places: Mapping[str, int]
    sized: tuple[int, ...]
    checks: tuple[tuple[int, re.Pattern[str]], ...]
    amounts: Mapping[str, re.Pattern[str]]
    point: int
    amount: int
    unit: int
    name: int
    city: int
    created: int
    expires: int
    expiry_with_amount: bool

    def fits(self, payload: str) -> tuple[str | None, ...] | None:
        """Return the groups of a text that keeps the rules, lengths of templates and CRC aside."""
        matched = self.match(payload)
        if matched is None:
            return None
        groups = matched.groups()
        for place, pattern in self.checks:
            value = groups[place]
            if value is not None and pattern.fullmatch(value, _PREFIX) is None:
                return None
        amount, dynamic = groups[self.amount], groups[self.point] == "0212"
        if amount is not None:
            if self.amounts[groups[self.unit] or ""].fullmatch(amount, _PREFIX) is None:
                return None
        elif dynamic and self.rules.dynamic_needs_amount:
            return None
        if self.expires >= 0:
            expires = groups[self.expires]
            if expires is None:
                if self.expiry_with_amount and (amount is not None or dynamic):
                    return None
            elif expires < (groups[self.created] or ""):
                return None
        if not payload.isascii() and not self._plain_names(payload, groups):
            return None
        return groups

    def _plain_names(self, payload: str, groups: tuple[str | None, ...]) -> bool:
        """Tell whether there is nothing to note about characters outside ASCII."""
        name, city = groups[self.name] or "", groups[self.city] or ""
        return name.isascii() and city.isascii() and max(payload) <= _BMP_LAST


def read_straight(
    roads: Mapping[str, tuple[Road, ...]], payload: str, at: datetime
) -> QrContent | None:
    """Return what a clean code says at the aware moment ``at``, or nothing.

    Nothing means that the full reader has to look, not that the code is wrong.
    """
    tag = payload[12:14] if payload[6:8] == "01" else payload[6:8]
    for road in roads.get(tag, ()):
        groups = road.fits(payload)
        if groups is None:
            continue
        for place in road.sized:
            value = groups[place]
            if value is not None and _DIGITS[len(value) - _PREFIX] != value[:_PREFIX]:
                return None
        if crc_hqx(payload[:-_CRC].encode(), 0xFFFF) != int(payload[-_CRC:], 16):
            return None
        expires = groups[road.expires] if road.expires >= 0 else None
        # The expiry is a whole millisecond, the moment need not be: compare upwards.
        if expires is not None and int(expires[_PREFIX:]) < -((_EPOCH - at) // _MILLISECOND):
            return None
        return QrContent(road.rules, road.rule, payload, groups, road.places, _PREFIX)
    return None


def fits(roads: Mapping[str, tuple[Road, ...]], payload: str, tag: str) -> bool:
    """Tell whether a text with the account object ``tag`` keeps the rules of a road.

    For writers: the lengths of templates, the CRC and the moment are right by construction there
    and are not looked at.
    """
    return any(road.fits(payload) is not None for road in roads.get(tag, ()))


class _Builder:
    """Writes one expression and remembers which group holds what."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.index: dict[str, int] = {}
        self.sized: list[int] = []
        self.checks: list[tuple[int, re.Pattern[str]]] = []

    def place(self, path: str) -> int:
        return self.index.get(path, -1)

    def open(self, path: str, *, needed: bool) -> None:
        self.text.append("" if needed else "(?:")
        self.text.append(path[-2:] + "(")
        self.index[path] = len(self.index)

    def close(self, *, needed: bool) -> None:
        self.text.append(")" if needed else "))?")

    def value(self, path: str, expression: str, *, needed: bool) -> None:
        """An object whose value, length digits included, is ``expression``."""
        self.open(path, needed=needed)
        self.text.append(expression)
        self.close(needed=needed)

    def field(self, path: str, field: Field, *, needed: bool) -> None:
        expression, exact = _expression(field)
        if not exact and field.pattern is not None:
            self.checks.append((len(self.index), field.pattern))
        self.value(path, expression, needed=needed)

    def template(self, tag: str, subs: Iterable[tuple[str, Field, bool]], *, needed: bool) -> None:
        """A template whose sub-tags stand in ascending order; its own length is checked later."""
        self.sized.append(len(self.index))
        self.open(tag, needed=needed)
        self.text.append("[0-9]{2}")
        for sub, field, sub_needed in subs:
            self.field(f"{tag}/{sub}", field, needed=sub_needed)
        self.close(needed=needed)

    def account(self, rule: Account) -> None:
        """The account object, with its identifier where that is one of a list."""
        self.sized.append(len(self.index))
        self.open(rule.tag, needed=True)
        self.text.append("[0-9]{2}")
        if rule.ids:
            names = (f"{_DIGITS[len(name)]}{re.escape(name)}" for name in rule.ids)
            self.value(f"{rule.tag}/00", f"(?:{'|'.join(names)})", needed=True)
        for sub in sorted(rule.fields):
            field = rule.fields[sub]
            self.field(f"{rule.tag}/{sub}", field, needed=field.required)
        self.close(needed=True)


def _expression(field: Field) -> tuple[str, bool]:
    """Return an expression for the length digits and the value, and whether it says all."""
    if field.pattern is None:
        return _lengths(field.shortest, field.longest, _ANY), True
    text = field.pattern.pattern
    ranged = _RANGE.fullmatch(text)
    if ranged is not None:
        shortest = max(int(ranged[2]), field.shortest)
        return _lengths(shortest, min(int(ranged[3]), field.longest), ranged[1]), True
    if _FIXED.fullmatch(text) is not None:
        width = sum(int(count or 1) for count in _ITEM.findall(text))
        if field.shortest <= width <= field.longest:
            return f"{_DIGITS[width]}{text}", True
    return _lengths(field.shortest, field.longest, _ANY), False


def _lengths(shortest: int, longest: int, unit: str) -> str:
    """Return an expression of two digits and that many units, chosen digit by digit."""
    tens: dict[int, list[str]] = {}
    for size in range(shortest, longest + 1):
        ten, one = divmod(size, 10)
        tens.setdefault(ten, []).append(f"{one}{unit}{{{size}}}")
    return "(?:" + "|".join(f"{ten}(?:{'|'.join(ones)})" for ten, ones in tens.items()) + ")"


def _amount_pattern(numeric: str) -> re.Pattern[str]:
    """Return what object 54 may be without any remark: no leading zeros, not zero, at most 13."""
    unit = currency(numeric)
    if unit.cash_step >= unit.minor_per_major:
        return re.compile(f"[1-9][0-9]{{0,{_AMOUNT_LENGTH_MAX - 1}}}")
    decimals = rf"(?:\.[0-9]{{1,{unit.exponent}}})?"
    nothing = r"(?!0(?:\.0*)?\Z)"
    length = rf"(?=.{{1,{_AMOUNT_LENGTH_MAX}}}\Z)"
    return re.compile(f"{length}{nothing}(?:0|[1-9][0-9]*){decimals}")


def make_road(base: Base, rules: Scheme, rule: Account) -> Road:
    """Compile the road of one account kind.

    The scheme must name its countries and the currencies that the switch handles, and say
    everything about the account object by sub-tags with fields; ValueError names what it must not.
    """
    beyond = (rule.one_of, rule.last_day, rule.payer_types, rule.expected, rule.never, rule.opaque)
    unpayable = any(known.path or rule.kind in known.kinds for known in rules.unpayable)
    if unpayable or any(beyond) or any("/" in sub for sub in rule.fields):
        raise ValueError(f"{rules.scheme}: {rule.kind} cannot be straight")
    road = _Builder()
    for tag in _BEFORE_ACCOUNT:
        road.field(tag, base.fields[tag], needed=tag in base.required)
    road.account(rule)
    road.field("52", base.fields["52"], needed=True)
    road.value("53", f"03(?:{'|'.join(rules.currencies)})", needed=True)
    road.value("54", _lengths(1, _AMOUNT_LENGTH_MAX, "[0-9.]"), needed=False)
    road.value("58", f"02(?:{'|'.join(rules.countries)})", needed=True)
    for tag in ("59", "60", "61"):
        road.field(tag, base.fields[tag], needed=tag in base.required)
    additional = base.nested["62"]
    subs = ((sub, additional[sub], False) for sub in sorted(additional))
    road.template("62", subs, needed=False)
    language = base.nested["64"]
    spoken = ((sub, language[sub], sub in {"00", "01"}) for sub in sorted(language))
    road.template("64", spoken, needed=False)
    if rules.validity is not None:
        _add_validity(road, rules.validity)
    expression = "".join(road.text) + "6304[0-9A-F]{4}"
    places = dict(road.index)
    for sub, field in rule.fields.items():
        places.setdefault(field.name, road.place(f"{rule.tag}/{sub}"))
    if rules.validity is not None:
        places[CREATED] = _stamp_place(road, rules.validity, "created")
        places[EXPIRES] = _stamp_place(road, rules.validity, "expires")
    return Road(
        rules=rules,
        rule=rule,
        match=re.compile(expression, re.ASCII).fullmatch,
        places=MappingProxyType(places),
        sized=tuple(road.sized),
        checks=tuple(road.checks),
        amounts=MappingProxyType({f"03{unit}": _amount_pattern(unit) for unit in rules.currencies}),
        point=road.place("01"),
        amount=road.place("54"),
        unit=road.place("53"),
        name=road.place("59"),
        city=road.place("60"),
        created=_stamp_place(road, rules.validity, "created"),
        expires=_stamp_place(road, rules.validity, "expires"),
        expiry_with_amount=rules.validity is not None and rules.validity.needed_with_amount,
    )


def _add_validity(road: _Builder, validity: Validity) -> None:
    """Add the template with both stamps, whose length is therefore known."""
    tag, subs = validity.template, sorted((validity.created, validity.expires))
    road.open(tag, needed=False)
    road.text.append(_DIGITS[len(subs) * (_HEADER + _STAMP_LENGTH)])
    for sub in subs:
        road.value(f"{tag}/{sub}", f"{_STAMP_LENGTH}[0-9]{{{_STAMP_LENGTH}}}", needed=True)
    road.close(needed=False)


def _stamp_place(road: _Builder, validity: Validity | None, which: str) -> int:
    if validity is None:
        return -1
    sub = validity.created if which == "created" else validity.expires
    return road.place(f"{validity.template}/{sub}")


def roads_of(base: Base, schemes: Iterable[Scheme]) -> Mapping[str, tuple[Road, ...]]:
    """Return the roads of all account kinds that ask for one, by the tag of the account object."""
    found: dict[str, tuple[Road, ...]] = {}
    for rules in schemes:
        for rule in rules.accounts:
            if rule.straight:
                found[rule.tag] = (*found.get(rule.tag, ()), make_road(base, rules, rule))
    return MappingProxyType(found)
