"""A gate that counts what networks answer, before the transport and behind the breakers.

The transport tells its gate what came of each exchange, so this is where all of them can be seen
without touching one. The surprise: an exchange without an answer has no time, because how long we
waited says nothing about the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.wire.transport import Answer

if TYPE_CHECKING:
    from switch.breakers import Breakers
    from switch.metering.meters import Meters
    from switch.wire.transport import MaybeSent, NotSent


class MeteredGate:
    """Breakers that are watched."""

    __slots__ = ("_breakers", "_meters")

    def __init__(self, breakers: Breakers, meters: Meters) -> None:
        self._breakers = breakers
        self._meters = meters
        meters.breakers = breakers.paused

    def allows(self, network: str, operation: str) -> bool:
        """Whether to send now."""
        allowed = self._breakers.allows(network, operation)
        if not allowed:
            self._meters.unanswered.add((network, operation, "paused"))
        return allowed

    def came(self, network: str, operation: str, result: Answer | NotSent | MaybeSent) -> None:
        """Learn what came of a request."""
        if isinstance(result, Answer):
            self._meters.exchanges.took((network, operation), result.took_s)
        else:
            self._meters.unanswered.add((network, operation, result.why))
        self._breakers.came(network, operation, result)
