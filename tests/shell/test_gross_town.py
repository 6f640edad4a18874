"""Gross funding over HTTP: nothing leaves before its money has come; what is amiss goes back."""

from __future__ import annotations

from typing import Any, Final

import pytest

from switch.app import SERVED_AS
from switch.inbound_port import derived_uetr
from tests.shell.gross_town import FUND_WITHIN_S, POOL, SPONSOR, SUSPENSE, GrossTown, lived

OTHER_BANK: Final = "BKRTKHPPXXX"


def test_a_payment_leaves_once_its_money_has_come_and_ends_accepted() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.world.sleep(10)
        before = await town.book("thailand")
        await town.pushed(told)
        ended = await town.ended(told["uetr"])
        await town.quiet()
        return told, before, ended, await town.book("thailand"), await town.balance(SUSPENSE)

    told, before, ended, book, suspense = lived(story)

    assert told["status"] == "PDNG"
    assert told["fund"]["participant"] == SPONSOR
    assert told["fund"]["amount"] == told["debit"]
    assert told["fund"]["note"] == f"uetr:{told['uetr']}"
    assert before == []
    assert (ended["status"], "fund" in ended) == ("ACCC", False)
    assert [line["status"] for line in book] == ["booked"]
    assert suspense == 0


def test_the_member_is_not_kept_waiting_for_money_that_it_must_push() -> None:
    async def story(town: GrossTown) -> tuple[float, Any]:
        started = town.clock.monotonic()
        told = await town.asked()
        return town.clock.monotonic() - started, told

    took, told = lived(story)

    assert took < 1
    assert told["final"] is False


def test_a_refusal_abroad_gives_the_money_back_over_bakong() -> None:
    async def story(town: GrossTown) -> Any:
        pool = await town.pool()
        told = await town.asked()
        await town.fault("thailand", "pay", "refuse", reason="AC04")
        await town.pushed(told)
        ended = await town.ended(told["uetr"])
        await town.quiet()
        moved = await town.pool() - pool, await town.balance(POOL), await town.balance(SUSPENSE)
        return ended, await town.rows(), moved

    ended, rows, moved = lived(story)

    assert (ended["status"], ended["reason"]) == ("RJCT", "AC04")
    assert rows == [("returned", "payment"), ("accepted", "refund")]
    assert moved == (0, 0, 0)


def test_money_that_does_not_come_in_time_refuses_the_payment_with_nothing_sent() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.world.sleep(FUND_WITHIN_S - 5)
        waiting = await town.shown(told["uetr"])
        ended = await town.ended(told["uetr"])
        await town.pushed(told)
        await town.world.sleep(10)
        await town.quiet()
        return (
            waiting,
            ended,
            await town.rows(),
            await town.book("thailand"),
            await town.balance(SUSPENSE),
        )

    waiting, ended, rows, book, suspense = lived(story)

    assert waiting["final"] is False
    assert (ended["status"], ended["reason"]) == ("RJCT", "AB01")
    # What came too late became a payment of its own, and went back.
    assert rows == [("refused", "payment"), ("returned", "payment"), ("accepted", "refund")]
    assert (book, suspense) == ([], 0)


@pytest.mark.parametrize("value", ["1", "41001", "999999"])
def test_another_amount_refuses_the_payment_and_goes_back_whole(value: str) -> None:
    async def story(town: GrossTown) -> Any:
        pool = await town.pool()
        told = await town.asked()
        assert told["debit"]["value"] != value
        await town.pushed(told, value)
        ended = await town.ended(told["uetr"])
        await town.quiet()
        book = [line for line in await town.book("bakong") if line["direction"] == "outbound"]
        moved = await town.pool() - pool, await town.balance(POOL), await town.balance(SUSPENSE)
        return ended, await town.rows(), book, moved, await town.book("thailand")

    ended, rows, book, moved, abroad = lived(story)

    assert (ended["status"], ended["reason"]) == ("RJCT", "AM09")
    assert rows == [("returned", "payment"), ("accepted", "refund")]
    assert [(line["amount"], line["status"]) for line in book] == [(f"{value}.00", "booked")]
    assert (moved, abroad) == ((0, 0, 0), [])


