"""The sandbox's merchants, and its own reading of DuitNow codes.

It takes only what its merchants print: PayNet's identifier in tag 26, an acquirer and a merchant or
a mobile number, ringgit, Malaysia, a right CRC. Refusals are PayNet's words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox_country import Code, CodeRefused, Shop, objects, read_emv

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAYNET: Final = "A0000006150001"
_RINGGIT: Final = "458"

SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "MY100000001": Shop("Kopi Pak Din", "Kuala Lumpur", "5814", "514011223344", "MBBEMYKL"),
    "MY100000002": Shop("Nasi Lemak Siti", "Penang", "5812", "800155667788", "CIBBMYKL"),
    "60123456789": Shop("Durian Uncle", "Melaka", "5499", "164099887766", "MBBEMYKL"),
    "MY100000008": Shop("Closed Books", "Ipoh", "5942", "514000000008", "MBBEMYKL", "U110"),
    "MY100000009": Shop("Gone Bank", "Johor", "5411", "999900000009", "CIBBMYKL", "U121"),
})  # fmt: skip
"""Merchants by merchant id or mobile number: open ones, one not paid (U110), one without a bank."""

ACCOUNTS: Final[Mapping[str, Shop]] = MappingProxyType(
    {shop.account: shop for shop in SHOPS.values()}
)

_WORDS: Final = MappingProxyType({"TK01": "U100", "AM03": "U110", "AM12": "U110", "AC01": "U121"})
"""PayNet's code of each reason that a code is not read for."""


def read_code(payload: str) -> Code | str:
    """Read a DuitNow code, or say why not: U100, U110, U121, or what its merchant is refused by."""
    try:
        code = read_emv(payload, country="MY", numeric=_RINGGIT, currency="MYR", shop_of=_shop)
    except CodeRefused as refused:
        return _WORDS[refused.reason]
    return code.shop.refusal or code


def _shop(tags: Mapping[str, str]) -> Shop | None:
    account = objects(tags["26"]) if "26" in tags else {}
    if account.get("00") != _PAYNET or not account.get("01", "").isdigit():
        raise CodeRefused("TK01")
    return SHOPS.get(account.get("02") or account.get("04") or "")
