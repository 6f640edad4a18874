"""Malaysian guests pay KHQR merchants through the whole switch; both books agree whatever fails.

The order is opened by PayNet's enquiry and paid by its transfer, which names the enquiry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch.linked_payments import Asked
from switch.model import Payment, State
from switch.qr import Khqr, write_khqr
from tests.adapters.malaysia.malaysia_parts import Ended, begun, duitnow, ended, lived, statuses

if TYPE_CHECKING:
    from switch.simulation.town import Town

NOODLES = Khqr(
    account="noodleshop@aclb",
    merchant_name="Noodle Shop",
    merchant_city="Phnom Penh",
    category="5812",
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
        await town.fault("bakong", "enquire", "error_500", times=7)
        first = await guest(town, within_ms=60_000)
        assert (first["status"], first["reason"]) == ("ACTC", "U002")
        await town.world.sleep(300)
        told = await enquired(town, first["uetr"])
        assert await bakong(town) == [("booked", "41000.00")]
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("ACSP", "U000")
    assert statuses(found) == [("booked", "43.02", "MYR")]


def test_a_guest_who_is_answered_too_late_learns_the_truth_by_asking() -> None:
    async def story(town: Town) -> Ended:
        await town.fault("bakong", "pay", "slow", delay_ms=3_000)
        first = await guest(town, within_ms=2_000)
        assert first["status"] is None
        await town.world.sleep(60)
        return Ended(await enquired(town, first["uetr"]), await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("ACSP", "U000")
    assert statuses(found) == [("booked", "43.02", "MYR")]


def test_an_order_that_nobody_pays_lapses_and_cannot_be_paid_afterwards() -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town, waits_ms=700_000)
        assert await bakong(town) == []
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "U115")
    assert statuses(found) == [("refused", "43.02", "MYR")]


def test_a_second_transfer_of_one_order_is_another_payment_and_refused() -> None:
    async def story(town: Town) -> Ended:
        first = await guest(town)
        told = await guest(town, chain=first["uetr"])
        assert await bakong(town) == [("booked", "41000.00")]
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "U110")


def test_a_transfer_of_no_order_is_refused() -> None:
    async def story(town: Town) -> Ended:
        told = await guest(town, chain="20261121RPPEMYKL521ORB99999999")
        return Ended(told, await town.book("bakong"), [])

    found = lived(story)

    assert (found.shown["status"], found.book) == ("RJCT", [])


async def refunded(town: Town, uetr: str, amount: str, key: str) -> Payment | None:
    """The merchant's bank gives a part back; the refund as it ended, None when it is refused."""
    assert town.running is not None
    switch, read = town.running.switch, town.running.store.read
    original, opened = await read.payment(uetr), await switch.dispatch.open(uetr)
    assert original is not None
    asked = Asked("ACLBKHPPXXX", key, {"amount": amount})
    made = await switch.linked.refund(original, opened, Money.parse(amount, "KHR"), asked)
    if not isinstance(made, Payment):
        return None
    await town.world.sleep(60)
    return await read.payment(made.uetr)


@pytest.mark.parametrize("kind", ["none", "drop_answer", "pending", "wrong_signature"])
def test_a_refund_goes_back_to_the_guest_once_whatever_fails(kind: str) -> None:
    async def story(town: Town) -> Ended:
        paid = await guest(town)
        if kind != "none":
            await town.fault("malaysia", "refund", kind, delay_ms=5_000)
        back = await refunded(town, paid["uetr"], "10000", "refund-1")
        assert back is not None
        assert back.state is State.ACCEPTED
        assert await refunded(town, paid["uetr"], "31001", "refund-2") is None
        return Ended({"uetr": back.uetr}, await town.book("malaysia"), [])

    found = lived(story)

    # 10,000 of 41,000 riel are 10.4926 of 43.02 ringgit, down to a sen.
    assert statuses(found) == [("booked", "43.02", "MYR"), ("booked", "10.49", "MYR")]
    assert found.book[1]["uetr"] == found.shown["uetr"]
    assert found.book[1]["direction"] == "outbound"


def test_a_refund_that_paynet_refuses_moves_nothing() -> None:
    async def story(town: Town) -> Ended:
        paid = await guest(town)
        await town.fault("malaysia", "refund", "refuse", reason="U110")
        back = await refunded(town, paid["uetr"], "41000", "refund-1")
        assert back is not None
        assert back.state is State.REFUSED
        return Ended({}, await town.book("malaysia"), [])

    assert statuses(lived(story))[1] == ("refused", "43.02", "MYR")


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


def test_paynet_is_told_what_became_of_its_refund_and_never_seen_is_kept() -> None:
    async def story(town: Town) -> Ended:
        first = await ended(town, await begun(town, duitnow()))

        async def asked(path: str, **body: object) -> dict[str, Any]:
            told: dict[str, Any] = await town.sandbox("malaysia", "POST", f"/control/{path}", body)
            return told

        uetr = first.shown["uetr"]
        booked = await asked("return", uetr=uetr, amount="12.50")
        found = await asked("enquire", uetr=booked["uetr"])
        unsent = await asked("return", uetr=uetr, amount="10.00", repeat=0)
        promised = await asked("enquire", uetr=unsent["uetr"])
        late = await asked("return", returned=unsent["uetr"])
        answers = {
            name: (told["answers"][-1]["status"], told["answers"][-1]["reason"])
            for name, told in (("found", found), ("promised", promised), ("late", late))
        }
        return Ended(answers, await town.book("malaysia"), [])

    found = lived(story)

    assert found.shown == {
        "found": ("ACSP", "U000"),
        "promised": ("RJCT", "NSEEN"),
        "late": ("RJCT", "U115"),
    }
    assert statuses(found)[1:] == [("booked", "12.50", "MYR"), ("refused", "10.00", "MYR")]


def test_more_than_was_paid_is_not_taken_back() -> None:
    async def story(town: Town) -> Ended:
        first = await ended(town, await begun(town, duitnow()))
        body = {"uetr": first.shown["uetr"], "amount": "42.51"}
        told = await town.sandbox("malaysia", "POST", "/control/return", body)
        return Ended(told, await town.book("malaysia"), [])

    found = lived(story)

    assert found.shown["status"] == "RJCT"
    assert statuses(found)[1][0] == "refused"
