"""Members are told how their payments end over real HTTP, once each, through any trouble of theirs.

A receiver that hangs, answers an error, is not there or says stop costs its own events only; what
it handled once has the same identifier when it comes again; what is not taken in a day is given up
and can still be fetched.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.api.event_shapes import EventView
from switch.qr import Khqr, write_khqr
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, SECRETS, thai_code
from tests.api.event_rig import HANG, PATH, REDIRECT, EventRig, serving, started, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder
    from tests.api.event_rig import Receiver


@pytest.fixture
async def events(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[EventRig]:
    """A switch that tells two members."""
    made = await started(keys, tmp_path)
    yield made
    await made.close()


@pytest.fixture
def bank(events: EventRig) -> Receiver:
    """The first member's server."""
    return events.receivers[MEMBER]


async def test_the_end_of_a_payment_is_told_signed_and_as_it_is_shown(
    events: EventRig, bank: Receiver
) -> None:
    uetr = await events.pay("k1")
    await until(lambda: bool(bank.requests))
    (taken,) = bank.requests
    shown = (await events.rig.client().payment(uetr)).json()

    EventView.model_validate(taken.event)
    assert taken.event["payment"] == shown
    assert (taken.event["sequence"], taken.event["order"]) == (1, 2)
    assert (taken.event["kind"], taken.event["status"]) == ("ended", "ACCC")
    assert (taken.event["payment_kind"], taken.event["original"]) == ("payment", None)
    assert taken.event["event_id"] == taken.event_id
    assert taken.path == PATH
    assert (taken.signed["htm"], taken.signed["htp"]) == ("POST", PATH)
    assert (taken.signed["kid"], taken.signed["aud"]) == ("BKSWKHPPXXX", MEMBER)
    assert events.receivers[OTHER_MEMBER].requests == []


async def test_nothing_personal_is_sent_or_logged(events: EventRig, bank: Receiver) -> None:
    await events.pay("k1")
    await until(lambda: bool(bank.requests))
    said = bank.requests[0].body.decode() + repr(events.rig.log.events)

    assert [secret for secret in SECRETS if secret in said] == []


async def test_a_refusal_before_anything_is_sent_is_told_too(
    events: EventRig, bank: Receiver
) -> None:
    quote = await events.rig.quote()
    for key in ("k1", "k2"):
        asked = {"quote": quote, "debtor": {"name": "A", "account": "a@abaa"}}
        await events.rig.client().pay(key, asked)
    await until(lambda: len(bank.handled) == 2)

    assert [event["status"] for event in bank.handled.values()] == ["ACCC", "RJCT"]


async def test_a_merchants_bank_is_told_what_its_customer_was_paid_from_abroad(
    events: EventRig, bank: Receiver
) -> None:
    shop = Khqr(
        account="coffee@abaa",
        merchant_name="Noodle Shop",
        merchant_city="Phnom Penh",
        category="5812",
    )
    asked = {"payload": write_khqr(shop), "amount": "41000"}
    told = await events.rig.sandbox("POST", "/control/pay-khqr", asked)
    await until(lambda: bool(bank.handled))
    (event,) = bank.handled.values()
    shown = await events.rig.client().payment(told["uetr"])
    other = await events.rig.client(OTHER_MEMBER).payment(told["uetr"])

    assert event["payment"] == shown.json()
    assert (event["status"], shown.json()["direction"]) == ("ACCC", "inbound")
    assert (shown.json()["uetr"], other.status) == (told["uetr"], 404)


async def test_a_receiver_that_times_out_after_handling_gets_the_same_event_again(
    events: EventRig, bank: Receiver
) -> None:
    """Lesson 14: the same event again is known as the same."""
    bank.script = [HANG]
    uetr = await events.pay("k1")
    await until(lambda: len(bank.requests) >= 2)

    first, again = bank.requests[:2]
    assert first.body == again.body
    assert first.event_id == again.event_id
    assert first.signed["jti"] != again.signed["jti"]
    assert [event["payment"]["uetr"] for event in bank.handled.values()] == [uetr]


@pytest.mark.parametrize("status", [500, 503, 404, 429, REDIRECT])
async def test_an_answer_that_is_no_success_is_tried_again(
    events: EventRig, bank: Receiver, status: int
) -> None:
    bank.script = [status]
    await events.pay("k1")
    await until(lambda: bool(bank.handled))

    assert bank.sequences() == [1, 1]


async def test_one_event_that_is_refused_holds_up_no_other(
    events: EventRig, bank: Receiver
) -> None:
    bank.refuses = {1: 422}
    for number in range(1, 4):
        await events.pay(f"k{number}")
    await until(lambda: len(bank.handled) == 2)
    bank.refuses = {}
    await until(lambda: len(bank.handled) == 3)

    assert {event["sequence"] for event in bank.handled.values()} == {1, 2, 3}


async def test_one_event_that_always_fails_holds_up_no_other(
    events: EventRig, bank: Receiver
) -> None:
    bank.refuses = {1: 500}
    for number in range(1, 4):
        await events.pay(f"k{number}")
    await until(lambda: len(bank.handled) == 2)

    assert {event["sequence"] for event in bank.handled.values()} == {2, 3}


