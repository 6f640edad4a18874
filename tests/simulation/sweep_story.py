"""One payment from its first byte to its end, with the switch killed once on the way.

The story is told from outside: a member or a foreign guest pays, the switch dies at a chosen step
of the loop or operation of the disk and is started again on the same disk, whatever was left open
ends by itself, and then the caller asks again under the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

import aiohttp
import apsw
from aiohttp.web_app import _cached_build_middleware

from switch.client import ClientAnswer
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.qr import Khqr, write_khqr
from switch.simulation.process import context_of
from switch.simulation.town import Residents, Running, Town, residents
from switch.simulation.world import Machine, World
from switch.store.audit import audit
from switch.store.sqlite_read import SqliteReader
from tests.simulation.sweep_oracle import findings, opened

SWITCH: Final = "switch"
THAI: Final = "thailand"
MEMBER: Final = "ABAAKHPPXXX"
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
KEY: Final = "4b1b35c6-7a62-4cf5-8d6c-6f8f3f2a9a11"
SEED: Final = 7

DOWN_S: Final = 0.01
"""How long the switch is down."""
AFTERWARDS_S: Final = 0.05
"""What follows the answer is still swept: the last writes of the connection."""
ENDS_WITHIN_S: Final = 1800
"""Longest wait for a payment to end by itself, in virtual seconds."""
REPEATS: Final = 20
"""Times a guest's network repeats its message, so that some fall into the next life."""

ALL: Final = "SELECT count(*) FROM payment"
OPEN: Final = "SELECT count(*) FROM payment WHERE state NOT IN ('accepted', 'credited', 'refused')"
Found = Callable[[Running, Machine], None]
Called = TypeVar("Called")


@dataclass(frozen=True, slots=True)
class Scene:
    """A payment, and what goes wrong at the network by itself."""

    name: str
    inbound: bool = False
    fault: tuple[str, str] | None = None
    """Kind and reason of what the network does to the payment."""
    repeats: int = 1

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Kill:
    """Die before the ``at``-th step of the story, or before that operation of the disk in it.

    ``again`` is the step of its next life at which it dies once more, 0 for never. With
    ``pause_s`` it does not die: it is stopped there as by SIGSTOP, and goes on that much later.
    """

    at: int
    again: int = 0
    pause_s: float = 0
    by_disk: bool = False
    power: bool = False


@dataclass(slots=True)
class Told:
    """What happened. ``wrong`` is empty in a good run."""

    deaths: int = 0
    answered: bool = False
    existed: bool = False
    status: str = ""
    steps: int = 0
    operations: int = 0
    wrong: list[str] = field(default_factory=list)


@cache
def shared() -> Residents:
    """Keys and configuration, read once."""
    return residents(load_config(default_folder()))


def tell(scene: Scene, kill: Kill | None = None, found: Found | None = None) -> Told:
    """Run a scene in a world of its own and judge what it left."""
    try:
        with World(SEED) as world:
            story = _Story(world, scene, kill, found)
            books = world.run(story.run())
            world.kill(SWITCH)
            connection = opened(world.disk(SWITCH).name)
            told = story.told
            told.wrong += findings(connection, books)
            told.wrong += _audited(connection)
            connection.close()
    finally:
        # aiohttp remembers a thousand handlers, and with each of them a whole switch; one of a
        # story that failed would be freed, with what it never awaited, in some later test.
        _cached_build_middleware.cache_clear()
    return told


def _audited(connection: apsw.Connection) -> list[str]:
    """The product's own audit, journal included."""
    config = shared().config
    key = shared().keys.ed25519_private("journal").public_key()
    report = audit(SqliteReader(connection, config.switch.slot), key)
    return [f"{fault.place}: {fault.what}" for fault in report.faults]


