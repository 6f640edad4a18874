"""A started switch for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.development_keys import make_development_keys
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import SystemEntropy
from tests.api.api_rig import KeptKeys, configured, new_rig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.keys import KeyFolder
    from tests.api.api_rig import Rig


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    """Development keys, made once."""
    folder = tmp_path_factory.mktemp("keys")
    config = configured()
    make_development_keys(
        folder,
        config.members,
        SystemClock(),
        SystemEntropy(),
        providers=config.market.providers,
        networks=config.networks,
    )
    return KeptKeys(folder)


@pytest.fixture
async def rig(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """A switch, its simulators, and members that can call it."""
    started = await new_rig(keys, tmp_path).start()
    yield started
    await started.close()


@pytest.fixture
async def hasty(keys: KeyFolder, tmp_path: Path) -> AsyncIterator[Rig]:
    """The same, but a member's call waits for its final answer only 0.2 s."""
    started = await new_rig(keys, tmp_path, answer_within_ms=200).start()
    yield started
    await started.close()
