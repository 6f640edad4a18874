"""The rules of EMVCo about every code, whatever network it belongs to.

Each function appends what it finds; nothing is raised and nothing stops early, so that one answer
can name everything wrong with a sticker. What a network's codes do differently is not decided
here: a fault keeps its reason word, and the caller drops the words that the scheme tolerates.
Amounts are judged in any currency of ISO 4217, not only in those that the switch handles.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from fx.iso4217 import ISO_4217
from fx.money import CURRENCIES, Money, MoneyError, currency
from switch.qr.emv import crc
from switch.qr.errors import CODE_AMOUNT_ZERO, Fault, fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.qr.emv import Node, Parsed
    from switch.qr.rules import Base

AMOUNT_LENGTH_MAX: Final = 13
"""Longest text of an amount or fixed fee (EMVCo, objects 54 and 56)."""

SUM_MAX: Final = 10**AMOUNT_LENGTH_MAX
"""Most that is paid in all, fee included, in major units: what Money holds of two decimals."""

IDENTIFIER_LENGTH_MAX: Final = 32
"""Longest globally unique identifier (EMVCo, sub-tag 00 of 26-51)."""

HANDLED: Final = frozenset(unit.numeric for unit in CURRENCIES.values())
"""ISO 4217 numbers of the currencies that the switch counts."""

STAMP_LENGTH: Final = 13
"""Digits of a time stamp in epoch milliseconds."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HEX: Final = re.compile("[0-9A-Fa-f]{4}")
_STAMP: Final = re.compile(f"[0-9]{{{STAMP_LENGTH}}}")
_AMOUNT: Final = re.compile(r"([0-9]+)(?:\.([0-9]*))?")
_PERCENT: Final = re.compile(r"([0-9]{1,2})(?:\.([0-9]{0,2}))?")
# Control characters, the ones that turn the direction of text, the soft hyphen, and signs, fillers
# and tags that nobody sees: a name must not be able to show itself as another one. Nor what is no
# character at all. The joiners and the space without width (U+200B to U+200D) stay: Khmer, Burmese
# and other scripts are written with them. One class, because the fast readers put it into theirs.
CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_OPAQUE_ACCOUNTS: Final = tuple(f"{tag:02d}" for tag in range(2, 26))
_ACCOUNTS: Final = tuple(f"{tag:02d}" for tag in range(26, 52))
_ALL_ACCOUNTS: Final = frozenset(_OPAQUE_ACCOUNTS + _ACCOUNTS)
_TEMPLATE_ACCOUNTS: Final = frozenset(_ACCOUNTS)
_ZERO_DECIMALS_MAX: Final = 2


def read_stamp(text: str | None) -> datetime | None:
    """Return the moment of an epoch-millisecond stamp of 13 digits, else nothing."""
    if text is None or _STAMP.fullmatch(text) is None:
        return None
    return _EPOCH + timedelta(milliseconds=int(text))


def read_amount(text: str, numeric: str) -> Money:
    """Return the amount of object 54 or 56 in the currency with this ISO 4217 number.

    EMVCo: digits and at most one point, which may end the text; not longer than 13. Decimals fit
    the currency's exponent and step; zeros beyond it are let pass where the currency has no
    decimals at all. Raises :class:`MoneyError` otherwise (zero is an amount here).
    """
    unit = currency(numeric)
    match = _AMOUNT.fullmatch(text)
    if match is None or len(text) > AMOUNT_LENGTH_MAX:
        raise MoneyError("amount_malformed", "an amount is digits with at most one point")
    whole, decimals = match.group(1), match.group(2) or ""
    if unit.exponent == 0 and len(decimals) <= _ZERO_DECIMALS_MAX and not decimals.strip("0"):
        decimals = ""
    return Money.parse(f"{whole}.{decimals}" if decimals else whole, unit.numeric)


def root_of(parsed: Parsed) -> dict[str, Node]:
    """Return the root objects by tag; of equal tags the first."""
    root: dict[str, Node] = {}
    for node in parsed.nodes:
        root.setdefault(node.tag, node)
    return root


def check_crc(parsed: Parsed, root: Mapping[str, Node], found: list[Fault]) -> None:
    """Object 63: there, last, four hex digits, right over everything before its value."""
    node = root.get("63")
    if node is None:
        found.append(fault("schema", "missing_63", "63", len(parsed.text)))
        return
    if node is not parsed.nodes[-1]:
        found.append(fault("schema", "crc_not_last", "63", node.start))
    if _HEX.fullmatch(node.value) is None:
        found.append(fault("crc", "crc_not_hex", "63", node.start))
    elif node.start == 0:
        # A CRC that seals nothing: what is missing is the whole code.
        return
    elif node.value.upper() != crc(parsed.text[: node.start + 4]):
        found.append(fault("crc", "bad_crc", "63", node.start))
    elif node.value != node.value.upper():
        found.append(fault("crc", "crc_lower_case", "63", node.start))


