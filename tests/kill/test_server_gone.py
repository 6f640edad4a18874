"""PostgreSQL goes away and comes back, the same or without its last commits, under a switch.

What comes back the same is gone on with by the same process, and a start waits for it. What lacks a
commit that was confirmed ends the process, and its next life pays nothing that may have been paid.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import asyncpg
import orjson
import pytest

from switch.data_folder import LOSS_FILE
from switch.stores import VARIABLE
from tests.books.books_rig import THAI, all_ended, arrived, call, child, restarted
from tests.kill import kill_rounds
from tests.kill.postgres_stage import stage_maker
from tests.servers.processes import STARTED_WITHIN_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switch.client import ClientAnswer
    from switch.demo.stage import Stage
    from tests.books.books_rig import Call
    from tests.servers.processes import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PAYMENTS = 12
GONE_S = 4.0
"""Longer than a read waits, so that everything that reads hears that the store is away."""


async def _answered(stage: Stage, instruction: Call) -> ClientAnswer:
    """Send, again after each 503, until there is a final answer."""
    async with asyncio.timeout(GONE_S + STARTED_WITHIN_S + 40):
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


async def _started_without(make: Callable[[], Stage], server: PostgresServer) -> None:
    async with make() as stage:
        paid = await call(stage, "10.00")
        first = await paid.send(stage)
        await child(stage, "switch").kill()
        await asyncio.to_thread(server.kill)
        starting = asyncio.create_task(restarted(stage))
        await asyncio.sleep(3)
        assert not starting.done(), "it waits"
        await asyncio.to_thread(server.start)
        await starting

        assert (await paid.send(stage)).body == first.body
        assert (await (await call(stage, "11.00")).send(stage)).status == 200


def test_a_start_waits_for_the_server(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch)
    asyncio.run(_started_without(make, postgres_server))


async def _forgotten(connection: asyncpg.Connection[asyncpg.Record], tables: list[str]) -> None:
    """Put the database back to what was kept, and cut who is connected: a node that lagged."""
    await connection.execute("SET session_replication_role = replica")
    async with connection.transaction():
        for table in tables:
            sql = f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"
            await connection.execute(sql)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'bakong-switch' AND datname = current_database()"
    )


async def _failed_over(make: Callable[[], Stage]) -> None:
    async with make() as stage:
        await (await call(stage, "10.00")).send(stage)
        connection = await asyncpg.connect(os.environ[VARIABLE])
        found = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            # Whoever is still connected waits for the row of its slot, which is to stay.
            "AND relkind = 'r' AND relname <> 'slot'"
        )
        tables = [row[0] for row in found]
        for table in tables:
            await connection.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
        lost, other = await call(stage, "12.00"), await call(stage, "13.00")
        first = await lost.send(stage)
        assert (first.status, first.json()["status"]) == (200, "ACCC")
        before = await arrived(stage, THAI)
        await _forgotten(connection, tables)
        status = await asyncio.wait_for(child(stage, "switch").process.wait(), 20)
        said = (stage.data / "switch.log").read_text("utf-8").splitlines()[-1]
        # A supervisor starts it again as it was.
        await restarted(stage)
        again = await _answered(stage, lost)

        assert (status, said) == (70, "process_ended part=store error=CommitsLost")
        assert orjson.loads((stage.data / LOSS_FILE).read_bytes())["done"] is False
        assert await connection.fetchval("SELECT done FROM loss") is False
        assert again.json()["status"] == "ACCC", "the network was asked"
        # Quoted before, so it may have been paid: the network is asked, and has not seen it.
        assert (await _answered(stage, other)).json()["status"] == "RJCT"
        assert await arrived(stage, THAI) == before, "and nothing was sent a second time"
        assert (await (await call(stage, "14.00")).send(stage)).status == 503
        await connection.close()


def test_a_server_without_the_last_commits_ends_the_process_and_nothing_is_paid_twice(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = stage_maker(postgres_server, tmp_path, monkeypatch)
    asyncio.run(_failed_over(make))
