"""The whole switch with its partner networks and members, in a world.

Each machine runs what production runs: the switch with its own database on the machine's disk, and
the simulators of networks, all over HTTP on the simulated network. Members, the overseer and
whoever reads a network's book stand outside of every process. The surprise: the keys are public
ones that travel with the program, because RSA keys cannot be made from a seed and the trace of a
run depends on every signature in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from iso20022.jws import JwsSigner
from switch.app import SERVED_AS, Seams, Switch
from switch.client import ANSWER_WITHIN_S, SigningClient
from switch.keys import KeyFolder
from switch.registry import SANDBOXES, installed, sandbox_factory
from switch.sandboxes import sandbox_options
from switch.screening import KEYED_BY
from switch.simulation.seams import SimLog
from switch.store.committer import Committer
from switch.store.sqlite import SqliteEngine
from switch.wire.simulator import SandboxContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.x509 import Certificate

    from switch.config import Config
    from switch.runtime.entropy import Ids
    from switch.simulation.seams import SimClock, SimTasks
    from switch.simulation.world import Machine, World

DATABASE: Final = "switch.db"
OVERSEER: Final = "overseer"

OUTSIDE: Final = "outside"
"""The machine from which members, the overseer and the readers of books call."""

Kind = TypeVar("Kind")

CLOSE: Final = MappingProxyType({"Connection": "close"})

LISTS_SECRET: Final = "known to all"  # noqa: S105  nothing is hidden by it
"""Under which the lists of a run are made: whoever is on them stands in the program."""

READY_WITHIN_S: Final = 30
READY_EVERY_S: Final = 0.01


class TownKeys(KeyFolder):
    """The public test keys, each read and parsed once however many processes use it.

    A network that has none of its own there is given the pair that stands for any network.
    """

    def __init__(self) -> None:
        super().__init__(Path(__file__).parent / "keys")
        self._parsed: dict[str, Any] = {}
        self._months = super().months()

    def months(self) -> list[str]:
        """Names of the wrapping keys that came after the first: nothing is added to the folder."""
        return self._months

    def coming(self) -> list[str]:
        """Names of the wrapping keys that are not made use of yet: none."""
        return []

    def secret(self, name: str) -> str:
        """The secret of that name; that of the lists is in no file."""
        return LISTS_SECRET if name == KEYED_BY else super().secret(name)

    def certificate(self, name: str) -> Certificate:
        """The certificate of that name, or the one that stands for any."""
        return super().certificate(self._held(name, "crt"))

    def _private(self, name: str) -> object:
        return super()._private(self._held(name, "pem"))

    def _parsed_file(self, file: str, parse: Callable[[bytes], Kind], wanted: str) -> Kind:
        if file not in self._parsed:
            self._parsed[file] = super()._parsed_file(file, parse, wanted)
        kept: Kind = self._parsed[file]
        return kept

    def _held(self, name: str, kind: str) -> str:
        if (self._folder / f"{name}.{kind}").exists():
            return name
        return "switch-network" if name.startswith("switch-") else "network"


@dataclass(frozen=True, slots=True)
class Residents:
    """What every run of a configuration shares: nothing in it changes."""

    config: Config
    keys: TownKeys
    sandboxes: Mapping[str, Callable[[SandboxContext], Any]]


def residents(config: Config, keys: TownKeys | None = None) -> Residents:
    """Read keys and simulators once, for many towns."""
    names = [name for name in installed(SANDBOXES) if name in config.networks]
    simulators = {name: sandbox_factory(name) for name in names}
    return Residents(config, TownKeys() if keys is None else keys, simulators)


@dataclass(frozen=True, slots=True)
class Running:
    """A switch that lives: what a test may look at, or spoil."""

    switch: Switch
    store: Committer
    engine: SqliteEngine


class Town:
    """The machines of one world. ``found`` lets a caller change a switch before it starts."""

    def __init__(
        self,
        world: World,
        residents: Residents,
        found: Callable[[Running, Machine], None] | None = None,
    ) -> None:
        self.world = world
        self.running: Running | None = None
        self.gather_turns = 0
        self._residents = residents
        self._found = found
        self._outside = world.machine(OUTSIDE)

    @property
    def outside(self) -> Machine:
        """The machine from which everybody calls who is no process of the run."""
        return self._outside

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks that have a simulator here."""
        return tuple(self._residents.sandboxes)

    @property
    def clock(self) -> SimClock:
        """The clock of whoever stands outside."""
        return self._outside.clock

    @property
    def ids(self) -> Ids:
        """Identifiers of whoever stands outside."""
        return self._outside.ids

    @property
    def tasks(self) -> SimTasks:
        """Tasks of whoever stands outside."""
        return self._outside.tasks

    @property
    def urls(self) -> dict[str, str]:
        """Where the machines are, by name."""
        names = (SERVED_AS, *self._residents.sandboxes)
        return {name: self._outside.net.url(name) for name in names}

    async def open(self) -> None:
        """Start every machine and return when the switch takes requests."""
        for name in self._residents.sandboxes:
            self.world.start(name, self._network)
        await self.start_switch()

    async def start_switch(self) -> None:
        """Start the switch on its disk, the first time or again, until it takes requests."""
        self.begin_switch()
        await self.ready()

    def begin_switch(self) -> None:
        """Start the switch and go on without waiting for its recovery."""
        self.running = None
        self.world.start(SERVED_AS, self._switch)

    async def ready(self) -> Running:
        """Return the switch once it takes requests."""
        started = self.clock.monotonic()
        while self.running is None:
            assert self.clock.monotonic() - started < READY_WITHIN_S, "the switch did not start"
            await self.world.sleep(READY_EVERY_S)
        return self.running

    async def _network(self, machine: Machine) -> None:
        shared = self._residents
        options = sandbox_options(shared.config, machine.name)
        context = SandboxContext(
            machine.clock, machine.ids, machine.tasks, machine.net, shared.keys, options
        )
        await machine.net.serve(shared.sandboxes[machine.name](context), machine.name)

    async def _switch(self, machine: Machine) -> None:
        config, keys = self._residents.config, self._residents.keys
        engine = SqliteEngine(
            DATABASE,
            clock=machine.clock,
            sign=keys.ed25519_private("journal").sign,
            slot=config.switch.slot,
            vfs=machine.disk.name,
            exclusive=True,
        )
        store = Committer(engine, machine.writer, gather_turns=self.gather_turns)
        seams = Seams(machine.clock, machine.entropy, machine.net, machine.tasks, store, SimLog())
        switch = Switch(config, keys, seams)
        running = Running(switch, store, engine)
        if self._found is not None:
            self._found(running, machine)
        await switch.start()
        await machine.net.serve(switch.application, SERVED_AS)
        self.running = running

    def member(self, bic: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> SigningClient:
        """A member's client."""
        return self._client(bic, f"member-{bic}", answer_within_s)

    def overseer(self) -> SigningClient:
        """The overseer's client, who reads every payment."""
        return self._client(OVERSEER, OVERSEER)

    def operator(self, name: str) -> SigningClient:
        """The client of an operator, who works on what waits for people."""
        return self._client(name, name)

    def _client(
        self, kid: str, key_name: str, answer_within_s: float = ANSWER_WITHIN_S
    ) -> SigningClient:
        signer = JwsSigner(self._residents.keys.ec_private(key_name), kid)
        net = self._outside.net
        return SigningClient(
            net.session(SERVED_AS),
            net.url(SERVED_AS),
            signer,
            self.clock,
            self.ids,
            answer_within_s=answer_within_s,
        )

    async def sandbox(
        self, network: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Ask a simulator's own endpoints; returns the JSON it answers."""
        return orjson.loads(await self.fetched(network, method, path, body))

    async def fetched(
        self, network: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> bytes:
        """What a simulator's own endpoint answers, as it came."""
        net = self._outside.net
        data = None if body is None else orjson.dumps(dict(body))
        session = net.session(network)
        # A connection kept open is closed by a simulator that was stopped, just as it is used.
        sent = session.request(method, net.url(network) + path, data=data, headers=CLOSE)
        async with sent as response:
            return await response.read()

    async def fault(self, network: str, operation: str, kind: str, **more: object) -> None:
        """Make the network's next answer to an operation go wrong."""
        body = {"operation": operation, "kind": kind, **more}
        await self.sandbox(network, "POST", "/control/faults", body)

    async def book(self, network: str) -> list[dict[str, Any]]:
        """The book of a network, as it shows it."""
        shown: list[dict[str, Any]] = (await self.sandbox(network, "GET", "/state"))["book"]
        return shown