async def test_a_dead_receiver_costs_nobody_else_and_gets_everything_when_it_is_back(
    events: EventRig, bank: Receiver
) -> None:
    await events.served[0].close()
    for number in range(1, 4):
        await events.pay(f"k{number}")
        await events.pay(f"o{number}", OTHER_MEMBER)
    other = events.receivers[OTHER_MEMBER]
    await until(lambda: len(other.handled) == 3)
    assert bank.requests == []
    outbox = events.rig.store.outbox
    assert await outbox.kept(MEMBER) == 0

    events.served[0] = await serving(events.net, MEMBER, bank)
    await until(lambda: len(bank.handled) == 3)
    assert [event for event, _ in events.rig.log.events if event == "receiver_back"]


@pytest.mark.parametrize("room", [0, 1, 2, 3])
async def test_a_switch_without_room_for_tasks_tells_when_there_is_some_again(
    events: EventRig, bank: Receiver, room: int
) -> None:
    client, tasks = events.rig.client(), events.rig.tasks
    quote = (await client.scan(thai_code())).json()["quotes"][0]["quote"]
    await client.pay("k1", {"quote": quote, "debtor": DEBTOR})
    await events.settled(MEMBER)
    tasks._tasks_max = len(tasks) + room
    # Refused at once, so that nothing but the event needs a task.
    refused = await client.pay("k2", {"quote": quote, "debtor": DEBTOR})
    await asyncio.sleep(1)
    tasks._tasks_max = 1_000
    await until(lambda: len(bank.handled) == 2)
    await events.settled(MEMBER)

    assert refused.status == 422
    assert events.rig.crashes == []


async def test_so_many_are_on_their_way_to_one_receiver_and_no_more(
    keys: KeyFolder, tmp_path: Path
) -> None:
    made = await started(keys, tmp_path, at_once_max=2)
    bank = made.receivers[MEMBER]
    bank.otherwise = 500
    for number in range(1, 8):
        await made.pay(f"k{number}")
    bank.slow_s, bank.otherwise = 0.05, 204
    await until(lambda: len(bank.handled) == 7)

    assert bank.most_at_once == 2
    await made.close()


async def test_gone_stops_and_a_replay_goes_on(events: EventRig, bank: Receiver) -> None:
    bank.script = [410]
    await events.pay("k1")
    await until(lambda: any(event == "events_stopped" for event, _ in events.rig.log.events))
    await events.pay("k2")
    answer = await events.rig.client().call("POST", "/v1/events/replay", b'{"after":0}')
    await until(lambda: len(bank.handled) == 2)

    assert (answer.status, answer.json()) == (202, {"after": 0, "last": 2})
    assert bank.sequences()[0] == 1
    assert set(bank.sequences()[1:]) == {1, 2}


async def test_a_replay_sends_what_was_taken_once_more_under_the_same_identifiers(
    events: EventRig, bank: Receiver
) -> None:
    for number in range(1, 4):
        await events.pay(f"k{number}")
    await until(lambda: len(bank.handled) == 3)
    await events.settled(MEMBER)
    await events.rig.client().call("POST", "/v1/events/replay", b'{"after":1}')
    await until(lambda: len(bank.requests) == 5)

    assert sorted(bank.sequences()[3:]) == [2, 3]
    assert len(bank.handled) == 3


async def test_what_is_not_taken_in_a_day_is_given_up_and_can_be_fetched(
    events: EventRig, bank: Receiver
) -> None:
    bank.otherwise = 500
    await events.pay("k1")
    # Only once the first answer is kept: a clock that steps before it says nothing of a day.
    await until(lambda: any(event == "receiver_away" for event, _ in events.rig.log.events))
    events.rig.clock.passed = timedelta(hours=25)
    await until(
        lambda: ("events_given_up", {"receiver": MEMBER, "count": 1}) in events.rig.log.events
    )
    bank.otherwise = 204
    await events.pay("k2")
    await until(lambda: bool(bank.handled))

    assert [event["sequence"] for event in bank.handled.values()] == [2]
    page = (await events.rig.client().call("GET", "/v1/events")).json()
    assert [event["sequence"] for event in page["events"]] == [1, 2]


async def test_a_switch_that_was_off_for_days_gives_up_nothing(
    events: EventRig, bank: Receiver
) -> None:
    await events.served[0].close()
    await events.pay("k1")
    await until(lambda: any(event == "receiver_away" for event, _ in events.rig.log.events))
    await events.again(off_for=timedelta(days=3))
    events.served[0] = await serving(events.net, MEMBER, bank)
    await until(lambda: len(bank.handled) == 1)


async def test_a_restart_goes_on_where_it_was(events: EventRig, bank: Receiver) -> None:
    await events.pay("k1")
    await until(lambda: len(bank.handled) == 1)
    await events.settled(MEMBER)
    bank.otherwise = 500
    await events.pay("k2")
    await until(lambda: len(bank.requests) >= 2)
    await events.again(off_for=timedelta(seconds=1))
    bank.otherwise = 204
    await events.pay("k3")
    await until(lambda: len(bank.handled) == 3)

    assert bank.sequences().count(1) == 1
    assert set(bank.sequences()) == {1, 2, 3}
