"""A switch that is killed among events goes on with them; of several processes one sends each.

Processes, real HTTP, SIGKILL: what a bank has handled and what it has not answered is settled by
the identifiers alone, on SQLite after a restart, on PostgreSQL by the process that is left.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from switch.config import default_folder, load_config
from switch.data_folder import KEYS
from switch.demo.scenes import DEBTOR, MEMBER, thai_code
from switch.demo.stage import Stage
from switch.keys import KeyFolder
from switch.runtime.clock import SystemClock
from switch.runtime.ports import free_ports
from switch.wire.net import TcpNet
from tests.api.event_rig import HANG, Receiver, serving, until
from tests.books.books_rig import all_ended, child, restarted
from tests.kill.postgres_stage import SHORT_LEASE, Beside, stage_maker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switch.client import SigningClient
    from tests.kill.postgres_stage import Changes
    from tests.servers.processes import PostgresServer

pytestmark = pytest.mark.slow

NAMED: Final = 'name = "ABA Bank"'
KILLS: Final = 2
EACH: Final = 4


def told(port: int) -> Changes:
    """The changes of configuration by which a bank is told, and not waited for long."""
    webhook = f'events = {{ webhook = "http://127.0.0.1:{port}/switch" }}'
    within = "attempt_within_ms = "
    return (
        ("members.toml", NAMED, f"{NAMED}\n{webhook}"),
        ("switch.toml", f"{within}10000", f"{within}800"),
    )


@asynccontextmanager
async def bank(stage: Stage, port: int) -> AsyncIterator[Receiver]:
    """The bank's server."""
    net = TcpNet(SystemClock(), {MEMBER: ("127.0.0.1", port)}, {})
    receiver = Receiver(KeyFolder(stage.data / KEYS))
    served = await serving(net, MEMBER, receiver)
    yield receiver
    await served.close()
    await net.close()


async def paid(client: SigningClient, key: str) -> None:
    """One payment of 345 baht, whatever its caller hears."""
    quote = (await client.scan(thai_code("345.00"))).json()["quotes"][0]["quote"]
    await client.pay(key, {"quote": quote, "debtor": dict(DEBTOR)})


async def judged(stage: Stage, receiver: Receiver) -> None:
    """Every payment that ended was told once, without a gap."""
    lines = await all_ended(stage)
    await until(lambda: len(receiver.handled) >= len(lines))
    handled = receiver.handled.values()

    assert Counter(event["payment"]["uetr"] for event in handled) == dict.fromkeys(lines, 1)
    assert sorted(event["sequence"] for event in handled) == list(range(1, len(lines) + 1))


def _more(receiver: Receiver, than: int) -> bool:
    return len(receiver.requests) > than


async def _killed(folder: Path, port: int) -> None:
    async with Stage(load_config(folder), folder) as stage, bank(stage, port) as receiver:
        for number in range(KILLS):
            receiver.script = [204, HANG, 500]
            before = len(receiver.requests)
            paying = [paid(stage.member(MEMBER), f"{number}-{place}") for place in range(EACH)]
            await asyncio.gather(*paying)
            await until(partial(_more, receiver, before + 1))
            await child(stage, "switch").kill()
            await restarted(stage)
        await judged(stage, receiver)
        assert len(receiver.requests) > len(receiver.handled) == KILLS * EACH


def test_a_switch_that_is_killed_among_events_sends_each_until_it_is_taken(
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    folder = tmp_path / "config"
    shutil.copytree(default_folder(), folder)
    for name, before, after in told(port):
        text = (folder / name).read_text("utf-8")
        assert before in text, f"{name} has changed"
        (folder / name).write_text(text.replace(before, after), "utf-8")
    asyncio.run(_killed(folder, port))


async def _taken_over(make: Callable[[], Stage], folder: Path, port: int) -> None:
    async with make() as stage, bank(stage, port) as receiver, Beside(stage, folder) as beside:
        for number in range(EACH):
            await paid(stage.member(MEMBER), f"one-{number}")
            await paid(beside.member(MEMBER), f"two-{number}")
        await until(lambda: len(receiver.handled) == 2 * EACH)
        await asyncio.sleep(0.5)
        assert len(receiver.requests) == 2 * EACH, "two processes send nothing twice"

        # The first process took the bank when it started; the other one must take it over.
        receiver.script = [HANG]
        await paid(stage.member(MEMBER), "three")
        await until(lambda: len(receiver.requests) > 2 * EACH)
        await child(stage, "switch").kill()
        await paid(beside.member(MEMBER), "four")
        await until(lambda: len(receiver.handled) == 2 * EACH + 2)
        await restarted(stage)
        await judged(stage, receiver)
        assert len(receiver.requests) > len(receiver.handled) == 2 * EACH + 2


def test_of_two_processes_one_sends_and_what_is_left_goes_on(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    make = stage_maker(postgres_server, tmp_path, monkeypatch, [*SHORT_LEASE, *told(port)])
    asyncio.run(_taken_over(make, tmp_path, port))
