"""PostgreSQL is killed among payments and comes back: the switch lives on, and each ends once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.books.books_rig import THAI, all_ended, arrived, call, child
from tests.kill import kill_rounds
from tests.kill.postgres_stage import stage_maker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.client import ClientAnswer
    from switch.demo.stage import Stage
    from tests.books.books_rig import Call
    from tests.servers.processes import PostgresServer

pytestmark = pytest.mark.slow

PAYMENTS = 12
GONE_S = 1.0


async def _answered(stage: Stage, instruction: Call) -> ClientAnswer:
    """Send, again after each 503, until there is a final answer."""
    async with asyncio.timeout(40):
        while True:
            answer = await instruction.send(stage)
            if answer.status == 200:
                return answer
            assert answer.status in (202, 503), answer.status
            await asyncio.sleep(0.1)


async def _gone(make: Callable[[], Stage], server: PostgresServer) -> None:
    async with make() as stage:
        calls = [await call(stage, f"{place}.50") for place in range(1, PAYMENTS + 1)]
        paying = [asyncio.create_task(_answered(stage, each)) for each in calls]
        await asyncio.sleep(0.03)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(GONE_S)
        await asyncio.to_thread(server.start)
        answers = await asyncio.gather(*paying)
        again = await asyncio.gather(*[each.send(stage) for each in calls])
        lines = await all_ended(stage)

        assert child(stage, "switch").process.returncode is None, "it has lived through it"
        assert [answer.body for answer in answers] == [answer.body for answer in again]
        assert len(lines) == PAYMENTS
        told = {answer.json()["uetr"]: answer.json()["status"] for answer in answers}
        assert told == {uetr: line["status"] for uetr, line in lines.items()}
        seen = await arrived(stage, THAI)
        assert len(seen) == len(set(seen)), "nothing was sent twice"
        report = await kill_rounds.verified(stage)
        assert report["faults"] == []


def test_killed_among_payments_the_server_comes_back_and_each_payment_ends_once(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch, ())
    asyncio.run(_gone(make, postgres_server))
