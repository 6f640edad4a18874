"""Free loopback ports, for processes that must know each other's address before they start.

They are drawn from below the range from which the system gives ports to outgoing connections:
among those, a port that is free now is often taken a moment later. The surprise: a port is free
when it is returned, not for ever.
"""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import Final

LOWEST: Final = 20_000
HIGHEST: Final = 32_767
"""Linux gives outgoing connections ports from 32768 on."""

TRIES_MAX: Final = 200


class NoFreePort(RuntimeError):  # noqa: N818  the name says what happened
    """No port was free in as many tries as are made."""


def free_ports(count: int) -> list[int]:
    """Return different ports of 127.0.0.1 that are free now. Raises :class:`NoFreePort`."""
    with ExitStack() as held:
        found: list[int] = []
        for _ in range(TRIES_MAX):
            if len(found) == count:
                return found
            drawn = int.from_bytes(os.urandom(4), "big")
            port = LOWEST + drawn % (HIGHEST - LOWEST + 1)
            if port in found:
                continue
            each = held.enter_context(socket.socket())
            # A port that only waits for late segments of its last connection is free to listen on.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                each.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise NoFreePort(f"{count} ports")
