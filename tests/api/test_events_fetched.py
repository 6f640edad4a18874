"""A member fetches its events, and streams them, as they are sent to a webhook; nobody else's.

A page behind a sequence, a stream from behind ``Last-Event-ID`` or from now on: over any cut
between them a member who keeps the greatest sequence misses nothing and sees nothing twice.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from switch.api.event_shapes import EventsPage
from switch.client import sign_request
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, Rig, configured, thai_code
from tests.api.event_rig import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder

STREAM = "/v1/events/stream"


@pytest.fixture
async def rig(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch whose first member subscribes without a webhook."""
    config = told(configured(), {MEMBER: None}, streams_max=2)
    started = await Rig(config, keys, tmp_path).start()
    yield started
    await started.close()


async def pay(rig: Rig, key: str, bic: str = MEMBER) -> str:
    """A payment that ends; its UETR."""
    client = rig.client(bic)
    quote = (await client.scan(thai_code())).json()["quotes"][0]["quote"]
    uetr: str = (await client.pay(key, {"quote": quote, "debtor": DEBTOR})).json()["uetr"]
    return uetr


@asynccontextmanager
async def streaming(
    rig: Rig, last: str | None = None, path: str = STREAM
) -> AsyncIterator[aiohttp.ClientResponse]:
    """An open stream."""
    headers = sign_request(rig.signer(), "GET", path, b"", now=rig.clock.now(), jti=rig.ids.uuid())
    if last is not None:
        headers["Last-Event-ID"] = last
    session = rig.net.session("switch")
    async with session.get(rig.urls["switch"] + path, headers=headers) as response:
        yield response


async def frames(response: aiohttp.ClientResponse, count: int) -> list[dict[str, str]]:
    """The next frames of a stream that hold an event."""
    found: list[dict[str, str]] = []
    async with asyncio.timeout(15):
        while len(found) < count:
            frame: dict[str, str] = {}
            while line := (await response.content.readline()).decode():
                if line == "\n":
                    break
                name, _, value = line.rstrip("\n").partition(": ")
                frame[name] = value
            assert frame, "the stream goes on"
            if "id" in frame:
                found.append(frame)
    return found


async def page(rig: Rig, query: str = "") -> Any:
    """A page of events."""
    answer = await rig.client().call("GET", f"/v1/events{query}")
    assert answer.status == 200, answer.body
    EventsPage.model_validate(answer.json())
    return answer.json()


async def test_events_are_fetched_in_order_behind_a_sequence(rig: Rig) -> None:
    uetrs = [await pay(rig, f"k{number}") for number in range(3)]
    await pay(rig, "other", OTHER_MEMBER)
    whole = await page(rig)

    assert [event["payment"]["uetr"] for event in whole["events"]] == uetrs
    assert whole["last"] == 3
    assert (await page(rig, "?after=1&limit=1"))["events"] == whole["events"][1:2]
    assert (await page(rig, "?after=3"))["events"] == []


async def test_who_does_not_subscribe_has_no_events(rig: Rig) -> None:
    for path in ("/v1/events", STREAM):
        assert (await rig.client(OTHER_MEMBER).call("GET", path)).status == 404
    replay = await rig.client().call("POST", "/v1/events/replay", b'{"after":0}')
    assert replay.status == 404


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 17, "%D9%A3"])
async def test_a_query_that_is_no_whole_number_is_refused(rig: Rig, after: str) -> None:
    assert (await rig.client().call("GET", f"/v1/events?limit={after}")).status == 400
    async with streaming(rig, last=after) as response:
        assert response.status == 400


async def test_nobody_streams_unsigned(rig: Rig) -> None:
    assert (await rig.send("GET", STREAM)).status == 401
    assert (await rig.send("GET", "/v1/events")).status == 401


async def test_a_stream_shows_what_comes_and_goes_on_where_it_was_cut(rig: Rig) -> None:
    await pay(rig, "before")
    async with streaming(rig) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        await pay(rig, "k1")
        (now,) = await frames(response, 1)
    await pay(rig, "k2")
    async with streaming(rig, last=now["id"]) as response:
        (later,) = await frames(response, 1)
    async with streaming(rig, last="0") as response:
        every = await frames(response, 3)

    events = (await page(rig))["events"]
    assert (now["id"], later["id"]) == ("2", "3")
    assert [orjson.loads(frame["data"]) for frame in every] == events
    assert {frame["event"] for frame in every} == {"ended"}


async def test_the_oldest_stream_ends_when_a_member_opens_too_many(rig: Rig) -> None:
    async with streaming(rig) as first, streaming(rig) as second, streaming(rig) as third:
        async with asyncio.timeout(5):
            assert await first.read() == b": events\n\n"
        await pay(rig, "k1")
        for response in (second, third):
            (frame,) = await frames(response, 1)
            assert frame["id"] == "1"


async def test_a_switch_that_stops_ends_its_streams(rig: Rig) -> None:
    async with streaming(rig) as response:
        rig.switch.stop_waiting()
        async with asyncio.timeout(5):
            assert (await response.read()).startswith(b": events")


async def test_a_replay_names_a_whole_number(rig: Rig) -> None:
    assert (await rig.client().call("POST", "/v1/events/replay", b'{"after":-1}')).status == 400
    assert (await rig.client().call("POST", "/v1/events/replay", b"{}")).status == 400
