"""Fixtures of the Thai adapter: keys made once, the adapter made of them, a running sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.thailand.sandbox import create
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext
from tests.adapters.thailand.thailand_link import Link, SwitchStandIn, switch_application
from tests.adapters.thailand.thailand_parts import SANDBOX_OPTIONS, Keys, new_adapter, new_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.thailand import ThailandAdapter


@pytest.fixture(scope="session")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="session")
def thailand(keys: Keys) -> ThailandAdapter:
    return new_adapter(keys)


@pytest.fixture
async def link(thailand: ThailandAdapter, keys: Keys) -> AsyncIterator[Link]:
    clock = SystemClock()
    ids = Ids(clock, SystemEntropy())
    crashes: list[str] = []
    tasks = Tasks(lambda name, _: crashes.append(name))
    switch = SwitchStandIn(thailand, clock, ids)
    app = switch_application(switch)
    binds = {"thailand": ("127.0.0.1", 0), "switch": ("127.0.0.1", 0)}
    served_switch = await TcpNet(clock, binds, {}).serve(app, "switch")
    theirs = TcpNet(clock, binds, {"switch": served_switch.url})
    context = SandboxContext(clock, ids, tasks, theirs, keys, SANDBOX_OPTIONS)
    served = await theirs.serve(create(context), "thailand")
    ours = TcpNet(clock, binds, {"thailand": served.url})

    yield Link(thailand, ours, clock, switch)

    for net in (ours, theirs):
        await net.close()
    await served.close()
    await served_switch.close()
    await tasks.close()
    assert crashes == []
