"""What a sandbox of this profile is told of its country: names, merchants, how its codes are read.

The network reads the code itself, so the reading is code of the sandbox's own and shares nothing
with the switch's: two readers that agree by accident would prove nothing. It takes only what its
merchants print.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from fx.money import Money, MoneyError

TEXT_MAX: Final = 512


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


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says: the merchant it belongs to, and the amount if it fixes one."""

    shop: Shop
    amount: Money | None
    bill_number: str = field(repr=False)
    store_label: str
    terminal_label: str


ReadCode: TypeAlias = Callable[[str], Code]
"""Reads a code; raises :class:`CodeRefused`."""


@dataclass(frozen=True, slots=True)
class Country:
    """One network as its sandbox plays it.

    ``code`` is the country's; ``clearing`` stands in the element ``clearing_tag``. Above
    ``amount_max`` a payment is refused AM02. ``accounts`` are the merchants by settlement account;
    ``guest_name`` and ``guest_account`` are the customer who scans in Cambodia.
    """

    network: str
    code: str
    currency: str
    clearing: str
    clearing_tag: str
    business_service: str
    amount_max: Money
    accounts: Mapping[str, Shop]
    read_code: ReadCode = field(repr=False)
    guest_name: str = field(repr=False)
    guest_account: str = field(repr=False)


def read_emv(
    payload: str,
    *,
    country: str,
    numeric: str,
    currency: str,
    shop_of: Callable[[Mapping[str, str]], Shop | None],
) -> Code:
    """Read a code of the country; raises :class:`CodeRefused` (TK01, AM03, AM12, AC01).

    ``shop_of`` finds the merchant by the code's top-level objects.
    """
    if len(payload) > TEXT_MAX or not payload.isascii() or not _crc_holds(payload):
        raise CodeRefused("TK01")
    tags = objects(payload)
    if tags.get("00") != "01" or tags.get("58") != country:
        raise CodeRefused("TK01")
    if tags.get("53") != numeric:
        raise CodeRefused("AM03")
    shop = shop_of(tags)
    if shop is None:
        raise CodeRefused("AC01")
    more = objects(tags["62"]) if "62" in tags else {}
    return Code(
        shop=shop,
        amount=_amount(tags.get("54"), currency),
        bill_number=more.get("01", ""),
        store_label=more.get("03", ""),
        terminal_label=more.get("07", ""),
    )


def objects(text: str) -> dict[str, str]:
    """Return the data objects of a text by tag; raises :class:`CodeRefused`."""
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


def _crc_holds(payload: str) -> bool:
    head, mark, crc = payload[:-8], payload[-8:-4], payload[-4:]
    wanted = binascii.crc_hqx((head + mark).encode(), 0xFFFF)
    return mark == "6304" and crc == f"{wanted:04X}"


def _amount(text: str | None, currency: str) -> Money | None:
    if text is None:
        return None
    try:
        return Money.parse(text, currency).positive()
    except MoneyError:
        raise CodeRefused("AM12") from None
