"""A member pays Chinese shops through the whole switch, and nothing that goes wrong loses money.

Each story runs in a world of its own: production code on virtual time, both sides over HTTP. The
price is the network's own, with a provider's hop to dollars before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest

from switch.config import default_folder, load_config
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World
from tests.adapters.unionpay.unionpay_parts import LINK, emv

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
YUAN: Final = {"currency": "CNY", "value": "345.00"}
ENDS_WITHIN_S: Final = 3600
QUICK_S: Final = 60


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


async def begun(town: Town, code: str, amount: dict[str, str] | None = YUAN) -> dict[str, Any]:
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
    while not shown["final"] and (waited := town.clock.monotonic() - started) < ENDS_WITHIN_S:
        await town.world.sleep(1 if waited < QUICK_S else QUICK_S)
        shown = (await member.payment(shown["uetr"])).json()
    requests = (await town.sandbox("unionpay", "GET", "/control/requests"))["requests"]
    return Ended(shown, await town.book("unionpay"), [each["operation"] for each in requests])


async def paid(town: Town, *faults: tuple[str, str, dict[str, Any]]) -> Ended:
    for operation, kind, more in faults:
        await town.fault("unionpay", operation, kind, **more)
    return await ended(town, await begun(town, emv()))


def statuses(found: Ended) -> list[tuple[str, str, str]]:
    return [(line["status"], line["amount"], line["currency"]) for line in found.book]


def test_a_static_code_is_paid_with_the_yuan_that_the_payer_keys() -> None:
    found = lived(paid)

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert found.shown["debit"] == {"currency": "KHR", "value": "195593"}
    assert found.shown["credit"] == {"currency": "CNY", "value": "345.00"}
    assert statuses(found) == [("booked", "345.00", "CNY")]
    assert found.asked == ["lookup", "quote", "pay"]


@pytest.mark.parametrize(
    ("code", "amount", "yuan"),
    [
        (emv("88.00"), None, "88.00"),
        (LINK, YUAN, "345.00"),
        (LINK[:-2] + "88", None, "90.00"),
        (emv(changes={"54": "88.00", "01": "12", "55": "02", "56": "2.50"}), None, "90.50"),
        (emv(), {"currency": "KHR", "value": "400000"}, "706.02"),
    ],
    ids=["dynamic", "link", "link_with_amount", "fixed_fee", "riel_keyed"],
)
def test_every_kind_of_code_is_paid(code: str, amount: dict[str, str] | None, yuan: str) -> None:
    async def story(town: Town) -> Ended:
        return await ended(town, await begun(town, code, amount))

    found = lived(story)

    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", yuan, "CNY")]


@pytest.mark.parametrize(
    "code", [emv(mid="500015658120003"), emv(mid="999999999999999"), LINK[:-2] + "99"]
)
def test_a_shop_that_takes_nothing_is_found_out_by_the_scan(code: str) -> None:
    async def story(town: Town) -> Ended:
        scanned = await town.member(MEMBER).scan(code)
        assert scanned.status == 422
        return Ended({}, await town.book("unionpay"), [])

    assert lived(story).book == []


@pytest.mark.parametrize(
    "kind",
    [
        *("drop_answer", "garbage", "wrong_signature", "error_500", "twice", "slow", "reset"),
        *("redirect", "oversize", "slow_body", "answer_twice"),
    ],
)
def test_whatever_becomes_of_the_answer_one_payment_is_booked(kind: str) -> None:
    found = lived(lambda town: paid(town, ("pay", kind, {"delay_ms": 2_000})))

    assert (found.shown["status"], found.shown["reason"]) == ("ACCC", None)
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_an_instruction_that_never_arrived_ends_once_nothing_can_arrive_any_more() -> None:
    found = lived(lambda town: paid(town, ("pay", "drop_request", {})))

    assert found.shown["status"] == "RJCT"
    assert found.book == []
    assert found.asked.count("pay") == 1


@pytest.mark.parametrize("code", ["04", "78", "92", "94", "96", "98"])
def test_a_code_that_says_nothing_is_asked_about_until_the_truth_is_known(code: str) -> None:
    """The network executes the payment and answers with ``code``."""
    found = lived(lambda town: paid(town, ("pay", "contradict", {"reason": code})))

    assert found.asked == ["lookup", "quote", "pay", "enquire"]
    assert found.shown["status"] == "ACCC"
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_an_answer_that_comes_too_late_is_found_by_asking() -> None:
    found = lived(lambda town: paid(town, ("pay", "late", {"delay_ms": 50_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked[3] == "enquire"
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_a_refusal_is_final_and_books_nothing() -> None:
    found = lived(lambda town: paid(town, ("pay", "refuse", {"reason": "51"})))

    assert (found.shown["status"], found.shown["reason"]) == ("RJCT", "AM04")
    assert statuses(found) == [("refused", "345.00", "CNY")]


def test_what_the_network_has_not_decided_yet_is_waited_for() -> None:
    found = lived(lambda town: paid(town, ("pay", "pending", {"delay_ms": 18_000})))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "quote", "pay", *["enquire"] * 3]
    assert statuses(found) == [("booked", "345.00", "CNY")]


def test_enquiries_that_fail_do_not_decide_anything() -> None:
    failing = ("enquire", "error_500", {"times": 3})
    found = lived(lambda town: paid(town, ("pay", "drop_answer", {}), failing))

    assert found.shown["status"] == "ACCC"
    assert found.asked == ["lookup", "quote", "pay", *["enquire"] * 4]
