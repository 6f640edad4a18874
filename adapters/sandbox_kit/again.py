"""Telling the switch again what it has not acknowledged, as every network does with its own news.

A simulator books what its shops and customers do and tells the switch; nobody's answer may be lost
for good, or the two books would differ for ever. The surprise: whoever tells again does so in the
background, so the control that began it answers at once with what was heard so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from switch.runtime.clock import Clock

AGAIN_S: Final = (1, 2, 5, 10, 20, 40, 60, 120, 300, 900, 3600)
"""Pauses before what nobody answered is told again."""


async def until_heard(
    clock: Clock, tell: Callable[[], Awaitable[bool]], pauses_s: Sequence[float] = AGAIN_S
) -> None:
    """Tell after each pause until it was heard, or there are no more pauses."""
    for pause_s in pauses_s:
        await clock.sleep(pause_s)
        if await tell():
            return
