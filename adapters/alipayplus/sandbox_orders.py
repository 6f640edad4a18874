"""The sandbox's merchants abroad: what a code of theirs says, and what an order costs in riel.

A code is ``HTTPS://<domain>/281<3>04<digits>``: two digits of shop, ten of order, the rest is the
amount in won. So every code is an order of its own, and none has to be set up. The surprise: a code
of the other published form (``/MPM/3/…``) is an entry code, which has no order and no amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.alipayplus.sandbox_wire import Refused
from fx.money import Money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PRICE: Final = Decimal("2.9115")
"""Riel for one won, until the network's next price."""

QUOTE_S: Final = 600
"""How long an order can be paid at its price."""

AMOUNT_MAX: Final = 5_000_000
"""Largest order in won; one above is refused PAYMENT_AMOUNT_EXCEED_LIMIT when it is scanned."""

PAID_MAX: Final = 3_000_000
"""Largest order that the network lets a wallet pay; one above is refused when it is paid."""

_ORDER: Final = re.compile(
    r"https://[a-z0-9.-]+/281\d{3}04(\d{2})(\d{10})(\d{1,9})\Z", re.IGNORECASE
)
_ENTRY: Final = re.compile(r"https://[a-z0-9.-]+/mpm/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant of the network; ``refusal`` is the code that its orders are refused with."""

    name: str = field(repr=False)
    city: str
    category: str
    refusal: str = ""


SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "01": Shop("Seoul Noodle House", "Seoul", "5812"),
    "02": Shop("Busan Books", "Busan", "5942"),
    "03": Shop("Gone Tomorrow", "Daegu", "5999", "ORDER_IS_CLOSED"),
    "04": Shop("Odd Goods", "Incheon", "5999", "RISK_REJECT"),
})  # fmt: skip
"""Merchants by the two digits of their codes; any other is INVALID_CODE."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a code says: a shop and an amount; no amount in an entry code."""

    number: str
    shop: Shop | None
    price: Money | None


def order_code(amount: int, *, shop: str = "01", number: int = 1) -> str:
    """A code for an order of so many won, as a shop's till shows it."""
    return f"https://qr.alipayplus.example/28100604{shop}{number:010d}{amount}"


def read_code(code: str) -> Scanned:
    """Read a code; raises :class:`Refused`."""
    if _ENTRY.match(code):
        return Scanned("", None, None)
    found = _ORDER.match(code)
    if found is None:
        raise Refused("INVALID_CODE")
    shop = SHOPS.get(found[1])
    if shop is None or not int(found[3]):
        raise Refused("INVALID_CODE")
    if shop.refusal:
        raise Refused(shop.refusal)
    if int(found[3]) > AMOUNT_MAX:
        raise Refused("PAYMENT_AMOUNT_EXCEED_LIMIT")
    return Scanned(f"{found[1]}{found[2]}", shop, Money.parse(str(int(found[3])), "KRW"))


def in_riel(won: Money) -> Money:
    """What an order costs at the price, rounded half up to a riel."""
    riel = (Decimal(str(won)) * PRICE).quantize(Decimal(1), ROUND_HALF_UP)
    return Money.parse(str(riel), "KHR")


@dataclass(slots=True)
class Order:
    """An order that a wallet asked for: what it costs, who pays it, and what became of it."""

    name: str
    customer: str = field(repr=False)
    paid_to: Money
    paid: Money
    quote: str
    expires_at: datetime
    told: dict[str, object] | None = field(default=None, repr=False)
    arrived: bool = False
    closed: bool = False
    """The wallet agreed that it is cancelled: nobody pays it any more."""
