"""What processes share, over Redis: pools of bounds and hints; it may be lost at any moment.

Half of each bound is dealt out to the processes and half is a pool in Redis, drawn from by one
script in one round trip. While Redis cannot be reached only the shares are left, and a Redis that
forgot everything keeps its pools closed for one window: a bound is never exceeded. A call gets 20
ms and one try; after three failures in a row nobody tries for a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from switch.coordination.local import Windows
from switch.coordination.ports import Topic
from switch.coordination.windows import SLICES
from switch.wire.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.coordination.ports import Draw, Limit
    from switch.runtime.clock import Clock
    from switch.runtime.tasks import Tasks

PREFIX: Final = "bakong-switch:"
WITHIN_S: Final = 0.02
"""Longest that anybody waits for Redis, connecting included."""

FAILURES_MAX: Final = 3
PAUSE_S: Final = 1.0
"""After so many failures in a row nobody tries for so long; also between tries to listen."""

CONNECTIONS_MAX: Final = 8
HINTS_MAX: Final = 10_000
"""Hints that wait to be published; what comes beyond is dropped, since hints may be lost."""

HINTS_AT_ONCE: Final = 500
HINT_BYTES_MAX: Final = 65_536
"""A message from Redis beyond this is not read."""

LOOK_EVERY_S: Final = 1.0
"""A quiet subscription is checked this often."""

_LOST: Final = (RedisError, OSError, EOFError, RuntimeError, ValueError)
"""Whatever a connection to Redis can end with; uvloop says RuntimeError of a closed one."""


class Shared:
    """One process among ``processes_max`` that share a Redis; ``me`` tells it from the others."""

    def __init__(
        self,
        url: str,
        *,
        processes_max: int,
        me: str,
        clock: Clock,
        password: str | None = None,
    ) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=WITHIN_S,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=None,
            socket_timeout=None,
            protocol=2,
            driver_info=None,
            **({} if password is None else {"password": password}),
        )
        self._redis = Redis(connection_pool=pool)
        script = (files("switch.coordination") / "draw.lua").read_text("utf-8")
        self._script = self._redis.register_script(script)
        self._parts = 2 * processes_max
        self._processes_max = processes_max
        self._me = me
        self._clock = clock
        self._shares = Windows()
        self._breaker = Breaker(failures_max=FAILURES_MAX, pause_s=PAUSE_S)
        self._heard: dict[Topic, list[Callable[[str], None]]] = {}
        self._hints: deque[tuple[Topic, str]] = deque()
        self._some = asyncio.Event()
        self._listening = False
        self._listens_since = 0.0

    @property
    def state(self) -> str:
        """``shared``, or ``lost`` while Redis cannot be reached."""
        lost = not self._listening or self._breaker.is_open(self._clock.monotonic())
        return "lost" if lost else "shared"

    async def take(self, draws: Sequence[Draw], at_ms: int) -> int:
        """Draw all or nothing, of the own share or else of the pool."""
        shares = self._shares
        wait = max(
            (shares.wait_ms(draw, draw.limit.most // self._parts, at_ms) for draw in draws),
            default=0,
        )
        if wait:
            pool_wait = await self._drawn(draws)
            return wait if pool_wait is None else min(wait, pool_wait)
        for draw in draws:
            shares.add(draw, at_ms)
        return 0

    def largest(self, limit: Limit) -> int:
        """All of the pool, which is more than a share."""
        return limit.most - limit.most // self._parts * self._processes_max

    async def _drawn(self, draws: Sequence[Draw]) -> int | None:
        """What the pool says; None when it cannot be asked."""
        if not self._breaker.allows(self._clock.monotonic()):
            return None
        keys = [f"{PREFIX}{draw.limit.name}:{draw.who}" for draw in draws]
        arguments: list[str | int] = [PREFIX, SLICES]
        for draw in draws:
            arguments += (draw.limit.window_ms, self.largest(draw.limit), draw.amount)
        try:
            async with asyncio.timeout(WITHIN_S):
                wait = int(await self._script(keys=keys, args=arguments))
        except _LOST:
            self._breaker.failed(self._clock.monotonic())
            return None
        self._breaker.worked()
        return wait

    def publish(self, topic: Topic, text: str) -> None:
        """Tell every other process, soon; dropped while too many wait."""
        assert "\n" not in text, "a hint is one line"
        if len(self._hints) < HINTS_MAX:
            self._hints.append((topic, text))
            self._some.set()

    def subscribe(self, topic: Topic, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with each text that another process publishes."""
        self._heard.setdefault(topic, []).append(heard)

    def heard_all_for(self, seconds: int) -> bool:
        """Whether it has listened for so long without a break."""
        return self._listening and self._clock.monotonic() - self._listens_since >= seconds

    def start(self, tasks: Tasks) -> None:
        """Begin to listen and to publish."""
        tasks.start("hints-in", self._listen())
        tasks.start("hints-out", self._tell())

    async def close(self) -> None:
        """Close the connections; what was not published yet is lost."""
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._redis.aclose(close_connection_pool=True)
        except _LOST:
            return

    async def _tell(self) -> None:
        """Publish what waits, many hints in one message, until cancelled."""
        while True:
            await self._some.wait()
            texts: dict[Topic, list[str]] = {}
            for _ in range(min(len(self._hints), HINTS_AT_ONCE)):
                topic, text = self._hints.popleft()
                texts.setdefault(topic, []).append(text)
            if not self._hints:
                self._some.clear()
            if self._breaker.allows(self._clock.monotonic()):
                await self._published(texts)

    async def _published(self, texts: dict[Topic, list[str]]) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                for topic, lines in texts.items():
                    message = "\n".join((self._me, *lines))
                    await self._redis.publish(f"{PREFIX}{topic}", message)
        except _LOST:
            self._breaker.failed(self._clock.monotonic())
            return
        self._breaker.worked()

    async def _listen(self) -> None:
        """Listen until cancelled; a lost connection is made again after a pause."""
        while True:
            try:
                await self._hear_until_lost()
            except _LOST:
                self._listening = False
            await self._clock.sleep(PAUSE_S)

    async def _hear_until_lost(self) -> None:
        async with self._redis.pubsub() as subscription:
            async with asyncio.timeout(WITHIN_S):
                await subscription.subscribe(*(f"{PREFIX}{topic}" for topic in Topic))
                # Nothing is drawn; a server that is new to us begins to count its age.
                await self._script(keys=[], args=[PREFIX, SLICES])
            self._listening = True
            self._listens_since = self._clock.monotonic()
            while True:
                said = await subscription.get_message(
                    ignore_subscribe_messages=True, timeout=LOOK_EVERY_S
                )
                if said is None:
                    async with asyncio.timeout(WITHIN_S):
                        await self._redis.ping()
                elif isinstance(said["data"], bytes) and len(said["data"]) <= HINT_BYTES_MAX:
                    self._hear(said["channel"], said["data"])

    def _hear(self, channel: bytes, data: bytes) -> None:
        topic = Topic(channel.decode().removeprefix(PREFIX))
        sender, *texts = data.decode("utf-8", "replace").split("\n")
        if sender != self._me:
            for heard in self._heard.get(topic, ()):
                for text in texts:
                    heard(text)
