"""Sending: the only place from which a payment's exchange leaves, and the way its outcome comes in.

An exchange is sent once, and only after the commit that holds its row has returned; right before
the first byte it is checked that ``send_by`` has not come, on the wall clock and on a monotonic one
that started with the commit. What comes back becomes an event, and :meth:`Dispatch.conclude` takes
it to the store by compare-and-set. No answer is ``lost``, never a failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch import hop_bounds, lifecycle, timers
from switch.answers import is_in_dialect, json_answer
from switch.commands import Answer as FinalAnswer
from switch.commands import Conclude, Declined, Done, Stale
from switch.lifecycle import STATES, Event, Timer, Verdict
from switch.model import Status
from switch.outcomes import event_of
from switch.own_reasons import own_reason
from switch.port import Exchange, Operation, Outcome, OutcomeKind, Planning, WireAnswer
from switch.reasons import Reason
from switch.runtime.turns import abreast
from switch.sending import send_exchange
from switch.store.contract import StoreBusy
from switch.store.vault import VaultError
from switch.wire.transport import Answer, MaybeSent, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.answers import Answers
    from switch.commands import PlannedExchange, Sealed
    from switch.endings import Endings
    from switch.hop_times import HopTimes
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import Adapter
    from switch.records import Open, Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.wire.transport import Transport

CONCLUDE_TRIES_MAX: Final = 8
"""A conclusion is made anew this often when the payment has moved on meanwhile."""

BUSY_PAUSE_S: Final = 0.1
"""Longest pause of a conclusion that finds the store's queue full; how long chance says."""

UNREADABLE: Final = "answer_unreadable"
"""Said of an answer that an adapter could not judge: it says nothing of the payment."""

_BOUNDED: Final = (Event.READY, Event.PENDING)
"""What is set aside or taken on is followed up to the deadline of who waits."""

SEND_TRIES_MAX: Final = 3
"""A request that provably did not leave is tried this often before ``send_by``."""

SEND_PAUSE_S: Final = 0.4
"""Longest pause before the second try; it doubles, and how long it is chance says."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event about to be concluded, with what it brought.

    ``record`` is what is kept of it where it is no evidence. ``hop`` is the exchange of the hop
    that the event starts, and ``due`` when its answer is. ``paid`` is an amount other than held.
    ``item`` is the incoming item that is taken in.
    """

    event: Event
    reason: Reason | None = None
    far_reference: str | None = None
    evidence: bytes = field(default=b"", repr=False)
    record: Sealed | None = None
    hop: PlannedExchange | None = None
    due: datetime | None = None
    paid: Money | None = None
    item: str = ""


