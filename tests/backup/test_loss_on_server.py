"""Two whole switches on one PostgreSQL database: a loss that one was told of holds both."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.config import default_folder, load_config
from switch.loss_report import end_loss
from switch.own_keys import keys_of
from switch.server import Place, start
from switch.stores import VARIABLE
from tests.contract.postgres_place import PostgresPlace
from tests.servers.fixtures import POSTGRES_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switch.config import Config
    from switch.server import Running
    from tests.servers.processes import PostgresServer

pytestmark = POSTGRES_GROUP


@pytest.fixture
def config(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """A configuration on an empty database, with a free slot for whoever starts."""
    place = PostgresPlace(postgres_server)
    monkeypatch.setenv(VARIABLE, place.url)
    config = load_config(default_folder())
    yield replace(
        config,
        store=config.store.model_copy(update={"engine": "postgresql"}),
        switch=config.switch.model_copy(update={"slot": 0}),
    )
    place.close()


async def all_hold(switches: list[Running], *, expected: bool) -> None:
    """Wait until every one of them holds, or none does."""
    async with asyncio.timeout(10):

        def stand() -> set[object]:
            return {each.switch.health()["restoring"] for each in switches}

        while stand() != {expected}:  # noqa: ASYNC110  nobody tells of another process
            await asyncio.sleep(0.1)


async def test_one_word_ends_for_all_what_one_start_began(config: Config, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    keys_of(config, one, may_make=True)
    shutil.copytree(one / "keys", other / "keys")
    switches = [await start(config, Place(other, 0))]
    await all_hold(switches, expected=False)
    switches.append(await start(config, Place(one, 0, restored=True)))
    await all_hold(switches, expected=True)

    assert not (await end_loss(config, other, although_open=False)).holding
    await all_hold(switches, expected=False)
    for each in switches:
        await each.close()
