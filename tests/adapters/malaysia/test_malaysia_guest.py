"""Malaysian guests pay KHQR merchants through the whole switch; both books agree whatever fails.

The order is opened by PayNet's enquiry and paid by its transfer, which names the enquiry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.qr import Khqr, write_khqr
from tests.adapters.malaysia.malaysia_parts import Ended, begun, duitnow, ended, lived, statuses

if TYPE_CHECKING:
    from switch.simulation.town import Town

NOODLES = Khqr(
    account="noodleshop@aclb", merchant_name="Noodle Shop", merchant_city="Phnom Penh", category="5812"
)


async def guest(town: Town, **more: object) -> dict[str, Any]:
    """A guest scans the shop's static code and keys 41,000 riel."""
    asked = {"payload": write_khqr(NOODLES), "amount": "41000", **more}
    told: dict[str, Any] = await town.sandbox("malaysia", "POST", "/control/pay-khqr", asked)
    return told


async def enquired(town: Town, uetr: str) -> dict[str, Any]:
    """The guest's bank asks what became of it."""
    told: dict[str, Any] = await town.sandbox(
        "malaysia", "POST", "/control/enquire", {"uetr": uetr}
    )
    return told


async def bakong(town: Town) -> list[tuple[str, str]]:
    return [(line["status"], line["amount"]) for line in await town.book("bakong")]


def test_a_guest_pays_a_merchant_and_both_books_say_so() -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town)
        assert await bakong(town) == [("booked", "41000.00")]
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    # 41,000 riel at 953.10 are 43.0175 ringgit, up to a sen.
    assert (found.shown["status"], found.shown["reason"]) == ("ACSP", "U000")
    assert statuses(found) == [("booked", "43.02", "MYR")]
    assert found.book[0]["uetr"] == found.shown["uetr"]


def test_a_repeated_transfer_is_answered_alike_and_credited_once() -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town, repeat=3)
        assert await bakong(town) == [("booked", "41000.00")]
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert {(a["status"], a["reason"]) for a in found.shown["answers"]} == {("ACSP", "U000")}
    assert statuses(found) == [("booked", "43.02", "MYR")]


def test_another_sum_than_the_price_is_refused_and_nothing_is_credited() -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town, pays="43.01")
        assert await bakong(town) == []
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "U110")
    assert statuses(found) == [("refused", "43.01", "MYR")]


def test_a_merchant_that_bakong_refuses_is_told_as_refused() -> None:
    async def story(town: Town) -> Ended:
        await town.fault("bakong", "pay", "refuse", reason="ACCOUNT_NOT_FOUND")
        told = await guest(town)
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], statuses(found)[0][0]) == ("RJCT", "refused")


def test_a_credit_without_an_answer_is_pending_and_an_enquiry_finds_its_end() -> None:
    async def story(town: Town) -> Ended:
        await town.fault("bakong", "pay", "drop_answer")
        await town.fault("bakong", "enquire", "error_500", times=9)
        first = await guest(town, within_ms=60_000)
        assert (first["status"], first["reason"]) == ("ACTC", "U002")
        await town.world.sleep(900)
        told = await enquired(town, first["uetr"])
        assert await bakong(town) == [("booked", "41000.00")]
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("ACSP", "U000")
    assert statuses(found) == [("booked", "43.02", "MYR")]


def test_a_guest_whose_answer_never_comes_learns_the_truth_by_asking() -> None:
    async def story(town: Town) -> Ended:
        first = await guest(town, within_ms=1)
        assert first["status"] is None
        await town.world.sleep(60)
        told = await enquired(town, first["uetr"]) if first["uetr"] else first
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    # Within a millisecond not even the question is answered: nothing was ordered.
    assert found.shown["uetr"] is None
    assert found.book == []


@pytest.mark.parametrize("age_ms", [290_000, 86_400_000])
def test_a_transfer_that_the_network_took_long_ago_is_judged_by_its_order(age_ms: int) -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town, age_ms=age_ms)
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert found.shown["status"] in ("ACSP", "ACTC", "RJCT")
    assert statuses(found)[0][0] in ("booked", "pending", "refused")


def test_a_code_that_nobody_can_pay_is_answered_by_paynets_word() -> None:
    async def story(town: Town) -> Ended:
        asked = {"payload": duitnow()}
        told = await town.sandbox("malaysia", "POST", "/control/pay-khqr", asked)
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["uetr"], found.shown["status"], found.shown["reason"]) == (
        None,
        "RJCT",
        "U100",
    )


def test_a_shop_gives_back_what_a_member_paid_once() -> None:
    async def story(town: Town) -> Ended:
        first = await ended(town, await begun(town, duitnow()))
        body = {"uetr": first.shown["uetr"], "amount": "12.50", "repeat": 2}
        told = await town.sandbox("malaysia", "POST", "/control/return", body)
        shown = (await town.member("ABAAKHPPXXX").payment(first.shown["uetr"])).json()
        assert shown["status"] == "ACCC"
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert [(a["status"], a["reason"]) for a in found.shown["answers"]] == [("ACSP", "U000")] * 2
    assert statuses(found) == [("booked", "42.50", "MYR"), ("booked", "12.50", "MYR")]


def test_more_than_was_paid_is_not_taken_back() -> None:
    async def story(town: Town) -> Ended:
        first = await ended(town, await begun(town, duitnow()))
        body = {"uetr": first.shown["uetr"], "amount": "42.51"}
        told = await town.sandbox("malaysia", "POST", "/control/return", body)
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert found.shown["status"] == "RJCT"
    assert statuses(found)[1][0] == "refused"
