"""A member pays Japanese shops through the whole switch, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import pytest

from switch.config import default_folder, load_config
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World
from tests.adapters.japan.japan_parts import jpqr

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
YEN: Final = {"currency": "JPY", "value": "1500"}
ENDS_WITHIN_S: Final = 3600

Fault: TypeAlias = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Ended:
    """A payment as its member sees it, and the network's lines about it."""

    shown: dict[str, Any]
    book: list[dict[str, Any]]
    asked: list[str]


@cache
def shared() -> Residents:
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town], Awaitable[Ended]]) -> Ended:
    with World(7) as world:
        town = Town(world, shared())

        async def told(_: World) -> Ended:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def begun(town: Town, code: str, amount: dict[str, str] | None = YEN) -> dict[str, Any]:
    """Scan, quote and pay; returns what the member is told first."""
    member = town.member(MEMBER)
    scanned = await member.scan(code)
    assert scanned.status == 200, scanned.body
    body = scanned.json()
    if amount is not None:
        body = (await member.quote(body["scan"], amount)).json()
    paid = await member.pay(KEY, {"quote": body["quotes"][0]["quote"], "debtor": DEBTOR})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def ended(town: Town, shown: dict[str, Any]) -> Ended:
    """Wait until the payment has ended, then look at both sides."""
    member = town.member(MEMBER)
    started = town.clock.monotonic()
    while not shown["final"] and town.clock.monotonic() - started < ENDS_WITHIN_S:
        await town.world.sleep(5)
        shown = (await member.payment(shown["uetr"])).json()
    requests = (await town.sandbox("japan", "GET", "/control/requests"))["requests"]
    return Ended(shown, await town.book("japan"), [each["operation"] for each in requests])


async def paid(town: Town, *faults: Fault) -> Ended:
    for operation, kind, more in faults:
        await town.fault("japan", operation, kind, **more)
    return await ended(town, await begun(town, jpqr()))


def statuses(found: Ended) -> list[tuple[str, str, str]]:
    return [(line["status"], line["amount"], line["currency"]) for line in found.book]


def test_a_static_code_is_paid_with_the_yen_that_the_payer_keys() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "40375"}
    assert found.shown["credit"] == {"currency": "JPY", "value": "1500"}
    assert statuses(found) == [("booked", "1500", "JPY")]
    assert found.book[0]["uetr"] == found.book[0]["reference"] == found.shown["uetr"]
    assert found.asked == ["lookup", "pay"]


def test_a_code_that_fixes_its_amount_is_paid_as_it_says() -> None:
    async def story(town: Town) -> Ended:
        return await ended(town, await begun(town, jpqr(amount="980"), None))

    assert statuses(lived(story)) == [("booked", "980", "JPY")]


def test_riel_that_the_payer_keys_become_whole_yen() -> None:
    async def story(town: Town) -> Ended:
        riel = {"currency": "KHR", "value": "20000"}
        return await ended(town, await begun(town, jpqr(), riel))

    found = lived(story)

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", "738", "JPY")]


@pytest.mark.parametrize("store", ["4900000000024", "4900000000031", "1234567890128"])
def test_a_shop_that_takes_nothing_is_found_out_by_the_scan(store: str) -> None:
    async def story(town: Town) -> Ended:
        scanned = await town.member(MEMBER).scan(jpqr(store))
        assert scanned.status == 422
        return Ended({}, await town.book("japan"), [])

    assert lived(story).book == []


@pytest.mark.parametrize(
    "kind", ["drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow"]
)
def test_whatever_becomes_of_the_answer_one_payment_is_booked(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 2_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert statuses(found) == [("booked", "1500", "JPY")]


def test_an_instruction_that_never_arrived_ends_once_nothing_can_arrive_any_more() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_request", {})))

    assert found.shown["status"] == "RJCT"
    assert found.book == []


def test_an_answer_that_comes_too_late_is_found_by_asking() -> None:
    found = lived(lambda town: paid(town, ("pay", "late", {"delay_ms": 50_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked[2] == "enquire"
    assert statuses(found) == [("booked", "1500", "JPY")]


def test_a_refusal_is_final_and_books_nothing() -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": "AC06"})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "AG01")
    assert statuses(found) == [("refused", "1500", "JPY")]


def test_what_the_network_has_not_decided_yet_is_waited_for() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 20_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "pay", *["enquire"] * 4]


def test_enquiries_that_fail_do_not_decide_anything() -> None:
    failing = ("enquire", "error_500", {"times": 3})
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), failing))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "pay", *["enquire"] * 4]


UNKNOWN_TO_THE_END: Final[Fault] = ("enquire", "error_500", {"times": 12})


def test_what_stays_unknown_for_a_minute_is_cancelled_and_only_then_refused() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), UNKNOWN_TO_THE_END))

    assert found.shown["status"] == "RJCT"
    assert found.asked == ["lookup", "pay", *["enquire"] * 12, "cancel"]
    assert statuses(found) == [("cancelled", "1500", "JPY")]


def test_a_cancel_is_sent_until_it_is_confirmed() -> None:
    lost: Fault = ("pay", "garbage", {})
    dropped: Fault = ("cancel", "drop_request", {})
    failing: Fault = ("cancel", "error_500", {})
    found = lived(lambda town: paid(town, lost, UNKNOWN_TO_THE_END, failing, dropped))

    assert found.shown["status"] == "RJCT"
    assert found.asked[-3:] == ["cancel"] * 3
    assert statuses(found) == [("cancelled", "1500", "JPY")]


def test_a_cancel_of_what_never_arrived_does_not_end_it_too_early() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_request", {}), UNKNOWN_TO_THE_END))

    assert found.shown["status"] == "RJCT"
    assert found.book == []
