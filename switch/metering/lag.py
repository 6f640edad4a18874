"""How late the loop is: a task that sleeps, and looks how much later it wakes than it asked for.

Everything else on the loop was that late too. Only a real process runs it; in a simulation time
stands still while work is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switch.metering.meters import Timing
    from switch.runtime.clock import Clock

EVERY_S: Final = 0.25


async def watch(clock: Clock, lag: Timing) -> None:
    """Sleep and look until cancelled."""
    while True:
        due = clock.monotonic() + EVERY_S
        await clock.sleep(EVERY_S)
        lag.took(max(0.0, clock.monotonic() - due))
