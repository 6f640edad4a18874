"""What a scheme file must not say, although each of its keys is well formed.

A file is trusted with a country's codes, so it must not be able to switch off what protects every
code: the form, the CRC, the amount, the end. Everything here is a :class:`SchemeError` that names
the file and the key. The surprise: what can be tolerated is a closed set of words, because a word
with a typing error would otherwise be a rule that nobody ever notices to be missing.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.iso4217 import ISO_4217
from switch.qr.check import HANDLED, IDENTIFIER_LENGTH_MAX
from switch.qr.emv import VALUE_LENGTH_MAX
from switch.qr.table import SchemeError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from switch.qr.rules import Account, Base, Field, Link, PayerCode, Scheme

LINK_LENGTH_MAX: Final = 2953
"""Longest link that a file may ask for: what the largest symbol carries in bytes."""

TOLERABLE: Final = frozenset(
    {
        *("crc_lower_case", "sub_62_00", "amount_decimals", "format_not_first", "guid_length"),
        *("missing_guid", "missing_52", "missing_59", "missing_60", "poi_value"),
        *("mcc_length", "mcc_not_numeric", "length_59", "length_60", "length_61"),
        *("language_without_code", "language_without_name"),
        *(f"length_62_{sub:02d}" for sub in range(1, 12)),
        *("length_64_00", "length_64_01", "length_64_02"),
    }
)
"""Words of rules about every code that may become deviations: none says who is paid what, or when.

