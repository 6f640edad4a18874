"""What a simulated network may do with the bytes that somebody writes.

A judge is asked for every write and answers with a verdict. The surprise: there is no verdict that
loses one message and delivers the next, because a TCP connection has no such fault; silence lasts
until the connection ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Fate(Enum):
    """What becomes of one write."""

    DELIVER = "deliver"
    SILENCE = "silence"
    """This and all that follows in this direction never arrives; nobody is told."""
    RESET = "reset"
    """It does not arrive, and both ends see the connection reset."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of one write, how many seconds later than usual it arrives, and as what."""

    fate: Fate = Fate.DELIVER
    delay_s: float = 0
    instead: bytes | None = None
    """What arrives in place of what was written, where the bytes are changed on the way."""


DELIVER: Final = Verdict()

Judge = Callable[[str, str, bytes], Verdict]
"""Asked for each write with (source process, target process or name, bytes)."""
