"""The sandbox's merchants, and its own reading of the network's codes.

It takes only what its merchants print: the account object in tag 38, LAK, LA and a right
CRC. What every country's code has is read by ``iso_profile``, and nothing by the switch's reader.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from adapters.iso_profile.sandbox_country import CodeRefused, Shop, objects, read_emv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.iso_profile.sandbox_country import Code

_ACCOUNT: Final = "A005266284662577"
_CURRENCY: Final = "418"

SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "mch20260500000017": Shop(
        "JOMA BAKERY", "Vientiane", "5812", "mch20260500000017", "COEBLALA"
    ),
    "mch20260500000018": Shop(
        "Closed Shop", "Vientiane", "5812", "mch20260500000018", "COEBLALA", "AC04"
    ),
    "mch20260500000019": Shop(
        "Blocked Shop", "Vientiane", "5812", "mch20260500000019", "COEBLALA", "AC06"
    ),
})  # fmt: skip
"""Merchants by their number in the code: an open one, one closed (AC04), one blocked (AC06)."""


def read_code(payload: str) -> Code:
    """Read a code of the network; raises ``CodeRefused`` (TK01, AM03, AM12, AC01)."""
    return read_emv(
        payload, country="LA", numeric=_CURRENCY, currency="LAK",
        shop_of=lambda tags: SHOPS.get(_owner(tags)),
    )  # fmt: skip


def _owner(tags: Mapping[str, str]) -> str:
    """Return the number of the merchant (38/03)."""
    account = objects(tags["38"]) if "38" in tags else {}
    if account.get("00", "") != _ACCOUNT:
        raise CodeRefused("TK01")
    return account.get("03", "")
