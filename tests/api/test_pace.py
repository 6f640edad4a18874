"""Over a bound a caller gets 429 with Retry-After, nothing is stored and nothing is bound.

Bounds are of an institution: another one is served meanwhile, and the same request goes through
when the window has passed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from switch.config_files import CallsSection
from tests.api.api_rig import DEBTOR, MEMBER, OTHER_MEMBER, configured, new_rig, thai_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.client import ClientAnswer
    from switch.config import Config
    from switch.keys import KeyFolder
    from tests.api.api_rig import Rig


def _bounded(
    config: Config, *, calls: int = 1000, payments: int = 1000, riel: int = 10**12
) -> Config:
    return replace(
        config,
        calls=CallsSection(window_s=1, requests_max=calls),
        velocity=replace(
            config.velocity, window_s=1, payments_max=payments, sums_max={"KHR": riel}
        ),
    )


@pytest.fixture
async def bounded(
    keys: KeyFolder, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Rig]:
    """A switch with the bounds that the test names."""
    rig = new_rig(keys, tmp_path)
    rig.config = _bounded(configured(), **request.param)
    await rig.start()
    yield rig
    await rig.close()


async def _pay(rig: Rig, token: str, key: str) -> ClientAnswer:
    return await rig.client().pay(key, {"quote": token, "debtor": DEBTOR})


def _is_over(answer: ClientAnswer) -> bool:
    if answer.status != 429:
        return False
    body = orjson.loads(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["status"], body["title"]) == (
        429,
        "Too much was asked for; nothing was stored.",
    )
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    return True


@pytest.mark.parametrize("bounded", [{"calls": 3}], indirect=True)
async def test_calls_beyond_the_bound_are_told_when_to_come_again(bounded: Rig) -> None:
    answers = [await bounded.client().scan(thai_code()) for _ in range(4)]

    assert [answer.status for answer in answers[:3]] == [200, 200, 200]
    assert _is_over(answers[3])
    assert (await bounded.client(OTHER_MEMBER).scan(thai_code())).status == 200
    await asyncio.sleep(int(answers[3].headers["retry-after"]))
    assert (await bounded.client().scan(thai_code())).status == 200


@pytest.mark.parametrize("bounded", [{"payments": 1}, {"riel": 5_000_000}], indirect=True)
async def test_payment_beyond_the_velocity_binds_nothing(bounded: Rig) -> None:
    first, second = await bounded.quote(), await bounded.quote()
    paid = await _pay(bounded, first, "first")
    leaves, sums = bounded.leaves(), bounded.sums()
    over = await _pay(bounded, second, "second")

    assert paid.status == 200
    assert _is_over(over)
    assert (bounded.leaves(), bounded.sums()) == (leaves, sums)
    # A repeat of what was paid draws nothing.
    assert (await _pay(bounded, first, "first")).body == paid.body
    await asyncio.sleep(int(over.headers["retry-after"]))
    # The key was not bound: with the same content, or other content, it is new.
    later = await _pay(bounded, await bounded.quote(), "second")
    assert (later.status, later.json()["status"]) == (200, "ACCC")
    assert len(await bounded.book()) == 2


@pytest.mark.parametrize("bounded", [{"riel": 4_000_000}], indirect=True)
async def test_a_payment_above_the_bound_by_itself_is_refused_for_good(bounded: Rig) -> None:
    token = await bounded.quote()
    refused, again = await _pay(bounded, token, "large"), await _pay(bounded, token, "large")

    assert (refused.status, refused.json()["reason"]) == (422, "AM14")
    assert again.body == refused.body
    assert bounded.sums() == []


@pytest.mark.parametrize("bounded", [{"calls": 2}], indirect=True)
async def test_what_nobody_signed_draws_on_nobody_s_bound(bounded: Rig) -> None:
    for _ in range(5):
        assert (
            await bounded.send("POST", "/v1/scans", b"{}", {"Content-Type": "application/json"})
        ).status == 401

    assert (await bounded.client().scan(thai_code())).status == 200


async def test_health_says_what_is_shared(rig: Rig) -> None:
    ready = await rig.send("GET", "/health/ready")

    assert ready.json()["coordination"] == "in process"
    assert MEMBER not in ready.body.decode()