def check_objects(parsed: Parsed, root: Mapping[str, Node], base: Base, found: list[Fault]) -> None:
    """Presence and order of objects, and the rules that tie objects together."""
    end = len(parsed.text)
    if parsed.nodes[0].tag != "00" and "00" in root:
        found.append(fault("schema", "format_not_first", "00", root["00"].start))
    if _ALL_ACCOUNTS.isdisjoint(root):
        found.append(fault("schema", "missing_account", "", end))
    found.extend(
        fault("schema", f"missing_{tag}", tag, end) for tag in base.required if tag not in root
    )
    for node in parsed.nodes:
        if node.tag in _TEMPLATE_ACCOUNTS:
            identifier = node.text("00")
            if identifier is None:
                found.append(fault("schema", "missing_guid", node.tag, node.start))
            elif len(identifier) > IDENTIFIER_LENGTH_MAX:
                found.append(fault("field", "guid_length", node.tag, node.start))
    additional, language = root.get("62"), root.get("64")
    if additional is not None and additional.child("00") is not None:
        found.append(fault("schema", "sub_62_00", "62/00", additional.start))
    if language is not None:
        if language.child("00") is None:
            found.append(fault("schema", "language_without_code", "64", language.start))
        if language.child("01") is None:
            found.append(fault("schema", "language_without_name", "64", language.start))
    _check_fees(root, found)


def _check_fees(root: Mapping[str, Node], found: list[Fault]) -> None:
    indicator, fixed, percent = root.get("55"), root.get("56"), root.get("57")
    first = indicator or fixed or percent
    if first is None:
        return
    chosen = None if indicator is None else indicator.value
    if chosen is None:
        found.append(fault("schema", "fee_without_indicator", first.tag, first.start))
    elif chosen not in {"01", "02", "03"}:
        found.append(fault("schema", "tip_indicator_value", "55", first.start))
    else:
        for node, wanted, tag in ((fixed, "02", "56"), (percent, "03", "57")):
            if node is None and chosen == wanted:
                found.append(fault("schema", "fee_missing", tag, first.start))
            elif node is not None and chosen != wanted:
                found.append(fault("schema", "fee_not_allowed", tag, node.start))
    if fixed is not None:
        if not fixed.value.strip("0."):
            found.append(fault("schema", "fee_zero", "56", fixed.start))
        elif not _is_amount(fixed.value, root.get("53")):
            found.append(fault("schema", "fee_format", "56", fixed.start))
    if percent is not None:
        match = _PERCENT.fullmatch(percent.value)
        if match is None or not percent.value.strip("0."):
            found.append(fault("schema", "fee_percent_range", "57", percent.start))
    _check_sum(root.get("54"), fixed, percent, found)


def _check_sum(
    amount: Node | None, fixed: Node | None, percent: Node | None, found: list[Fault]
) -> None:
    """What is paid in all is an amount too: both texts may be, and their sum be none."""
    if amount is None or _AMOUNT.fullmatch(amount.value) is None:
        return
    bill = Decimal(amount.value)
    if fixed is not None and _AMOUNT.fullmatch(fixed.value) is not None:
        if bill + Decimal(fixed.value) > SUM_MAX:
            found.append(fault("schema", "fee_format", "56", fixed.start))
        return
    share = None if percent is None else _PERCENT.fullmatch(percent.value)
    if share is not None and bill * (100 + Decimal(share.string)) > 100 * SUM_MAX:
        found.append(fault("schema", "fee_format", "57", 0 if percent is None else percent.start))


def is_amount(text: str, numeric: str | None) -> bool:
    """Tell whether ``text`` is an amount in the currency with this number, if it is one.

    A currency that the switch handles moves in its step (whole riel); another in its minor units.
    """
    if numeric is not None and numeric in HANDLED:
        try:
            read_amount(text, numeric)
        except MoneyError:
            return False
        return True
    match = _AMOUNT.fullmatch(text)
    if match is None or len(text) > AMOUNT_LENGTH_MAX:
        return False
    unit = None if numeric is None else ISO_4217.get(numeric)
    decimals = match.group(2) or ""
    if unit is None or len(decimals) <= unit.exponent:
        return True
    return unit.exponent == 0 and len(decimals) <= _ZERO_DECIMALS_MAX and not decimals.strip("0")


def _is_amount(text: str, unit: Node | None) -> bool:
    return is_amount(text, None if unit is None else unit.value)


def check_fields(parsed: Parsed, root: Mapping[str, Node], base: Base, found: list[Fault]) -> None:
    """Length and format of every known object, and characters that no object may hold."""
    for node in parsed.nodes:
        rule = base.fields.get(node.tag)
        if rule is not None:
            reason = rule.broken(node.value)
            if reason is not None:
                found.append(fault("field", reason, node.tag, node.start))
        subs = base.nested.get(node.tag)
        if subs is not None:
            for child in node.children:
                inner = subs.get(child.tag)
                reason = None if inner is None else inner.broken(child.value)
                if reason is not None:
                    path = f"{node.tag}/{child.tag}"
                    found.append(fault("field", reason, path, child.start))
    match = CONTROL.search(parsed.text)
    if match is not None:
        place = next(
            (node.tag for node in reversed(parsed.nodes) if node.start < match.start()), ""
        )
        found.append(fault("field", "control_character", place, match.start()))
    _check_amount(root, found)


def _check_amount(root: Mapping[str, Node], found: list[Fault]) -> None:
    node, unit = root.get("54"), root.get("53")
    if node is None:
        return
    if not _is_amount(node.value, unit):
        found.append(fault("field", "amount_format", "54", node.start))
    elif not node.value.strip("0."):
        found.append(fault("field", "amount_format", "54", node.start, CODE_AMOUNT_ZERO))
    elif unit is not None and unit.value in ISO_4217:
        decimals = len(node.value.partition(".")[2])
        if decimals > ISO_4217[unit.value].exponent:
            found.append(fault("field", "amount_decimals", "54", node.start))
