"""A Thai shop gives back what a Cambodian paid, through the whole switch, in parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

import pytest

from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
Told = dict[str, Any]


@cache
def shared() -> Residents:
    return residents(load_config(default_folder()))


def lived(story: Callable[[Town, str], Awaitable[None]]) -> None:
    """Pay a Thai shop 345.00 baht, then go on with the network's reference of it."""

    async def told(_: World) -> None:
        await town.open()
        member = town.member(MEMBER)
        scanned = (await member.scan(thai_code("345.00"))).json()
        quote = scanned["quotes"][0]["quote"]
        paid = (await member.pay(KEY, {"quote": quote, "debtor": DEBTOR})).json()
        assert paid["status"] == "ACCC"
        (line,) = await town.book("thailand")
        await story(town, line["reference"])

    with World(7) as world:
        town = Town(world, shared())
        world.run(told(world))


async def back(town: Town, reference: str, **more: object) -> Told:
    told: Told = await town.sandbox(
        "thailand", "POST", "/control/return", {"reference": reference, **more}
    )
    return told


async def ours(town: Town) -> list[Told]:
    """The payments as the overseer sees them."""
    page = (await town.overseer().call("GET", "/v1/oversight/payments?after=0&limit=200")).json()
    listed: list[Told] = page["payments"]
    return listed


def held_of(lines: list[Told]) -> list[tuple[str, bool]]:
    """What is held for people: amount, and that it waits for them."""
    return [(line["credit"]["value"], line["disputed"]) for line in lines if line["disputed"]]


def test_parts_come_back_until_the_whole_has_and_more_is_held() -> None:
    async def story(town: Town, reference: str) -> None:
        first = await back(town, reference, amount="100.00")
        second = await back(town, reference, amount="245.00", repeat=3)
        third = await back(town, reference, amount="0.01")

        assert (first["status"], second["status"]) == ("ACSC", "ACSC")
        assert [each["status"] for each in second["answers"]] == ["ACSC"] * 3
        assert third["status"] == "ACSC"
        paid, *given = await ours(town)
        assert held_of(given) == [("0.01", True)]
        given = [each for each in given if not each["disputed"]]
        assert paid["status"] == "ACCC"
        # 100.00 of 345.00 baht for 41,000 riel is a little more than 11,884 riel, rounded down; the
        # last part takes what is left. The payer's side is the debit, as in what was paid.
        amounts = {(each["debit"]["value"], each["credit"]["value"]) for each in given}
        assert amounts == {("11884", "100.00"), ("29116", "245.00")}
        assert all(each["status"] == "ACCC" for each in given)

    lived(story)


def test_what_comes_back_of_a_payment_that_was_refused_is_held() -> None:
    async def story(town: Town, reference: str) -> None:
        await town.fault("thailand", "pay", "refuse", reason="AC06")
        member = town.member(MEMBER)
        scanned = (await member.scan(thai_code("10.00"))).json()
        quote = scanned["quotes"][0]["quote"]
        other = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a12"
        paid = (await member.pay(other, {"quote": quote, "debtor": DEBTOR})).json()
        assert paid["status"] == "RJCT"
        refused = (await town.book("thailand"))[-1]["reference"]

        told = await back(town, refused, amount="10.00")

        assert told["status"] == "ACSC"
        assert held_of(await ours(town)) == [("10.00", True)]

    lived(story)


@pytest.mark.parametrize("amount", ["345.01", "1000000.00"])
def test_more_than_was_paid_is_held_and_given_to_nobody(amount: str) -> None:
    async def story(town: Town, reference: str) -> None:
        told = await back(town, reference, amount=amount)

        assert told["status"] == "ACSC"
        assert held_of(await ours(town)) == [(amount, True)]

    lived(story)
