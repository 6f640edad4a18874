"""A full disk, a folder that cannot be written, a locked database, a lost Redis: refused or slower.

Real processes meet the real thing. Nothing is half-written, whoever got a final answer gets the
same again, and when the cause is gone the switch goes on by itself, or after its supervisor has
started it again where it ended.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import apsw
import pytest

from switch.config import default_folder, load_config
from switch.demo.scenes import pay, quoted, thai_code
from switch.demo.stage import Stage
from tests.books.books_rig import Call, all_ended, call, child, faults, new_stage, restarted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switch.client import ClientAnswer
    from tests.servers.processes import RedisServer

pytestmark = pytest.mark.slow

EXIT_SOFTWARE: Final = 70
EXIT_MENDABLE: Final = 2
ENDED_WITHIN_S: Final = 20.0
PAYMENTS: Final = 8
WAITED_FOR_S: Final = 2.0
"""A lock held so long costs time only; a commit waits up to five seconds."""


async def sent(stage: Stage, calls: Sequence[Call]) -> dict[Call, ClientAnswer | None]:
    """Pay side by side; no answer where the switch died."""
    came = await asyncio.gather(*(each.send(stage) for each in calls), return_exceptions=True)
    answers: dict[Call, ClientAnswer | None] = {}
    for each, answer in zip(calls, came, strict=True):
        if isinstance(answer, BaseException):
            assert isinstance(answer, aiohttp.ClientError | ConnectionError), answer
            answers[each] = None
        else:
            assert answer.status in (200, 202, 503), answer.body
            answers[each] = answer
    return answers


async def kept(stage: Stage, answers: dict[Call, ClientAnswer | None]) -> None:
    """Every call ends once, a final answer stays, and the books of everybody agree."""
    await asyncio.gather(*(each.send(stage) for each in answers))
    await all_ended(stage)
    for each, before in answers.items():
        final = await each.send(stage)
        assert final.status == 200
        if before is not None and before.status == 200:
            assert before.body == final.body
    assert faults(stage) == []


async def ended(stage: Stage) -> int:
    """The status with which the switch ended."""
    return await asyncio.wait_for(child(stage, "switch").process.wait(), ENDED_WITHIN_S)


async def _full_disk() -> None:
    async with new_stage() as stage:
        answers = await sent(
            stage, [await call(stage, f"{n}.00") for n in range(10, 10 + PAYMENTS)]
        )
        log = stage.data / "switch.db-wal"
        calls = [await call(stage, f"{n}.00") for n in range(100, 100 + 4 * PAYMENTS)]
        # No file of this process can grow beyond where the log is going to be in a few payments.
        limit = log.stat().st_size + 60_000
        resource.prlimit(child(stage, "switch").pid, resource.RLIMIT_FSIZE, (limit, limit))
        for start in range(0, len(calls), PAYMENTS):
            answers |= await sent(stage, calls[start : start + PAYMENTS])

        assert await ended(stage) == EXIT_SOFTWARE
        assert None in answers.values()
        assert log.stat().st_size <= limit
        await restarted(stage)
        await kept(stage, answers)


def test_a_full_disk_ends_the_process_and_loses_nothing() -> None:
    asyncio.run(_full_disk())


async def _start(stage: Stage) -> tuple[int, str]:
    """Start a switch that has no right to everything; returns its status and what it said."""
    command = [sys.executable, "-m", "switch", "serve", "--port", "0", "--data", str(stage.data)]
    if os.getuid() == 0:
        # The rights of files are for root too when it may not override them.
        setpriv = shutil.which("setpriv")
        assert setpriv is not None, "util-linux is on every Linux"
        lacking = "-dac_override,-dac_read_search"
        command = [setpriv, f"--bounding-set={lacking}", f"--inh-caps={lacking}", *command]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), ENDED_WITHIN_S)
    assert process.returncode is not None
    return process.returncode, said.decode()


def _written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


async def _read_only() -> None:
    async with new_stage() as stage:
        answers = await sent(stage, [await call(stage, "10.00")])
        await child(stage, "switch").stop()
        before = _written(stage.data)
        files = [path for path in stage.data.iterdir() if path.is_file()]
        for path in files:
            path.chmod(stat.S_IRUSR)
        stage.data.chmod(stat.S_IRUSR | stat.S_IXUSR)
        try:
            status, said = await _start(stage)
        finally:
            stage.data.chmod(stat.S_IRWXU)
            for path in files:
                path.chmod(stat.S_IRUSR | stat.S_IWUSR)

        assert status == EXIT_MENDABLE
        assert len(said.splitlines()) == 1
        assert said.startswith("bakong-switch: ")
        assert _written(stage.data) == before
        await restarted(stage)
        await kept(stage, answers | await sent(stage, [await call(stage, "11.00")]))


def test_a_folder_that_cannot_be_written_refuses_the_start() -> None:
    asyncio.run(_read_only())


async def _locked() -> None:
    async with new_stage() as stage:
        answers = await sent(stage, [await call(stage, "10.00")])
        calls = [await call(stage, f"{n}.00") for n in range(100, 100 + 2 * PAYMENTS)]
        other = apsw.Connection(str(stage.data / "switch.db"))
        other.execute("BEGIN IMMEDIATE")
        paying = asyncio.create_task(sent(stage, calls[:PAYMENTS]))
        await asyncio.sleep(WAITED_FOR_S)
        assert not paying.done()
        other.execute("ROLLBACK")
        answers |= await paying
        assert {each.status for each in answers.values() if each is not None} == {200}
        assert None not in answers.values()

        other.execute("BEGIN IMMEDIATE")
        paying = asyncio.create_task(sent(stage, calls[PAYMENTS:]))
        # It gives up waiting; its supervisor starts it again, and that does not wait for ever.
        assert await ended(stage) == EXIT_SOFTWARE
        status, said = await _start(stage)
        assert (status, "locked" in said, len(said.splitlines())) == (EXIT_MENDABLE, True, 1)
        other.execute("ROLLBACK")
        other.close()
        answers |= await paying
        await restarted(stage)
        await kept(stage, answers)


def test_a_locked_database_is_waited_for_or_ends_the_process() -> None:
    asyncio.run(_locked())


def _with_redis(folder: Path, server: RedisServer, requests_max: int) -> Path:
    shutil.copytree(default_folder(), folder)
    top, limits = folder / "switch.toml", folder / "limits.toml"
    shared = f'processes_max = 2\nurl = "{server.url()}"\n'
    top.write_text(top.read_text("utf-8").replace("processes_max = 1", shared, 1), "utf-8")
    text = limits.read_text("utf-8")
    text = text.replace(
        "window_s = 10\nrequests_max = 100000", f"window_s = 2\nrequests_max = {requests_max}"
    )
    limits.write_text(text, "utf-8")
    return folder


async def health(stage: Stage) -> Any:
    """What the switch says of itself."""
    return (await stage.overseer().send("GET", "/health/ready", b"", {})).json()


async def said_to_be(stage: Stage, state: str) -> None:
    """Wait until health says how it stands with what is shared."""
    async with asyncio.timeout(10):
        while (await health(stage))["coordination"] != state:  # noqa: ASYNC110  nothing tells when
            await asyncio.sleep(0.05)


async def _let_through(stage: Stage, count: int) -> list[int]:
    """The statuses of so many requests of one member, as fast as they go."""
    client = stage.member("CADIKHPPXXX")
    return [(await client.scan(thai_code("20.00"))).status for _ in range(count)]


async def _redis_killed(server: RedisServer, folder: Path) -> None:
    config_folder = _with_redis(folder / "config", server, 400)
    async with Stage(load_config(config_folder), config_folder) as stage:
        await said_to_be(stage, "shared")
        await asyncio.sleep(2.5)  # The pools of a server that just started open after a window.
        tokens = [await quoted(stage, thai_code(f"{n}.00")) for n in range(50, 50 + 3 * PAYMENTS)]
        paying = [
            asyncio.create_task(pay(stage, token, f"key-{n}")) for n, token in enumerate(tokens)
        ]
        await asyncio.sleep(0.05)
        server.kill()
        try:
            answers = await asyncio.gather(*paying)
            await said_to_be(stage, "lost")
            assert (await health(stage))["ready"] is True
            statuses = await _let_through(stage, 150)
            later = await pay(stage, await quoted(stage, thai_code("49.00")), "key-lost")
        finally:
            server.start()
        await said_to_be(stage, "shared")

        assert [answer.status for answer in (*answers, later)] == [200] * (len(tokens) + 1)
        # Refused beyond its own share, a quarter of the bound, and never more than the bound.
        assert 429 in statuses
        assert 100 <= statuses.count(200) <= 130
        await asyncio.sleep(2.5)
        assert 429 not in await _let_through(stage, 150)
        assert len(await all_ended(stage)) == len(tokens) + 1
        assert faults(stage) == []


def test_redis_killed_among_payments_only_refuses_sooner(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    asyncio.run(_redis_killed(redis_server, tmp_path))
