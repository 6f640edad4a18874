"""Runs a plan and judges what it left.

The town is opened, payments begin at their times, mishaps strike, then everybody becomes healthy
and time goes on until every payment has ended or waits for people; each caller asks again, and the
oracle looks at the rows, the books and the words. The surprise: while everybody is healthy nobody
sleeps less than a second, which is as if every process were slow, and makes hours cheap.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import apsw
from aiohttp.web_app import _cached_build_middleware

from switch import linked as adapters_of
from switch import registry
from switch.api import app as api_app
from switch.api import description
from switch.config import default_folder, load_config
from switch.model import Funding, to_micros
from switch.simulation.cast import MEMBERS, Cast
from switch.simulation.city import City, rows_of
from switch.simulation.contradictions import linked, unresolved
from switch.simulation.corridors import Brief, asked_briefly, facts_of, kinds, lived
from switch.simulation.evidence import Finding, Left
from switch.simulation.loop import SimulationError
from switch.simulation.mishaps import Mishaps
from switch.simulation.moves import Move, Moves
from switch.simulation.operators import PAIR, Act, Operators
from switch.simulation.oracle import judge
from switch.simulation.plan import Plan, Store
from switch.simulation.signatures import JournalKey, Signatures
from switch.simulation.town import DATABASE, Residents, TownKeys, residents
from switch.simulation.world import World
from switch.store.audit import audit
from switch.store.memory import MemoryEngine
from switch.store.memory_rested import RestedReader
from switch.store.sqlite_read import SqliteReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switch.commands import Command, Result
    from switch.facts import Facts
    from switch.port import Adapter, AdapterContext
    from switch.simulation.corridors import Kinds
    from switch.simulation.evidence import Suspended
    from switch.simulation.plan import Payment
    from switch.store.sqlite import SqliteEngine

AFTER_S: Final = 40
"""What can go wrong may still do so for this long after the last payment began."""

AFTER_GRAIN_S, HEALTHY_GRAIN_S = 0.5, 2.0

PATIENCE_S: Final = 24 * 3600
"""Payments have this long to end once everybody is healthy."""

GRAIN_S: Final = 8.0
IDLE_S: Final = 60.0
"""Nobody looks for anything sooner than the next timer, or this, once all weather is over."""

IDLE_LEASE: Final = timedelta(seconds=4 * IDLE_S)
"""While everybody is so slow, two switches give each other so much time to renew."""

LOOK_EVERY_S: Final = 5
FLIGHT_S: Final = 60
"""What was delayed, or is delivered once more, has arrived within this."""

COLLECTED_S: Final = 600
"""What the backbone has for us is collected and acknowledged well within this."""

RELEASE_EVERY_S: Final = 300
"""Until people and partners first act on what is left; then after twice as long, and so on."""

ROUNDS: Final = 6
"""Times that operators look through the queue in the end."""

PEOPLE_S: Final = 2 * 3600
"""What they begin has ended within this."""

NEXT: Final = "SELECT min(next_at) FROM payment"
READ: Final = ("payment", "entry", "account", "answer", "binding", "exchange", "leaf")


@dataclass
class Outcome:
    """What a run showed."""

    plan: Plan
    findings: list[Finding] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    moves: Counter[Move] = field(default_factory=Counter)
    """(flow, state, event, state after it): states from the journal, events as committed."""
    unresolved: int = 0
    played: Counter[str] = field(default_factory=Counter)
    """What operators did, and what is linked to payments, by kind and end."""
    healed_s: int = 0
    """Virtual seconds from everybody's health to the last end."""
    trace: str = ""
    story: list[str] = field(default_factory=list)


