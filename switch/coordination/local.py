"""What processes share, within one interpreter: the default, and the twin of the one over Redis.

One process that serves alone needs nothing else. Several in one interpreter (a simulation, a test)
share a :class:`Hub`; several without anything shared each get their part of every bound, so that
together they keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.coordination.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.coordination.ports import Draw, Limit, Topic
    from switch.runtime.tasks import Tasks


class Windows:
    """The windows of everybody who draws, for one part of each bound."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def wait_ms(self, draw: Draw, most: int, at_ms: int) -> int:
        """0 when the draw fits ``most``; else after how many ms it may."""
        return self._of(draw).wait_ms(draw.amount, most, at_ms)

    def add(self, draw: Draw, at_ms: int) -> None:
        """Count a draw."""
        self._of(draw).add(draw.amount, at_ms)

    def _of(self, draw: Draw) -> Window:
        key = (draw.limit.name, draw.who)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(draw.limit.window_ms)
        return window


class Hub:
    """What processes of one interpreter have in common."""

    def __init__(self) -> None:
        self.windows = Windows()
        self.members: list[InProcess] = []


class InProcess:
    """One process of a hub; ``processes`` is how many share each bound without one."""

    def __init__(self, hub: Hub | None = None, *, processes: int = 1) -> None:
        self._hub = hub or Hub()
        self._hub.members.append(self)
        self._processes = processes
        self._heard: dict[Topic, list[Callable[[str], None]]] = {}

    @property
    def state(self) -> str:
        """Nothing can be lost here."""
        return "in process"

    async def take(self, draws: Sequence[Draw], at_ms: int) -> int:
        """Draw all or nothing; 0, or after how many ms to try again."""
        windows = self._hub.windows
        for draw in draws:
            wait = windows.wait_ms(draw, self.largest(draw.limit), at_ms)
            if wait:
                return wait
        for draw in draws:
            windows.add(draw, at_ms)
        return 0

    def largest(self, limit: Limit) -> int:
        """The share of this process."""
        return limit.most // self._processes

    def publish(self, topic: Topic, text: str) -> None:
        """Tell the other processes of the hub at once."""
        for member in self._hub.members:
            if member is not self:
                member.hear(topic, text)

    def subscribe(self, topic: Topic, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with each text that another process publishes."""
        self._heard.setdefault(topic, []).append(heard)

    def hear(self, topic: Topic, text: str) -> None:
        """Hand a text to whoever subscribed."""
        for heard in self._heard.get(topic, ()):
            heard(text)

    def heard_all_for(self, seconds: int) -> bool:
        """Nothing is missed here; without a hub, what the others do is never heard."""
        del seconds
        return self._processes == 1

    def start(self, tasks: Tasks) -> None:
        """Nothing runs on its own here."""

    async def close(self) -> None:
        """Leave the hub."""
        self._hub.members.remove(self)
