"""An in-memory network under unmodified aiohttp servers and clients.

A connection is two transports; bytes arrive after a delay drawn from the seed, in order, and belong
to the network once written: they arrive even when the sender has died since. A dead process's
connections are reset for its peers, and a name nobody listens on refuses. The surprise: a fault may
silence a connection but never lose a part of it, because TCP does not either.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

from switch.simulation.connection import SimTransport
from switch.simulation.faults import DELIVER, Judge, Verdict
from switch.simulation.process import Owner, context_of
from switch.wire.net import Served, new_runner, new_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp import ClientRequest, web
    from aiohttp.client import ClientTimeout
    from aiohttp.tracing import Trace as ClientTrace

    from switch.runtime.clock import Clock
    from switch.runtime.entropy import SeededEntropy
    from switch.simulation.loop import SimLoop

LATENCY_US: Final = (200, 2_000)
"""Default least and greatest delay of a message, in microseconds."""


@dataclass(frozen=True, slots=True)
class _Listener:
    owner: Owner
    accept: Callable[[], asyncio.Protocol]


class SimNetwork:
    """All connections of a world."""

    def __init__(
        self, loop: SimLoop, entropy: SeededEntropy, latency_us: tuple[int, int] = LATENCY_US
    ) -> None:
        self.loop = loop
        self.judge: Judge | None = None
        self._entropy = entropy
        self._latency_us = latency_us
        self._context = context_of(None)
        self._listeners: dict[str, _Listener] = {}
        self._balanced: dict[str, list[str]] = {}
        self._ends: dict[SimTransport, None] = {}
        self._dead: list[SimTransport] = []

    def latency_s(self) -> float:
        """Draw the delay of one message."""
        least, greatest = self._latency_us
        return (least + self._entropy.below(greatest - least + 1)) / 1_000_000

    def later(self, delay_s: float, callback: Callable[..., object], *args: object) -> None:
        """Run something as the network itself, whoever asks and whether or not he lives then."""
        self.loop.call_at(self.loop.time() + delay_s, callback, *args, context=self._context)

    def verdict(self, source: str, target: str, data: bytes) -> Verdict:
        """Ask the judge, if there is one."""
        return DELIVER if self.judge is None else self.judge(source, target, data)

    def listen(self, name: str, owner: Owner, accept: Callable[[], asyncio.Protocol]) -> None:
        """Accept connections to this name; raises :class:`OSError` when a living owner does."""
        found = self._listeners.get(name)
        if found is not None and found.owner.alive:
            raise OSError(f"{name} is in use")
        self._listeners[name] = _Listener(owner, accept)

    def balance(self, name: str, over: Sequence[str]) -> None:
        """Deal connections to a name out over those that live of these, in turn."""
        self._balanced[name] = list(over)

    def _listening(self, name: str) -> _Listener | None:
        """Who accepts a connection to this name now; a stopped process still does."""
        behind = self._balanced.get(name)
        for each in [name] if behind is None else list(behind):
            listener = self._listeners.get(each)
            if behind is not None:
                behind.append(behind.pop(behind.index(each)))
            if listener is not None and listener.owner.alive:
                return listener
        return None

    def unlisten(self, name: str, owner: Owner) -> None:
        """Stop accepting, if it is this owner who does."""
        found = self._listeners.get(name)
        if found is not None and found.owner is owner:
            del self._listeners[name]

    async def connect(self, name: str, owner: Owner, protocol: asyncio.Protocol) -> None:
        """Connect to a name; raises :class:`ConnectionRefusedError` when nobody listens."""
        connected = self.loop.create_future()
        self.later(self.latency_s(), self._arrive, name, owner, protocol, connected)
        await connected

    def _arrive(
        self, name: str, owner: Owner, protocol: asyncio.Protocol, connected: asyncio.Future[None]
    ) -> None:
        """Handle a connection request that reached the listening side."""
        if not owner.alive or connected.cancelled():
            return
        listener = self._listening(name)
        if listener is None:
            self.later(self.latency_s(), _refuse, connected, name)
            return
        near = SimTransport(self, owner, name, protocol)
        far = SimTransport(self, listener.owner, owner.name, None)
        near.peer, far.peer = far, near
        self._ends[near] = self._ends[far] = None
        far.accept(listener.accept)
        self.later(self.latency_s(), near.established, connected)

    def forget(self, end: SimTransport) -> None:
        """Drop a closed end."""
        self._ends.pop(end, None)

    def drop(self, owner: Owner) -> None:
        """Reset every connection of a process that died; its own ends stay as they are."""
        for end in [end for end in self._ends if end.owner is owner]:
            self._dead.append(end)
            self.forget(end)
            end.reset_peer()

    def close(self) -> None:
        """Forget everything."""
        self._listeners.clear()
        self._ends.clear()
        self._dead.clear()


def _refuse(connected: asyncio.Future[None], name: str) -> None:
    if not connected.done():
        connected.set_exception(ConnectionRefusedError(f"{name} refuses"))


class _SimConnector(aiohttp.BaseConnector):
    """aiohttp's pool over the simulated network."""

    def __init__(self, network: SimNetwork, owner: Owner, *, alone: bool) -> None:
        # Without an idle limit, because the pool measures it on the machine's clock.
        super().__init__(limit=0, keepalive_timeout=None, force_close=alone)
        self._network = network
        self._owner = owner
        # The pool closes what is acquired in the order of a set of objects: make it an order.
        self._acquired: Any = _OrderedSet()

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[ClientTrace],
        timeout: ClientTimeout,  # noqa: ASYNC109  the pool's signature
    ) -> ResponseHandler:
        del traces, timeout  # the pool bounds the wait itself
        protocol: ResponseHandler = self._factory()
        try:
            await self._network.connect(req.host, self._owner, protocol)
        except ConnectionRefusedError as refusal:
            raise aiohttp.ClientConnectorError(req.connection_key, refusal) from refusal
        return protocol


