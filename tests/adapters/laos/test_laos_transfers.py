"""Laos where its corridor carries transfers: they may be accepted before they are posted.

The whole switch pays over the network's own wire. What is accepted and not posted yet is told so to
the payer's bank (ACWP); its money stays reserved until the payee's bank posts it, or cannot.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.config import default_folder, load_config
from switch.model import UseCase
from switch.simulation.shops import SHOPS
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMBER: Final = "ABAAKHPPXXX"
KIP: Final = {"currency": "LAK", "value": "215200"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
CORRIDOR: Final = ("bakong", "laos")
POSTED_MS: Final = 40_000
ANSWERED_S: Final = 15
LATER_S: Final = 110

Shown = tuple[str, bool, list[str]]
"""What the payer's bank is told, whether that is final, and the states of the network's book."""


@cache
def of_use(use_case: UseCase) -> Residents:
    config = load_config(default_folder())
    corridor = replace(config.corridors[CORRIDOR], use_case=use_case)
    return residents(replace(config, corridors=config.corridors | {CORRIDOR: corridor}))


def lived(
    story: Callable[[Town], Awaitable[list[Shown]]], use_case: UseCase = UseCase.TRANSFER
) -> list[Shown]:
    with World(7) as world:
        town = Town(world, of_use(use_case))

        async def told(_: World) -> list[Shown]:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def pays(town: Town) -> dict[str, Any]:
    member = town.member(MEMBER)
    scanned = (await member.scan(SHOPS["laos"].text)).json()
    quoted = (await member.quote(scanned["scan"], KIP)).json()
    debtor = {"name": "Sok Dara", "account": "sokdara@abaa"}
    paid = await member.pay(KEY, {"quote": quoted["quotes"][0]["quote"], "debtor": debtor})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def shown(town: Town, uetr: str) -> Shown:
    now = (await town.member(MEMBER).payment(uetr)).json()
    return now["status"], now["final"], [line["status"] for line in await town.book("laos")]


@pytest.mark.parametrize(
    ("reason", "ends", "book"),
    [("", "ACCC", "booked"), ("AC04", "RJCT", "refused")],
    ids=["posted", "not postable"],
)
def test_what_is_accepted_and_not_posted_is_told_so_and_ends_as_it_is_posted_or_not(
    reason: str, ends: str, book: str
) -> None:
    async def story(town: Town) -> list[Shown]:
        await town.fault("laos", "pay", "pending", delay_ms=POSTED_MS, reason=reason)
        paid = await pays(town)
        await town.world.sleep(ANSWERED_S)
        before = await shown(town, paid["uetr"])
        await town.world.sleep(LATER_S)
        return [before, await shown(town, paid["uetr"])]

    assert lived(story) == [("ACWP", False, ["pending"]), (ends, True, [book])]


def test_of_a_merchant_nothing_is_accepted_before_it_is_posted() -> None:
    async def story(town: Town) -> list[Shown]:
        await town.fault("laos", "pay", "pending", delay_ms=POSTED_MS)
        paid = await pays(town)
        await town.world.sleep(ANSWERED_S)
        before = await shown(town, paid["uetr"])
        await town.world.sleep(LATER_S)
        return [before, await shown(town, paid["uetr"])]

    assert lived(story, UseCase.MERCHANT) == [
        ("PDNG", False, ["pending"]),
        ("ACCC", True, ["booked"]),
    ]
