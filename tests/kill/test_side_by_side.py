"""Two switches on one PostgreSQL and one Redis: one bound, and each hears what the other ended."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from switch.demo.scenes import DEBTOR, MEMBER, thai_code
from tests.books.books_rig import THAI, call, launched, until
from tests.kill.postgres_stage import SHORT_LEASE, Beside, stage_maker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.client import SigningClient
    from switch.demo.stage import Stage
    from tests.servers.processes import PostgresServer, RedisServer

pytestmark = pytest.mark.slow

OTHER_MEMBER: Final = "CADIKHPPXXX"
REQUESTS_MAX: Final = 120
TOLD_WITHIN_S: Final = 0.8
"""Sooner than whoever is not told looks again; on a busy machine too."""


async def shared(client: SigningClient) -> bool:
    """Whether a switch says that it shares."""
    health: dict[str, Any] = (await client.send("GET", "/health/ready", b"", {})).json()
    return bool(health["coordination"] == "shared")


async def _told(stage: Stage, beside: Beside) -> float:
    """How long a caller at one switch waits for what the other one ends."""
    instruction = await call(stage, "345.00")
    paying = await launched(stage, THAI, instruction.send(stage), kind="hold")
    body = {"quote": instruction.token, "debtor": dict(DEBTOR)}
    waiting = asyncio.create_task(beside.member(MEMBER).pay(instruction.key, body))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await stage.sandbox(THAI, "POST", "/control/release", {})
    answer = await paying
    answered_at = time.monotonic()
    assert (await waiting).body == answer.body
    return time.monotonic() - answered_at


async def _side_by_side(make: Callable[[], Stage], folder: Path) -> None:
    async with make() as stage, Beside(stage, folder) as beside:
        clients = (stage.member(OTHER_MEMBER), beside.member(OTHER_MEMBER))

        async def both() -> bool:
            return all([await shared(client) for client in clients])

        await until(both)
        waited_s = [await _told(stage, beside) for _ in range(3)]
        # Longer than the window, so that the pool of a Redis that has just started is open.
        await asyncio.sleep(2.5)
        asked = [client.scan(thai_code("20.00")) for _ in range(REQUESTS_MAX) for client in clients]
        statuses = [answer.status for answer in await asyncio.gather(*asked)]

        assert max(waited_s) < TOLD_WITHIN_S
        assert set(statuses) == {200, 429}
        # The half that is dealt out always; of the pool what a busy machine gets in time.
        assert REQUESTS_MAX // 2 <= statuses.count(200) <= REQUESTS_MAX


def test_two_switches_keep_one_bound_and_tell_each_other_what_ended(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared_by_two = f'processes_max = 2\nurl = "{redis_server.url()}"\n'
    bound = f"window_s = 2\nrequests_max = {REQUESTS_MAX}"
    changes = [
        *SHORT_LEASE,
        ("switch.toml", "processes_max = 1", shared_by_two),
        ("limits.toml", "window_s = 10\nrequests_max = 100000", bound),
    ]
    make = stage_maker(postgres_server, tmp_path, monkeypatch, changes)
    asyncio.run(_side_by_side(make, tmp_path))
