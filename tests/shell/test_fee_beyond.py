"""A printed fee that leads beyond what money holds: a refusal, to whoever scans it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from switch.qr.emv import compose, seal
from switch.refusals import Refusal
from tests.shell.hand_parts import NOW
from tests.shell.shell_rig import MEMBER, Shell, shop
from tests.shell.test_orders import order
from tests.shell.test_scans import lookup

STAMPS = compose("00", str(int(NOW.timestamp() * 1000))) + compose(
    "01", str(int((NOW + timedelta(hours=1)).timestamp() * 1000))
)


def sealed(*parts: tuple[str, str]) -> str:
    return seal("".join(compose(tag, value) for tag, value in parts))


def stall() -> str:
    return sealed(
        ("00", "01"), ("01", "12"), ("29", compose("00", "stall7@abaa")), ("52", "5812"),
        ("53", "116"), ("54", "9999999999999"), ("55", "02"), ("56", "9999999999999"),
        ("58", "KH"), ("59", "Stall 7"), ("60", "Phnom Penh"), ("99", STAMPS),
    )  # fmt: skip


def thai() -> str:
    account = "".join(
        compose(*each)
        for each in (("00", "A000000677012006"), ("01", "010555900011101"), ("02", "TABLE7"))
    )
    return sealed(
        ("00", "01"), ("01", "12"), ("30", account), ("52", "5812"), ("53", "764"),
        ("54", "9999999999999"), ("55", "02"), ("56", "9999999999999"),
        ("58", "TH"), ("59", "DOI"), ("60", "CHIANG MAI"),
    )  # fmt: skip


def test_a_network_that_asks_about_such_a_code_gets_a_refusal(shell: Shell) -> None:
    with pytest.raises(Refusal):
        shell.scans.scanned_abroad("thailand", lookup(stall()))


async def test_an_order_on_such_a_code_is_refused(shell: Shell) -> None:
    held = await shell.receive(order(payload=stall()))

    assert "refused" in held


async def test_a_member_that_scans_such_a_code_gets_a_refusal(shell: Shell) -> None:
    shell.thailand.merchant = shop(None)
    with pytest.raises(Refusal):
        await shell.scans.scan(MEMBER, thai(), None)
