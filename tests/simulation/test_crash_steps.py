"""Killed at any step, or by a loss of power there, a process keeps what it has answered for."""

from __future__ import annotations

import asyncio

import apsw
import pytest
from aiohttp import web

from switch.simulation.world import Machine, World
from switch.wire.transport import Answer, Request, Transport

Row = tuple[str, "asyncio.Future[None]"]


def opened(vfs: str) -> apsw.Connection:
    """Open the database as the store does."""
    connection = apsw.Connection("count.db", vfs=vfs)
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def bank(machine: Machine) -> None:
    """A tiny switch: each request is one durable row before it is answered."""
    connection = opened(machine.disk.name)
    connection.execute("CREATE TABLE IF NOT EXISTS row (key TEXT PRIMARY KEY)")

    def execute(batch: list[Row]) -> None:
        with connection:
            for key, _ in batch:
                connection.execute("INSERT OR IGNORE INTO row VALUES (?)", (key,))
        for _, answered in batch:
            answered.set_result(None)

    async def keep(request: web.Request) -> web.Response:
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        writer.submit(((await request.read()).decode(), answered), urgent=False)
        await answered
        return web.Response(text="kept")

    writer = machine.writer(execute)
    app = web.Application()
    app.router.add_post("/", keep)
    await machine.net.serve(app, "bank")


def sweep_once(kill_at: int, *, power: bool, by_disk: bool = False) -> tuple[bool, bool, bool]:
    """Kill at one step of the loop or operation of the disk.

    Returns (was killed, an answer was given, the row is there).
    """
    killed: list[int] = []

    def hook(number: int, _: str = "") -> None:
        if number == kill_at:
            killed.append(number)
            if power:
                world.lose_power("bank")
            else:
                world.kill("bank")

    async def scenario() -> bool:
        await world.sleep(0.01)
        member = world.machine("member")
        result = await Transport(member.net, member.clock).send(
            "bank", Request("POST", "/", (), b"row"), may_send=lambda: True, answer_within_s=30
        )
        world.kill("bank")
        return isinstance(result, Answer) and result.status == 200

    with World(7) as world:
        world.start("bank", bank)
        if by_disk:
            world.disk("bank").on_operation = hook
        else:
            world.loop.on_step = hook
        answered = world.run(scenario())
        world.disk("bank").on_operation = None
        connection = opened(world.disk("bank").name)
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
        kept = bool(tables) and bool(connection.execute("SELECT count(*) FROM row").get)
        connection.close()
    return bool(killed), answered, kept


@pytest.mark.parametrize("by_disk", [False, True])
@pytest.mark.parametrize("power", [False, True])
def test_an_answered_row_is_durable_wherever_the_process_dies(
    *, power: bool, by_disk: bool
) -> None:
    outcomes = set()
    for at in range(1, 1000):
        killed, answered, kept = sweep_once(at, power=power, by_disk=by_disk)
        if not killed:
            break
        assert kept or not answered, f"answered, then lost, at {at}"
        outcomes.add((answered, kept))
    else:
        pytest.fail("the sweep did not end")

    # Past the last operation of the disk nothing is killed, so killing there never meets an answer.
    expected = {(False, False), (False, True), (True, True)}
    assert expected - outcomes <= ({(True, True)} if by_disk else set())
