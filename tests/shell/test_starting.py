"""Starting: a configuration that forgets open payments is refused, and caps follow it exactly."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from switch.app import Seams, Switch
from switch.config import Config, ConfigError, default_folder, load_config
from switch.ledger import Role, account_key
from switch.lifecycle import Event
from switch.logs import SilentLog
from switch.model import Direction
from switch.runtime.entropy import SeededEntropy
from switch.runtime.tasks import Tasks
from switch.simulation.town import TownKeys
from switch.store.memory import MemoryEngine, MemoryTables
from tests.shell.hand_parts import HandClock, HandStore
from tests.switch_core.core_values import MEMBER_KHR, capped, concluded, opened, payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MEMBER_CAP = account_key("ABAAKHPPXXX", Role.MEMBER, "KHR", "deferred")
NETWORK_CAP = account_key("thailand", Role.NETWORK, "THB", "deferred")


class StoppedClock(HandClock):
    """A clock on which nobody wakes, so that only what ``start`` itself does happens."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Lives:
    """A switch that is started again and again on the same tables."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.tables = MemoryTables()
        self.keys = TownKeys()
        self.crashes: list[BaseException] = []
        self.tasks = Tasks(lambda _, failure: self.crashes.append(failure))
        self.engine = self._engine()

    def _engine(self) -> MemoryEngine:
        return MemoryEngine(self.tables, clock=self.clock, sign=lambda _: b"signed")

    async def start(self, config: Config) -> Switch:
        """Start a switch under a configuration, without its collectors; the last one is dead."""
        await self.tasks.close()
        self.tasks = Tasks(lambda _, failure: self.crashes.append(failure))
        self.engine = self._engine()
        store = HandStore(self.engine)
        net = cast("Any", None)
        entropy = SeededEntropy("lives")
        seams = Seams(self.clock, entropy, net, self.tasks, store, SilentLog())
        switch = Switch(config, self.keys, seams)
        switch.collectors.clear()
        await switch.start()
        return switch

    def caps(self) -> dict[str, tuple[int | None, int | None]]:
        """The caps in force, by account."""
        accounts = self.engine.accounts().values()
        return {
            a.key: (a.net_debit_max, a.net_credit_max)
            for a in accounts
            if (a.net_debit_max, a.net_credit_max) != (None, None)
        }


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    made = Lives()
    yield made
    await made.tasks.close()
    assert made.crashes == []


@pytest.fixture
def config() -> Config:
    return load_config(default_folder())


def without(config: Config, network: str) -> Config:
    """The configuration with a network taken out, and the corridors with it."""
    networks = {name: each for name, each in config.networks.items() if name != network}
    return replace(config, networks=networks, corridors={})


async def test_the_configuration_that_travels_along_starts(lives: Lives, config: Config) -> None:
    assert (await lives.start(config)).ready


@pytest.mark.parametrize("direction", list(Direction))
async def test_payments_open_at_a_network_that_is_missing_refuse_the_start(
    lives: Lives, config: Config, direction: Direction
) -> None:
    held = payment(direction=direction)
    lives.engine.execute([opened(held)])

    with pytest.raises(ConfigError, match=r"switch\.toml: networks\.thailand: "):
        await lives.start(without(config, "thailand"))
    kept = lives.tables.payments[held.uetr]
    assert kept == replace(held, reservation=kept.reservation, block=kept.block)
    assert lives.caps() == {}


async def test_a_network_may_go_once_its_payments_have_ended(lives: Lives, config: Config) -> None:
    held = payment()
    lives.engine.execute([opened(held)])
    lives.engine.execute([concluded(lives.tables.payments[held.uetr], Event.ACCEPTED)])

    assert (await lives.start(without(config, "thailand"))).ready


async def test_caps_are_those_of_the_configuration(lives: Lives, config: Config) -> None:
    await lives.start(config)

    expected = {a.key: (a.net_debit_max, a.net_credit_max) for a in config.caps}
    assert expected == lives.caps()
    assert MEMBER_CAP in expected


async def test_a_cap_taken_out_of_the_configuration_is_cleared(
    lives: Lives, config: Config
) -> None:
    await lives.start(config)
    fewer = tuple(cap for cap in config.caps if cap.key != NETWORK_CAP)
    await lives.start(replace(config, caps=fewer))

    assert NETWORK_CAP not in lives.caps()
    assert {cap.key for cap in fewer} == set(lives.caps())


async def test_a_changed_cap_replaces_the_old_one(lives: Lives, config: Config) -> None:
    await lives.start(config)
    other = tuple(
        replace(cap, net_debit_max=7) if cap.key == MEMBER_CAP else cap for cap in config.caps
    )
    await lives.start(replace(config, caps=other))

    assert lives.caps()[MEMBER_CAP] == (7, None)


async def test_clearing_a_cap_leaves_the_balance(lives: Lives, config: Config) -> None:
    held = payment()
    lives.engine.execute([opened(held)])
    lives.engine.execute([concluded(lives.tables.payments[held.uetr], Event.ACCEPTED)])
    lives.engine.execute([capped(10**9)])
    before = lives.engine.accounts()[MEMBER_KHR]
    assert before.net_debit_max == 10**9
    await lives.start(config)

    assert replace(before, net_debit_max=None) == lives.engine.accounts()[before.key]
