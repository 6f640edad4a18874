"""After many payments both ways through every kind of fault, all three books agree line by line.

One seed is one run. What is still open at the end has been waited for: nobody helped.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from switch.demo.books import differences
from switch.simulation.town import Town
from tests.adapters.unionpay.unionpay_parts import LINK, emv, khqr
from tests.adapters.unionpay.unionpay_stories import (
    DEBTOR,
    MEMBER,
    control,
    ledger,
    lived,
    quoted,
    sums,
)

PAYMENTS: Final = 24
SHARE: Final = "0.03"
"""Of each of ten kinds: a fault hits about every fourth request."""

KINDS: Final = (
    *("drop_request", "drop_answer", "error_500", "garbage", "wrong_signature", "unavailable"),
    *("reset", "twice", "redirect", "pending"),
)
CODES: Final = (emv(), emv("88.00"), LINK)
STALLS: Final = (khqr(), khqr("coffee@abaa", "ABAA10002312082"),
                 khqr("closed@abaa", "ABAA10002312083"))  # fmt: skip


async def by_rate(town: Town, operation: str, kind: str, seed: int) -> None:
    """Have a kind of fault hit its share of the requests; a share is a decimal on the wire."""
    text = f'{{"operation": "{operation}", "kind": "{kind}", "seed": {seed}, "delay_ms": 3000'
    url = f"{town.urls['unionpay']}/control/faults"
    body = f'{text}, "rate": {SHARE}}}'
    session = town.world.machine("outside").net.session("unionpay")
    async with session.post(url, data=body) as answer:
        assert answer.status == 200


async def out(town: Town, at: int) -> None:
    """A member pays, or is told that it cannot."""
    code = CODES[at % len(CODES)]
    amount = None if at % len(CODES) == 1 else {"currency": "CNY", "value": f"{at + 10}.00"}
    try:
        token = await quoted(town, code, amount)
    except (AssertionError, KeyError):
        return
    asked = {"quote": token, "debtor": DEBTOR}
    await town.member(MEMBER).pay(f"4b1b35c6-7a62-4cf5-8d6c-{at:012d}", asked)


async def back(town: Town, at: int) -> None:
    """A cardholder pays; the network tells it until it is acknowledged, as it does."""
    asked = {"payload": STALLS[at % len(STALLS)], "amount": str(5_000 + 1_000 * at)}
    await control(town, "pay-khqr", **asked, repeat=2)


@pytest.mark.parametrize("seed", [2, 3])
def test_books_agree_after_many_payments_and_faults(seed: int) -> None:
    async def story(town: Town) -> tuple[Any, ...]:
        for operation in ("lookup", "quote", "pay", "enquire", "refund"):
            for kind in KINDS:
                await by_rate(town, operation, kind, seed)
        for at in range(PAYMENTS):
            await (out if at % 2 else back)(town, at)
        await town.sandbox("unionpay", "DELETE", "/control/faults")
        await town.world.sleep(2_000)
        lines = await ledger(town)
        theirs = {name: await town.book(name) for name in ("unionpay", "bakong")}
        happened = (await town.sandbox("unionpay", "GET", "/control/faults"))["happened"]
        return lines, theirs, sums(town), happened

    lines, theirs, pending, happened = lived(story, seed=seed)

    assert [each for each in lines if not each["final"]] == []
    assert differences(lines, theirs) == []
    assert pending == []
    assert sum(happened.values()) >= 5
    assert {each["status"] for each in lines} == {"ACCC", "RJCT"}
