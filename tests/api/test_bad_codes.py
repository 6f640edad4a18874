"""What a code says is printed by anybody: text that fits no message is refused, never a bug."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

import pytest

from tests.api.api_rig import thai_code

if TYPE_CHECKING:
    from tests.api.api_rig import Rig


@pytest.mark.parametrize("name", [" ", "\u00a0", "A\ufffeB"])
async def test_code_whose_text_fits_no_message_is_refused_and_no_bug(rig: Rig, name: str) -> None:
    """What a code says is printed by anybody, and may fit no message."""
    good = thai_code()
    text = good.replace("5912DOI KHAO SOI", f"59{len(name):02d}{name}")[:-4]
    payload = f"{text}{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
    assert payload != good

    answer = await rig.client().scan(payload, {"currency": "THB", "value": "10.00"})

    assert answer.status in (200, 422)


@pytest.mark.parametrize("name", [" ", "\u00a0"])
async def test_khqr_whose_name_fits_no_message_is_refused_to_the_network(
    rig: Rig, name: str
) -> None:
    body = (
        "000201010211" + _tlv("29", _tlv("00", "coffee@abaa")) + "5204581253031165802KH"
        + _tlv("59", name) + "6010Phnom Penh6304"
    )  # fmt: skip
    payload = f"{body}{binascii.crc_hqx(body.encode(), 0xFFFF):04X}"
    asked = {"payload": payload, "amount": "5000"}
    told = await rig.sandbox("POST", "/control/pay-khqr", asked)

    assert told["uetr"] is None
    assert told["status"] == "RJCT"


def _tlv(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"
