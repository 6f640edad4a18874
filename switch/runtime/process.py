"""Runs one process from its first line to its end.

The only place that chooses an event loop (uvloop where it is installed) and that listens to
signals. A stop is asked for, not forced: SIGTERM and SIGINT set an event that the program awaits;
what is then still open is found again in the store at the next start, exactly as after a crash.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Coroutine

try:
    import uvloop
except ImportError:  # uvloop has no wheel for every platform; asyncio does the same, slower
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

FILES_MAX: Final = 8192
"""Open files asked for: more than all connections, so that connections cannot starve the store."""

Stopped = Callable[[], Awaitable[object]]
"""``await stopped()`` returns when the process was asked to end."""


def process_name() -> str:
    """What people find this process by: its machine and its number there."""
    return f"{socket.gethostname()}:{os.getpid()}"


def run(program: Callable[[Stopped], Coroutine[object, object, int]]) -> int:
    """Run ``program(stopped)`` to its end and return its exit status."""
    _allow_files()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_with_signals(program))


def _allow_files() -> None:
    """Raise the limit of open files to what is needed, as far as the machine lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _with_signals(program: Callable[[Stopped], Coroutine[object, object, int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    return await program(stop.wait)
