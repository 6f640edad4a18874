"""Turns of the loop: many payments take the same step one after the other.

A payment touches thousands of pages of code and data, more than a core keeps near, so what a step
costs depends on what ran before it. Between long steps a payment lets the others come as far as it
is; then each step's code is fetched once for all of them. The surprise: nothing waits for time
here, and whoever is alone goes on at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.runtime.clock import Clock


async def abreast(clock: Clock) -> None:
    """Let everybody who is ready come as far as here before anybody goes on."""
    await clock.sleep(0)
