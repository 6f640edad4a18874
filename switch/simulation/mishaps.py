"""Makes happen what a plan says goes wrong, and counts what did.

Each mishap is armed when its payment begins. Those of the network wait for writes on a link, those
of a switch for a place in its work; the others strike at once. Everything ends at :meth:`heal`:
what is stopped goes on, what is dead is started, clocks are right, partners answer as they should.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from switch.simulation.faults import DELIVER, Fate, Verdict
from switch.simulation.operators import Act
from switch.simulation.plan import A_PAYMENT, AT_A_REQUEST, Kind, Mishap, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.simulation.city import City
    from switch.simulation.operators import Operators
    from switch.simulation.plan import Plan
    from switch.simulation.process import Owner

SWITCH: Final = "switch"
WITHDRAWS: Final = "withdraws a rate"

PLACES: Final = MappingProxyType(
    {
        "Town._switch": Place.STARTING,
        "City._own": Place.STARTING,
        "City._sharing": Place.STARTING,
        "RequestHandler.start": Place.SERVING,
        "RequestHandler._handle_request": Place.SERVING,
        "SimTransport.receive": Place.RECEIVING,
        "Committer._turn": Place.BEFORE_COMMIT,
        "SimWriter._commit": Place.COMMITTING,
        "_wake": Place.AFTER_COMMIT,
        "GuardedRequest.write_bytes": Place.SENDING,
        "Flights._hop": Place.HOP,
        "Sweeper._one": Place.SWEEPING,
        "Sweeper._lost": Place.SWEEPING,
        "Sweeper.run": Place.TIMERS,
        "Leases.run": Place.LEASES,
        "Collector.run": Place.COLLECTING,
    }
)
"""Steps of a switch by what they are called; other steps are on the way between these."""

_DISK: Final = MappingProxyType({"write": Place.DISK_WRITE, "sync": Place.DISK_SYNC})
BYTES: Final = 80_000
"""What an answer is too long by, and where one breaks off; more than anybody reads."""

LONG_MS: Final = 60_000
"""A process that is stopped for longer is so while everybody else is healthy again."""

_PAYS: Final = re.compile(rb"pacs\.008|/qr/v1/payment ")
"""What a guest's network sends to pay, in the head or the body of its request."""

_LATE_START_S: Final = 0.05
_STORE_AWAY_MS_MAX: Final = 60_000


@dataclass
class _Armed:
    """A mishap that waits; ``left`` matching events, this one included."""

    mishap: Mishap
    left: int


