"""Laos where its corridor is in three legs: what it sets aside it books at our word, and only then.

The whole switch pays over the network's own wire while answers, requests and words are lost. The
surprise: a word that is lost leaves nothing unknown, because the payment was final before it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.config import default_folder, load_config
from switch.model import Finality
from switch.simulation.shops import SHOPS
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MEMBER: Final = "ABAAKHPPXXX"
KIP: Final = {"currency": "LAK", "value": "215200"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
CORRIDOR: Final = ("bakong", "laos")
LATER_S: Final = 600
DAY_S: Final = 24 * 3600
GRAIN_S: Final = 60.0
"""Nobody sleeps for less in that day."""

Shown = tuple[str, list[str], list[str]]
"""What the payer is told, the states of the book, and what was asked of the network after it."""


@cache
def three_legs() -> Residents:
    config = load_config(default_folder())
    corridor = replace(config.corridors[CORRIDOR], finality=Finality.THREE_LEG)
    return residents(replace(config, corridors=config.corridors | {CORRIDOR: corridor}))


def lived(story: Callable[[Town], Awaitable[Shown]]) -> Shown:
    with World(7) as world:
        town = Town(world, three_legs())

        async def told(_: World) -> Shown:
            await town.open()
            return await story(town)

        return world.run(told(world))


async def pays(town: Town) -> dict[str, Any]:
    member = town.member(MEMBER)
    scanned = (await member.scan(SHOPS["laos"].text)).json()
    quoted = (await member.quote(scanned["scan"], KIP)).json()
    debtor = {"name": "Sok Dara", "account": "sokdara@abaa"}
    paid = await member.pay(KEY, {"quote": quoted["quotes"][0]["quote"], "debtor": debtor})
    told: dict[str, Any] = paid.json()
    shown: dict[str, Any] = told.get("payment", told)
    return shown


async def shown(town: Town, uetr: str) -> Shown:
    now = (await town.member(MEMBER).payment(uetr)).json()
    book = [line["status"] for line in await town.book("laos")]
    listed = (await town.sandbox("laos", "GET", "/control/requests"))["requests"]
    asked = [each["operation"] for each in listed if each["operation"] not in ("lookup", "pay")]
    return now["status"], book, asked


def test_what_is_set_aside_is_booked_at_our_word() -> None:
    async def story(town: Town) -> Shown:
        paid = await pays(town)
        assert paid["status"] == "ACCC"
        await town.world.sleep(LATER_S)
        return await shown(town, paid["uetr"])

    assert lived(story) == ("ACCC", ["booked"], ["confirm"])


@pytest.mark.parametrize("kind", ["drop_answer", "garbage", "wrong_signature", "drop_request"])
def test_an_answer_that_is_lost_is_asked_for_and_then_confirmed(kind: str) -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "pay", kind)
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        return await shown(town, paid["uetr"])

    unseen = kind == "drop_request"

    assert lived(story) == (
        ("RJCT", [], ["enquire"]) if unseen else ("ACCC", ["booked"], ["enquire", "confirm"])
    )


@pytest.mark.parametrize("kind", ["drop_answer", "drop_request", "garbage", "unavailable"])
def test_our_word_is_repeated_until_it_is_answered_and_counts_once(kind: str) -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "confirm", kind, times=2)
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        return await shown(town, paid["uetr"])

    assert lived(story) == ("ACCC", ["booked"], ["confirm"] * 3)


def test_what_the_network_has_not_decided_waits_and_is_set_aside_first() -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "pay", "pending", delay_ms=12_000)
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        status, book, asked = await shown(town, paid["uetr"])
        return status, book, asked[-2:]

    assert lived(story) == ("ACCC", ["booked"], ["enquire", "confirm"])


def test_what_is_set_aside_too_late_is_not_confirmed_and_comes_to_nothing() -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "pay", "drop_answer")
        await town.fault("laos", "enquire", "drop_answer", times=3)
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        status, book, asked = await shown(town, paid["uetr"])
        assert (status, book, set(asked)) == ("PDNG", ["reserved"], {"enquire"})
        town.world.loop.grain_s = GRAIN_S
        await town.world.sleep(DAY_S + LATER_S * 18)
        town.world.loop.grain_s = 0
        status, book, asked = await shown(town, paid["uetr"])
        return status, book, sorted(set(asked))

    assert lived(story) == ("RJCT", ["refused"], ["enquire"])


def test_a_refusal_is_one_and_nothing_is_confirmed() -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "pay", "refuse", reason="AC06")
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        return await shown(town, paid["uetr"])

    assert lived(story) == ("RJCT", ["refused"], [])


def test_what_was_never_confirmed_comes_to_nothing_after_the_networks_own_time() -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "pay", "contradict", reason="AC04")
        paid = await pays(town)
        status, book, asked = await shown(town, paid["uetr"])
        assert (status, book, asked) == ("RJCT", ["reserved"], [])
        town.world.loop.grain_s = GRAIN_S
        await town.world.sleep(DAY_S + GRAIN_S)
        town.world.loop.grain_s = 0
        return await shown(town, paid["uetr"])

    assert lived(story) == ("RJCT", ["refused"], [])


def test_a_word_that_is_refused_is_a_dispute_and_the_payer_hears_no_other_end() -> None:
    async def story(town: Town) -> Shown:
        await town.fault("laos", "confirm", "refuse", reason="AC04")
        paid = await pays(town)
        await town.world.sleep(LATER_S)
        operator = town.operator("operator-1")
        queue = (await operator.call("GET", "/v1/operations/payments")).json()["payments"]
        assert [(case["uetr"], case["disputed"]) for case in queue] == [(paid["uetr"], True)]
        return await shown(town, paid["uetr"])

    status, book, asked = lived(story)

    assert (status, book) == ("ACCC", ["refused"])
    assert set(asked) == {"confirm"}
