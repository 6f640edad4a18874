"""A repeat waits for the open payment or is told where to ask, and refusals repeat like answers.

After the stated retention a key is free again; what was paid under it is never paid twice.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from switch.client import ClientAnswer
from tests.api.api_rig import DEBTOR, Rig
from tests.api.test_messages import pacs008, pacs028, status

RETENTION_DAYS = 401


async def json_call(rig: Rig) -> Any:
    """A payment in JSON that can be repeated."""
    payment = {"quote": await rig.quote(), "debtor": DEBTOR}

    async def call() -> ClientAnswer:
        return await rig.client().pay("order-1", payment)

    return call


async def iso_call(rig: Rig) -> Any:
    """A pacs.008 that can be repeated."""
    body = await pacs008(rig)

    async def call() -> ClientAnswer:
        return await rig.client().message(body)

    return call


CHANNELS = pytest.mark.parametrize("channel", [json_call, iso_call])


@CHANNELS
async def test_a_repeat_of_an_open_payment_is_told_where_to_ask(hasty: Rig, channel: Any) -> None:
    """Lesson 6: who asks again is answered while nothing is known yet."""
    await hasty.fault("pay", "hold")
    call = await channel(hasty)
    first, repeat = await call(), await call()
    location = first.headers["location"]
    shown = await hasty.client().call("GET", location)
    await hasty.sandbox("POST", "/control/release")
    final = await call()

    assert [first.status, repeat.status] == [202, 202]
    assert location == repeat.headers["location"]
    assert (shown.status, shown.json()["status"]) == (200, "PDNG")
    assert final.status == 200
    assert "location" not in final.headers
    assert (await hasty.client().call("GET", location)).json()["status"] == "ACCC"
    assert len(await hasty.book()) == 1


@CHANNELS
async def test_a_repeat_waits_for_the_end_of_the_first(rig: Rig, channel: Any) -> None:
    await rig.fault("pay", "hold")
    call = await channel(rig)
    first = asyncio.ensure_future(call())
    await rig.arrived(1)
    repeats = [asyncio.ensure_future(call()) for _ in range(4)]
    await asyncio.sleep(0.1)
    assert not any(each.done() for each in (first, *repeats))
    await rig.sandbox("POST", "/control/release")
    answers = await asyncio.gather(first, *repeats)

    assert {200} == {answer.status for answer in answers}
    assert len({answer.body for answer in answers}) == 1


@CHANNELS
async def test_a_refusal_of_the_network_repeats_byte_for_byte(rig: Rig, channel: Any) -> None:
    await rig.fault("pay", "refuse", reason="AC04")
    call = await channel(rig)
    first, again = await call(), await call()

    assert (first.status, first.body) == (again.status, again.body)
    assert b"AC04" in first.body


@CHANNELS
async def test_after_the_retention_a_repeat_is_refused_and_pays_nothing(
    rig: Rig, channel: Any
) -> None:
    call = await channel(rig)
    first = await call()
    rig.clock.passed += timedelta(days=RETENTION_DAYS)
    assert await rig.switch.retention.turn() == (1, 0)
    late = await call()

    assert first.status == 200
    assert late.status >= 400 or status(late)[1] == "RJCT"
    assert late.body != first.body
    assert len(await rig.book()) == 1


async def test_after_the_retention_the_status_is_still_told(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    await rig.client().message(await pacs008(rig, uetr=uetr))
    rig.clock.passed += timedelta(days=RETENTION_DAYS)
    await rig.switch.retention.turn()

    assert status(await rig.client().message(pacs028(rig, uetr))) == (200, "ACCC", None)
    assert (await rig.client().payment(uetr)).json()["status"] == "ACCC"


async def test_what_was_never_seen_is_forgotten_only_after_its_retention(rig: Rig) -> None:
    uetr = rig.ids.uetr()
    body = await pacs008(rig, uetr=uetr)
    assert status(await rig.client().message(pacs028(rig, uetr))) == (200, "RJCT", "NARR")
    assert status(await rig.client().message(body))[1:] == ("RJCT", "TM01")
    rig.clock.passed += timedelta(days=RETENTION_DAYS)

    assert await rig.switch.retention.turn() == (1, 1)
    late = await rig.client().message(body)
    assert late.status >= 400 or status(late)[1] == "RJCT"
    assert await rig.book() == []


async def test_a_clock_that_is_wrong_once_costs_no_stored_answer(rig: Rig) -> None:
    token = await rig.quote()
    paid = {"quote": token, "debtor": DEBTOR}
    first = await rig.client().pay("key", paid)
    rig.clock.ahead += timedelta(days=RETENTION_DAYS)
    assert await rig.switch.retention.turn() == (0, 0)
    rig.clock.ahead -= timedelta(days=RETENTION_DAYS)
    assert await rig.switch.retention.turn() == (0, 0)

    assert (await rig.client().pay("key", paid)).body == first.body
    assert "clock_not_believed" in [event for event, _ in rig.log.events]