class Simulator:
    """Runs plans with the configuration that comes with the program, read once."""

    def __init__(self) -> None:
        self._config = load_config(default_folder())
        self._residents: dict[tuple[tuple[str, ...], Kinds], Residents] = {}
        self._adapters: dict[str, Adapter] = {}
        self._facts: dict[str, Facts] = {}
        self._kinds = kinds(0)
        self._keys = TownKeys()
        self._signatures = Signatures()
        # What every switch makes alike is made once: it is most of the cost of a start.
        self._made: tuple[tuple[Any, str, Any], ...] = (
            (api_app, "openapi", cache(description.openapi)),
            (registry, "_load", cache(registry._load)),  # noqa: SLF001  the one way to load
            (adapters_of, "make_adapter", self._adapter),
            *self._signatures.places(),
        )

    def _adapter(self, network: str, context: AdapterContext) -> Adapter:
        """An adapter is pure, so one serves every switch of every run of its kind."""
        made = self._adapters.get(network)
        if made is None:
            made = self._adapters[network] = registry.make_adapter(network, context)
            self._facts[network] = made.facts
        vars(made)["_facts"] = facts_of(self._facts[network], self._kinds)
        return made

    def _living(self, networks: tuple[str, ...], of: Kinds) -> Residents:
        """The configuration as such a run has it, with its keys and simulators."""
        kind = networks, of
        if kind not in self._residents:
            config = lived(self._config, networks, of)
            self._residents[kind] = residents(config, self._keys)
        return self._residents[kind]

    def run(self, plan: Plan) -> Outcome:
        """Run a plan in a world of its own."""
        outcome = Outcome(plan)
        of = kinds(plan.seed)
        self._kinds = of
        with self._made_once(), World(plan.seed) as world:
            living = self._living(plan.networks, of)
            trial = _Trial(world, plan, outcome, living)
            try:
                world.run(trial.play())
                trial.look()
            except (SimulationError, AssertionError, apsw.Error, OSError) as failure:
                cause = failure.__cause__ or failure
                outcome.findings.append(Finding("failed", f"{type(cause).__name__}: {cause}"))
            trial.count()
            outcome.trace = world.trace.hex()
        return outcome

    @contextmanager
    def _made_once(self) -> Iterator[None]:
        before = [getattr(module, name) for module, name, _ in self._made]
        for module, name, made in self._made:
            setattr(module, name, made)
        try:
            yield
        finally:
            for (module, name, _), made in zip(self._made, before, strict=True):
                setattr(module, name, made)
            self._signatures.forget()
            # aiohttp remembers a thousand handlers, and with each of them a whole switch.
            _cached_build_middleware.cache_clear()


