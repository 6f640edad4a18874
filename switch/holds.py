"""Payments that screening held: what lets one go on, once two operators have agreed to it.

The hop is planned when it is approved and committed with the approval, as every hop is before it is
sent; a quote that has run out by then ends the payment by its own timer. The surprise: whoever asks
for the payment hears that it is pending, before and after, and never why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iso20022 import IsoError
from switch import lifecycle, timers
from switch.dispatch import Happened
from switch.hop_bounds import going_on
from switch.lifecycle import Event
from switch.model import changed
from switch.port import Operation, Planning
from switch.reasons import Reason, from_iso
from switch.refusals import Busy
from switch.runtime.tasks import TooManyTasks
from switch.sequences import NumbersSpent, Sequences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter, Exchange
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.restoring import Restoring
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store


@dataclass(frozen=True, slots=True)
class Released:
    """What lets a held payment go on: planned, and not committed yet."""

    exchange: Exchange = field(repr=False)
    happened: Happened
    started: float


class Holds:
    """Lets held payments go on."""

    def __init__(
        self,
        *,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        adapters: Mapping[str, Adapter],
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        restoring: Restoring,
        log: Log,
    ) -> None:
        self._restoring = restoring
        self._slot = store.slot
        self._sequences = Sequences(store)
        self._records = records
        self._dispatch = dispatch
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._log = log

    async def released(self, payment: Payment, opened: Opened) -> Released | Reason:
        """Plan the hop of a held payment. Raises :class:`~switch.refusals.Busy`."""
        if self._restoring.holding:
            # It may have been let go already, in what was lost.
            raise Busy
        started, now = self._clock.monotonic(), self._clock.now()
        if payment.next_at is None or now >= payment.next_at:
            return Reason.QUOTE_EXPIRED
        adapter = self._adapters[payment.network]
        try:
            number = await self._sequences.for_reference(adapter.facts, Operation.PAY, now)
        except NumbersSpent:
            raise Busy from None
        going = going_on(payment, now)
        planning = Planning(
            now=now,
            message_number=self._ids.ordered(),
            slot=self._slot,
            send_by=going.send_by,
            uetr=payment.uetr,
            sequence=number,
        )
        due = timers.answer_due(planning.send_by, adapter.facts)
        _, sending = lifecycle.advance(going, Event.CLEARED, at=now, next_at=due)
        try:
            # Only what was looked at is accepted; networks take nothing that is old.
            accepted = changed(sending, accepted_at=now)
            exchange = adapter.plan_pay(accepted, opened.particulars, planning)
        except IsoError as error:
            return from_iso(error.code)
        hop = self._records.hop(exchange, now, opened.key)
        return Released(exchange, Happened(Event.CLEARED, hop=hop, due=due), started)

    def send(self, payment: Payment, opened: Opened, released: Released) -> None:
        """Start the hop that the approval has committed."""
        first = self._dispatch.first(payment, opened, released.exchange, released.started)
        try:
            self._tasks.start("hop", first)
        except TooManyTasks:
            # It is committed: its timer asks after it, and finds that it never arrived.
            self._log.warning("released_not_started", uetr=payment.uetr)
