"""Two switches on one store: one is stopped past its lease or dies, and nobody's money notices.

The store is the in-memory model on tables that both share. The first switch is stopped, or dies for
good, before steps all over a payment; the other takes its work over. A stopped one that goes on
afterwards commits nothing and ends. What must hold is seen from outside: one transfer in the
network's book where the payment was accepted and none where it was refused, one answer for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import pytest
from aiohttp.web_app import _cached_build_middleware

from switch.app import Seams, Switch
from switch.config import default_folder, load_config
from switch.demo.scenes import MEMBER, thai_code
from switch.logs import SilentLog
from switch.simulation.city import City
from switch.simulation.plan import Store
from switch.simulation.process import context_of
from switch.simulation.town import Town, residents
from switch.simulation.world import Machine, World
from switch.store.audit import audit
from switch.store.committer import GATHER_TURNS, Committer
from switch.store.contract import Fenced
from switch.store.memory import MemoryEngine, MemoryReader, MemoryTables
from tests.simulation.sweep_story import AFTERWARDS_S, DEBTOR, KEY, SEED, THAI

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.client import ClientAnswer, SigningClient
    from switch.store.committer import Waiting
    from switch.wire.net import Net

SHARED: Final = cache(lambda: residents(load_config(default_folder())))
FIRST, SECOND = "switch", "switch-2"
STOPPED_S: Final = 20
"""Twice the lease."""

ENDS_WITHIN_S: Final = 200
EVERY: Final = 3
"""Of the steps of a payment, one in so many."""


class Pair(Town):
    """A town with two switches, in slots 1 and 2 of one store."""

    def __init__(self, world: World) -> None:
        super().__init__(world, SHARED())
        self.tables = MemoryTables()
        self.fenced: list[str] = []
        self.up: dict[str, Switch] = {}

    async def start_switch(self) -> None:
        """Start both until they take requests."""
        for name in (FIRST, SECOND):
            self.world.start(name, self._switch)
        for _ in range(3000):
            if len(self.up) == 2:
                return
            await self.world.sleep(0.01)
        raise AssertionError("the switches did not start")

    async def _switch(self, machine: Machine) -> None:
        config, keys = SHARED().config, SHARED().keys
        engine = MemoryEngine(
            self.tables,
            clock=machine.clock,
            sign=keys.ed25519_private("journal").sign,
            slot=1 if machine.name == FIRST else 2,
            lease_s=config.switch.lease_s,
        )

        def writer(execute: Callable[[list[Waiting]], None]) -> Any:
            def ending(batch: list[Waiting]) -> None:
                try:
                    execute(batch)
                except Fenced:
                    # As in production: whatever escapes the writer ends the process.
                    self.fenced.append(machine.name)
                    self.world.kill(machine.name)

            return machine.writer(ending)

        seams = Seams(
            machine.clock,
            machine.entropy,
            machine.net,
            machine.tasks,
            Committer(engine, writer),
            SilentLog(),
        )
        switch = Switch(config, keys, seams)
        await switch.start()
        await machine.net.serve(switch.application, machine.name)
        self.up[machine.name] = switch

    def member_at(self, name: str) -> SigningClient:
        """A member's client of one of the two."""
        client = self.member(MEMBER)
        net: Net = self._outside.net
        client._session, client._url = net.session(name), net.url(name)
        return client


@dataclass
class Told:
    """What happened in a run; ``wrong`` is empty in a good one."""

    steps: int = 0
    status: str = ""
    answered: bool = False
    taken_over: int = 0
    wrong: list[str] = field(default_factory=list)


def tell(at: int, *, dies: bool = False, fault: str = "") -> Told:
    """Let the first switch be stopped, or die, before a step of a payment; 0: never."""
    with World(SEED) as world:
        told = world.run(_told(world, at, dies=dies, fault=fault))
    # aiohttp remembers a thousand handlers, and with each of them a whole switch.
    _cached_build_middleware.cache_clear()
    return told


