"""After faults at every turn, and a switch killed among its payments, all books agree.

Held against each other payment by payment: the rows of the switch, and the books that Alipay+ and
Bakong keep of their own. Some guests pay shops that cannot be credited, so money goes back too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import pytest
from aiohttp import ClientError

from adapters.alipayplus.sandbox_orders import order_code
from switch.app import SERVED_AS
from switch.demo.books import differences
from tests.adapters.alipayplus.alipayplus_parts import DEBTOR, MEMBER, lived
from tests.adapters.alipayplus.test_alipayplus_guests import (
    NOBODY,
    SHOP,
    code,
    guest_pays,
    payments,
)

if TYPE_CHECKING:
    from switch.client import ClientAnswer
    from switch.simulation.town import Town

ANSWERS: Final = (
    *("drop_request", "drop_answer", "garbage", "wrong_signature", "error_500", "late", "twice"),
    *("answer_twice", "reset", "slow_body"),
)
"""Faults of which each hits two requests in a hundred, so one in five is hit by some."""

FAULTS: Final = {
    "pay": (*ANSWERS, "pending"), "enquire": ANSWERS, "refund": (*ANSWERS, "pending"),
}  # fmt: skip
RATE: Final = 0.02
DELAYED: Final = ("late", "pending", "slow_body")
SETTLED_WITHIN_S: Final = 6 * 3600


async def troubled(town: Town, seed: int) -> None:
    """Faults of every kind from now on."""
    drawn = 100 * seed
    for operation, kinds in FAULTS.items():
        for kind in kinds:
            drawn += 1
            delay_ms = 45_000 if kind in DELAYED else 0
            await town.fault(
                "alipayplus", operation, kind, rate=RATE, seed=drawn, delay_ms=delay_ms
            )


async def tried(call: Any) -> ClientAnswer | None:
    """What a caller gets, if it gets anything."""
    try:
        answer: ClientAnswer = await call
    except (OSError, TimeoutError, ClientError):
        return None
    return answer


async def customer(town: Town, place: int) -> None:
    """Scans an order and pays it, again under the same key until it is told something."""
    member = town.member(MEMBER)
    for _ in range(20):
        scanned = await tried(member.scan(order_code(12_000 + place, number=place + 1)))
        if scanned is not None and scanned.status == 200:
            break
        await town.world.sleep(2)
    else:
        return
    order = {"quote": scanned.json()["quotes"][0]["quote"], "debtor": DEBTOR}
    for _ in range(20):
        paid = await tried(member.pay(f"4b1b35c6-7a62-4cf5-8d6c-{place:012d}", order))
        if paid is not None and paid.status < 500:
            return
        await town.world.sleep(2)


async def visitor(town: Town, place: int) -> None:
    """A guest pays here; every fifth at a shop that cannot be credited."""
    account = NOBODY if place % 5 == 2 else SHOP
    payload = code(town, str(40_000 + 100 * place), account)
    await guest_pays(town, payload, customer=f"guest-{place}", repeat=1 + place % 3)


async def settled(town: Town) -> list[dict[str, Any]]:
    """The payments once each has ended, and what goes back has gone back."""
    await town.sandbox("alipayplus", "DELETE", "/control/faults")
    await town.sandbox("alipayplus", "POST", "/control/release", {})
    started = town.clock.monotonic()
    while True:
        found = await payments(town)
        open_ = [each for each in found if not each["final"] or each["state"] == "unwinding"]
        if not open_ or town.clock.monotonic() - started > SETTLED_WITHIN_S:
            return found
        await town.world.sleep(60)


@pytest.mark.parametrize("seed", [3, 11])
def test_all_books_agree_payment_by_payment(seed: int) -> None:
    async def story(town: Town) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
        await troubled(town, seed)
        for place in range(16):
            together = asyncio.gather(visitor(town, place), customer(town, place))
            if place % 8 == 4:
                await town.world.sleep(0.05 * (place + seed))
                town.world.kill(SERVED_AS)
                await town.start_switch()
            await together
        lines = await settled(town)
        return lines, {name: await town.book(name) for name in ("alipayplus", "bakong")}

    ours, theirs = lived(story, seed)

    assert differences(ours, theirs) == []
    assert len({each["uetr"] for each in ours}) == len(ours)
    ends = [(each["direction"], each["corridor"], each["status"]) for each in ours]
    assert ends.count(("outbound", "bakong-alipayplus", "ACCC")) >= 13
    assert ends.count(("inbound", "alipayplus-bakong", "ACCC")) >= 10
    assert ends.count(("outbound", "alipayplus-bakong", "ACCC")) >= 2
