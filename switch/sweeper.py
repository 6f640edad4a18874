"""Timers are rows: this reads the ones that have fired and does what the table says.

At start every payment that was waiting for the answer to a first send becomes ``unknown``: nobody
can tell whether a byte left. From then on due payments are enquired about, each enquiry committed
before it is sent, within the budgets of the network's facts. A payment that another step moved on
in the meantime is simply stale.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from switch import hop_bounds, lifecycle, timers
from switch.commands import Attempt, Done
from switch.dispatch import Happened
from switch.enquiry_budget import ASKING, ASKS_NOBODY
from switch.far_timers import FarTimers
from switch.lifecycle import STATES, Event, Timer, Verdict
from switch.model import Kind
from switch.port import is_lost
from switch.refusals import Busy
from switch.store.contract import StoreBusy
from switch.store.vault import Erased, VaultError, is_gone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.abilities import CancelAdapter, ConfirmAdapter
    from switch.dispatch import Dispatch
    from switch.enquiry_budget import EnquiryBudget
    from switch.facts import Facts
    from switch.linked_payments import LinkedPayments
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.recalls import Recalls
    from switch.records import Open, Records
    from switch.restoring import Restoring
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store

SWEEP_EVERY_S: Final = 0.1
"""How often due timers are looked for; the finest timer (a poll) is coarser."""

SWEEP_BATCH: Final = 64
"""Payments of one network that are looked after at once: a dead one costs its own only."""

ASKS_NOBODY_EVERY_S: Final = 1
"""How often what asks nobody is looked for behind enquiries that wait for their budget."""

WAITS_FOR_NOBODY: Final = tuple(
    state for state, each in STATES.items() if each.timer not in (Timer.EXPIRY, Timer.NONE)
)
"""States whose timers do not end a wait for somebody else."""

NEITHER: Final = tuple(state for state in ASKS_NOBODY if state in WAITS_FOR_NOBODY)
"""States whose timers neither end a wait nor ask a network."""

ASIDE_S: Final = 30
"""Pause before a payment that could not be opened is looked at again."""

LOOKS_MAX: Final = 10
"""A payment that still cannot be opened then is left to people: it is damaged."""

AWAY_LOOKS_MAX: Final = 2_880
"""The same where its wrapping key is not there, which may come: another process rotates, and the
key's file is on its way to this one. A day of looks."""

ASIDE_MAX: Final = 1_000
"""Payments of one network that are set aside at once; those beyond are left to people at once."""


CHILD_LOOKS_MAX: Final = 1_000
"""Looks at the payment that gives money back; a week of them, then people must look."""


@dataclass(slots=True)
class _Aside:
    """A payment that could not be opened: how often, and until when it is left alone."""

    looks: int = 0
    until: float = 0


