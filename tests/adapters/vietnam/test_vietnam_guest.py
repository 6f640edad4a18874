"""A Vietnamese guest pays KHQR merchants through the whole switch, and what goes back goes back.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from fx.money import Money
from switch.qr import Khqr, write_khqr
from tests.adapters.vietnam.vietnam_town import begun, code, ended, lived

if TYPE_CHECKING:
    from switch.simulation.town import Town

OWED: Final = "270600"
"""Dong for 41,000 riel at 6.60."""


def khqr(town: Town, account: str = "coffee@abaa", amount: str | None = None) -> str:
    """The code of a Cambodian shop, with a fixed amount of riel or without."""
    now = town.clock.now()
    fixed = None if amount is None else Money.parse(amount, "KHR")
    return write_khqr(
        Khqr(
            account=account,
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
            amount=fixed,
            created_at=None if fixed is None else now,
            expires_at=None if fixed is None else now + timedelta(minutes=10),
        )
    )


async def guest(town: Town, account: str = "coffee@abaa", **more: Any) -> dict[str, Any]:
    """A guest scans, keys 41,000 riel and pays."""
    asked = {"payload": khqr(town, account), "amount": "41000"} | more
    told: dict[str, Any] = await town.sandbox("vietnam", "POST", "/control/pay-khqr", asked)
    return told


async def enquired(town: Town, uetr: str) -> dict[str, Any]:
    """The guest's network asks what became of it."""
    body = {"uetr": uetr}
    told: dict[str, Any] = await town.sandbox("vietnam", "POST", "/control/enquire", body)
    return told


async def seen(town: Town, uetr: str) -> dict[str, Any]:
    """The payment as the overseer sees it."""
    page = await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=50")
    (shown,) = [each for each in page.json()["payments"] if each["uetr"] == uetr]
    found: dict[str, Any] = shown
    return found


async def books(town: Town) -> list[tuple[str, str, str, str]]:
    """Both networks' books: direction, amount, currency and status of every line."""
    lines = [*await town.book("vietnam"), *await town.book("bakong")]
    return [(each["direction"], each["amount"], each["currency"], each["status"]) for each in lines]


def test_a_guest_pays_what_the_lookup_said() -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        told = await guest(town)
        return told, await seen(town, told["uetr"]), await books(town)

    told, shown, lines = lived(story)

    assert (told["status"], told["amount"], told["currency"]) == ("ACSC", OWED, "VND")
    assert told["answers"] == [{"http": 200, "status": "ACSC", "reason": None}]
    assert (shown["status"], shown["debit"]["value"], shown["credit"]["value"]) == (
        "ACCC",
        OWED,
        "41000",
    )
    assert lines == [
        ("inbound", OWED, "VND", "booked"),
        ("inbound", "41000.00", "KHR", "booked"),
    ]


def test_a_code_with_an_amount_needs_none_keyed() -> None:
    async def story(town: Town) -> Any:
        payload = khqr(town, amount="12500")
        return await guest(town, payload=payload, amount=None)

    told = lived(story)

    assert (told["status"], told["amount"]) == ("ACSC", "82500")


def test_a_guest_may_key_dong() -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        told = await guest(town, amount="271000", currency="VND")
        return told, await seen(town, told["uetr"])

    told, shown = lived(story)

    assert (told["status"], told["amount"]) == ("ACSC", "271000")
    assert (shown["debit"]["value"], shown["credit"]["value"]) == ("271000", "41060")


def test_a_repeated_payment_is_one_payment_and_one_answer() -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        told = await guest(town, repeat=4)
        return told, await books(town)

    told, lines = lived(story)

    assert told["answers"] == [{"http": 200, "status": "ACSC", "reason": None}] * 4
    assert len(lines) == 2


@pytest.mark.parametrize(("account", "code_"), [("closed@abaa", "78"), ("nobody@nowhere", None)])
def test_a_merchant_that_cannot_be_paid_is_refused(account: str, code_: str | None) -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        told = await guest(town, account)
        return told, await books(town)

    told, lines = lived(story)

    assert told["status"] == "RJCT"
    if code_ is not None:
        assert told["reason"] == code_
        assert [status for *_, status in lines] == ["refused", "refused"]
    else:
        assert (told["uetr"], lines) == (None, [])


def test_a_code_that_is_no_khqr_is_refused_and_nothing_is_held() -> None:
    async def story(town: Town) -> Any:
        return await guest(town, payload=code())

    assert (lived(story)["status"], lived(story)["uetr"]) == ("RJCT", None)


