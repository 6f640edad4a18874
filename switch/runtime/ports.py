"""Free loopback ports.

For processes that must know each other's address before they start. A port is free when it is
returned, not for ever: the surprise is that another process may take it first.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """Return different ports of 127.0.0.1 that are free now.

    Another process may take one before its user does; the user then fails to start and says so.
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
