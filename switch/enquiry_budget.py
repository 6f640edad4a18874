"""How many enquiries a network gets from all processes together: drawn before each is begun.

A network that comes back after an outage, or a switch that starts again, has many payments to ask
about at once; floods of such questions have kept networks down for hours. So enquiries, polls and
cancels draw on one bound of their network, which its facts state. What is not drawn is not dropped:
the payment stays due, oldest first. The surprise: our word in three legs draws nothing, because the
network set money aside and waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.coordination.ports import Draw, spread
from switch.states import STATES, Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.config import Config
    from switch.coordination.ports import Coordination, Limit
    from switch.facts import Facts
    from switch.logs import Log
    from switch.metering.meters import Counts
    from switch.port import Adapter
    from switch.runtime.clock import Clock
    from switch.seams import Seams

MS: Final = 1000
HELD_MAX_MS: Final = 1000
"""Longest time after which a spent budget is drawn upon again, whoever says when it is freed."""

SAID_EVERY_S: Final = 60
"""How often the log says of a network that its enquiries are put off."""

ASKING: Final = (Timer.LADDER, Timer.POLL, Timer.CANCEL)
"""Timers that ask a network something each time they fire."""

ASKS_NOBODY: Final = tuple(
    state for state, each in STATES.items() if each.timer not in (*ASKING, Timer.NONE)
)
"""States whose timers do not wait for a budget."""


def limit_of(facts: Facts, processes_max: int) -> Limit:
    """The bound of a network."""
    return spread("enquiries", MS, facts.enquiries_per_s, 2 * processes_max)


class EnquiryBudget:
    """Draws on the bounds of one switch; ``counts`` are by network and ``asked`` or ``put_off``."""

    def __init__(  # the parts it uses
        self,
        adapters: Mapping[str, Adapter],
        coordination: Coordination,
        *,
        processes_max: int,
        counts: Counts,
        clock: Clock,
        log: Log,
    ) -> None:
        self._adapters = adapters
        self._coordination = coordination
        self._processes_max = processes_max
        self._counts = counts
        self._clock = clock
        self._log = log
        self._held_until: dict[str, float] = {}
        self._said_at: dict[str, float] = {}

    def is_spent(self, network: str) -> bool:
        """Whether nothing more may be asked just now; asking this draws nothing."""
        until = self._held_until.get(network)
        return until is not None and self._clock.monotonic() < until

    async def draw(self, network: str) -> bool:
        """Draw one enquiry; False where it has to wait."""
        if self.is_spent(network):
            return False
        limit = limit_of(self._adapters[network].facts, self._processes_max)
        at = self._clock.monotonic()
        wait_ms = await self._coordination.take((Draw(limit, network),), int(at * MS))
        self._counts.add((network, "put_off" if wait_ms else "asked"))
        if wait_ms:
            self._held_until[network] = at + min(wait_ms, HELD_MAX_MS) / MS
            self._say(network, at)
        return not wait_ms

    def _say(self, network: str, at: float) -> None:
        said_at = self._said_at.get(network)
        if said_at is None or at - said_at >= SAID_EVERY_S:
            self._said_at[network] = at
            self._log.warning("enquiries_put_off", network=network)


def budget_of(
    adapters: Mapping[str, Adapter], config: Config, seams: Seams, counts: Counts
) -> EnquiryBudget:
    """The budget of one process of a switch."""
    return EnquiryBudget(
        adapters,
        seams.coordination,
        processes_max=config.coordination.processes_max,
        counts=counts,
        clock=seams.clock,
        log=seams.log,
    )
