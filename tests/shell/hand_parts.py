"""Clock, log, store and transport that a test moves by hand.

Nothing here waits: time passes only when somebody sleeps or a test says so, a commit is done at
once or refused as busy, and a send ends as scripted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import orjson

from switch.commands import Conclude, Stale
from switch.logs import SilentLog
from switch.runtime.entropy import Ids
from switch.store.awaited import Awaited
from switch.store.awaited_outbox import AwaitedOutbox
from switch.store.contract import StoreBusy
from switch.wire.transport import Answer, Gate, MaybeSent, NotSent, Request, Trace

if TYPE_CHECKING:
    from switch.commands import Command, Result
    from switch.reasons import Reason
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.store.contract import Reads, Takeover
    from switch.store.journal import Block
    from switch.store.memory import MemoryEngine
    from switch.store.outbox_port import Outbox

NOW: Final = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
Sent = Answer | NotSent | MaybeSent
Scripted = Sent | Callable[[], Awaitable[Sent]]
LOST: Final = MaybeSent("timeout")
OFFLINE: Final = NotSent("connect_refused")


def said(kind: str, reason: Reason | None = None) -> Answer:
    """An answer in the toy dialect."""
    name = None if reason is None else reason.name
    return Answer(200, {}, orjson.dumps({"kind": kind, "reason": name}))


class HandClock:
    """Two clocks that move together when somebody sleeps; ``ahead`` moves the wall alone."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.ahead = timedelta(0)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed_s) + self.ahead

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        if seconds:  # none: others have their turn, nobody sleeps
            self.slept.append(seconds)
        self.elapsed_s += seconds
        await asyncio.sleep(0)

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.elapsed_s += seconds


class HandIds(Ids):
    """Identifiers by chance, and pauses as stated; ``chance`` is every draw, or None for a new one.

    Left at zero, a test counts the seconds of a schedule and gets them.
    """

    __slots__ = ("chance",)

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        super().__init__(clock, entropy)
        self.chance: int | None = 0

    def drawn(self) -> int:
        return super().drawn() if self.chance is None else self.chance


class KeptLog(SilentLog):
    """Remembers the names of events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **fields: object) -> None:
        self.events.append(event)

    def warning(self, event: str, **fields: object) -> None:
        self.events.append(event)


class HandStore:
    """Commits at once, in order; ``busy`` refuses the next commands of a kind that often.

    ``before`` runs ahead of a commit, so that a test can let something else come first.
    """

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self._read = Awaited(engine)
        self.done: list[Command] = []
        self.scrubbed = 0
        self.engine_scrubs = True
        self.busy: dict[type, int] = {}
        self.before: Callable[[Command], Awaitable[None]] | None = None

    def restart(self, engine: MemoryEngine) -> None:
        """Go on with the engine of the process's next life."""
        self._engine = engine
        self._read = Awaited(engine)

    @property
    def slot(self) -> int:
        return self._engine.slot

    @property
    def read(self) -> Reads:
        return self._read

    @property
    def outbox(self) -> Outbox:
        return AwaitedOutbox(self._engine.outbox, self._at_once)

    async def _at_once(self, work: Callable[[], object]) -> object:
        await asyncio.sleep(0)
        return work()

    @property
    def head(self) -> Block | None:
        return self._engine.head

    async def scrub(self) -> bool:
        self.scrubbed += 1
        return self.engine_scrubs

    async def renew(self) -> None:
        self._engine.renew()

    async def adopt(self) -> list[Takeover]:
        return self._engine.adopt()

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        await asyncio.sleep(0)
        return self._engine.lease_numbers(name, count, last)

    async def commit(self, command: Command) -> Result:
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before(command)
        left = self.busy.get(type(command), 0)
        if left:
            self.busy[type(command)] = left - 1
            raise StoreBusy
        (result,) = self._engine.execute([command])
        if not isinstance(result, Stale):
            self.done.append(command)
        return result

    def concluded(self, uetr: str) -> list[str]:
        """The events that were concluded for a payment."""
        return [c.event.value for c in self.done if isinstance(c, Conclude) and c.uetr == uetr]


class HandTransport:
    """Answers as scripted per network, else "accepted". ``hung`` networks never answer.

    ``tried`` are requests taken up, ``left`` those whose bytes left.
    """

    def __init__(self) -> None:
        self.gate: Gate | None = None
        self.scripts: dict[str, deque[Scripted]] = {}
        self.hung: set[str] = set()
        self.tried: list[tuple[str, str]] = []
        self.left: list[tuple[str, str]] = []

    def script(self, network: str, *results: Scripted) -> None:
        """Say what comes of the next sends."""
        self.scripts.setdefault(network, deque()).extend(results)

    async def send(
        self,
        network: str,
        request: Request,
        *,
        may_send: Callable[[], bool],
        answer_within_s: float,
        answer_bytes_max: int,
        operation: str = "",
        trace: Trace | None = None,
    ) -> Sent:
        assert trace is None or trace.operation, "a request that is followed says what it is"
        if self.gate is not None and operation and not self.gate.allows(network, operation):
            return NotSent("paused")
        result = await self._once(network, request, may_send)
        if self.gate is not None and operation:
            self.gate.came(network, operation, result)
        return result

    async def _once(self, network: str, request: Request, may_send: Callable[[], bool]) -> Sent:
        self.tried.append((network, request.path))
        await asyncio.sleep(0)
        waiting = self.scripts.get(network)
        result = waiting.popleft() if waiting else said("accepted")
        if isinstance(result, NotSent):
            return result
        if not may_send():
            return NotSent("send_by")
        self.left.append((network, request.path))
        if network in self.hung:
            await asyncio.Event().wait()
        return await result() if callable(result) else result

    def enquiries(self, network: str) -> int:
        """How many enquiries have left for a network."""
        return self.left.count((network, "/enquire"))