async def _told(world: World, at: int, *, dies: bool, fault: str) -> Told:
    town, told = Pair(world), Told()
    await town.open()
    if fault:
        await town.fault(THAI, "pay", fault)
    member = town.member_at(FIRST)
    scanned = (await member.scan(thai_code("345.00"))).json()
    payment = {"quote": scanned["quotes"][0]["quote"], "debtor": DEBTOR}
    loop, start, blocks = world.loop, world.loop.step, []

    def on_step(number: int) -> None:
        if at and number - start == at:
            if dies:
                world.kill(FIRST)
            else:
                world.pause(FIRST)
                loop.call_later(STOPPED_S, resume, context=context_of(None))
            loop.on_step = None

    def resume() -> None:
        blocks.append(len(town.tables.blocks.get(1, ())))
        world.resume(FIRST)

    loop.on_step = on_step
    first = await _paid(member, payment)
    await world.sleep(AFTERWARDS_S)
    told.steps = loop.step - start
    loop.on_step = None
    await world.sleep(STOPPED_S if at else 0)
    await _settled(town, told)
    await _judged(town, told, first, payment)
    if at and not dies:
        if town.fenced != [FIRST]:
            told.wrong.append(f"fenced were {town.fenced}")
        if blocks != [len(town.tables.blocks.get(1, ()))]:
            told.wrong.append("the stopped switch committed something when it went on")
    told.taken_over = town.tables.slots[1].epoch - 1
    return told


async def _paid(member: SigningClient, payment: dict[str, Any]) -> ClientAnswer | None:
    try:
        return await member.pay(KEY, payment)
    except (aiohttp.ClientError, OSError):
        return None


async def _settled(town: Pair, told: Told) -> None:
    """Wait until no payment is open, without anybody asking for it."""
    for _ in range(ENDS_WITHIN_S):
        if all(payment.next_at is None for payment in town.tables.payments.values()):
            return
        await town.world.sleep(1)
    told.wrong.append("a payment did not end by itself")


async def _judged(
    town: Pair, told: Told, first: ClientAnswer | None, payment: dict[str, Any]
) -> None:
    member = town.member_at(SECOND)
    again = [await member.pay(KEY, payment) for _ in range(2)]
    ended = again[0].json()
    told.status = ended["status"]
    told.answered = first is not None and bool(first.json().get("final"))
    if not ended["final"] or again[0].body != again[1].body:
        told.wrong.append("the repeats have no one final answer")
    if told.answered and first is not None and first.body != again[0].body:
        told.wrong.append("a final answer changed")
    book = await town.book(THAI)
    if len(book) != {"ACCC": 1, "RJCT": 0}[told.status]:
        told.wrong.append(f"{told.status} and {len(book)} transfers in the network's book")
    if len(town.tables.payments) != 1:
        told.wrong.append("one key, two payments")
    key = SHARED().keys.ed25519_private("journal").public_key()
    told.wrong += [f"{f.place}: {f.what}" for f in audit(MemoryReader(town.tables, 1), key).faults]


def steps() -> int:
    """Steps of a payment that nobody disturbs."""
    undisturbed = tell(0)
    assert (undisturbed.wrong, undisturbed.status, undisturbed.taken_over) == ([], "ACCC", 0)
    return undisturbed.steps


@pytest.mark.parametrize("fault", ["", "drop_answer"], ids=["answered", "unanswered"])
def test_stopped_past_its_lease_before_any_step_it_is_replaced(fault: str) -> None:
    seen: set[str] = set()
    for at in range(1, steps() + 1, EVERY):
        told = tell(at, fault=fault)
        assert (told.wrong, told.taken_over) == ([], 1), at
        seen.add(told.status)

    assert seen == {"ACCC", "RJCT"}


@pytest.mark.parametrize("fault", ["", "drop_answer"], ids=["answered", "unanswered"])
def test_dead_before_any_step_its_payments_are_ended_by_the_other(fault: str) -> None:
    seen: set[str] = set()
    for at in range(3, steps() + 1, EVERY):
        told = tell(at, dies=True, fault=fault)
        assert (told.wrong, told.taken_over) == ([], 1), at
        seen.add(told.status)

    assert seen == {"ACCC", "RJCT"}


def test_half_of_the_seeds_wait_for_company_before_a_commit() -> None:
    """As production does; the other half commits at every turn."""
    waited = []
    for seed in range(4):
        with World(seed) as world:
            city = City(world, SHARED(), Store.DISK, lambda _: None)
            waited.append(city.gather_turns)

    assert waited == [0, 0, GATHER_TURNS, GATHER_TURNS]
