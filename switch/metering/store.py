"""A store that counts: what is committed, how long that takes, how much waits for it.

It stands where the store stands and passes everything on. A payment is counted by the state in
which a commit left it, so every step of every payment is seen here, whoever took it. The surprise:
a command waits in a queue until its batch begins, and that is part of its time here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.commands import Attempt, Conclude, Done
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from switch.commands import Command, Result
    from switch.metering.meters import Meters
    from switch.runtime.clock import Clock
    from switch.store.contract import Reads, Store, Takeover
    from switch.store.journal import Block
    from switch.store.outbox_port import Outbox

URGENT: Final = (Conclude, Attempt)
CONCLUSIONS: Final = ("conclusions",)
INTENTS: Final = ("intents",)


class MeteredStore:
    """A :class:`~switch.store.contract.Store` that is watched."""

    __slots__ = ("_clock", "_meters", "_store")

    def __init__(self, store: Store, meters: Meters, clock: Clock) -> None:
        self._store = store
        self._meters = meters
        self._clock = clock

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot, without waiting."""
        return self._store.head

    @property
    def slot(self) -> int:
        """The number that this process writes under."""
        return self._store.slot

    @property
    def read(self) -> Reads:
        """Reads of what is committed."""
        return self._store.read

    @property
    def outbox(self) -> Outbox:
        """Events, and how far each receiver is."""
        return self._store.outbox

    async def commit(self, command: Command) -> Result:
        """As the store's own."""
        meters, name = self._meters, type(command).__name__.lower()
        queue = CONCLUSIONS if isinstance(command, URGENT) else INTENTS
        waiting = meters.waiting.each
        waiting[queue] = waiting.get(queue, 0) + 1
        started = self._clock.monotonic()
        try:
            result = await self._store.commit(command)
        except StoreBusy:
            meters.refused.add(queue)
            raise
        finally:
            waiting[queue] -= 1
        meters.commits.took(
            (name, type(result).__name__.lower()), self._clock.monotonic() - started
        )
        if isinstance(result, Done) and result.payment is not None:
            meters.steps.add((result.payment.corridor, name, result.payment.state.value))
        return result

    async def scrub(self) -> bool:
        """As the store's own."""
        return await self._store.scrub()

    async def renew(self) -> None:
        """As the store's own."""
        await self._store.renew()

    async def adopt(self) -> list[Takeover]:
        """As the store's own."""
        return await self._store.adopt()

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """As the store's own."""
        return await self._store.lease_numbers(name, count, last)
