"""Laos, made by ``adapter new``: paid and paying through the whole switch, with faults between.

The package is as it came out, so what holds here holds for the next network made that way.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from adapters.laos.sandbox_codes import SHOPS
from switch.config import default_folder, load_config
from switch.qr import Khqr, write_khqr
from switch.qr.emv import compose, seal
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMBER: Final = "ABAAKHPPXXX"
KIP: Final = {"currency": "LAK", "value": "215200"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
WATCHED_EVERY_S: Final = 20
ENDS_WITHIN_S: Final = 600

Lines = list[tuple[str, str, str]]


@cache
def shared() -> Residents:
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town], Awaitable[tuple[str, Lines]]]) -> tuple[str, Lines]:
    with World(7) as world:
        town = Town(world, shared())

        async def told(_: World) -> tuple[str, Lines]:
            await town.open()
            return await story(town)

        return world.run(told(world))


def laoqr() -> str:
    """The code of the sandbox's first shop."""
    shop = next(iter(SHOPS))
    account = (
        compose("00", "A005266284662577"),
        compose("01", "27710418"),
        compose("02", "002"),
        compose("03", shop),
    )
    return seal(
        "".join(
            (
                compose("00", "01"),
                compose("01", "11"),
                compose("38", "".join(account)),
                compose("52", "5812"),
                compose("53", "418"),
                compose("58", "LA"),
                compose("59", "JOMA BAKERY"),
                compose("60", "Vientiane"),
            )
        )
    )


async def book(town: Town) -> Lines:
    return [(e["status"], e["amount"], e["direction"]) for e in await town.book("laos")]


@pytest.mark.parametrize("kind", ["none", "drop_answer", "wrong_signature", "late", "refuse"])
def test_a_member_pays_a_shop_once_whatever_fails(kind: str) -> None:
    async def story(town: Town) -> tuple[str, Lines]:
        if kind != "none":
            await town.fault("laos", "pay", kind, delay_ms=30_000)
        member = town.member(MEMBER)
        scanned = (await member.scan(laoqr())).json()
        quoted = (await member.quote(scanned["scan"], KIP)).json()
        debtor = {"name": "Sok Dara", "account": "sokdara@abaa"}
        paid = await member.pay(KEY, {"quote": quoted["quotes"][0]["quote"], "debtor": debtor})
        told: dict[str, Any] = paid.json()
        shown = told.get("payment", told)
        started = town.clock.monotonic()
        while not shown["final"] and town.clock.monotonic() - started < ENDS_WITHIN_S:
            await town.world.sleep(WATCHED_EVERY_S)
            shown = (await member.payment(shown["uetr"])).json()
        return shown["status"], await book(town)

    refused = kind == "refuse"

    assert lived(story) == (
        "RJCT" if refused else "ACCC",
        [("refused" if refused else "booked", "215200.00", "outbound")],
    )


def test_a_guest_pays_a_khqr_merchant_in_kip() -> None:
    async def story(town: Town) -> tuple[str, Lines]:
        shop = Khqr(
            account="noodleshop@aclb",
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {"payload": write_khqr(shop), "amount": "41000", "repeat": 2}
        told = await town.sandbox("laos", "POST", "/control/pay-khqr", asked)
        return told["status"], await book(town)

    # 41,000 riel at 5.41 kip for one.
    assert lived(story) == ("ACSC", [("booked", "221810.00", "inbound")])
