"""The time as whoever deletes for good may believe it: a clock that is wrong once costs nothing.

What is let go of because it is old cannot be brought back, so a clock is not believed that stands
more than a day behind or ahead of where it must be: past the newest block of before this start, or
away from what the monotonic clock counted since. After a day in which it ran evenly it is believed
again. The surprise: a switch that was off for longer than a day also waits that day; nothing is
lost by that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from switch.logs import Log
    from switch.runtime.clock import Clock

JUMP_MAX: Final = timedelta(days=1)
"""How far the clock may be from where it must be."""

EVEN_S: Final = 86_400
"""How long it has to run evenly before it is believed again."""


class SteadyTime:
    """A clock with a doubt; ``written_at`` is the time of the newest block before this start."""

    def __init__(self, clock: Clock, log: Log, written_at: datetime | None = None) -> None:
        self._clock = clock
        self._log = log
        self._seen_at, self._counted = clock.now(), clock.monotonic()
        late = written_at is not None and self._seen_at - written_at > JUMP_MAX
        self._believed_from = self._counted + EVEN_S if late else self._counted

    def now(self) -> datetime | None:
        """The time, or None while it is not believed; then nothing may be deleted for its age."""
        now, counted = self._clock.now(), self._clock.monotonic()
        expected = self._seen_at + timedelta(seconds=counted - self._counted)
        if abs(now - expected) > JUMP_MAX:
            self._seen_at, self._counted = now, counted
            self._believed_from = counted + EVEN_S
        if counted < self._believed_from:
            self._log.warning("clock_not_believed", wait_s=int(self._believed_from - counted))
            return None
        return now
