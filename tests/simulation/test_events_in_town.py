"""In a simulated town every end of a payment is told, once, whatever dies on the way.

Members pay while the network fails, the switch is killed and loses power, and the bank's server
refuses, hangs after it has handled an event, and is killed itself. In the end the bank has handled
exactly the events that the switch's database holds, without a gap, each payment that ended is among
them once, and the same seed gives the same run.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.web_app import _cached_build_middleware

from iso20022.jws import verify_detached
from switch.config import default_folder, load_config
from switch.demo.scenes import thai_code
from switch.runtime.entropy import SeededEntropy
from switch.simulation.town import Residents, Town, residents
from switch.simulation.world import Machine, World
from switch.webhooks import peer_of
from switch.wire.authenticate import HEADER
from tests.simulation.sweep_oracle import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

SWITCH: Final = "switch"
BANK: Final = "ABAAKHPPXXX"
SERVER: Final = peer_of(BANK)
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
PAYMENTS: Final = 8
DAY_S: Final = 24 * 3600
SEEDS: Final = range(1, 5)
FAULTS: Final = ("refuse", "drop_answer", "drop_request")
ENDED: Final = ("accepted", "refused")


@cache
def told_residents() -> Residents:
    """The default configuration with a bank that is told."""
    config = load_config(default_folder())
    webhook = f"http://{SERVER}/switch"
    member = replace(config.members[BANK], events=True, webhook=webhook)
    return residents(replace(config, members={**config.members, BANK: member}))


@pytest.fixture(autouse=True)
def _no_handlers_kept() -> Iterator[None]:
    """Aiohttp remembers handlers, and with each of them a whole switch."""
    yield
    _cached_build_middleware.cache_clear()


@dataclass
class BankServer:
    """The bank's server; what it has handled outlives its processes."""

    chance: SeededEntropy
    handled: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    troubled: bool = True

    async def program(self, machine: Machine) -> None:
        """One life of the server."""
        app = web.Application()
        app.router.add_post("/switch", self.take)
        await machine.net.serve(app, SERVER)

    async def take(self, request: web.Request) -> web.Response:
        """Handle an event once, and answer as chance has it."""
        body = await request.read()
        public = told_residents().keys.ec_private("switch-answers").public_key()
        verify_detached(request.headers[HEADER], body, {"BKSWKHPPXXX": public})
        event = orjson.loads(body)
        self.requests[event["event_id"]] += 1
        drawn = self.chance.below(10) if self.troubled else 9
        if drawn in (0, 1):
            return web.Response(status=(500, 503)[drawn])
        seen = self.handled.setdefault(event["event_id"], event)
        if any(seen[name] != event[name] for name in ("sequence", "order", "kind", "status", "at")):
            self.wrong.append("two events have one identifier")
        if drawn in (2, 3):
            await asyncio.sleep(3_600)
        return web.Response(status=204)


@dataclass
class Told:
    """What a run left."""

    handled: dict[str, dict[str, Any]]
    requests: Counter[str]
    events: list[tuple[Any, ...]]
    payments: dict[int, tuple[str, str]]
    """UETR and state by number."""
    trace: str
    kills: int


class Story:
    """One run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.town = Town(world, told_residents())
        self.chance = SeededEntropy(f"events {world.seed}")
        self.server = BankServer(self.chance.fork("bank"))
        self.kills = 0

    async def run(self) -> None:
        """Pay among troubles, end them, and wait until everything is told."""
        self.world.start(SERVER, self.server.program)
        await self.town.open()
        troubles = self.town.tasks.start("troubles", self.troubles())
        for number in range(PAYMENTS):
            await self.pay(number)
        await troubles
        self.server.troubled = False
        await self.quiet()

    async def pay(self, number: int) -> None:
        """One payment; its caller may never hear of its end."""
        if self.chance.below(2):
            kind = FAULTS[self.chance.below(len(FAULTS))]
            await self.town.fault("thailand", "pay", kind, reason="AC06")
        await self.town.ready()
        member = self.town.member(BANK)
        try:
            scanned = (await member.scan(thai_code("345.00"))).json()
            payment = {"quote": scanned["quotes"][0]["quote"], "debtor": DEBTOR}
            await member.pay(f"key-{number}", payment)
        except (aiohttp.ClientError, OSError, KeyError):
            await self.world.sleep(1)

    async def troubles(self) -> None:
        """Kill the switch and the bank's server now and then."""
        for _ in range(6):
            await self.world.sleep(2 + self.chance.below(8_000) / 1000)
            self.kills += 1
            if self.chance.below(2):
                self.world.kill(SERVER)
                await self.world.sleep(self.chance.below(20))
                self.world.start(SERVER, self.server.program)
                continue
            await self.town.ready()
            (self.world.lose_power, self.world.kill)[self.chance.below(2)](SWITCH)
            await self.world.sleep(self.chance.below(3))
            await self.town.start_switch()

    async def quiet(self) -> None:
        """Wait until every payment has ended and every event is taken."""
        running = await self.town.ready()
        outbox = running.engine.outbox
        for _ in range(DAY_S):
            standing = outbox.standing(BANK)
            assert standing is not None
            told = standing.done == standing.last and not outbox.kept(BANK)
            if told and not running.engine.unended(0, 1):
                return
            await self.world.sleep(1)
        raise AssertionError("not everything was told")


def tell(seed: int) -> Told:
    """Run a seed and look at what it left."""
    with World(seed, time_max_s=2 * DAY_S) as world:
        story = Story(world)
        world.run(story.run())
        world.kill(SWITCH)
        connection = opened(world.disk(SWITCH).name)
        events = connection.execute(
            "SELECT number, payment_id, version, kind, status FROM outbox ORDER BY number"
        ).fetchall()
        payments: Any = connection.execute("SELECT payment_id, uetr, state FROM payment").fetchall()
        connection.close()
        assert story.server.wrong == []
        return Told(
            handled=story.server.handled,
            requests=story.server.requests,
            events=events,
            payments={row[0]: (row[1], row[2]) for row in payments},
            trace=world.trace.hex(),
            kills=story.kills,
        )


RUNS: Final = cache(tell)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_end_is_told_once_without_a_gap(seed: int) -> None:
    """Lesson 19: what is told is what was committed."""
    told = RUNS(seed)
    by_sequence = {event["sequence"]: event for event in told.handled.values()}

    assert sorted(by_sequence) == [row[0] for row in told.events]
    assert sorted(by_sequence) == list(range(1, len(told.events) + 1))
    assert len(told.handled) == len(told.events)
    for number, payment_id, version, kind, status in told.events:
        event = by_sequence[number]
        assert event["payment"]["uetr"] == told.payments[payment_id][0]
        assert (event["order"], event["kind"], event["status"]) == (version, kind, status)
    ends = Counter(row[1] for row in told.events if row[3] == "ended")
    assert ends == dict.fromkeys(
        (n for n, (_, state) in told.payments.items() if state in ENDED), 1
    )


def test_events_were_sent_again_under_their_identifiers_and_processes_died() -> None:
    runs = [RUNS(seed) for seed in SEEDS]

    assert sum(count - 1 for told in runs for count in told.requests.values()) > len(SEEDS)
    assert sum(told.kills for told in runs) == 6 * len(SEEDS)
    assert {row[4] for told in runs for row in told.events} == {"ACCC", "RJCT"}


def test_one_seed_is_one_run() -> None:
    assert tell(SEEDS[0]).trace == RUNS(SEEDS[0]).trace
