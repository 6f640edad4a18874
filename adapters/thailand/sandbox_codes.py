"""The sandbox's merchants, and its own reading of Thai QR codes.

NITMX reads the code itself, so this is code of its own and shares nothing with the
switch's: two readers that agree by accident would prove nothing. It takes only what its merchants
print: bill payment (tag 30) and PromptPay transfer (tag 29), baht, Thailand, a right CRC.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_MAX: Final = 512
_BILL_PAYMENT: Final = ("A000000677010112", "A000000677012006")
_TRANSFER: Final = "A000000677010111"
_BAHT: Final = "764"


class CodeRefused(Exception):  # noqa: N818 - an answer of the network, not an error of ours
    """The network refuses this code; ``reason`` is the ISO code it answers with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant of the network. ``refusal`` is the reason its account takes nothing, if any."""

    name: str = field(repr=False)
    city: str
    category: str
    account: str = field(repr=False)
    agent: str
    refusal: str = ""


SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "010753600031508": Shop("Somchai Coffee", "Bangkok", "5814", "0107536000315", "KASITHBK"),
    "010555900011101": Shop("Doi Khao Soi", "Chiang Mai", "5812", "0105559000111", "SICOTHBK"),
    "0066812345678": Shop("Nok Fruit Cart", "Bangkok", "5499", "8881234569", "BKKBTHBK"),
    "099400015832200": Shop("Old Market", "Lampang", "5411", "0994000158322", "KASITHBK", "AC04"),
    "010753700015501": Shop("Blue Tailor", "Phuket", "5697", "0107537000155", "SICOTHBK", "AC06"),
})  # fmt: skip
"""Merchants by biller id or PromptPay proxy: open ones, one closed (AC04), one blocked (AC06)."""

ACCOUNTS: Final[Mapping[str, Shop]] = MappingProxyType(
    {shop.account: shop for shop in SHOPS.values()}
)
"""The same merchants by settlement account."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says: the merchant it belongs to, and the amount if it fixes one."""

    shop: Shop
    amount: Money | None
    bill_number: str = field(repr=False)
    store_label: str
    terminal_label: str


def read_code(payload: str) -> Code:
    """Read a Thai code; raises :class:`CodeRefused` (TK01, AM03, AM12, AC01)."""
    if len(payload) > TEXT_MAX or not payload.isascii() or not _crc_holds(payload):
        raise CodeRefused("TK01")
    tags = _objects(payload)
    if tags.get("00") != "01" or tags.get("58") != "TH":
        raise CodeRefused("TK01")
    if tags.get("53") != _BAHT:
        raise CodeRefused("AM03")
    shop = SHOPS.get(_owner(tags))
    if shop is None:
        raise CodeRefused("AC01")
    more = _objects(tags["62"]) if "62" in tags else {}
    return Code(
        shop=shop,
        amount=_amount(tags.get("54")),
        bill_number=more.get("01", ""),
        store_label=more.get("03", ""),
        terminal_label=more.get("07", ""),
    )


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
            raise CodeRefused("TK01")
        start, position = position + 4, position + 4 + int(length)
        if position > len(text) or tag in found:
            raise CodeRefused("TK01")
        found[tag] = text[start:position]
    return found


def _owner(tags: Mapping[str, str]) -> str:
    """Return the biller id (30/01) or the proxy (29/01 phone, /02 identity, /03 wallet)."""
    bill = _objects(tags["30"]) if "30" in tags else {}
    if bill.get("00") in _BILL_PAYMENT:
        return bill.get("01", "")
    transfer = _objects(tags["29"]) if "29" in tags else {}
    if transfer.get("00") != _TRANSFER:
        raise CodeRefused("TK01")
    return transfer.get("01") or transfer.get("02") or transfer.get("03") or ""


def _amount(text: str | None) -> Money | None:
    if text is None:
        return None
    try:
        return Money.parse(text, "THB").positive()
    except MoneyError:
        raise CodeRefused("AM12") from None
