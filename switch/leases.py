"""Keeps this process's writer slot, and takes over what a dead process left open.

A slot is renewed well within its lease. Whoever was silent for a whole lease is taken for dead: its
slot's epoch grows, so that it can commit nothing more, and its open payments become ours in the
same transaction. The lease only avoids double work: a payment that was being sent becomes unknown,
and nothing is sent at or after ``send_by`` by anybody, so it matters to nobody's money whether the
other was dead or slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.store.contract import Store
    from switch.sweeper import Sweeper

RENEWALS_PER_LEASE: Final = 4
"""A lease is renewed this often before it runs out, so that one slow commit loses nothing."""

LOOKS_PER_LEASE: Final = 10
"""How often in a lease's time slots are looked for whose lease ran out."""


class Leases:
    """The lease of this process and its eye on those of others."""

    def __init__(
        self, *, store: Store, sweeper: Sweeper, clock: Clock, log: Log, lease_s: int
    ) -> None:
        self._store = store
        self._sweeper = sweeper
        self._clock = clock
        self._log = log
        self._lease_s = lease_s
        self._renewed_at = clock.monotonic()
        self._leads = False
        self._taken = False

    def leads(self) -> bool:
        """Whether this process does what one must do for all: its slot is the lowest that lives.

        For an instant two may think so, or nobody, so it must be harmless to do it twice or later.
        """
        return self._leads

    def renewed_s_ago(self) -> float:
        """Seconds since the lease was last renewed."""
        return self._clock.monotonic() - self._renewed_at

    async def run(self) -> None:
        """Renew and look until cancelled."""
        while True:
            await self.turn()
            await self._clock.sleep(self._lease_s / LOOKS_PER_LEASE)

    async def turn(self) -> None:
        """Renew the lease when a part of it has passed, then take over what is left."""
        try:
            now = self._clock.monotonic()
            if now - self._renewed_at >= self._lease_s / RENEWALS_PER_LEASE:
                await self._store.renew()
                self._renewed_at = now
            takeovers = await self._store.adopt()
            self._taken |= bool(takeovers)
            for each in takeovers:
                self._log.warning("slot_taken_over", slot=each.slot, payments=each.payments)
            lowest = await self._store.read.lowest_slot(self._clock.now())
            self._leads = lowest == self._store.slot
            if self._taken:
                recovered = await self._sweeper.recover()
                self._log.info("recovered", payments=recovered)
                self._taken = False
        except StoreBusy:
            # The store is away or full; what is left undone is done at the next turn.
            return
