"""After faults at every turn, and a switch killed among its payments, both sides' books agree.

Held against each other payment by payment: the rows of the switch and PayNet's own book. A booked
payment is on both sides once, any other on neither.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.app import SERVED_AS
from switch.simulation.town import Town
from switch.simulation.world import World
from tests.adapters.malaysia.malaysia_parts import DEBTOR, MEMBER, duitnow, shared
from tests.adapters.malaysia.test_malaysia_guest import enquired, guest, refunded
from tests.adapters.vietnam.test_vietnam_books import ANSWERS, DELAYED, OPEN, rows, tried

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FAULTS: Final = {
    "pay": (*ANSWERS, "pending"), "enquire": ANSWERS, "refund": (*ANSWERS, "pending"),
}  # fmt: skip
RATE: Final = 0.03
SETTLED_WITHIN_S: Final = 30 * 3600
ROUNDS: Final = 15

Books = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def lived(story: Callable[[Town], Awaitable[Books]], seed: int) -> Books:
    with World(seed, steps_max=40_000_000) as world:
        town = Town(world, shared())

        async def told(_: World) -> Books:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def troubled(town: Town, seed: int) -> None:
    """Faults of every kind from now on."""
    drawn = 100 * seed
    for operation, kinds in FAULTS.items():
        for kind in kinds:
            drawn += 1
            delay_ms = 45_000 if kind in DELAYED else 0
            await town.fault("malaysia", operation, kind, rate=RATE, seed=drawn, delay_ms=delay_ms)


async def customer(town: Town, place: int) -> None:
    """Scans, asks for a price and pays, again under the same key until it is told something."""
    member = town.member(MEMBER)
    for _ in range(20):
        scanned = await tried(member.scan(duitnow()))
        if scanned is not None and scanned.status == 200:
            break
        await town.world.sleep(2)
    else:
        return
    ringgit = {"currency": "MYR", "value": f"{20 + place}.50"}
    quoted = await tried(member.quote(scanned.json()["scan"], ringgit))
    if quoted is None or quoted.status != 200:
        return
    key = f"4b1b35c6-7a62-4cf5-8d6c-{place:012d}"
    order = {"quote": quoted.json()["quotes"][0]["quote"], "debtor": DEBTOR}
    for _ in range(20):
        paid = await tried(member.pay(key, order))
        if paid is not None and paid.status < 500:
            return
        await town.world.sleep(2)


async def settled(town: Town, guests: list[str]) -> list[dict[str, Any]]:
    """The payments once each has ended; guests' banks ask what became of theirs."""
    await town.sandbox("malaysia", "DELETE", "/control/faults")
    await town.sandbox("malaysia", "POST", "/control/release", {})
    waited = 0
    while True:
        found = await rows(town)
        if all(each["status"] not in OPEN for each in found) or waited > SETTLED_WITHIN_S:
            for uetr in guests:
                await enquired(town, uetr)
            return found
        await town.world.sleep(300)
        waited += 300


def differing(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[str]:
    """Every payment that is not the same in both books."""
    booked = {each["uetr"]: each for each in ours if each["status"] == "ACCC"}
    found = [f"{each['uetr']} is open" for each in ours if each["status"] in OPEN]
    found += [f"{each['uetr']} is open there" for each in theirs if each["status"] == "pending"]
    for each in (line for line in theirs if line["status"] == "booked"):
        mine = booked.pop(each["uetr"], None)
        if mine is None:
            found.append(f"{each['uetr']} is booked there only, or twice")
            continue
        sides = (mine["debit"], mine["credit"])
        if each["amount"] not in [side["value"] for side in sides if side["currency"] == "MYR"]:
            found.append(f"{each['uetr']} has another sum there")
    return sorted([*found, *(f"{uetr} is not booked there" for uetr in booked)])


@pytest.mark.parametrize("seed", [5, 13])
def test_both_books_agree_payment_by_payment(seed: int) -> None:
    async def story(town: Town) -> Books:
        await troubled(town, seed)
        guests: list[str] = []
        for place in range(ROUNDS):
            visit = guest(town, amount=str(40_000 + 100 * place), repeat=1 + place % 3)
            together = asyncio.gather(visit, customer(town, place))
            if place % 10 == 4:
                await town.world.sleep(0.05 * (place + seed))
                town.world.kill(SERVED_AS)
                await town.start_switch()
            told = (await together)[0]
            if told["uetr"]:
                guests.append(told["uetr"])
        credited = {each["uetr"] for each in await rows(town) if each["status"] == "ACCC"}
        for place, uetr in enumerate(sorted(credited.intersection(guests))[:10]):
            await refunded(town, uetr, "10000", f"refund-{place}")
        return await settled(town, guests), await town.book("malaysia")

    ours, theirs = lived(story, seed)

    assert differing(ours, theirs) == []
    assert len([each for each in ours if each["status"] == "ACCC"]) > 2 * ROUNDS * 0.8
    assert len({each["uetr"] for each in ours}) == len(ours)


def test_what_differs_is_found() -> None:
    money = {"currency": "MYR", "value": "1.00"}
    ours = [{"uetr": name, "status": "ACCC", "debit": money, "credit": money} for name in "ab"]
    seen = [{"uetr": name, "status": "booked", "amount": "1.00"} for name in "ab"]

    assert differing(ours, seen) == []
    assert differing(ours, seen[1:]) == ["a is not booked there"]
    assert differing(ours[1:], seen) == ["a is booked there only, or twice"]
    assert differing(ours, [seen[0], seen[1] | {"amount": "2.00"}]) == ["b has another sum there"]
    assert differing(ours, [*seen, {"uetr": "c", "status": "pending"}]) == ["c is open there"]
