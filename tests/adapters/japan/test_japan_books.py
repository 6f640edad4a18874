"""After faults at every turn, cancels and a switch killed among its payments, both books agree."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from aiohttp import ClientError

from switch.app import SERVED_AS
from switch.demo.books import differences, network_books, switch_book
from switch.simulation.town import Town
from switch.simulation.world import World
from tests.adapters.japan.japan_parts import jpqr
from tests.adapters.japan.test_japan_town import DEBTOR, MEMBER, shared

PAYMENTS: Final = 30
ENDS_WITHIN_S: Final = 40 * 3600

ANSWERS: Final = (
    *("drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "late", "twice"),
    *("answer_twice", "reset", "slow_body", "oversize", "redirect"),
)
RATES: Final = {"pay": 0.03, "enquire": 0.06, "cancel": 0.06}
"""How much of all requests each of the faults hits: every third payment, half of what follows."""

UNDECIDED: Final = 0.15
"""How many payments the network takes and does not decide for ten minutes: they are cancelled."""

Line = dict[str, Any]


async def troubled(town: Town, seed: int) -> None:
    """Faults of every kind from now on; some payments are left undecided for long."""
    for operation, rate in RATES.items():
        kinds = (*ANSWERS, "pending") if operation == "pay" else ANSWERS
        for place, kind in enumerate(kinds):
            delay_ms = {"late": 45_000, "slow_body": 45_000, "pending": 600_000}.get(kind, 0)
            often = UNDECIDED if kind == "pending" else rate
            drawn = {"rate": often, "seed": 1_000 * seed + place, "delay_ms": delay_ms}
            await town.fault("japan", operation, kind, **drawn)


async def paid(town: Town, place: int) -> None:
    """A customer scans and pays, again under the same key until the switch says something."""
    member, key = town.member(MEMBER), f"4b1b35c6-7a62-4cf5-8d6c-{place:012d}"
    yen = {"currency": "JPY", "value": str(1_000 + place)}
    order: dict[str, object] | None = None
    for _ in range(40):
        try:
            if order is None:
                scanned = (await member.scan(jpqr())).json()
                offered = (await member.quote(scanned["scan"], yen)).json()
                order = {"quote": offered["quotes"][0]["quote"], "debtor": DEBTOR}
            if (await member.pay(key, order)).status < 500:
                return
        except (OSError, TimeoutError, ClientError, KeyError):
            pass
        await town.world.sleep(2)
    raise AssertionError("the switch never answered")


async def settled(town: Town) -> list[Line]:
    """The payments once each has ended."""
    waited = 0
    while waited < ENDS_WITHIN_S:
        found = await switch_book(town)  # type: ignore[arg-type]
        if all(line["final"] for line in found):
            return found
        await town.world.sleep(60)
        waited += 60
    raise AssertionError("a payment did not end")


@pytest.mark.parametrize("seed", [3, 5])
def test_both_books_agree_payment_by_payment(seed: int) -> None:
    async def story(_: World) -> tuple[list[Line], list[Line], list[str]]:
        await town.open()
        await troubled(town, seed)
        for place in range(0, PAYMENTS, 3):
            together = asyncio.gather(*(paid(town, place + more) for more in range(3)))
            if place % 9 == 3:
                await town.world.sleep(0.02 * (place + seed))
                town.world.kill(SERVED_AS)
                await town.start_switch()
            await together
        ours = await settled(town)
        theirs = await network_books(town)  # type: ignore[arg-type]
        return ours, theirs["japan"], differences(ours, theirs)

    with World(seed) as world:
        town = Town(world, shared())
        ours, theirs, differing = world.run(story(world))

    assert differing == []
    assert len({line["uetr"] for line in ours}) == len(ours) >= PAYMENTS
    assert {line["status"] for line in ours} == {"ACCC", "RJCT"}
    statuses = {line["status"] for line in theirs}
    assert statuses >= {"booked", "cancelled"}
    assert len(theirs) == len({line["reference"] for line in theirs})