A file may tolerate the words of its own accounts' fields as well.
"""

NEVER: Final = frozenset(
    {
        *("empty", "too_long", "not_unicode", "not_emv", "zero_length", "value_too_long"),
        *("truncated", "trailing_characters", "wrong_length", "length_not_numeric"),
        *("length_three_digits", "duplicate_tag", "duplicate_key", "key_format", "escape_broken"),
        *("bad_crc", "crc_not_hex", "crc_not_last", "missing_63", "missing_00", "pfi_value"),
        *("missing_53", "missing_58", "missing_account", "missing_mandatory", "control_character"),
        *("currency_format", "country_format", "currency_unknown", "currency_not_allowed"),
        *("currency_unsupported", "country_not_allowed", "unknown_guid", "unknown_network"),
        *("amount_format", "fee_without_indicator", "tip_indicator_value", "fee_missing"),
        *("fee_not_allowed", "fee_zero", "fee_format", "fee_percent_range", "accounts_differ"),
        *("dynamic_without_amount", "missing_expiry", "expiry_format", "creation_format"),
        *("expiry_before_creation", "expired", "not_a_payment_code", "not_numeric"),
        "length_reserved",
    }
)
"""Words of the readers that no file may tolerate, whatever a field of its own is called."""

_STATED: Final = frozenset({"missing_53", "missing_58"})
_ACCEPTABLE: Final = MappingProxyType(
    {
        "00": re.compile("[0-9]{2}"),
        "01": re.compile("[0-9]{1,2}"),
        "52": re.compile("[ -~]{1,99}"),
        "58": re.compile("[A-Za-z]{2}"),
        "59": re.compile("[ -~]{1,99}"),
        "60": re.compile("[ -~]{1,99}"),
        "61": re.compile("[ -~]{1,99}"),
    }
)
_WORD: Final = re.compile("[a-z0-9_]{1,64}")
_TAG: Final = re.compile("[0-9]{2}")
_PATH: Final = re.compile("[0-9]{2}(/[0-9]{2})?")
_COUNTRY: Final = re.compile("[A-Z]{2}")
_IDENTIFIER: Final = re.compile(f"[ -~]{{1,{IDENTIFIER_LENGTH_MAX}}}")
_ZONES: Final = range(-12, 15)
_OPAQUE_LAST: Final = "25"
_UNRESERVED_FIRST: Final = "65"


def judge_scheme(scheme: Scheme, name: str) -> None:
    """Refuse a scheme that could claim everything or nothing, or take what nobody may take."""
    _judge_kind(scheme, name)
    _each(scheme.countries, _COUNTRY, f"{name}: countries", "two capital letters each")
    known = HANDLED if any(account.straight for account in scheme.accounts) else ISO_4217
    if any(number not in known for number in scheme.currencies):
        raise SchemeError(f"{name}: currencies must be ISO 4217 numbers that the switch handles")
    national = bool(scheme.countries and scheme.currencies)
    if not (scheme.guest or scheme.kind != "emv" or national):
        raise SchemeError(f"{name}: a code must state its currency and country")
    own = {
        word
        for account in scheme.accounts
        for field in account.fields.values()
        for word in (field.missing, field.length, field.format)
    }
    judge_tolerated(scheme.tolerates, own, name)
    _judge_accepted(scheme, name)
    _judge_root(scheme, name)
    _judge_unpayable(scheme, name)


def judge_tolerated(words: Iterable[str], own: Collection[str], name: str) -> None:
    """Refuse a word of ``tolerates`` that is unknown, or that protects every code."""
    for word in sorted(words):
        if word in _STATED:
            raise SchemeError(
                f"{name}: tolerates: {word}: a code must state its currency and country"
            )
        if word not in TOLERABLE and (word in NEVER or word not in own):
            raise SchemeError(f"{name}: tolerates: {word} is no word that can be tolerated")


def judge_base(base: Base, name: str) -> None:
    """Refuse rules about every code with a limit that no value can keep."""
    judge_tolerated(base.tolerates, (), name)
    _each(base.required, _TAG, f"{name}: required", "two digits each")
    for tag, field in base.fields.items():
        _each((tag,), _TAG, f"{name}: field {tag}: path", "two digits, or two and two")
        judge_field(field, VALUE_LENGTH_MAX, f"{name}: field {tag}")
    for tag, subs in base.nested.items():
        for sub, field in subs.items():
            place = f"{name}: field {tag}/{sub}"
            _each((f"{tag}/{sub}",), _PATH, f"{place}: path", "two digits, or two and two")
            judge_field(field, VALUE_LENGTH_MAX, place)


def judge_field(field: Field, most: int, place: str) -> None:
    """Refuse limits of which none, or every, value would be broken."""
    if not 1 <= field.shortest <= field.longest <= most:
        raise SchemeError(f"{place}: shortest and longest must be in order, from 1 to {most}")
    _each((field.missing, field.length, field.format), _WORD, f"{place}: reason", "small letters")


def judge_account(account: Account, tags: tuple[str, ...], place: str) -> None:
    """Refuse an account object that could not be told from others, or whose places are none."""
    named = bool(account.ids or account.id_patterns or account.any_id)
    if account.opaque is named:
        raise SchemeError(f"{place}: give ids, id_patterns or any_id, or say opaque")
    if any(account.opaque is not (tag <= _OPAQUE_LAST) for tag in tags):
        raise SchemeError(f"{place}: tags up to {_OPAQUE_LAST} are opaque, others are not")
    _each(account.ids, _IDENTIFIER, f"{place}: ids", "1 to 32 printable characters each")
    for country, currency in account.never:
        _each((country,), _COUNTRY, f"{place}: never: country", "two capital letters")
        if currency not in ISO_4217:
            raise SchemeError(f"{place}: never: currency must be an ISO 4217 number")
    if account.opaque:
        _only_whole(account, place)
        return
    _each(account.fields, _PATH, f"{place}: field: sub", "two digits, or two and two")
    for sub, field in account.fields.items():
        judge_field(field, VALUE_LENGTH_MAX, f"{place}: field {sub}")
    if any(sub not in account.fields for sub in account.one_of):
        raise SchemeError(f"{place}: one_of must be sub-tags of fields")
    day, types = account.last_day, account.payer_types
    _each([] if day is None else [day.sub], _TAG, f"{place}: last_day: sub", "two digits")
    if day is not None and day.zone_hours not in _ZONES:
        raise SchemeError(f"{place}: last_day: zone_hours must be from -12 to 14")
    _each([] if types is None else [types[0]], _TAG, f"{place}: payer_types: sub", "two digits")
    subs = (expected.sub for expected in account.expected if expected.sub)
    _each(subs, _TAG, f"{place}: expected: sub", "two digits")


def judge_link(link: Link, place: str) -> None:
    """Refuse a link that is longer than a symbol, or limits beyond the link's own."""
    if not 1 <= link.longest <= LINK_LENGTH_MAX:
        raise SchemeError(f"{place}: longest must be from 1 to {LINK_LENGTH_MAX}")
    for key, field in link.account.fields.items():
        judge_field(field, link.longest, f"{place}: field {key}")
    needed = {"query": {"held"}, "objects": {"held", "size"}, "path": set[str]()}[link.holds]
    if not needed <= link.reads.groupindex.keys():
        raise SchemeError(f"{place}: reads must have the group {' and '.join(sorted(needed))}")