def test_another_currency_refuses_the_payment_and_goes_back_as_it_came() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.pushed(told, "10.00", currency="USD")
        ended = await town.ended(told["uetr"])
        await town.quiet()
        left = [await town.balance(name.replace("KHR", "USD")) for name in (POOL, SUSPENSE)]
        return ended, await town.rows(), left, await town.book("thailand")

    ended, rows, left, abroad = lived(story)

    assert (ended["status"], ended["reason"]) == ("RJCT", "AM09")
    assert rows == [("returned", "payment"), ("accepted", "refund")]
    assert (left, abroad) == ([0, 0], [])


def test_another_bank_cannot_refuse_a_payment_by_pushing_in_its_name() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.pushed(told, "1", payer=OTHER_BANK)
        await town.pushed(told, payer=OTHER_BANK)
        await town.world.sleep(10)
        waiting = await town.shown(told["uetr"])
        await town.pushed(told)
        ended = await town.ended(told["uetr"])
        await town.quiet()
        return waiting, ended, sorted(await town.rows()), await town.balance(SUSPENSE)

    waiting, ended, rows, suspense = lived(story)

    assert waiting["status"] == "PDNG"
    assert ended["status"] == "ACCC"
    back = [("accepted", "refund")] * 2 + [("returned", "payment")] * 2
    assert (rows, suspense) == ([("accepted", "payment"), *back], 0)


def test_the_same_money_pushed_twice_pays_once_and_goes_back_once() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.pushed(told)
        await town.pushed(told)
        ended = await town.ended(told["uetr"])
        await town.quiet()
        return (
            ended,
            sorted(await town.rows()),
            await town.book("thailand"),
            await town.balance(SUSPENSE),
        )

    ended, rows, book, suspense = lived(story)

    assert ended["status"] == "ACCC"
    assert rows == [("accepted", "payment"), ("accepted", "refund"), ("returned", "payment")]
    assert (len(book), suspense) == (1, 0)


def test_money_for_a_payment_that_nobody_knows_goes_back_and_money_for_none_stays() -> None:
    unknown = derived_uetr("nobody", "knows")

    async def story(town: GrossTown) -> Any:
        await town.pushed({}, "5000", note=f"uetr:{unknown}")
        await town.pushed({}, "7000", note="rent for November")
        await town.world.sleep(20)
        await town.quiet()
        return await town.rows(), await town.balance(SUSPENSE)

    rows, suspense = lived(story)

    assert rows == [("returned", "payment"), ("accepted", "refund")]
    assert suspense == 700_000


def test_a_switch_that_dies_when_the_money_comes_pays_once_or_gives_it_back() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        await town.pushed(told)
        await town.world.sleep(0.4)
        town.world.kill(SERVED_AS)
        await town.start_switch()
        ended = await town.ended(told["uetr"])
        await town.quiet()
        return ended, await town.book("thailand"), await town.balance(SUSPENSE)

    for seed in range(4):
        ended, book, suspense = lived(story, seed)
        booked = [line for line in book if line["status"] == "booked"]
        assert suspense == 0
        assert (ended["status"], len(booked)) in [("ACCC", 1), ("RJCT", 0)]


def test_an_acknowledgement_that_is_lost_does_not_lose_what_goes_back() -> None:
    async def story(town: GrossTown) -> Any:
        told = await town.asked()
        for _ in range(4):
            await town.fault("bakong", "acknowledge", "drop_request")
        await town.pushed(told, "5000")
        ended = await town.ended(told["uetr"])
        await town.quiet()
        return ended, await town.balance(SUSPENSE), await town.balance(POOL)

    ended, *left = lived(story)

    assert (ended["status"], left) == ("RJCT", [0, 0])
