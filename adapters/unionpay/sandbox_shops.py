"""The sandbox's merchants, its own reading of UnionPay codes, and its prices.

UnionPay reads the code itself, so this shares nothing with the switch's readers. The surprise: a
price has seven decimals in one direction only, so an amount that is fixed in dollars and billed
again from yuan may be a cent off, as it is with the real network.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.unionpay.sandbox_wire import Refused
from fx.money import Money, MoneyError

if TYPE_CHECKING:
    from collections.abc import Mapping

YUAN: Final = "156"
LINK: Final = "https://qr.95516.com/"


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant of the network. ``refusal`` is the code it is refused with, if any."""

    name: str = field(repr=False)
    city: str
    category: str
    refusal: str = ""
    fixed: str = ""


SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "500015658120001": Shop("Kunming Noodles", "Kunming", "5812"),
    "500015670110002": Shop("Jinghong Hotel", "Jinghong", "7011"),
    "500015658120003": Shop("Old Teahouse", "Dali", "5814", "03"),
    "500015659990004": Shop("Locked Shop", "Lijiang", "5999", "62"),
    "0101332200773883927802088521877": Shop("Test Merchant", "Shanghai", "5811"),
    "0101332200773883927802088521888": Shop("Bund Tickets", "Shanghai", "7922", "", "90.00"),
    "0101332200773883927802088521899": Shop("Expired Stall", "Shanghai", "5811", "02"),
})  # fmt: skip
"""Merchants by id in object 15, or by the last part of a link."""

RATES: Final[Mapping[str, Decimal]] = MappingProxyType({
    "840": Decimal("0.1404494"),
    "116": Decimal("566.2500000"),
})  # fmt: skip
"""What a yuan costs a cardholder, by billing currency; seven decimals (network survey 9)."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says: its merchant, the merchant's key, and the amount if it fixes one."""

    shop: Shop
    key: str
    amount: Money | None


def read_code(payload: str) -> Code:
    """Read a code of this network; raises :class:`Refused`."""
    if payload.lower().startswith(LINK):
        key = payload.rpartition("/")[2]
        shop = _open(key)
        return Code(shop, key, Money.parse(shop.fixed, YUAN) if shop.fixed else None)
    if not payload.isascii() or payload[-8:-4] != "6304":
        raise Refused("30")
    if f"{binascii.crc_hqx(payload[:-4].encode(), 0xFFFF):04X}" != payload[-4:]:
        raise Refused("30")
    tags = _objects(payload)
    account = tags.get("15") or tags.get("16", "")
    shop = _open(account[16:].strip())
    if tags.get("53") != YUAN:
        raise Refused("12")
    try:
        amount = Money.parse(tags["54"], YUAN).positive() if "54" in tags else None
        if amount is not None and "56" in tags:
            amount = amount + Money.parse(tags["56"], YUAN)
    except MoneyError:
        raise Refused("13") from None
    return Code(shop, account[16:].strip(), amount)


def _open(key: str) -> Shop:
    shop = SHOPS.get(key)
    if shop is None:
        raise Refused("03")
    if shop.refusal:
        raise Refused(shop.refusal)
    return shop


def _objects(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    while text:
        tag, size, rest = text[:2], text[2:4], text[4:]
        if not (tag + size).isdigit() or len(rest) < int(size) or tag in found:
            raise Refused("30")
        found[tag], text = rest[: int(size)], rest[int(size) :]
    return found


def billed(paid: Money, currency: str) -> Money:
    """Return what a cardholder pays for an amount in yuan; raises :class:`Refused`."""
    if currency not in RATES:
        raise Refused("12")
    step = Decimal(1) if currency == "116" else Decimal("0.01")
    found = (Decimal(str(paid)) * RATES[currency]).quantize(step, ROUND_HALF_UP)
    return Money.parse(str(found), currency)


def converted(given: Money, currency: str) -> Money:
    """Return an amount in another currency, yuan at one end; raises :class:`Refused`."""
    if given.currency.numeric == YUAN:
        return billed(given, currency)
    if currency != YUAN or given.currency.numeric not in RATES:
        raise Refused("12")
    yuan = Decimal(str(given)) / RATES[given.currency.numeric]
    return Money.parse(str(yuan.quantize(Decimal("0.01"), ROUND_HALF_UP)), YUAN)