def judge_payer_code(code: PayerCode, place: str) -> None:
    """Refuse forms of digits whose parts are not inside their length."""
    for form in code.forms.values():
        sizes = [size for _, size in form.parts]
        inside = all(size >= 1 for size in sizes) and sum(sizes) <= form.length
        if not (1 <= form.length <= VALUE_LENGTH_MAX and inside):
            raise SchemeError(f"{place}: form {form.length}: parts must fit a length of 1 to 99")
        if not form.values.keys() <= dict(form.parts).keys():
            raise SchemeError(f"{place}: form {form.length}: values must be of its parts")


def _judge_kind(scheme: Scheme, name: str) -> None:
    _each((scheme.scheme,), _WORD, f"{name}: scheme", "small letters, digits and _")
    if scheme.kind == "emv" and not scheme.accounts:
        raise SchemeError(f"{name}: account is missing")
    if scheme.kind != "emv" and (scheme.accounts or not (scheme.links or scheme.payer_code)):
        raise SchemeError(f"{name}: link or payer_code is missing, account does not belong here")


def _only_whole(account: Account, place: str) -> None:
    """An opaque object has no inside: its one field has the empty sub-tag."""
    if any(sub for sub in account.fields) or account.one_of:
        raise SchemeError(f'{place}: field: sub must be "" in an opaque object')
    if account.last_day or account.payer_types or any(one.sub for one in account.expected):
        raise SchemeError(f"{place}: an opaque object has no sub-tags")
    for field in account.fields.values():
        judge_field(field, VALUE_LENGTH_MAX, f"{place}: field")


def _judge_accepted(scheme: Scheme, name: str) -> None:
    for path, values in scheme.accepts.items():
        form = _ACCEPTABLE.get(path)
        if form is None:
            raise SchemeError(f"{name}: accepts: {path} must be one of {', '.join(_ACCEPTABLE)}")
        _each(values, form, f"{name}: accepts: {path}", "of the object's form")
    if any(value.upper() not in scheme.countries for value in scheme.accepts.get("58", ())):
        raise SchemeError(f"{name}: accepts: 58 must be one of countries in small letters")


def _judge_root(scheme: Scheme, name: str) -> None:
    """Objects from 65 on, time stamps among them."""
    for key, tags in (("templates", scheme.templates), ("plain", scheme.plain)):
        _each(tags, _TAG, f"{name}: {key}", "two digits each")
        if any(tag < _UNRESERVED_FIRST for tag in tags):
            raise SchemeError(f"{name}: {key} must be tags from {_UNRESERVED_FIRST} on")
    if not set(scheme.templates).isdisjoint(scheme.plain):
        raise SchemeError(f"{name}: plain must not be among templates")
    validity = scheme.validity
    if validity is not None:
        if validity.template not in scheme.templates:
            raise SchemeError(f"{name}: validity: template must be one of templates")
        subs = (validity.created, validity.expires)
        _each(subs, _TAG, f"{name}: validity: created and expires", "two digits")
        if validity.created == validity.expires:
            raise SchemeError(f"{name}: validity: created and expires must differ")
    for decoy in scheme.decoys:
        _each((decoy.last, decoy.tag), _TAG, f"{name}: decoy: last and tag", "two digits")


def _judge_unpayable(scheme: Scheme, name: str) -> None:
    kinds = {account.kind for account in scheme.accounts}
    kinds |= {link.account.kind for link in scheme.links}
    if scheme.payer_code is not None:
        kinds.add(scheme.payer_code.account.kind)
    for rule in scheme.unpayable:
        if rule.path:
            _each((rule.path,), _PATH, f"{name}: unpayable: path", "two digits, or two and two")
        if not kinds.issuperset(rule.kinds):
            raise SchemeError(f"{name}: unpayable: kinds must be kinds of this file")


def _each(texts: Iterable[str], form: re.Pattern[str], place: str, wanted: str) -> None:
    if any(form.fullmatch(text) is None for text in texts):
        raise SchemeError(f"{place} must be {wanted}")