class Sweeper:
    """Drives payments whose timer has fired."""

    def __init__(
        self,
        *,
        store: Store,
        dispatch: Dispatch,
        records: Records,
        linked: LinkedPayments,
        recalls: Recalls,
        adapters: Mapping[str, Adapter],
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        restoring: Restoring,
        budget: EnquiryBudget,
        log: Log,
    ) -> None:
        self._store = store
        self._restoring = restoring
        self._dispatch = dispatch
        self._records = records
        self._linked = linked
        self._recalls = recalls
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._budget = budget
        self._log = log
        self._busy: dict[str, dict[str, None]] = {}
        self._aside: dict[str, dict[str, _Aside]] = {}
        self._looked: dict[str, float] = {}
        self._far = FarTimers(store=store, clock=clock, log=log)

    async def recover(self) -> int:
        """Move what was in the middle of a first send to unknown. Returns how many there were.

        Many at once share a commit: who recovers must be done well within its own lease. Nothing
        is opened for it, so no record that cannot be read is in the way.
        """
        count = 0
        while found := await self._store.read.sent_states(SWEEP_BATCH):
            tasks = [self._tasks.start_if_room("recover", self._lost(each)) for each in found]
            for payment, task in zip(found, tasks, strict=True):
                await (self._lost(payment) if task is None else task)
            count += len(found)
        return count

    async def _lost(self, payment: Payment) -> None:
        # While the store is away the next look at what was sent says so.
        with suppress(StoreBusy):
            await self._dispatch.conclude(payment, None, Happened(Event.LOST))

    async def run(self) -> None:
        """Look for due timers until cancelled; while the store is away they stay due."""
        while True:
            with suppress(StoreBusy):
                await self.sweep()
            await self._clock.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> None:
        """Start one task for each due payment that has none, up to the batch of its network.

        Where the process can have no more tasks, what is left is due at the next look.
        """
        now = self._clock.now()
        fired = await self._store.read.fired(tuple(self._adapters), now)
        far = await self._far.fired(self._adapters)
        for network in self._adapters:
            if network not in fired and network not in far:
                continue
            busy = self._busy.setdefault(network, {})
            if len(busy) >= SWEEP_BATCH:
                continue
            passed = busy.keys() | self._left_alone(network)
            due = await self._due_at(network, now, len(passed)) if network in fired else ()
            for payment in (*due, *far.get(network, ())):
                if payment.uetr in passed or len(busy) >= SWEEP_BATCH:
                    continue
                if await self._asks(payment) and not await self._budget.draw(network):
                    continue
                busy[payment.uetr] = None
                if self._tasks.start_if_room("sweep", self._one(payment)) is None:
                    del busy[payment.uetr]
                    self._log.warning("sweep_cut_short", network=network)
                    return

    async def _due_at(self, network: str, now: datetime, passed: int) -> list[Payment]:
        """Payments whose timer has fired; while a network may not be asked, those that do not.

        After a loss no wait ends by the clock: it may have been paid, or let go, and sent in what
        was lost. Those that lapse meanwhile must not stand before those that are asked about.
        """
        holding, limit = self._restoring.holding, SWEEP_BATCH + passed
        if not self._budget.is_spent(network):
            states = WAITS_FOR_NOBODY if holding else None
            return await self._store.read.due(network, now, limit, states)
        at, looked = self._clock.monotonic(), self._looked.get(network)
        if looked is not None and at - looked < ASKS_NOBODY_EVERY_S:
            return []
        self._looked[network] = at
        states = NEITHER if holding else ASKS_NOBODY
        return await self._store.read.due(network, now, limit, states)

    async def _asks(self, payment: Payment) -> bool:
        """Whether the next step of a payment asks its network something."""
        timer, facts = STATES[payment.state].timer, self._adapters[payment.network].facts
        return timer in ASKING and not await self._is_spent(payment, facts, timer)

    def _left_alone(self, network: str) -> set[str]:
        """Payments set aside whose pause has not passed. One that ended otherwise is forgotten."""
        now, aside = self._clock.monotonic(), self._aside.setdefault(network, {})
        for uetr in [uetr for uetr, each in aside.items() if now >= each.until + ASIDE_S]:
            del aside[uetr]
        return {uetr for uetr, each in aside.items() if now < each.until}

    async def _one(self, payment: Payment) -> None:
        try:
            with suppress(StoreBusy, Busy):
                await self._due(payment)
        finally:
            self._busy[payment.network].pop(payment.uetr, None)

    async def _due(self, payment: Payment) -> None:
        timer = STATES[payment.state].timer
        if timer is Timer.ANSWER:
            await self._dispatch.conclude(payment, None, Happened(Event.OVERDUE))
            return
        if timer is Timer.EXPIRY and self._restoring.holding:
            # The loss was noticed after this one was read.
            return
        facts = self._adapters[payment.network].facts
        if timer is not Timer.EXPIRY and await self._is_spent(payment, facts, timer):
            self._log.warning("enquiries_spent", uetr=payment.uetr, state=payment.state.value)
            await self._dispatch.conclude(payment, None, Happened(Event.SPENT))
            return
        try:
            opened = await self._dispatch.open(payment.uetr)
        except VaultError as error:
            away = isinstance(error, Erased) and not is_gone(error)
            await self._unreadable(payment, AWAY_LOOKS_MAX if away else LOOKS_MAX)
            return
        self._aside[payment.network].pop(payment.uetr, None)
        if timer is Timer.EXPIRY:
            await self._dispatch.conclude(payment, opened, Happened(Event.EXPIRED))
        elif timer is Timer.CHILD:
            recall = payment.kind is Kind.RECALL
            look = self._recalls.look_after if recall else self._linked.look_after
            await look(payment, opened)
        else:
            await self._follow(payment, opened, timer)

    async def _is_spent(self, payment: Payment, facts: Facts, timer: Timer) -> bool:
        """Whether a repeated step has used up its budget, or its window."""
        if timer is Timer.CANCEL:
            asked = await self._of_hop(payment)
            return self._clock.now() >= timers.cancel_until(facts, asked.send_by)
        if timer is Timer.CHILD:
            return payment.rung >= CHILD_LOOKS_MAX
        if payment.kind is Kind.REFUND and is_lost(payment.reference):
            # Where a repeat is how a refund is asked about, one of another name would be a second.
            return True
        return timers.budget_spent(facts, payment.rung)

    async def _of_hop(self, payment: Payment) -> Payment:
        return await hop_bounds.of_hop(self._store.read, payment)

    async def _unreadable(self, payment: Payment, looks_max: int) -> None:
        """Set a payment aside that nobody can enquire about; in the end people must find out."""
        network = self._aside[payment.network]
        aside = network.get(payment.uetr, _Aside())
        aside.looks += 1
        if aside.looks == 1:
            self._log.warning("payment_unreadable", uetr=payment.uetr, state=payment.state.value)
        room = payment.uetr in network or len(network) < ASIDE_MAX
        if aside.looks < looks_max and room:
            aside.until = self._clock.monotonic() + ASIDE_S
            network[payment.uetr] = aside
            return
        waits = STATES[payment.state].timer is Timer.EXPIRY
        # Nothing was sent for what only waits, so it ends when its time has come.
        end = Event.EXPIRED if waits else Event.SPENT
        await self._dispatch.conclude(payment, None, Happened(end))
        network.pop(payment.uetr, None)

    async def _follow(self, payment: Payment, opened: Open, timer: Timer) -> None:
        """Record and send the next enquiry, cancel or confirmation of a payment."""
        adapter = self._adapters[payment.network]
        started, at = self._clock.monotonic(), self._clock.now()
        event, state = Event.RUNG, payment.state
        undoing = lifecycle.decided(payment, Event.GIVEN_UP)
        own = payment.kind is Kind.PAYMENT  # a cancel names the order, never a refund of it
        if own and undoing.verdict is Verdict.MOVE and timers.gives_up(adapter.facts, payment.rung):
            asked = await self._of_hop(payment)
            # What can be undone no more is asked about, as long as enquiries are left.
            if at < timers.cancel_until(adapter.facts, asked.send_by):
                event, state = Event.GIVEN_UP, undoing.target
        going = await self._of_hop(payment) if timer is Timer.POLL else payment
        next_at = timers.next_due(
            state,
            adapter.facts,
            rung=payment.rung + 1,
            at=at,
            deadline=going.deadline,
            drawn=self._ids.drawn(),
        )
        assert next_at is not None, "a state that is due has a timer"
        planning = self._dispatch.planning(payment, rung=payment.rung + 1)
        if event is Event.GIVEN_UP or timer is Timer.CANCEL:
            plan = cast("CancelAdapter", adapter).plan_cancel
        elif timer is Timer.CONFIRM:
            plan = cast("ConfirmAdapter", adapter).plan_confirm
        else:
            plan = adapter.plan_enquire
        stated = await self._records.as_stated(payment, opened.key) if own else payment
        exchange = plan(stated, opened.particulars, planning)
        command = Attempt(
            uetr=payment.uetr,
            version=payment.version,
            exchange=self._records.enquiry(exchange, opened.key),
            at=at,
            next_at=next_at,
            salt=self._ids.salt(),
            event=event,
        )
        try:
            result = await self._store.commit(command)
        except StoreBusy:
            return
        if isinstance(result, Done) and result.payment is not None:
            await self._dispatch.follow(result.payment, opened, exchange, started)
