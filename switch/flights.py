"""What is under way in one process at a time: openings, paid orders, and the hops that they start.

There is room for ``payments.in_flight_max``; beyond it whoever asks is told to come again, with
nothing committed. A network to which more is under way than twice the room that is left takes no
more, so one that answers slowly leaves a third to all others. The surprise: room is taken before
the commit and kept by the hop, so neither many callers at the same moment nor a counterparty that
answers slowly gets past the bound.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from switch.refusals import Busy
from switch.runtime.tasks import TooManyTasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Exchange
    from switch.records import Open as Opened
    from switch.runtime.tasks import Tasks


OF_WHAT_IS_LEFT: Final = 2
"""A network has at most so many times as many under way as there is room left for."""


class Flights:
    """Counts what is under way, and starts hops; at most ``most`` at a time."""

    def __init__(self, most: int, *, dispatch: Dispatch, tasks: Tasks, log: Log) -> None:
        self._most = most
        self._dispatch = dispatch
        self._tasks = tasks
        self._log = log
        self._under_way: Counter[str] = Counter()
        self._count = 0

    def __len__(self) -> int:
        """Return how many are under way."""
        return self._count

    def full(self, network: str) -> bool:
        """Whether as many are under way to a network as may be now."""
        return self._under_way[network] >= OF_WHAT_IS_LEFT * (self._most - self._count)

    @contextmanager
    def room(self, network: str) -> Iterator[None]:
        """Have room for one to a network, about to be committed. Raises :class:`Busy`."""
        if self.full(network):
            raise Busy
        self._taken(network, 1)
        try:
            yield
        finally:
            self._taken(network, -1)

    def send(self, payment: Payment, opened: Opened, exchange: Exchange, started: float) -> None:
        """Start the hop whose exchange the payment's newest commit holds."""
        self._taken(payment.network, 1)
        try:
            self._tasks.start("hop", self._hop(payment, opened, exchange, started))
        except TooManyTasks:
            # It is committed: its timer asks after it, and finds that it never arrived.
            self._taken(payment.network, -1)
            self._log.warning("hop_not_started", uetr=payment.uetr)

    async def _hop(
        self, payment: Payment, opened: Opened, exchange: Exchange, started: float
    ) -> None:
        try:
            await self._dispatch.first(payment, opened, exchange, started)
        finally:
            self._taken(payment.network, -1)

    def _taken(self, network: str, more: int) -> None:
        self._under_way[network] += more
        self._count += more
