"""Timers that a clock which was wrong has set too far away.

A timer is a row with a time of the wall clock. If that clock stood ahead and then steps back, or
its process dies and the next one's clock is right, the row would wait for as long as the clock was
ahead. So whoever waits longer than any pause of its network can be waits that long from when it is
noticed, by the monotonic clock, and no longer. The surprise: it never fires earlier than that,
because the pauses made are part of the proof that a "never seen" may be believed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch import timers
from switch.states import STATES, Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.facts import Facts
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.runtime.clock import Clock
    from switch.store.contract import Store

LOOK_EVERY_S: Final = 10
"""How often such rows are looked for; a step of the clock is rare and minutes matter little."""

LOOK_BATCH: Final = 1_000
"""Rows of one network that are looked at, the latest first; the next look takes what is left."""

REPEATED: Final = tuple(
    state
    for state, facts in STATES.items()
    if facts.timer in (Timer.LADDER, Timer.POLL, Timer.CANCEL, Timer.CONFIRM, Timer.CHILD)
)
"""States whose pauses the facts bound. The others end with an order, or with its first send."""


class FarTimers:
    """Which payments wait longer than they ever should, and since when that is known."""

    def __init__(self, *, store: Store, clock: Clock, log: Log) -> None:
        self._store = store
        self._clock = clock
        self._log = log
        self._looked: float | None = None
        self._fire_at: dict[str, dict[str, float]] = {}
        """By network and UETR, monotonic; at most a batch for each network."""

    async def fired(self, adapters: Mapping[str, Adapter]) -> dict[str, list[Payment]]:
        """Payments that have waited long enough for a timer that is too far away, by network."""
        counted = self._clock.monotonic()
        if self._looked is not None and counted - self._looked < LOOK_EVERY_S:
            return {}
        found = {name: await self._at(name, each.facts, counted) for name, each in adapters.items()}
        self._looked = counted
        return {network: payments for network, payments in found.items() if payments}

    async def _at(self, network: str, facts: Facts, counted: float) -> list[Payment]:
        longest_s = timers.longest_pause_s(facts)
        after = self._clock.now() + timedelta(seconds=longest_s)
        found = await self._store.read.waiting_past(network, after, REPEATED, LOOK_BATCH)
        before = self._fire_at.get(network, {})
        fire_at = {each.uetr: before.get(each.uetr, counted + longest_s) for each in found}
        self._fire_at[network] = fire_at
        new = sum(uetr not in before for uetr in fire_at)
        if new:
            self._log.warning("timers_too_far", network=network, payments=new, within_s=longest_s)
        return [each for each in found if counted >= fire_at[each.uetr]]
