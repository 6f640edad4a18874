"""The sandbox's merchants, and its own reading of VietQR codes.

NAPAS reads the code itself, so this is code of its own and shares nothing with the switch's: two
readers that agree by accident would prove nothing. It takes only what its merchants print: tag 38
of NAPAS with service QRPUSH, dong, Viet Nam, a right CRC; an amount is in whole dong.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_MAX: Final = 512
_NAPAS: Final = "A000000727"
_SERVICE: Final = "QRPUSH"
_DONG: Final = "704"
_STATIC, _DYNAMIC = "11", "12"


class CodeRefused(Exception):  # noqa: N818 - an answer of the network, not an error of ours
    """The network refuses this code; ``code`` is the result code that it answers with."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant of the network. ``refusal`` is the code with which its account refuses, if any."""

    merchant_id: str
    name: str = field(repr=False)
    city: str
    category: str
    account: str = field(repr=False)
    bank: str
    refusal: str = ""


_SHOPS: Final = (
    Shop("104765941000012", "BUN CHA HANOI", "HANOI", "5812", "0011004172839", "970436"),
    Shop("104765941000045", "HOI AN LANTERNS", "HOI AN", "5947", "21510003456789", "970418"),
    Shop("104765941000078", "CHO CU", "CAN THO", "5411", "0931000111222", "970436", "78"),
    Shop("104765941000091", "LAM TAILOR", "HUE", "5697", "0361000555666", "970423", "41"),
)
"""Open, open, closed (78), blocked (41)."""

SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({shop.merchant_id: shop for shop in _SHOPS})
"""Merchants by what their code carries."""

ACCOUNTS: Final[Mapping[str, Shop]] = MappingProxyType({shop.account: shop for shop in _SHOPS})
"""The same merchants by account."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says: its merchant, and the amount in dong if it fixes one."""

    shop: Shop
    dong: str
    dynamic: bool
    bill_number: str = field(repr=False)
    store_label: str
    terminal_label: str


def read_code(payload: str) -> Code:
    """Read a code; raises :class:`CodeRefused` (008 unreadable, 12, 13, 14)."""
    if len(payload) > TEXT_MAX or not payload.isascii() or not _crc_holds(payload):
        raise CodeRefused("008")
    tags = _objects(payload)
    if tags.get("00") != "01" or tags.get("58") != "VN" or tags.get("53") != _DONG:
        raise CodeRefused("12")
    own = _objects(tags.get("38", ""))
    if own.get("00") != _NAPAS or own.get("02") != _SERVICE:
        raise CodeRefused("12")
    beneficiary = _objects(own.get("01", ""))
    shop = SHOPS.get(beneficiary.get("01", ""))
    if shop is None or beneficiary.get("00") != shop.bank:
        raise CodeRefused("14")
    amount = tags.get("54", "")
    if amount and (not amount.isdigit() or int(amount) == 0):
        raise CodeRefused("13")
    more = _objects(tags.get("62", ""))
    return Code(
        shop=shop,
        dong=amount,
        dynamic=tags.get("01") == _DYNAMIC,
        bill_number=more.get("01", ""),
        store_label=more.get("03", ""),
        terminal_label=more.get("07", ""),
    )


def payable(code: Code) -> Code:
    """Return a code whose merchant can be paid; raises :class:`CodeRefused`."""
    if code.shop.refusal:
        raise CodeRefused(code.shop.refusal)
    return code


def write_code(shop: Shop, dong: str = "", bill_number: str = "") -> str:
    """Return the text of a merchant's code, as it hangs on the wall or as a terminal shows it."""
    beneficiary = _object("00", shop.bank) + _object("01", shop.merchant_id)
    own = _object("00", _NAPAS) + _object("01", beneficiary) + _object("02", _SERVICE)
    text = (
        _object("00", "01")
        + _object("01", _DYNAMIC if dong else _STATIC)
        + _object("38", own)
        + _object("52", shop.category)
        + _object("53", _DONG)
        + (_object("54", dong) if dong else "")
        + _object("58", "VN")
        + _object("59", shop.name)
        + _object("60", shop.city)
        + (_object("62", _object("01", bill_number)) if bill_number else "")
        + "6304"
    )
    return f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _object(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _crc_holds(payload: str) -> bool:
    head, mark, crc = payload[:-8], payload[-8:-4], payload[-4:]
    wanted = binascii.crc_hqx((head + mark).encode(), 0xFFFF)
    return mark == "6304" and crc == f"{wanted:04X}"


def _objects(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        tag, length = text[position : position + 2], text[position + 2 : position + 4]
        if len(tag + length) != 4 or not (tag + length).isdigit():  # noqa: PLR2004 - two and two
            raise CodeRefused("008")
        start, position = position + 4, position + 4 + int(length)
        if position > len(text) or tag in found:
            raise CodeRefused("008")
        found[tag] = text[start:position]
    return found
