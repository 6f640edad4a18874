"""A callback after a time, on the loop that is running.

For what has no task to wait in: the protocol of a connection. The simulated loop runs it on its
virtual time, in the context of whoever asked for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def call_after(delay_s: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
    """Call back in ``delay_s`` seconds unless the handle is cancelled before."""
    return asyncio.get_running_loop().call_later(delay_s, callback)
