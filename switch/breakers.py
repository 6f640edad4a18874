"""Networks that cannot be reached just now, as far as this process and its neighbours know.

What would only time out is not begun: a look-up is refused at once, and a payment ends unsent, so
that a dead network holds up neither who scans its codes nor money. What one process finds out it
tells the others, who then need not find it out themselves. The surprise: this is for first sends
only; an enquiry, a cancel, a refund or a confirmation goes out however dead a network seems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.coordination.ports import Topic
from switch.port import Operation
from switch.wire.breaker import Breaker
from switch.wire.transport import Answer, NotSent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.coordination.ports import Coordination
    from switch.runtime.clock import Clock
    from switch.wire.transport import MaybeSent

FAILURES_MAX: Final = 5
PAUSE_S: Final = 2.0
"""After so many requests in a row without an answer, one is tried in each pause."""

BEGINNING: Final = (Operation.LOOKUP, Operation.QUOTE, Operation.PAY)
"""What is begun with a network; whatever follows from it passes every breaker."""

_OUR_OWN: Final = ("send_by", "busy")


class Breakers:
    """A breaker for each network and each operation that begins something there."""

    def __init__(self, networks: Iterable[str], coordination: Coordination, clock: Clock) -> None:
        self._coordination = coordination
        self._clock = clock
        self._breakers = {
            f"{network} {operation}": Breaker(failures_max=FAILURES_MAX, pause_s=PAUSE_S)
            for network in networks
            for operation in BEGINNING
        }
        coordination.subscribe(Topic.NETWORK, self.heard)

    def allows(self, network: str, operation: str) -> bool:
        """Whether to ask now; in a pause only the first who asks after it may."""
        return self._breakers[f"{network} {operation}"].allows(self._clock.monotonic())

    def came(self, network: str, operation: str, result: Answer | NotSent | MaybeSent) -> None:
        """Note what came of a request; tell the others when a pause begins.

        What was too late to be sent, or had no room, says nothing about the network.
        """
        name = f"{network} {operation}"
        breaker = self._breakers[name]
        if isinstance(result, NotSent) and result.why in _OUR_OWN:
            return
        if isinstance(result, Answer):
            breaker.worked()
        elif breaker.failed(self._clock.monotonic()):
            self._coordination.publish(Topic.NETWORK, name)

    def paused(self) -> dict[tuple[str, str], bool]:
        """Whether a pause is on, by network and operation."""
        at = self._clock.monotonic()
        split = ((name.partition(" "), each) for name, each in self._breakers.items())
        return {(network, kind): each.is_open(at) for (network, _, kind), each in split}

    def heard(self, name: str) -> None:
        """Begin a pause that another process began; a name that is not known is passed over."""
        breaker = self._breakers.get(name)
        if breaker is not None:
            breaker.hold(self._clock.monotonic() + PAUSE_S)
