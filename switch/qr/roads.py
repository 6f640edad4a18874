"""Compiles the straight roads: from a scheme file's declarations to one expression.

The same records that the full reader walks are written out as a regular expression: each object by
its tag, its two digits of length and as many characters, chosen digit by digit. What an expression
cannot hold (patterns of no certain width, lengths of templates, amounts by currency) is left to
``straight.py`` as a list of checks. A scheme may ask for a road only where nothing else about its
codes could matter; anything more refuses the file.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import currency
from switch.qr.check import CONTROL
from switch.qr.content import CREATED, EXPIRES
from switch.qr.straight import Road
from switch.qr.table import SchemeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switch.qr.rules import Account, Base, Field, Scheme, Validity

_DIGITS: Final = tuple(f"{size:02d}" for size in range(100))
_HEADER: Final = 4
_STAMP_LENGTH: Final = 13
_NOT_EMPTY: Final = "(?!00)[0-9]{2}"
# What any value may hold: half a surrogate pair has no UTF-8 form.
_ANY: Final = f"[^{CONTROL.pattern[1:-1]}\ud800-\udfff]"
# A class that names what it takes, in printable ASCII: it cannot let a control character pass.
_CLASS: Final = r"\[(?!\^)[ -Z_-~]+\]"
# A pattern whose width can be told: literals and classes, each with a fixed count at most.
_ITEM: Final = re.compile(rf"(?:{_CLASS}|[0-9A-Za-z])(?:\{{([0-9]+)\}})?")
_FIXED: Final = re.compile(rf"(?:(?:{_CLASS}|[0-9A-Za-z])(?:\{{[0-9]+\}})?)+")
# One class with a range of counts, such as [0-9]{1,19}.
_RANGE: Final = re.compile(rf"({_CLASS})\{{([0-9]+),([0-9]+)\}}")
# An identifier that holds one certain character, such as .*@.*
_HOLDS: Final = re.compile(r"\.\*([^\w\s.*+?^$()|{}\[\]\\])\.\*")
_BEFORE_ACCOUNT: Final = ("00", "01")
_AMOUNT_LENGTH_MAX: Final = 13
_EMV_BEGINNING: Final = "00020101021229"


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
        self.text.append(_NOT_EMPTY)
        for sub, field, sub_needed in subs:
            self.field(f"{tag}/{sub}", field, needed=sub_needed)
        self.close(needed=needed)

    def account(self, rule: Account) -> None:
        """The account object, with its identifier where that is one of a list."""
        self.sized.append(len(self.index))
        self.open(rule.tag, needed=True)
        self.text.append(_NOT_EMPTY)
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


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in words)


def _amount_pattern(numeric: str) -> re.Pattern[str]:
    """Return what object 54 may be without any remark: no leading zeros, not zero, at most 13."""
    unit = currency(numeric)
    if unit.cash_step >= unit.minor_per_major:
        return re.compile(f"[1-9][0-9]{{0,{_AMOUNT_LENGTH_MAX - 1}}}")
    decimals = rf"(?:\.[0-9]{{1,{unit.exponent}}})?"
    nothing = r"(?!0(?:\.0*)?\Z)"
    length = rf"(?=.{{1,{_AMOUNT_LENGTH_MAX}}}\Z)"
    return re.compile(f"{length}{nothing}(?:0|[1-9][0-9]*){decimals}")


def _beyond(rules: Scheme, rule: Account) -> str | None:
    """Say what of an account kind the expression could not hold, or nothing."""
    if not "26" <= rule.tag <= "51":
        return "it is no template of an account"
    if any((rule.one_of, rule.last_day, rule.payer_types, rule.expected, rule.never)):
        return "it has rules beyond its fields"
    if any("/" in sub for sub in rule.fields):
        return "it has a third level"
    if any(known.path or rule.kind in known.kinds for known in rules.unpayable):
        return "not every code can be paid"
    if not rules.countries or not rules.currencies:
        return "it is of any country or currency"
    identifier = rule.fields.get("00")
    if rule.ids:
        return None if identifier is None else "its identifier is a field as well"
    if identifier is None or not identifier.required or identifier.pattern is None:
        return "its identifier is not a required field with a pattern"
    # What the field's pattern takes must be claimed: it names the character outside its classes.
    plain = re.sub(r"\[[^\]]*\]", "", identifier.pattern.pattern)
    held = [_HOLDS.fullmatch(pattern.pattern) for pattern in rule.id_patterns]
    if rule.any_id or any(match is not None and match[1] in plain for match in held):
        return None
    return "its field takes identifiers that it may not claim"


def _rivals(schemes: Iterable[Scheme], rules: Scheme, rule: Account) -> bool:
    """Tell whether another scheme could claim the same object by other than a listed identifier."""
    for other in schemes:
        if other is rules:
            continue
        for account in other.accounts:
            if account.tag != rule.tag or not (account.any_id or account.id_patterns):
                continue
            if rule.ids and not account.any_id:
                found = (p.fullmatch(name) for p in account.id_patterns for name in rule.ids)
                if any(match is not None for match in found):
                    return True
            elif not other.countries or not set(rules.countries).isdisjoint(other.countries):
                return True
    return False


def make_road(base: Base, rules: Scheme, rule: Account) -> Road:
    """Compile the road of one account kind.

    The scheme must name its countries and the currencies that the switch handles, and say
    everything about the account object by sub-tags with fields; SchemeError says what else it does.
    """
    why = _beyond(rules, rule)
    if why is not None:
        raise SchemeError(f"{rules.scheme}: {rule.kind}: straight is not possible: {why}")
    road = _Builder()
    for tag in _BEFORE_ACCOUNT:
        road.field(tag, base.fields[tag], needed=tag in base.required)
    road.account(rule)
    road.field("52", base.fields["52"], needed=True)
    road.value("53", f"03(?:{_any_of(rules.currencies)})", needed=True)
    road.value("54", _lengths(1, _AMOUNT_LENGTH_MAX, "[0-9.]"), needed=False)
    road.value("58", f"02(?:{_any_of(rules.countries)})", needed=True)
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


def roads_of(base: Base, schemes: Sequence[Scheme]) -> Mapping[str, tuple[Road, ...]]:
    """Return the roads of all account kinds that ask for one, by the tag of the account object.

    An object that another scheme could claim as well has none: the full reader names both.
    """
    found: dict[str, tuple[Road, ...]] = {}
    if any(_begins_like_emv(rules) for rules in schemes):
        return MappingProxyType(found)
    for rules in schemes:
        for rule in rules.accounts:
            if rule.straight:
                road = make_road(base, rules, rule)
                if not _rivals(schemes, rules, rule):
                    found[rule.tag] = (*found.get(rule.tag, ()), road)
    return MappingProxyType(found)


def _begins_like_emv(rules: Scheme) -> bool:
    claims = [link.claims for link in rules.links]
    if rules.payer_code is not None:
        claims.append(rules.payer_code.claims)
    return any(pattern.match(_EMV_BEGINNING) is not None for pattern in claims)
