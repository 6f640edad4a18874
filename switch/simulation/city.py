"""A town of which a switch may die at any time and be started again: one process, or two.

Alone it keeps its rows in SQLite on a disk that forgets. Two share a store server, which is the
in-memory model of the store on tables that both see: slots, leases, epochs and fencing are those
of production, a commit is one step, and the server itself loses nothing; it can be away, and then
nothing is stored. What the two share beside it can vanish. The surprise: connections to the switch
are dealt out to whoever lives, as a load balancer does that has not noticed yet who is stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from switch.app import SERVED_AS, Seams, Switch
from switch.coordination.local import Hub, InProcess, Windows
from switch.runtime.threads import QueueFull
from switch.simulation.plan import Store
from switch.simulation.process import context_of
from switch.simulation.seams import SimLog
from switch.simulation.town import READY_EVERY_S, Residents, Town
from switch.store.committer import GATHER_TURNS, Committer
from switch.store.contract import Fenced, StoreBusy
from switch.store.memory import MemoryEngine, MemoryTables
from switch.store.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from contextlib import AbstractContextManager

    from switch.coordination.ports import Draw, Topic
    from switch.runtime.threads import Writer
    from switch.simulation.seams import SimWriter
    from switch.simulation.world import Machine, World
    from switch.store.committer import Waiting
    from switch.store.sqlite import SqliteEngine

PAIR: Final = ("switch-1", "switch-2")
RESTART_S: Final = 1.0
"""How soon a supervisor starts a fenced switch again."""

GATHERS_EVERY: Final = 2

WATCH_S: Final = 120
"""Longest wait for every switch to take requests."""


@dataclass
class Weather:
    """What of the shared parts is away, until when (virtual seconds)."""

    store_until: float = 0
    shared_until: float = 0


class _Shared(InProcess):
    """What the two share; while it is away each keeps to its part of every bound."""

    def __init__(self, hub: Hub, machine: Machine, weather: Weather) -> None:
        super().__init__(hub, processes=1)
        self._machine = machine
        self._weather = weather
        self._alone = Windows()
        self._context = context_of(machine.owner)

    @property
    def state(self) -> str:
        """``lost`` while it is away."""
        return "lost" if self._away() else "shared"

    async def take(self, draws: Sequence[Draw], at_ms: int) -> int:
        """Draw of what is shared, or of this process's part alone."""
        if not self._away():
            return await super().take(draws, at_ms)
        for draw in draws:
            wait = self._alone.wait_ms(draw, draw.limit.most // len(PAIR), at_ms)
            if wait:
                return wait
        for draw in draws:
            self._alone.add(draw, at_ms)
        return 0

    def hear(self, topic: Topic, text: str) -> None:
        """Hear a hint a little later, as oneself; the dead and the cut off hear nothing."""
        if not self._away():
            self._machine.loop.call_soon(super().hear, topic, text, context=self._context)

    def publish(self, topic: Topic, text: str) -> None:
        """Tell the others, unless it is away."""
        if not self._away():
            super().publish(topic, text)

    def heard_all_for(self, seconds: int) -> bool:
        """Whether it was not away for so long."""
        return self._machine.loop.time() - self._weather.shared_until >= seconds

    def _away(self) -> bool:
        return self._machine.loop.time() < self._weather.shared_until


class _ServerWriter:
    """The way of one process to the store server; nothing is taken while it is away."""

    def __init__(self, inner: SimWriter[Waiting], machine: Machine, weather: Weather) -> None:
        self._inner = inner
        self._machine = machine
        self._weather = weather

    def submit(self, item: Waiting, *, urgent: bool) -> None:
        """Queue one item; raises ``QueueFull`` while the server is away."""
        if self._machine.loop.time() < self._weather.store_until:
            raise QueueFull("the store is away")
        self._inner.submit(item, urgent=urgent)

    def together(self) -> AbstractContextManager[object]:
        """Nothing begins meanwhile: see the writer within."""
        return self._inner.together()

    def close(self) -> None:
        """Execute what waits, then take no more."""
        self._inner.close()


class City(Town):
    """The machines of a run; ``fenced`` lists switches that another had replaced.

    ``watch`` is told every engine before its switch starts.
    """

    def __init__(
        self,
        world: World,
        residents: Residents,
        store: Store,
        watch: Callable[[MemoryEngine | SqliteEngine], None],
    ) -> None:
        super().__init__(world, residents, lambda running, _: watch(running.engine))
        self.switches: tuple[str, ...] = (SERVED_AS,) if store is Store.DISK else PAIR
        self.tables = MemoryTables() if store is Store.SERVER else None
        self.weather = Weather()
        self.fenced: list[str] = []
        self.up: dict[str, None] = {}
        self.healthy = False
        # Half of the seeds wait for company before they commit, as production does.
        self.gather_turns = GATHER_TURNS if world.seed // len(Store) % GATHERS_EVERY else 0
        self._watch = watch
        self._hub = Hub()
        self._store = store
        if store is Store.SERVER:
            world.network.balance(SERVED_AS, PAIR)

    def number_of(self, network: str, account: str) -> str | None:
        """A shop's number as UnionPay prints it into a KHQR, where the network has one for it."""
        known = self._residents.config.merchants.of_account(network, account or "noodleshop@aclb")
        return None if known is None else f"1974011600520446{known.merchant_id}"

    async def start_switch(self) -> None:
        """Start every switch until all take requests."""
        for name in self.switches:
            self.begin(name)
        await self.all_ready()

    def begin(self, name: str) -> None:
        """Start a switch that does not live; one that does is left alone."""
        if not self.lives(name):
            self.up.pop(name, None)
            self.world.start(name, self._own if self._store is Store.DISK else self._sharing)

    def lives(self, name: str) -> bool:
        """Whether a process of this name runs."""
        return self.world.lives(name)

    async def all_ready(self, but: Collection[str] = ()) -> None:
        """Return once every switch takes requests, except those named."""
        names = [name for name in self.switches if name not in but]
        waited: float = 0
        while not all(name in self.up and self.lives(name) for name in names):
            assert waited < WATCH_S, "a switch did not start"
            await self.world.sleep(READY_EVERY_S)
            waited += READY_EVERY_S

    async def _own(self, machine: Machine) -> None:
        await self._switch(machine)
        self.up[machine.name] = None

    async def _sharing(self, machine: Machine) -> None:
        config, keys = self._residents.config, self._residents.keys
        assert self.tables is not None, "two switches share tables"
        engine = MemoryEngine(
            self.tables,
            clock=machine.clock,
            sign=keys.ed25519_private("journal").sign,
            slot=PAIR.index(machine.name) + 1,
            lease_s=config.switch.lease_s,
        )
        store = Committer(engine, self._writer_of(machine), gather_turns=self.gather_turns)
        seams = Seams(
            machine.clock,
            machine.entropy,
            machine.net,
            machine.tasks,
            store,
            SimLog(),
            coordination=_Shared(self._hub, machine, self.weather),
        )
        switch = Switch(config, keys, seams)
        self._watch(engine)
        try:
            await switch.start()
        except StoreBusy:
            # As in production: it cannot start, and a supervisor tries again.
            self.world.kill(machine.name)
            self.later(RESTART_S, self.begin, machine.name)
            return
        await machine.net.serve(switch.application, machine.name)
        self.up[machine.name] = None

    def _writer_of(self, machine: Machine) -> Callable[[Callable[..., None]], Writer[Waiting]]:
        def writer(execute: Callable[[list[Waiting]], None]) -> Any:
            def ending(batch: list[Waiting]) -> None:
                try:
                    execute(batch)
                except Fenced:
                    # As in production: whatever escapes the writer ends the process.
                    self.fenced.append(machine.name)
                    self.world.kill(machine.name)
                    self.later(RESTART_S, self.begin, machine.name)

            return _ServerWriter(machine.writer(ending), machine, self.weather)

        return writer

    def later(self, delay_s: float, do: Callable[..., object], *given: object) -> None:
        """Do something as nobody in particular, whoever lives by then."""
        self.world.loop.call_later(delay_s, do, *given, context=context_of(None))


def rows_of(reader: Any, table: str) -> list[dict[str, Any]]:
    """Every raw row of a table by column."""
    names = [column.rpartition(".")[2] for column in TABLES[table].columns.split(", ")]
    rows: list[dict[str, Any]] = []
    after: tuple[Any, ...] = ()
    keyed = TABLES[table].keyed
    while page := reader.record_page(table, after, 5_000):
        rows += [dict(zip(names, row, strict=True)) for row in page]
        after = page[-1][:keyed]
    return rows
