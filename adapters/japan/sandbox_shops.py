"""The sandbox's shops, and its own reading of JPQR codes.

The network reads the code itself, so this shares nothing with the switch's reader: two readers that
agree by accident would prove nothing. It takes what its shops print: a store of four levels in
object 26, yen, Japan, a right CRC. Objects stand in any order (both public samples do), and 59 and
60 are filler: names come from the shop's own entry.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_MAX: Final = 512
_SCHEME: Final = "jp.or.paymentsjapan"
_YEN: Final = "392"


class CodeRefused(Exception):  # noqa: N818 - an answer of the network, not an error of ours
    """The network refuses this code; ``code`` is what ``resultInfo`` says."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop of the network. ``refusal`` is the code why it takes nothing, if any."""

    name: str = field(repr=False)
    city: str
    category: str
    merchant_id: str
    store_id: str
    refusal: str = ""


SHOPS: Final[Mapping[str, Shop]] = MappingProxyType({
    "0000000000012": Shop("SUSHI HONTEN", "TOKYO", "5812", "310001000012", "S-0012"),
    "4900000000017": Shop("Matsuri Konbini", "OSAKA", "5411", "310001000017", "S-0017"),
    "4900000000024": Shop(
        "Furui Kissaten", "KYOTO", "5814", "310001000024", "S-0024", "OPA_CLIENT_NOT_FOUND"
    ),
    "4900000000031": Shop(
        "Aoi Tailor", "NAGOYA", "5697", "310001000031", "S-0031", "OP_OUT_OF_SCOPE"
    ),
})  # fmt: skip
"""Shops by the first level of their code: open ones, one closed, one that takes no guests."""

STORES: Final[Mapping[tuple[str, str], Shop]] = MappingProxyType(
    {(shop.merchant_id, shop.store_id): shop for shop in SHOPS.values()}
)
"""The same shops by merchant and store."""


def read_code(payload: str) -> tuple[Shop, int | None]:
    """Return the shop of a code and the yen that it fixes, if any; raises :class:`CodeRefused`."""
    if len(payload) > TEXT_MAX or not _crc_holds(payload):
        raise CodeRefused("INVALID_REQUEST_PARAMS")
    tags = _objects(payload)
    store = _objects(tags.get("26", ""))
    if tags.get("00") != "01" or tags.get("58") != "JP" or store.get("00") != _SCHEME:
        raise CodeRefused("INVALID_REQUEST_PARAMS")
    if tags.get("53") != _YEN:
        raise CodeRefused("OP_OUT_OF_SCOPE")
    shop = SHOPS.get(store.get("01", ""))
    if shop is None:
        raise CodeRefused("OPA_CLIENT_NOT_FOUND")
    if shop.refusal:
        raise CodeRefused(shop.refusal)
    return shop, _amount(tags.get("54"))


def _crc_holds(payload: str) -> bool:
    head, mark, crc = payload[:-8], payload[-8:-4], payload[-4:]
    try:
        covered = (head + mark).encode()
    except UnicodeEncodeError:
        return False
    return mark == "6304" and crc.upper() == f"{binascii.crc_hqx(covered, 0xFFFF):04X}"


def _objects(text: str) -> dict[str, str]:
    """Objects by tag; lengths count characters, as the Japanese template 64 shows."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        head = text[position : position + 4]
        if len(head) != 4 or not (head.isascii() and head.isdigit()):  # noqa: PLR2004 - two and two
            raise CodeRefused("INVALID_REQUEST_PARAMS")
        start, position = position + 4, position + 4 + int(head[2:])
        if position > len(text) or head[:2] in found:
            raise CodeRefused("INVALID_REQUEST_PARAMS")
        found[head[:2]] = text[start:position]
    return found


def _amount(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise CodeRefused("INVALID_REQUEST_PARAMS")
    return int(text)