class _Story:
    """The parts of one run that share a world."""

    def __init__(self, world: World, scene: Scene, kill: Kill | None, found: Found | None) -> None:
        self.told = Told()
        self._world = world
        self._scene = scene
        self._kill = kill
        self._town = Town(world, shared(), found)
        self._stopped = False

    async def run(self) -> dict[str, list[dict[str, Any]]]:
        """Play, and return the books of the networks."""
        await self._town.open()
        if self._scene.fault is not None:
            kind, reason = self._scene.fault
            await self._town.fault(THAI, "pay", kind, reason=reason)
        await (self._guest() if self._scene.inbound else self._member())
        return {name: await self._town.book(name) for name in self._town.urls if name != SWITCH}

    async def _swept(self, call: Coroutine[Any, Any, Called]) -> Called:
        """Await a call while the switch may die; it is up again afterwards."""
        loop, disk = self._world.loop, self._world.disk(SWITCH)
        step, operation = loop.step, disk.operations
        kill = self._kill
        if kill is not None and kill.by_disk:
            disk.on_operation = lambda number, _: self._die(kill, kill.at, number - operation)
        elif kill is not None:
            loop.on_step = lambda number: self._die(kill, kill.at, number - step)
        called = await call
        await self._world.sleep(AFTERWARDS_S)
        self.told.steps = loop.step - step
        self.told.operations = disk.operations - operation
        await self._town.ready()
        while self._stopped:
            await self._world.sleep(1)
        loop.on_step = disk.on_operation = None
        return called

    def _die(self, kill: Kill, at: int, number: int) -> None:
        """Die at that step, to be started again a little later."""
        if number != at:
            return
        world, town = self._world, self._town
        self.told.deaths += 1
        if kill.pause_s:
            self._stopped = True
            world.pause(SWITCH)
            world.loop.on_step = None
            world.loop.call_later(kill.pause_s, self._resume, context=context_of(None))
            return
        town.running = None
        if kill.power:
            world.lose_power(SWITCH)
        else:
            world.kill(SWITCH)
        world.disk(SWITCH).on_operation = world.loop.on_step = None
        world.loop.call_later(DOWN_S, self._revive, kill, context=context_of(None))

    def _resume(self) -> None:
        self._world.resume(SWITCH)
        self._stopped = False

    def _revive(self, kill: Kill) -> None:
        self._town.begin_switch()
        if kill.again and self.told.deaths == 1:
            loop, step = self._world.loop, self._world.loop.step
            loop.on_step = lambda number: self._die(kill, kill.again, number - step)

    async def _settled(self) -> None:
        """Wait until no payment is open, without anybody asking for it."""
        running = await self._town.ready()
        for _ in range(ENDS_WITHIN_S):
            if not running.engine.connection.execute(OPEN).get:
                break
            await self._world.sleep(1)
        else:
            self.told.wrong.append("a payment did not end by itself")
        self.told.existed = bool(running.engine.connection.execute(ALL).get)

    async def _member(self) -> None:
        """A member pays a Thai shop, and asks again twice."""
        member = self._town.member(MEMBER)
        scanned = (await member.scan(thai_code("345.00"))).json()
        payment = {"quote": scanned["quotes"][0]["quote"], "debtor": DEBTOR}

        async def pay() -> ClientAnswer | None:
            try:
                return await member.pay(KEY, payment)
            except (aiohttp.ClientError, OSError):
                return None

        first = await self._swept(pay())
        await self._settled()
        again = [await member.pay(KEY, payment) for _ in range(2)]
        self._compared(first, again)
        read = await member.payment(_payment(again[0])["uetr"])
        if read.json()["status"] != self.told.status:
            self.told.wrong.append("the payment reads otherwise than it was answered")

    def _compared(self, first: ClientAnswer | None, again: list[ClientAnswer]) -> None:
        """A final answer is the same bytes for ever; an interim one names the same payment."""
        ended = _payment(again[0])
        self.told.status = ended["status"]
        self.told.answered = first is not None and bool(_payment(first).get("final"))
        wrong = self.told.wrong
        if not ended["final"]:
            wrong.append("the repeat has no final answer")
        if again[0].body != again[1].body or again[0].status != again[1].status:
            wrong.append("two repeats differ")
        if self.told.answered and first is not None and first.body != again[0].body:
            wrong.append("a final answer changed")
        elif first is not None and _payment(first).get("uetr", ended["uetr"]) != ended["uetr"]:
            wrong.append("one key, two payments")

    async def _guest(self) -> None:
        """A Thai guest pays a Cambodian shop; his network repeats, then asks what became of it."""
        shop = Khqr(
            account="noodleshop@aclb",
            merchant_name="Noodle Shop",
            merchant_city="Phnom Penh",
            category="5812",
        )
        asked = {"payload": write_khqr(shop), "amount": "41000", "repeat": self._scene.repeats}
        told = await self._swept(self._town.sandbox(THAI, "POST", "/control/pay-khqr", asked))
        await self._settled()
        if told["uetr"] is None:
            # It died before the guest had a price: he scans again.
            told = await self._town.sandbox(THAI, "POST", "/control/pay-khqr", asked)
            await self._settled()
        question = {"uetr": told["uetr"]}
        again = [await self._town.sandbox(THAI, "POST", "/control/enquire", question)
                 for _ in range(2)]  # fmt: skip
        answers = [answer for one in (told, *again) for answer in one["answers"]]
        final = {"ACSC": "ACCC", "ACCC": "ACCC", "RJCT": "RJCT"}
        statuses = [final[a["status"]] for a in answers if a["status"] in final]
        self.told.answered = told["status"] in final
        self.told.status = statuses[-1] if statuses else ""
        if len(set(statuses)) != 1 or again[-1]["answers"][0]["status"] not in final:
            self.told.wrong.append(f"the network was told {statuses}")


def _payment(answer: ClientAnswer) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    held: dict[str, Any] = body.get("payment", body)
    return held
