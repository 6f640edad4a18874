"""Shops abroad whom members of a simulated run pay: their codes, currencies and amounts.

The codes are those of the simulators' own shops. The surprise: some codes say the amount
themselves, so what a plan draws is written into them, or is what they fix.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from switch.demo.scenes import thai_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.simulation.plan import Payment


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop abroad: its code, its currency, and how many decimals that has.

    ``least`` is added to what a plan draws, in minor units of which there are ``per``.
    """

    text: str
    currency: str
    least: int = 0
    decimals: int = 2

    @property
    def fixes(self) -> bool:
        """Whether the code says the amount."""
        return not self.text or self.text.endswith("/")

    def amount(self, minor: int) -> str:
        """The amount of a payment, as text."""
        whole = self.least + minor
        if not self.decimals:
            return str(whole)
        return f"{whole // 100}.{whole % 100:02d}"

    def code(self, payment: Payment) -> str:
        """What the payer scans; a link to an order ends with the order and its amount."""
        amount = self.amount(payment.minor)
        if self.text.endswith("/"):
            return f"{self.text}2810060401{payment.number:010d}{amount}"
        return self.text or thai_code(amount)


SHOPS: Final[Mapping[str, Shop]] = MappingProxyType(
    {
        "thailand": Shop("", "THB"),
        "vietnam": Shop(
            "00020101021138570010A0000007270129000697043601151047659410000120206QRPUSH"
            "5204581253037045802VN5913BUN CHA HANOI6005HANOI63049858",
            "VND",
            least=1_000,
            decimals=0,
        ),
        "malaysia": Shop(
            "00020101021126430014A000000615000101065016640211MY1000000015204581453034585802MY"
            "5912KOPI PAK DIN6012KUALA LUMPUR63041EA7",
            "MYR",
        ),
        "laos": Shop(
            "00020101021138600016A00526628466257701082771041802030020317mch20260500000017"
            "5204581253034185802LA5911JOMA BAKERY6009Vientiane6304DB9C",
            "LAK",
            least=1_000,
            decimals=0,
        ),
        "unionpay": Shop(
            "000201010211153125000156000201565000156581200015204581253031565802CN"
            "5915Kunming Noodles6007Kunming62200104B-1707088888888863044B42",
            "CNY",
            least=500,
        ),
        "alipayplus": Shop("https://qr.alipayplus.example/", "KRW", least=1_000, decimals=0),
        "japan": Shop(
            "00020164140002JA0104寿司本店01021126680019jp.or.paymentsjapan01130000000000012020400"
            "01030600000104060000015204581253033925802JP5903xxx6003xxx63044154",
            "JPY",
            decimals=0,
        ),
    }
)
"""Whom members pay, by network. The codes are those of the simulators' own shops."""
