"""Networks that cannot be reached just now, as far as this process and its neighbours know.

A look-up that would only time out is refused at once, so that a dead network holds up nobody who
scans its codes. What one process finds out it tells the others, who then need not find it out
themselves. The surprise: this is for requests that move nothing; a payment is never refused by a
hint, because it has its own deadline and may be the one that gets through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.coordination.ports import Topic
from switch.port import Operation
from switch.wire.breaker import Breaker
from switch.wire.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switch.coordination.ports import Coordination
    from switch.runtime.clock import Clock
    from switch.wire.transport import MaybeSent, NotSent

FAILURES_MAX: Final = 5
PAUSE_S: Final = 2.0
"""After so many requests in a row without an answer, one is tried in each pause."""

MOVING_NOTHING: Final = (Operation.LOOKUP,)


class Breakers:
    """A breaker for each network and each operation that moves nothing."""

    def __init__(self, networks: Iterable[str], coordination: Coordination, clock: Clock) -> None:
        self._coordination = coordination
        self._clock = clock
        self._breakers = {
            f"{network} {operation}": Breaker(failures_max=FAILURES_MAX, pause_s=PAUSE_S)
            for network in networks
            for operation in MOVING_NOTHING
        }
        coordination.subscribe(Topic.NETWORK, self.heard)

    def allows(self, network: str, operation: Operation) -> bool:
        """Whether to ask now; in a pause only the first who asks after it may."""
        return self._breakers[f"{network} {operation}"].allows(self._clock.monotonic())

    def came(
        self, network: str, operation: Operation, result: Answer | NotSent | MaybeSent
    ) -> None:
        """Note what came of a request; tell the others when a pause begins."""
        name = f"{network} {operation}"
        breaker = self._breakers[name]
        if isinstance(result, Answer):
            breaker.worked()
        elif breaker.failed(self._clock.monotonic()):
            self._coordination.publish(Topic.NETWORK, name)

    def heard(self, name: str) -> None:
        """Begin a pause that another process began; a name that is not known is passed over."""
        breaker = self._breakers.get(name)
        if breaker is not None:
            breaker.hold(self._clock.monotonic() + PAUSE_S)
