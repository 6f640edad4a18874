"""Timers are rows: this reads the ones that have fired and does what the table says.

At start every payment that was waiting for the answer to a first send becomes ``unknown``: nobody
can tell whether a byte left. From then on due payments are enquired about, each enquiry committed
before it is sent, within the budget of the network's facts. A payment that another step moved on in
the meantime is simply stale.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from switch import lifecycle, timers
from switch.commands import Attempt, Done
from switch.dispatch import Happened
from switch.lifecycle import STATES, Event, Timer
from switch.store.contract import StoreBusy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store

SWEEP_EVERY_S: Final = 0.1
"""How often due timers are looked for; the finest timer (a poll) is coarser."""

SWEEP_BATCH: Final = 64
"""Payments of one network that are looked after at once: a dead one costs its own only."""


class Sweeper:
    """Drives payments whose timer has fired."""

    def __init__(
        self,
        *,
        store: Store,
        dispatch: Dispatch,
        records: Records,
        adapters: Mapping[str, Adapter],
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        log: Log,
    ) -> None:
        self._store = store
        self._dispatch = dispatch
        self._records = records
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._log = log
        self._busy: dict[str, dict[str, None]] = {}

    async def recover(self) -> int:
        """Move what was in the middle of a first send to unknown. Returns how many there were.

        Many at once share a commit: who recovers must be done well within its own lease.
        """
        count = 0
        while found := await self._store.read.sent_states(SWEEP_BATCH):
            for task in [self._tasks.start("recover", self._lost(each)) for each in found]:
                await task
            count += len(found)
        return count

    async def _lost(self, payment: Payment) -> None:
        # While the store is away the next look at what was sent says so.
        with suppress(StoreBusy):
            opened = await self._dispatch.open(payment.uetr)
            await self._dispatch.conclude(payment, opened, Happened(Event.LOST))

    async def run(self) -> None:
        """Look for due timers until cancelled; while the store is away they stay due."""
        while True:
            with suppress(StoreBusy):
                await self.sweep()
            await self._clock.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> None:
        """Start one task for each due payment that has none, up to the batch of its network."""
        now = self._clock.now()
        for network in self._adapters:
            busy = self._busy.setdefault(network, {})
            if len(busy) >= SWEEP_BATCH:
                continue
            for payment in await self._store.read.due(network, now, SWEEP_BATCH + len(busy)):
                if payment.uetr not in busy and len(busy) < SWEEP_BATCH:
                    busy[payment.uetr] = None
                    self._tasks.start("sweep", self._one(payment))

    async def _one(self, payment: Payment) -> None:
        try:
            with suppress(StoreBusy):
                await self._due(payment)
        finally:
            self._busy[payment.network].pop(payment.uetr, None)

    async def _due(self, payment: Payment) -> None:
        opened = await self._dispatch.open(payment.uetr)
        if STATES[payment.state].timer is Timer.ANSWER:
            await self._dispatch.conclude(payment, opened, Happened(Event.OVERDUE))
            return
        adapter = self._adapters[payment.network]
        if timers.budget_spent(adapter.facts, payment.rung):
            self._log.warning("enquiries_spent", uetr=payment.uetr, state=payment.state.value)
            await self._dispatch.conclude(payment, opened, Happened(Event.SPENT))
            return
        at = self._clock.now()
        next_at = timers.next_due(
            payment.state, adapter.facts, rung=payment.rung + 1, at=at, deadline=payment.deadline
        )
        assert next_at is not None, "a state that is due has a timer"
        planning = self._dispatch.planning(payment, rung=payment.rung + 1)
        exchange = adapter.plan_enquire(payment, opened.particulars, planning)
        command = Attempt(
            uetr=payment.uetr,
            version=payment.version,
            exchange=self._records.enquiry(exchange, opened.key),
            at=at,
            next_at=next_at,
            salt=self._ids.salt(),
        )
        try:
            result = await self._store.commit(command)
        except StoreBusy:
            return
        if isinstance(result, Done) and result.payment is not None:
            assert not lifecycle.is_final(result.payment), "an enquiry ends nothing by itself"
            await self._dispatch.enquire(result.payment, opened, exchange)
