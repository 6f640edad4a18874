"""How many sheets a provider may post: each is judged, and most are committed, so they are bounded.

A provider has room for ``SHEETS_AT_ONCE`` and gets ``SHEETS_PER_S`` back each second, whatever the
pairs. The surprise: withdrawing is never bounded, because a rate that is wrong must stop at once,
and neither is what we fetch ourselves at our own pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switch.runtime.clock import Clock

SHEETS_AT_ONCE: Final = 640
"""Sheets that a provider may post after a pause: ten full requests."""

SHEETS_PER_S: Final = 10
"""Sheets that a provider may post each second for ever."""


class TooOften(Exception):  # noqa: N818  the name says what it is
    """A caller is over its bound; nothing was stored (429). ``retry_after_s`` is in whole seconds.

    Then there is room for what it asked, if it asks for nothing else until then.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too often")
        self.retry_after_s = retry_after_s


class Posting:
    """Room for sheets by provider; only providers that are configured are counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[str, tuple[float, float]] = {}

    def take(self, provider: str, sheets: int) -> None:
        """Use room for sheets, all of it or none. Raises :class:`TooOften`."""
        now = self._clock.monotonic()
        used, at = self._used.get(provider, (0, now))
        used = max(used - (now - at) * SHEETS_PER_S, 0)
        over = used + sheets - SHEETS_AT_ONCE
        if over > 0:
            raise TooOften(int(over // SHEETS_PER_S) + 1)
        self._used[provider] = (used + sheets, now)
