"""How long to pause before a try of our own: anything up to a bound that doubles.

This is the "full jitter" of tenacity's ``wait_random_exponential`` with the chance handed in, so
that a simulated run draws the same pauses again. It is for what nobody's schedule bounds from
below: a member's server, a database at start. What a network says about how early it may be asked
is kept by :mod:`switch.timers`, which only ever adds to a pause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import wait_exponential

from switch.timers import CHANCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState


class FullJitter(wait_exponential):
    """Waits up to ``first_s`` before the second try, up to twice as long before each later one.

    Never longer than ``most_s``. ``drawn`` gives a number from 0 to 65,535 by chance.
    """

    def __init__(self, drawn: Callable[[], int], *, first_s: float, most_s: float) -> None:
        super().__init__(multiplier=first_s, max=most_s)
        self._drawn = drawn

    def __call__(self, retry_state: RetryCallState) -> float:
        """Seconds until the next try."""
        return super().__call__(retry_state) * self._drawn() / CHANCES
