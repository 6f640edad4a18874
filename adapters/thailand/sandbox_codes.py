"""The sandbox's merchants, and its own reading of Thai QR codes.

It takes only what its merchants print: bill payment (tag 30) and PromptPay transfer (tag 29), baht,
Thailand, a right CRC. What every country's code has is read by ``iso_profile``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox_country import CodeRefused, Shop, objects, read_emv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.iso_profile.sandbox_country import Code

_BILL_PAYMENT: Final = ("A000000677010112", "A000000677012006")
_TRANSFER: Final = "A000000677010111"
_BAHT: Final = "764"

SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "010753600031508": Shop("Somchai Coffee", "Bangkok", "5814", "0107536000315", "KASITHBK"),
    "010555900011101": Shop("Doi Khao Soi", "Chiang Mai", "5812", "0105559000111", "SICOTHBK"),
    "0066812345678": Shop("Nok Fruit Cart", "Bangkok", "5499", "8881234569", "BKKBTHBK"),
    "099400015832200": Shop("Old Market", "Lampang", "5411", "0994000158322", "KASITHBK", "AC04"),
    "010753700015501": Shop("Blue Tailor", "Phuket", "5697", "0107537000155", "SICOTHBK", "AC06"),
})  # fmt: skip
"""Merchants by biller id or PromptPay proxy: open ones, one closed (AC04), one blocked (AC06)."""


def read_code(payload: str) -> Code:
    """Read a Thai code; raises ``CodeRefused`` (TK01, AM03, AM12, AC01)."""
    return read_emv(
        payload, country="TH", numeric=_BAHT, currency="THB",
        shop_of=lambda tags: SHOPS.get(_owner(tags)),
    )  # fmt: skip


def _owner(tags: Mapping[str, str]) -> str:
    """Return the biller id (30/01) or the proxy (29/01 phone, /02 identity, /03 wallet)."""
    bill = objects(tags["30"]) if "30" in tags else {}
    if bill.get("00") in _BILL_PAYMENT:
        return bill.get("01", "")
    transfer = objects(tags["29"]) if "29" in tags else {}
    if transfer.get("00") != _TRANSFER:
        raise CodeRefused("TK01")
    return transfer.get("01") or transfer.get("02") or transfer.get("03") or ""
