"""What bounds the events of a member: how many are tried again, and how old one may become."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from switch import deliveries
from tests.api.api_rig import MEMBER
from tests.api.event_rig import until
from tests.api.test_events_sent import bank as bank  # noqa: PLC0414
from tests.api.test_events_sent import events as events  # noqa: PLC0414

if TYPE_CHECKING:
    import pytest

    from tests.api.event_rig import EventRig, Receiver


async def test_an_event_younger_than_a_day_is_kept_where_an_older_one_is_given_up(
    events: EventRig, bank: Receiver
) -> None:
    bank.otherwise = 500
    await events.pay("k1")
    await until(lambda: any(event == "receiver_away" for event, _ in events.rig.log.events))
    # While the next attempt is under way the second event comes.
    bank.slow_s = 0.3
    events.rig.clock.passed = timedelta(hours=25)
    await events.pay("k2")
    await until(
        lambda: ("events_given_up", {"receiver": MEMBER, "count": 1}) in events.rig.log.events
    )
    bank.otherwise = 204
    await until(lambda: bool(bank.handled))

    assert [event["sequence"] for event in bank.handled.values()] == [2]


async def test_where_so_many_are_tried_again_no_new_one_is_begun(
    events: EventRig, bank: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "KEPT_MAX", 2)
    bank.refuses = {1: 422, 2: 422}
    for key in ("k1", "k2"):
        await events.pay(key)
        await events.settled(MEMBER)
    assert await events.rig.store.outbox.kept(MEMBER) == 2
    await events.pay("k3")
    await until(lambda: bank.sequences().count(1) >= 2)
    await asyncio.sleep(1)
    assert 3 not in bank.sequences()

    bank.refuses = {}
    await until(lambda: len(bank.handled) == 3)
