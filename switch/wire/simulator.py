"""What a simulator of a network is made with.

The same seams as the switch has, so that one program runs both as processes on TCP and, many times
over, in one simulated world. A simulator shares nothing else with the switch. The surprise: its
clock can be put back for a moment, since a network whose clock is wrong is one of its faults.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from switch.key_store import KeyStore
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.wire.net import Net


class SimulatorClock:
    """A clock whose wall time can be put back; waits and monotonic time are never touched."""

    __slots__ = ("_behind", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._behind = timedelta()

    def now(self) -> datetime:
        """The wall time of the simulator."""
        return self._clock.now() - self._behind

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)

    @property
    def behind(self) -> timedelta:
        """How far this clock is behind the right one; negative where it is ahead."""
        return self._behind

    def put_back(self, behind: timedelta) -> None:
        """Be so far behind from now on; zero is right again."""
        self._behind = behind


@dataclass(frozen=True, slots=True)
class SandboxContext:
    """What a simulator of a network is made with: the same seams as the switch has.

    ``options`` hold the network's settings with ``own_bic`` and ``partner_bic`` seen from its side.
    """

    clock: Clock
    ids: Ids
    tasks: Tasks
    net: Net
    keys: KeyStore = field(repr=False)
    options: Mapping[str, str]

    def __post_init__(self) -> None:
        if not isinstance(self.clock, SimulatorClock):
            object.__setattr__(self, "clock", SimulatorClock(self.clock))

    @contextmanager
    def clock_behind(self, seconds: float) -> Iterator[None]:
        """Put the wall clock back while something is done that does not wait."""
        assert isinstance(self.clock, SimulatorClock), "made so above"
        before = self.clock.behind
        self.clock.put_back(before + timedelta(seconds=seconds))
        try:
            yield
        finally:
            self.clock.put_back(before)