class _Trial:
    """One run."""

    def __init__(self, world: World, plan: Plan, outcome: Outcome, residents: Residents) -> None:
        self._residents = residents
        self._brief = kinds(plan.seed).brief
        self._world = world
        self._plan = plan
        self._outcome = outcome
        self._engines: dict[int, MemoryEngine | SqliteEngine] = {}
        self._journal = JournalKey(residents.keys.ed25519_private("journal"))
        self._city = City(world, residents, plan.store, self._watch)
        self._operators = Operators(self._city)
        self._mishaps = Mishaps(self._city, self._operators, plan)
        self._cast = Cast(self._city, self._operators)
        self._moves = Moves()
        self._books: dict[str, list[dict[str, Any]]] = {}
        self._pools: list[dict[str, Any]] = []
        self._lies: list[tuple[str, str]] = []
        self._items: list[Suspended] = []

    def _watch(self, engine: MemoryEngine | SqliteEngine) -> None:
        """Remember an engine, and what happened to payments according to what it commits."""
        self._engines[engine.slot] = engine
        execute = engine.execute

        def noted(commands: Sequence[Command]) -> list[Result]:
            results = execute(commands)
            self._moves.note(commands, results)
            return results

        vars(engine)["execute"] = noted
        vars(engine)["_sign"] = self._journal.sign

    async def play(self) -> None:
        """Everything that happens."""
        await self._city.open()
        await self._pool()
        if any(
            corridor.funding is Funding.PREFUNDED
            for corridor in self._residents.config.corridors.values()
        ):
            await self._deposits()
        self._mishaps.watch()
        tasks = [
            self._city.tasks.start("payment", self._one(payment)) for payment in self._plan.payments
        ]
        last_ms = max((payment.at_ms for payment in self._plan.payments), default=0)
        await self._world.sleep(last_ms / 1000)
        self._world.loop.grain_s = AFTER_GRAIN_S
        ends = self._world.loop.time() + AFTER_S
        while self._world.loop.time() < ends and not all(task.done() for task in tasks):
            await self._world.sleep(1)
        self._world.loop.grain_s = 0
        await self._mishaps.heal()
        healed = self._world.loop.time()
        self._world.loop.grain_s = GRAIN_S if self._mishaps.waiting() else HEALTHY_GRAIN_S
        for task in tasks:
            await task
        self._world.loop.grain_s = GRAIN_S
        await self._settled(healed)
        self._outcome.healed_s = int(self._world.loop.time() - healed)
        await self._operators.wait_for_news()
        await self._quiet()
        await self._people()
        self._world.loop.grain_s = 0
        await self._city.all_ready()
        await self._operators.desk.close(*PAIR)
        self._items = [
            (each["account"], each["amount"], each["to_us"])
            for each in await self._operators.desk.items(PAIR[0])
        ]
        await self._cast.ask_again()
        await self._pool()
        for network in self._city.networks:
            self._books[network] = await self._city.book(network)
            lies = await self._city.sandbox(network, "GET", "/control/lies")
            self._lies += [(network, reference) for reference in lies["references"]]

    async def _deposits(self) -> None:
        """Every bank of a payer pays in, and two operators say whose money it is."""
        for member in MEMBERS:
            await self._cast.pay_in(member)
            while not await self._operators.desk.deposit(member, *PAIR):
                await self._world.sleep(1)

    async def _one(self, payment: Payment) -> None:
        await self._world.sleep(payment.at_ms / 1000)
        await self._mishaps.begin(payment.number)
        await self._cast.play(payment)

    async def _people(self) -> None:
        """Operators end what waits for them, until nothing does."""
        if self._idles():
            return  # what is still waited for is stuck: nobody hides that
        act = list(Act)[self._plan.seed // len(Store) % len(Act)]
        for _ in range(ROUNDS):
            self._world.loop.grain_s = 0
            if not await self._operators.work(act):
                return
            self._world.loop.grain_s = GRAIN_S
            act = Act.WORK
            await self._quiet()

    async def _quiet(self) -> None:
        """Wait until what has just begun has ended."""
        until = self._world.loop.time() + PEOPLE_S
        while self._idles() and self._world.loop.time() < until:
            await self._world.sleep(LOOK_EVERY_S)

    async def _pool(self) -> None:
        self._pools.append(await self._city.sandbox("bakong", "GET", "/ledger"))

    async def _settled(self, healed: float) -> None:
        due_s: float = RELEASE_EVERY_S
        while self._mishaps.waiting():
            await self._world.sleep(LOOK_EVERY_S)
        await self._mishaps.release()
        await self._cast.at_last()
        await self._world.sleep(FLIGHT_S)
        collected = self._world.loop.time() + COLLECTED_S
        while self._world.loop.time() < collected and await self._on_the_way():
            await self._world.sleep(LOOK_EVERY_S)
        began = self._world.loop.time()
        while self._idles() and self._world.loop.time() - healed < PATIENCE_S:
            await self._world.sleep(self._world.loop.grain_s)
            waited_s = self._world.loop.time() - began
            if waited_s >= due_s:
                due_s += waited_s
                # What was asked to go wrong before and met its payment only now ends too.
                await self._mishaps.release()
                await self._cast.at_last()
                if self._brief is not Brief.NOBODY:
                    # What goes back waits for what people have to end first.
                    await self._operators.wait_for_news()
                    await self._operators.work(Act.WORK)

    async def _on_the_way(self) -> bool:
        """Whether the backbone has money that is nobody's yet."""
        shown = await self._city.sandbox("bakong", "GET", "/ledger")
        return any(Decimal(amount) for amount in shown["transit"].values())

    def _idles(self) -> bool:
        """Whether any payment has a timer; nobody is in a hurry unless the first is about due."""
        if self._city.tables is not None:
            waiting = self._city.tables.payments.waiting.values()
            first = min((to_micros(p.next_at) for p in waiting if p.next_at), default=None)
        else:
            engine: Any = self._engines[self._residents.config.switch.slot]
            first = engine.connection.execute(NEXT).get
        if first is None:
            return False
        for each in self._engines.values():
            if isinstance(each, MemoryEngine):
                each.lease = max(each.lease, IDLE_LEASE)
        left_s = (first - to_micros(self._city.clock.now())) / 1_000_000
        self._world.loop.grain_s = min(max(abs(left_s), GRAIN_S), IDLE_S)
        return True

    def look(self) -> None:
        """Judge what is left; nobody lives any more."""
        for name in self._city.switches:
            self._world.kill(name)
        if self._city.tables is not None:
            self._judge(RestedReader(self._city.tables, 1))
            return
        connection = apsw.Connection(DATABASE, vfs=self._world.disk("switch").name)
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._judge(SqliteReader(connection, self._residents.config.switch.slot))
        connection.close()

    def _judge(self, reader: Any) -> None:
        rows = {table: rows_of(reader, table) for table in READ}
        before, after = self._pools
        lies = frozenset(self._lies)
        left = Left(rows, self._books, self._cast.told, (before, after), lies, self._items)
        outcome = self._outcome
        outcome.findings += judge(left)
        outcome.findings += [
            Finding("journal", f"{fault.place}: {fault.what}")
            for fault in audit(reader, self._journal.public).faults
        ]
        brief = [each for each in self._plan.networks if asked_briefly(each, self._brief)]
        outcome.unresolved = unresolved(left, brief)
        outcome.states.update(row["state"] for row in rows["payment"])
        outcome.played.update(linked(left))
        outcome.moves.update(self._moves.taken(rows))

    def count(self) -> None:
        """Say what struck."""
        outcome = self._outcome
        outcome.faults.update({kind.value: n for kind, n in self._mishaps.struck.items()})
        outcome.crashes.update({place.value: n for place, n in self._mishaps.crashes.items()})
        outcome.played.update(self._operators.acts)
        outcome.crashes.update({"replaced by another": len(self._city.fenced)})
