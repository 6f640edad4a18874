"""Fixtures of the Japanese adapter: a running sandbox and the adapter beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.japan.sandbox import create
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet
from switch.wire.simulator import SandboxContext
from tests.adapters.japan.japan_link import Link
from tests.adapters.japan.japan_parts import KEY, Keys, new_adapter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    clock = SystemClock()
    ids = Ids(clock, SystemEntropy())
    crashes: list[str] = []
    tasks = Tasks(lambda name, _: crashes.append(name))
    theirs = TcpNet(clock, {"japan": ("127.0.0.1", 0)}, {})
    context = SandboxContext(clock, ids, tasks, theirs, Keys(), {"api_key": KEY})
    served = await theirs.serve(create(context), "japan")
    ours = TcpNet(clock, {}, {"japan": served.url})

    yield Link(new_adapter(), ours, clock, ids)

    for net in (ours, theirs):
        await net.close()
    await served.close()
    await tasks.close()
    assert crashes == []