class _OrderedSet(dict[Any, None]):
    """As much of a set as the pool uses, in order of insertion."""

    def add(self, item: object) -> None:
        self[item] = None

    def discard(self, item: object) -> None:
        self.pop(item, None)

    def remove(self, item: object) -> None:
        del self[item]


class SimNet:
    """The network as one simulated process sees it."""

    def __init__(self, network: SimNetwork, owner: Owner, clock: Clock) -> None:
        self._network = network
        self._owner = owner
        self._clock = clock
        self._sessions: dict[tuple[str, bool], aiohttp.ClientSession] = {}

    async def serve(self, app: web.Application, name: str) -> Served:
        """Listen under this name; raises :class:`OSError` when it is taken."""
        self._owner.refuse_dead()
        runner = await new_runner(app, self._clock)
        server = runner.server
        assert server is not None, "a set-up runner has a server"
        self._network.listen(name, self._owner, server)

        async def close() -> None:
            self._owner.refuse_dead()
            self._network.unlisten(name, self._owner)
            await runner.cleanup()

        return Served(name, self.url(name), close)

    def session(self, name: str, *, alone: bool = False) -> aiohttp.ClientSession:
        """Return the session to this peer."""
        self._owner.refuse_dead()
        found = self._sessions.get((name, alone))
        if found is None:
            connector = _SimConnector(self._network, self._owner, alone=alone)
            found = self._sessions[name, alone] = new_session(connector)
        return found

    def url(self, name: str) -> str:
        """Return the base URL of this peer: its name."""
        return f"http://{name}"

    async def close(self) -> None:
        """Close every session."""
        self._owner.refuse_dead()
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def bury(self) -> None:
        """Throw away the sessions of a dead process after the run, so that none warns later."""
        for session in self._sessions.values():
            if session.connector is not None:
                session.connector._close()  # noqa: SLF001  the public one would start a task
        self._sessions.clear()
