"""One process serves a data folder; nobody is served before recovery is done."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING

import aiohttp
import orjson
import pytest

from switch import server
from switch.config import default_folder, load_config
from switch.runtime.children import start_child
from switch.runtime.lock import FolderTaken, owned_folder
from switch.server import Place
from switch.store.sqlite import open_reader
from switch.sweeper import Sweeper

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.api_rig import Rig

SERVE = (sys.executable, "-m", "switch", "serve", "--port", "0", "--log", "warning", "--data")
CLOSED = (
    ("POST", "/v1/payments"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/oversight/accounts"),
    ("GET", "/openapi.json"),
    ("POST", "/networks/bakong/transfers"),
    ("GET", "/nothing"),
)


async def live(url: str) -> int:
    """The status of the health page."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/health/ready") as answer:
        return answer.status


async def second(data: Path) -> tuple[int, str]:
    """Try to serve a folder; the exit status, and what was said."""
    process = await asyncio.create_subprocess_exec(
        *SERVE, str(data), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return process.returncode, (said + errors).decode()


def owners(data: Path) -> list[object]:
    """Who holds which slot since which epoch: whoever opens the store is seen here."""
    reader = open_reader(str(data / "switch.db"), 1)
    try:
        return list(reader.connection.execute("SELECT slot, epoch, owner FROM slot ORDER BY slot"))
    finally:
        reader.connection.close()


async def test_second_process_on_a_data_folder_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = await start_child("switch", [*SERVE, str(data)], tmp_path / "first.log")
    before = owners(data)

    status, said = await second(data)

    after = owners(data)
    alive = await live(first.ready["url"])
    assert (status, before) == (2, after)
    assert said == f"bakong-switch: another process is serving the data folder {data}\n"
    assert alive == 200
    assert await first.stop() == 0
    third = await start_child("switch", [*SERVE, str(data)], tmp_path / "third.log")
    assert await third.stop() == 0


async def test_taken_port_is_told_before_anything_is_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def recover(_: Sweeper) -> int:
        raise AssertionError

    monkeypatch.setattr(Sweeper, "recover", recover)
    config = load_config(default_folder())
    with (
        socket.create_server((config.http.host, 0)) as taken,
        pytest.raises(OSError, match="in use") as caught,
    ):
        await server.start(config, Place(tmp_path, taken.getsockname()[1], log_level="warning"))
    assert not isinstance(caught.value, FolderTaken)
    # What was opened half-way was closed: the folder is free.
    with owned_folder(tmp_path):
        pass


async def test_door_is_open_and_answers_503_until_recovery_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovering, go_on = asyncio.Event(), asyncio.Event()

    async def recover(_: Sweeper) -> int:
        recovering.set()
        await go_on.wait()
        return 0

    monkeypatch.setattr(Sweeper, "recover", recover)
    config = load_config(default_folder())
    with socket.create_server((config.http.host, 0)) as free:
        port = free.getsockname()[1]
    starting = asyncio.create_task(server.start(config, Place(tmp_path, port, log_level="warning")))
    await asyncio.wait_for(recovering.wait(), 10)
    url = f"http://{config.http.host}:{port}"
    async with aiohttp.ClientSession() as session:
        for method, path in CLOSED:
            async with session.request(method, url + path, data=b"{}") as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
                assert orjson.loads(await answer.read())["status"] == 503
        for path, status, view in (("live", 200, "alive"), ("ready", 503, "ready")):
            async with session.get(f"{url}/health/{path}") as answer:
                assert (answer.status, view in await answer.text()) == (status, True)
        go_on.set()
        running = await starting
        async with session.get(f"{url}/openapi.json") as answer:
            assert answer.status == 200
        async with session.post(f"{url}/v1/payments", json={}) as answer:
            assert answer.status == 401
    await running.close()


async def test_head_of_an_answer_names_the_product_alone(rig: Rig) -> None:
    for path in ("/health/live", "/v1/none", "/openapi.json"):
        assert (await rig.send("GET", path)).headers["server"] == "bakong-switch"