class Mishaps:
    """Everything that goes wrong in a run."""

    def __init__(self, city: City, operators: Operators, plan: Plan) -> None:
        self.struck: Counter[Kind] = Counter()
        self.crashes: Counter[Place] = Counter()
        self._city = city
        self._operators = operators
        self._world = city.world
        self._of: dict[int, list[Mishap]] = {}
        for mishap in plan.mishaps:
            self._of.setdefault(mishap.payment, []).append(mishap)
        self._links: list[_Armed] = []
        self._places: list[_Armed] = []
        self._late: dict[str, float] = {}
        self._paused: dict[str, None] = {}
        self._long: dict[str, None] = {}
        self._clocks: dict[str, None] = {}
        self._ended = False

    def watch(self) -> None:
        """Begin to look at every write and every step."""
        self._world.network.judge = self._judge
        self._world.loop.on_turn = self._turn
        for name in self._city.switches:
            self._world.disk(name).on_operation = self._disk_of(name)

    async def begin(self, payment: int) -> None:
        """Arm what belongs to a payment that begins now; nothing once everybody is to be healthy.

        A partner that is stopped is told what to do wrong when it goes on, which may be late.
        """
        for mishap in self._of.get(payment, ()):
            if not self._ended:
                await self._begin(mishap)

    async def _begin(self, mishap: Mishap) -> None:
        now = self._world.loop.time()
        match mishap.kind:
            case Kind.PARTNER:
                operation, word, *reason = mishap.word.split(" ")
                fault = {
                    "operation": operation,
                    "kind": word,
                    "delay_ms": mishap.ms,
                    "bytes": BYTES,
                }
                await self._told(mishap, "/control/faults", fault | {"reason": " ".join(reason)})
            case Kind.SETTLEMENT:
                await self._told(mishap, "/control/settlement", {"outcome": mishap.word})
            case Kind.PARTNER_STALLED if mishap.word == AT_A_REQUEST:
                self._links.append(_Armed(mishap, mishap.nth))
            case Kind.PARTNER_STALLED:
                self._strike(mishap)
                self._stop(mishap.where, mishap.ms)
            case Kind.CLOCK:
                self._strike(mishap)
                self._step_clock(mishap)
            case Kind.REDIS:
                self._strike(mishap)
                self._city.weather.shared_until = now + mishap.ms / 1000
            case Kind.STORE_AWAY:
                self._strike(mishap)
                self._city.weather.store_until = now + mishap.ms / 1000
            case Kind.OPERATOR:
                await self._operator(mishap)
            case Kind.CRASH | Kind.POWER | Kind.STALL:
                self._places.append(_Armed(mishap, mishap.nth))
            case _:
                self._links.append(_Armed(mishap, mishap.nth))

    def _strike(self, mishap: Mishap) -> None:
        self.struck[mishap.kind] += 1
        self._world.note(f"{mishap.kind} {mishap.where} {mishap.word}")

    async def _told(self, mishap: Mishap, path: str, body: dict[str, Any]) -> None:
        """Tell a partner's simulator what to do wrong; one that is stopped is told later."""
        self._strike(mishap)
        await self._city.sandbox(mishap.where, "POST", path, body)

    async def _operator(self, mishap: Mishap) -> None:
        """The overseer withdraws a provider's sheet while quotes of it are out; or others work."""
        if mishap.word != WITHDRAWS:
            self._strike(mishap)
            self._city.tasks.start("operators", self._operators.work(Act(mishap.word)))
            return
        body = {"provider": "acleda", "payer_currency": "KHR", "payee_currency": "THB"}
        self._strike(mishap)
        try:
            await self._city.overseer().call("POST", "/v1/rates/withdraw", orjson.dumps(body))
        except (aiohttp.ClientError, OSError):
            return

    def _step_clock(self, mishap: Mishap) -> None:
        names = self._city.switches if mishap.where == SWITCH else (mishap.where,)
        for name in names[:1]:
            if self._world.lives(name):
                self._clocks[name] = None
                self._world.machine(name).clock.ahead = timedelta(milliseconds=mishap.ms)

    # -- the network -----------------------------------------------------------------------------

    def _judge(self, source: str, target: str, data: bytes) -> Verdict:
        link = f"{_side(source)}>{_side(target)}"
        self._overtaken(link)
        for armed in self._matching(link, data):
            armed.left -= 1
            if armed.left > 0:
                continue
            self._links.remove(armed)
            return self._befall(armed.mishap, link, target, data)
        return DELIVER

    def _matching(self, link: str, data: bytes) -> Iterator[_Armed]:
        for armed in list(self._links):
            mishap = armed.mishap
            stops = mishap.kind is Kind.PARTNER_STALLED
            if link != (f"{SWITCH}>{mishap.where}" if stops else mishap.where):
                continue
            if mishap.kind is Kind.DUPLICATED and not data.startswith(b"POST "):
                continue
            if mishap.word == A_PAYMENT and not (data[:5] == b"POST " and _PAYS.search(data)):
                continue
            if mishap.kind is Kind.CORRUPTED and _body(data) is None:
                continue
            yield armed

    def _befall(self, mishap: Mishap, link: str, target: str, data: bytes) -> Verdict:
        match mishap.kind:
            case Kind.LOST:
                verdict = Verdict(Fate.SILENCE)
            case Kind.RESET:
                verdict = Verdict(Fate.RESET)
            case Kind.DELAYED:
                verdict = Verdict(delay_s=mishap.ms / 1000)
            case Kind.REORDERED:
                # Counted once another message of the link has overtaken it.
                self._late[link] = self._world.loop.time() + mishap.ms / 1000
                self._world.note(f"{mishap.kind} {link}")
                return Verdict(delay_s=mishap.ms / 1000)
            case Kind.CORRUPTED:
                verdict = Verdict(instead=_changed(data))
            case Kind.PARTNER_STALLED:
                verdict = DELIVER
                self._stop(mishap.where, mishap.ms)
            case _:
                verdict = DELIVER
                self._city.later(mishap.ms / 1000, self._again, target, data)
        self._strike(mishap)
        return verdict

    def _overtaken(self, link: str) -> None:
        if self._late.get(link, 0) > self._world.loop.time():
            del self._late[link]
            self.struck[Kind.REORDERED] += 1

    def _again(self, target: str, data: bytes) -> None:
        """Deliver a request that arrived before once more, from nowhere."""
        if not self._ended:
            self._city.tasks.start("again", self._deliver(target, data))

    async def _deliver(self, target: str, data: bytes) -> None:
        outside = self._city.outside
        try:
            await self._world.network.connect(target, outside.owner, _Mute(data))
        except ConnectionRefusedError:
            return

    # -- processes -------------------------------------------------------------------------------

    def _turn(self, owner: Owner, label: str) -> None:
        place = PLACES.get(label)
        if place is not None and self._places and owner.name in self._city.switches:
            self._at(place, owner.name)

    def _disk_of(self, name: str) -> Any:
        def operation(_: int, kind: str) -> None:
            place = _DISK.get(kind)
            if place is not None and self._places and self._world.lives(name):
                self._at(place, name)

        return operation

    def _at(self, place: Place, name: str) -> None:
        for armed in self._places:
            if armed.mishap.where != place:
                continue
            armed.left -= 1
            if armed.left <= 0:
                self._places.remove(armed)
                self._end(armed.mishap, place, name)
                return

    def _end(self, mishap: Mishap, place: Place, name: str) -> None:
        """Kill or stop a switch here."""
        self._strike(mishap)
        if mishap.kind is Kind.STALL:
            self._stop(name, mishap.ms)
            return
        self.crashes[place] += 1
        if mishap.kind is Kind.POWER:
            self._world.lose_power(name)
        else:
            self._world.kill(name)
        self._city.later(mishap.ms / 1000, self._city.begin, name)

    def _stop(self, name: str, ms: int) -> None:
        if self._world.lives(name) and name not in self._paused:
            if self._long:
                # One of two is stopped for long at most: with both, nobody could be paid.
                ms = min(ms, LONG_MS)
            if ms > LONG_MS:
                self._long[name] = None
            self._paused[name] = None
            self._world.pause(name)
            self._city.later(ms / 1000, self._resume, name)

    def _resume(self, name: str) -> None:
        self._long.pop(name, None)
        if name in self._paused:
            del self._paused[name]
            self._world.resume(name)

    # -- the end ---------------------------------------------------------------------------------

    async def heal(self) -> None:
        """End everything that is wrong; from here on everybody is healthy."""
        self._ended = True
        self._links.clear()
        self._places.clear()
        self._world.network.judge = None
        self._world.loop.on_turn = None
        self._city.weather.store_until = self._city.weather.shared_until = 0
        for name in [name for name in self._paused if name not in self._long]:
            self._resume(name)
        for name in self._clocks:
            # Whoever is dead by now starts with a clock that is right.
            if self._world.lives(name):
                self._world.machine(name).clock.ahead = timedelta(0)
        for name in self._city.switches:
            self._world.disk(name).on_operation = None
            self._city.begin(name)
        await self._world.sleep(_LATE_START_S)
        await self._city.all_ready(but=self._paused)
        await self.release()

    def waiting(self) -> bool:
        """Whether a process is still stopped: a long stop outlives everybody's health."""
        return bool(self._paused)

    async def release(self) -> None:
        """Let partners that are not stopped end what they hold, and answer as they should."""
        for network in sorted(set(self._city.networks) - self._paused.keys()):
            await self._city.sandbox(network, "DELETE", "/control/faults")
            await self._city.sandbox(network, "POST", "/control/release")


class _Mute(asyncio.Protocol):
    """Says what it was given and closes at the first answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it."""
        self._transport = transport
        self._transport.write(self._data)

    def data_received(self, _: bytes) -> None:
        """Be answered."""
        self._transport.close()


def _side(name: str) -> str:
    return SWITCH if name.startswith(SWITCH) else name


def _body(data: bytes) -> int | None:
    """Where the body of a message begins, if this write holds one."""
    place = data.find(b"\r\n\r\n")
    return place + 4 if 0 < place < len(data) - 4 else None


def _changed(data: bytes) -> bytes:
    """The message with one byte in the middle of its body changed."""
    start = _body(data)
    assert start is not None, "there is a body"
    place = (start + len(data)) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