class Dispatch:
    """Sends committed exchanges and concludes payments."""

    def __init__(
        self,
        *,
        store: Store,
        records: Records,
        transport: Transport,
        adapters: Mapping[str, Adapter],
        answers: Answers,
        endings: Endings,
        hops: HopTimes,
        clock: Clock,
        ids: Ids,
        slot: int,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._transport = transport
        self._adapters = adapters
        self._answers = answers
        self._endings = endings
        self.hops = hops
        self._clock = clock
        self._ids = ids
        self._slot = slot
        self._log = log

    def planning(self, payment: Payment, *, rung: int = 0) -> Planning:
        """What an adapter may use for a message of this payment now.

        An enquiry (``rung`` above zero) has its own last moment to be sent.
        """
        now = self._clock.now()
        facts = self._adapters[payment.network].facts
        within = timedelta(milliseconds=facts.send_within_ms)
        return Planning(
            now=now,
            message_number=self._ids.ordered(),
            slot=self._slot,
            send_by=now + within if rung else payment.send_by,
            rung=rung,
            uetr=payment.uetr,
        )

    async def open(self, uetr: str) -> Open:
        """Open a payment that has not ended, from its rows, for an enquiry.

        Raises :class:`~switch.store.vault.VaultError`: nobody can read what was sealed of it.
        """
        opened = await self._records.open(uetr)
        if opened is None:
            raise VaultError("an open payment has no sealed record")
        return opened

    async def first(
        self, payment: Payment, opened: Open, exchange: Exchange, started: float
    ) -> None:
        """Send a hop's exchange and conclude. ``started`` is the monotonic time of planning.

        The exchange is the one whose row the payment's newest commit has just made durable.
        """
        self.hops.begun(payment.uetr, exchange.network, exchange.operation)
        send_by = min(payment.send_by, exchange.send_by)
        happened = await self._sent(payment, exchange, self._until(send_by, payment, started))
        if happened.event is Event.NEVER_SEEN:
            # "Never seen" answers an enquiry; as the answer to the instruction it says nothing.
            happened = Happened(Event.LOST)
        await self.conclude(payment, opened, happened)

    async def follow(
        self, payment: Payment, opened: Open, exchange: Exchange, started: float
    ) -> None:
        """Send a committed enquiry, cancel or confirmation and conclude; as :meth:`first`."""
        asked_at, until = self._clock.now(), self._until(exchange.send_by, payment, started)
        happened = await self._sent(payment, exchange, until)
        if happened.event is Event.NOT_SENT:
            # That an enquiry did not leave says nothing about the payment.
            happened = Happened(Event.LOST)
        if happened.event is Event.NEVER_SEEN:
            facts, timer = self._adapters[payment.network].facts, STATES[payment.state].timer
            last, rung = await hop_bounds.of_hop(self._store.read, payment), payment.rung
            if not timers.may_believe_never_seen(facts, last.send_by, asked_at, rung, timer):
                happened = Happened(Event.LOST)
        await self.conclude(payment, opened, happened)

    def _until(self, send_by: datetime, planned: Payment, started: float) -> Callable[[], bool]:
        """Whether a first byte may leave; ``planned`` is as the exchange's commit left it."""
        budget_s = (send_by - planned.updated_at) / timedelta(seconds=1)

        def may_send() -> bool:
            on_time = self._clock.monotonic() - started < budget_s
            return on_time and self._clock.now() < send_by

        return may_send

    async def _sent(
        self, payment: Payment, exchange: Exchange, may_send: Callable[[], bool]
    ) -> Happened:
        facts = self._adapters[payment.network].facts
        pause_s, left = SEND_PAUSE_S, False
        for attempt in range(SEND_TRIES_MAX):
            result = await send_exchange(self._transport, exchange, facts, may_send)
            unsent = isinstance(result, NotSent) and result.why != "send_by"
            lost = isinstance(result, MaybeSent) and facts.repeatable
            if not (unsent or lost):
                break
            if isinstance(result, MaybeSent):
                left = True
            if attempt + 1 < SEND_TRIES_MAX:
                await self._clock.sleep(self._any_part_of(pause_s))
                pause_s *= 2
        if left and isinstance(result, NotSent):
            result = MaybeSent("repeat")
        return await self._read(payment, exchange, result)

    def _any_part_of(self, pause_s: float) -> float:
        """Chance says how much of a pause that is only ours, so that no two keep step."""
        return pause_s * self._ids.drawn() / timers.CHANCES

    async def _read(
        self, payment: Payment, exchange: Exchange, result: Answer | NotSent | MaybeSent
    ) -> Happened:
        if isinstance(result, NotSent):
            late = result.why == "send_by"
            reason = Reason.CLEARING_TIMED_OUT if late else Reason.NETWORK_OFFLINE
            self._log.info("exchange_not_sent", uetr=payment.uetr, why=result.why)
            return Happened(Event.NOT_SENT, reason)
        if isinstance(result, MaybeSent):
            self._log.info("answer_lost", uetr=payment.uetr, why=result.why)
            return Happened(Event.LOST)
        await abreast(self._clock)
        answer = WireAnswer(result.status, result.headers, result.body)
        try:
            outcome = self._adapters[payment.network].read(exchange, payment, answer)
        except Exception as error:  # noqa: BLE001  one partner's bytes end nobody else's payments
            self._log.warning(UNREADABLE, uetr=payment.uetr, why=type(error).__name__)
            outcome = Outcome(OutcomeKind.UNKNOWN)
        if outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.REFUSED):
            # What ended the payment is logged with its end.
            self._log.info("answer_read", uetr=payment.uetr, outcome=outcome.kind.value)
        await abreast(self._clock)
        return happened(outcome, result.body, exchange.operation)

    async def conclude(self, payment: Payment, opened: Open | None, happened: Happened) -> Payment:
        """Take an event to the store; made anew while the payment moves on. Wakes the waiting.

        Our own clock ends no payment, so its events need nothing opened (``opened`` is None).
        """
        moved = 0
        while True:
            try:
                going = payment
                if happened.event in _BOUNDED:
                    going = await hop_bounds.of_hop(self._store.read, payment)
                timely = self._timely(going, happened)
                answer, command = self._conclusion(going, opened, timely)
                if command is None:
                    return payment
                result = await self._store.commit(command)
            except StoreBusy:
                # What became known about money is never dropped: it waits for room.
                await self._clock.sleep(self._any_part_of(BUSY_PAUSE_S))
                continue
            if isinstance(result, Stale):
                payment = result.payment
                moved += 1
                assert moved <= CONCLUDE_TRIES_MAX, "a payment moved on more than its table allows"
                continue
            if isinstance(result, Declined):
                # The books have no room for it: its timer asks again, and in the end people do.
                self._log.warning("conclusion_unbooked", uetr=payment.uetr, why=result.reason.iso)
                return payment
            assert isinstance(result, Done), "a conclusion binds no key"
            assert result.payment is not None, "a conclusion has its payment"
            self.hops.heard(payment.uetr, happened.event)
            self._log.info(
                "payment_concluded",
                uetr=payment.uetr,
                cause=timely.event.value,
                state=result.payment.state.value,
            )
            if answer is not None:
                self._endings.ended(result.payment, answer)
            return result.payment

    def _timely(self, payment: Payment, happened: Happened) -> Happened:
        """What came too late to say what it says.

        What is set aside too late is only waited for, and comes to nothing at its network. That a
        first send did not leave says nothing once it was asked about: an enquiry may be the same
        instruction (Alipay+), and has been carried out.
        """
        asked = payment.rung > 0 and STATES[payment.state].timer is not Timer.ANSWER
        if happened.event is Event.NOT_SENT and asked:
            return replace(happened, event=Event.LOST, reason=None)
        facts, now = self._adapters[payment.network].facts, self._clock.now()
        if happened.event is not Event.READY or timers.may_confirm(facts, payment.deadline, now):
            return happened
        self._log.info("set_aside_too_late", uetr=payment.uetr)
        return replace(happened, event=Event.PENDING)

    def conclusion(
        self, payment: Payment, opened: Open | None, happened: Happened
    ) -> Conclude | None:
        """What would conclude a payment, for whoever commits it with something else."""
        return self._conclusion(payment, opened, happened)[1]

    async def told(self, payment: Payment) -> None:
        """Wake whoever waits for a payment that was ended by a command of another kind."""
        stored = await self._store.read.answer(payment.uetr)
        if stored is not None and is_in_dialect(payment, stored):
            answer = await self._records.answered(payment.uetr, stored)
            self._endings.ended(payment, answer)

    async def once(
        self, payment: Payment, opened: Open, happened: Happened
    ) -> Done | Stale | Declined:
        """Take an event to the store once: whoever meant it decides what a refusal means.

        Raises :class:`StoreBusy`.
        """
        answer, command = self._conclusion(payment, opened, happened)
        if command is None:
            return Stale(payment)
        result = await self._store.commit(command)
        assert isinstance(result, (Done, Stale, Declined)), "a conclusion binds no key"
        if answer is not None and isinstance(result, Done) and result.payment is not None:
            self._endings.ended(result.payment, answer)
        return result

    def _answer(
        self, after: Payment, opened: Open | None
    ) -> tuple[FinalAnswer | None, FinalAnswer]:
        """The final answer as it is given, and as it is stored.

        Of what nobody can open a wait comes to its end, or people end it. What is stored then names
        nobody, and whoever asks in another dialect is answered from what they say themselves.
        """
        if opened is None:
            answer = json_answer(after)
            return (answer if is_in_dialect(after, answer) else None), answer
        answer = self._answers.render(after, opened.particulars, self.planning(after))
        return answer, self._records.answer(after, answer, opened.key)

    def _conclusion(
        self, payment: Payment, opened: Open | None, happened: Happened
    ) -> tuple[FinalAnswer | None, Conclude | None]:
        """The final answer as it is given, and the command; no command for an ignored event."""
        at = self._clock.now()
        decision = lifecycle.decided(payment, happened.event)
        late = happened.event is Event.RUNG and (
            payment.disputed or decision.verdict is not Verdict.MOVE
        )
        if late or decision.verdict is Verdict.IGNORE:
            # A look that was under way restarts no timer of what people have now, or ended.
            return None, None
        facts = self._adapters[payment.network].facts
        rung = lifecycle.rung_after(payment, happened.event, decision.target)
        next_at = happened.due or timers.next_due(
            decision.target,
            facts,
            rung=rung,
            at=at,
            deadline=payment.deadline,
            drawn=self._ids.drawn(),
        )
        reason = happened.reason or own_reason(payment, happened.event)
        if STATES[decision.target].status is not Status.RJCT:
            reason = None
        answer = stored = None
        evidence = happened.record
        if happened.evidence:
            assert opened is not None, "a message came in answer to one that was opened"
            evidence = self._records.evidence(opened.key, happened.evidence)
        if decision.verdict is Verdict.MOVE:
            _, after = lifecycle.advance(
                payment,
                happened.event,
                at=at,
                next_at=next_at,
                reason=reason,
                far_reference=happened.far_reference,
            )
            if lifecycle.is_final(after) and not lifecycle.is_final(payment):
                answer, stored = self._answer(after, opened)
        return answer, Conclude(
            uetr=payment.uetr,
            version=payment.version,
            event=happened.event,
            at=at,
            next_at=next_at,
            reason=reason,
            far_reference=happened.far_reference,
            answer=stored,
            evidence=evidence,
            salt=self._ids.salt(),
            exchange=happened.hop,
            paid=happened.paid,
            item_hash=happened.item,
        )


def happened(outcome: Outcome, evidence: bytes, operation: Operation = Operation.PAY) -> Happened:
    """The event of an outcome; what a cancel or a confirmation is answered has its own."""
    event = event_of(outcome.kind, operation)
    return Happened(event, outcome.reason, outcome.far_reference, evidence)