@pytest.mark.parametrize("kind", ["drop_answer", "error_500", "garbage"])
def test_while_the_credit_is_unknown_the_guest_is_told_68_and_then_the_truth(kind: str) -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        await town.fault("bakong", "pay", kind)
        await town.fault("bakong", "enquire", "error_500", times=8)
        told = await guest(town)
        await town.world.sleep(600)
        after = await enquired(town, told["uetr"])
        return told, after, await books(town)

    told, after, lines = lived(story)

    assert told["answers"] == [{"http": 200, "status": "PDNG", "reason": None}]
    assert after["status"] == "ACSC"
    assert [status for *_, status in lines] == ["booked", "booked"]


def test_an_order_that_was_not_paid_in_time_is_refused() -> None:
    """The guest pays after the quote has expired: nothing is credited, the refusal is final."""

    async def story(town: Town) -> tuple[Any, Any]:
        told = await guest(town, wait_ms=700_000)
        return told, await books(town)

    told, lines = lived(story)

    assert (told["status"], told["reason"]) == ("RJCT", "54")
    assert lines == [("inbound", OWED, "VND", "refused")]


@pytest.mark.parametrize(
    ("spoil", "http"),
    [("signature", 401), ("byte", 401), ("requestor", 400), ("amount", 400), ("account", 400)],
)
def test_a_payment_that_cannot_be_trusted_or_read_books_nothing(spoil: str, http: int) -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        told = await guest(town, spoil=spoil)
        after = await enquired(town, told["uetr"])
        return told, after, await town.book("bakong")

    told, after, lines = lived(story)

    assert told["answers"][0]["http"] == http
    assert told["status"] is None
    assert after["answers"][0]["status"] == "PDNG"
    assert lines == []


def test_another_sum_than_was_held_is_refused() -> None:
    async def story(town: Town) -> tuple[Any, Any]:
        told = await guest(town, spoil="owed")
        return told, await town.book("bakong")

    told, lines = lived(story)

    assert (told["status"], told["reason"], lines) == ("RJCT", "13", [])


async def paid_shop(town: Town) -> str:
    """A member has paid a Vietnamese shop."""
    shown = (await ended(town, await begun(town, code()))).shown
    assert shown["status"] == "ACCC"
    uetr: str = shown["uetr"]
    return uetr


async def given_back(town: Town, uetr: str, **more: Any) -> dict[str, Any]:
    """The shop gives back what it was paid."""
    body = {"uetr": uetr} | more
    told: dict[str, Any] = await town.sandbox("vietnam", "POST", "/control/return", body)
    return told


def test_a_shop_gives_back_in_parts_up_to_what_it_was_paid_and_each_part_once() -> None:
    async def story(town: Town) -> tuple[list[Any], Any]:
        uetr = await paid_shop(town)
        told = [await given_back(town, uetr, amount="20000", repeat=3)]
        told += [await given_back(town, uetr, amount=each) for each in ("45000", "1")]
        return told, await books(town)

    told, lines = lived(story)

    assert [each["status"] for each in told] == ["ACSC", "ACSC", "RJCT"]
    assert [each["status"] for each in told[0]["answers"]] == ["ACSC"] * 3
    assert told[2]["reason"] == "61"
    assert lines == [
        ("outbound", "65000", "VND", "booked"),
        ("inbound", "20000", "VND", "booked"),
        ("inbound", "45000", "VND", "booked"),
    ]


def test_a_notification_ends_a_payment_of_which_nothing_was_known() -> None:
    async def story(town: Town) -> tuple[Any, Any, Any]:
        await town.fault("vietnam", "pay", "drop_answer")
        await town.fault("vietnam", "enquire", "error_500", times=30)
        shown = await begun(town, code())
        await town.world.sleep(60)
        told = await town.sandbox("vietnam", "POST", "/control/notify", {"uetr": shown["uetr"]})
        again = await town.sandbox("vietnam", "POST", "/control/notify", {"uetr": shown["uetr"]})
        return told, again, await seen(town, shown["uetr"])

    told, again, shown = lived(story)

    assert (told["status"], again["status"], shown["status"]) == ("ACSC", "ACSC", "ACCC")


def test_a_notification_that_contradicts_what_was_answered_opens_a_dispute() -> None:
    async def story(town: Town) -> Any:
        uetr = await paid_shop(town)
        await town.sandbox("vietnam", "POST", "/control/notify", {"uetr": uetr, "code": "14"})
        return await seen(town, uetr)

    shown = lived(story)

    assert (shown["status"], shown["disputed"]) == ("ACCC", True)
