"""After faults at every turn, and a switch killed among its payments, both sides' books agree.

Held against each other payment by payment: the rows of the switch and the book that the network
keeps of its own. A booked payment is on both sides once, any other on neither.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiohttp import ClientError

from switch.app import SERVED_AS
from tests.adapters.vietnam.test_vietnam_guest import guest
from tests.adapters.vietnam.test_vietnam_refunds import refunded
from tests.adapters.vietnam.vietnam_town import DEBTOR, DONG, MEMBER, code, lived

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.simulation.town import Town

ANSWERS: Final = (
    *("drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "late", "twice"),
    *("answer_twice", "reset", "slow_body"),
)
"""Faults of which each hits three requests in a hundred, so about one in four is hit by some."""

FAULTS: Final = {
    "pay": (*ANSWERS, "pending"), "enquire": ANSWERS, "refund": (*ANSWERS, "pending"),
}  # fmt: skip
RATE: Final = 0.03
DELAYED: Final = ("late", "pending", "slow_body")
OPEN: Final = ("RCVD", "PDNG")
SETTLED_WITHIN_S: Final = 30 * 3600


async def troubled(town: Town, seed: int) -> None:
    """Faults of every kind from now on."""
    drawn = 100 * seed
    for operation, kinds in FAULTS.items():
        for kind in kinds:
            drawn += 1
            delay_ms = 45_000 if kind in DELAYED else 0
            await town.fault("vietnam", operation, kind, rate=RATE, seed=drawn, delay_ms=delay_ms)


async def tried(call: Any) -> ClientAnswer | None:
    """What a caller gets, if it gets anything."""
    try:
        answer: ClientAnswer = await call
    except (OSError, TimeoutError, ClientError):
        return None
    return answer


async def customer(town: Town, place: int) -> None:
    """Scans, asks for a price and pays, again under the same key until it is told something."""
    member = town.member(MEMBER)
    for _ in range(20):
        scanned = await tried(member.scan(code()))
        if scanned is not None and scanned.status == 200:
            break
        await town.world.sleep(2)
    else:
        return
    dong = {"currency": "VND", "value": str(int(DONG["value"]) + place)}
    quoted = await tried(member.quote(scanned.json()["scan"], dong))
    if quoted is None or quoted.status != 200:
        return
    key = f"4b1b35c6-7a62-4cf5-8d6c-{place:012d}"
    order = {"quote": quoted.json()["quotes"][0]["quote"], "debtor": DEBTOR}
    for _ in range(20):
        paid = await tried(member.pay(key, order))
        if paid is not None and paid.status < 500:
            return
        await town.world.sleep(2)


async def visitor(town: Town, place: int) -> str:
    """A guest pays here; returns the UETR."""
    told = await guest(town, amount=str(40_000 + 100 * place), repeat=1 + place % 3)
    return str(told["uetr"] or "")


async def given_back(town: Town, uetrs: list[str]) -> None:
    """Part of what guests paid is given back, where it was credited."""
    credited = {each["uetr"] for each in await rows(town) if each["status"] == "ACCC"}
    for place, uetr in enumerate(sorted(credited.intersection(uetrs))):
        await refunded(town, uetr, "10000", f"refund-{place}")


async def rows(town: Town) -> list[dict[str, Any]]:
    """Every payment of the switch, as the overseer sees it."""
    found: list[dict[str, Any]] = []
    after: str | None = "0"
    while after is not None:
        path = f"/v1/oversight/payments?after={after}&limit=100"
        page = (await town.overseer().call("GET", path)).json()
        found, after = found + page["payments"], page["after"]
    return found


async def settled(town: Town) -> list[dict[str, Any]]:
    """The payments once each has ended."""
    await town.sandbox("vietnam", "DELETE", "/control/faults")
    await town.sandbox("vietnam", "POST", "/control/release", {})
    waited = 0
    while True:
        found = await rows(town)
        if all(each["status"] not in OPEN for each in found) or waited > SETTLED_WITHIN_S:
            return found
        await town.world.sleep(300)
        waited += 300


def differing(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[str]:
    """Every payment that is not the same in both books."""
    booked = {each["uetr"]: each for each in ours if each["status"] == "ACCC"}
    seen = [each for each in theirs if each["status"] == "booked"]
    found = [f"{each['uetr']} is open" for each in ours if each["status"] in OPEN]
    found += [f"{uetr} is not booked there" for uetr in booked.keys() - {e["uetr"] for e in seen}]
    for each in seen:
        mine = booked.pop(each["uetr"], None)
        if mine is None:
            found.append(f"{each['uetr']} is booked there only, or twice")
            continue
        sums = {
            mine[name]["value"] for name in ("debit", "credit") if mine[name]["currency"] == "VND"
        }
        if each["amount"] not in sums:
            found.append(f"{each['uetr']} has another sum there")
    return sorted(found)


@pytest.mark.parametrize("seed", [3, 11])
def test_both_books_agree_payment_by_payment(seed: int) -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        await troubled(town, seed)
        uetrs: list[str] = []
        for place in range(30):
            together = asyncio.gather(visitor(town, place), customer(town, place))
            if place % 10 == 4:
                await town.world.sleep(0.05 * (place + seed))
                town.world.kill(SERVED_AS)
                await town.start_switch()
            uetrs.append((await together)[0])
        await given_back(town, uetrs)
        return await settled(town), await town.book("vietnam")

    ours, theirs = lived(story, seed)

    assert differing(ours, theirs) == []
    assert len([each for each in ours if each["status"] == "ACCC"]) > 60
    assert len({each["uetr"] for each in ours}) == len(ours)


def test_what_differs_is_found() -> None:
    money = {"currency": "VND", "value": "100"}
    ours = [{"uetr": name, "status": "ACCC", "debit": money, "credit": money} for name in "abc"]
    seen = [{"uetr": name, "status": "booked", "amount": "100"} for name in "abc"]
    again: list[dict[str, Any]]
    again = [*ours, {"uetr": "d", "status": "PDNG"}]

    assert differing(ours, seen) == []
    assert differing(ours, seen[1:]) == ["a is not booked there"]
    assert differing(ours[1:], seen) == ["a is booked there only, or twice"]
    assert differing(ours, seen + seen[:1]) == ["a is booked there only, or twice"]
    assert differing(ours, [*seen[:2], seen[2] | {"amount": "1"}]) == ["c has another sum there"]
    assert differing(again, seen) == ["d is open"]
    assert differing(ours, [*seen[:2], seen[2] | {"status": "refused"}]) == [
        "c is not booked there"
    ]
