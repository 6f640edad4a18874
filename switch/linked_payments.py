"""Payments linked to an earlier one: refunds that we instruct, and returns that networks send.

Each is a payment of its own, with its own identity, reservation and unknown process, at the rate of
the original. Its UETR follows from the original's and its place among the linked ones, so two that
are asked for at once cannot both be the same part of the money; what is refunded adds up to what
was paid and never beyond. The surprise: an original that must go back whole (``unwinding``,
``returning``) only looks after its linked payment by a timer, so a crash between the two is mended
by the next look.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from iso20022 import IsoError
from switch import lifecycle, timers
from switch.commands import Conflict, Declined, Done, Known, Open
from switch.config import HOME
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.model import Channel, Direction, Finality, Funding, Kind, Payment, State, changed
from switch.parts import LINKED_MAX, Part, changed_terms, linked_quote, linked_uetr, part_of
from switch.port import Operation, Planning
from switch.reasons import Reason, from_iso
from switch.records import Open as Opened
from switch.refusals import Busy
from switch.runtime.tasks import TooManyTasks
from switch.sequences import NumbersSpent, Sequences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money
    from switch.abilities import RefundAdapter
    from switch.answers import Answers
    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.model import Institutions, Particulars, Terms
    from switch.port import Adapter
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store

BACK: Final = "back"
"""Scope of the keys under which we ourselves give money back."""

NEVER_ARRIVED: Final = frozenset(
    {Reason.CLEARING_TIMED_OUT, Reason.NETWORK_OFFLINE, Reason.NEVER_SEEN}
)
"""Why a payment ends of which the counterparty cannot have executed anything."""

TRIES_MAX: Final = 4
"""A linked payment is made anew this often when another one took its place meanwhile."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a linked payment, and under which key; ``content`` must be equal in a repeat."""

    scope: str
    key: str = field(repr=False)
    content: Mapping[str, str] = field(repr=False)


class LinkedPayments:
    """Opens payments that give back what another paid."""

    def __init__(  # the parts it uses
        self,
        *,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        adapters: Mapping[str, Adapter],
        answers: Answers,
        clock: Clock,
        ids: Ids,
        tasks: Tasks,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._adapters = adapters
        self._answers = answers
        self._clock = clock
        self._ids = ids
        self._tasks = tasks
        self._log = log
        self._sequences = Sequences(store)

    async def of(self, original: Payment) -> list[Payment]:
        """The payments linked to one, in the order they were made."""
        found: list[Payment] = []
        while len(found) < LINKED_MAX:
            payment = await self._store.read.payment(linked_uetr(original.uetr, len(found) + 1))
            if payment is None:
                break
            found.append(payment)
        return found

    async def look_after(self, payment: Payment, opened: Opened) -> None:
        """See how the payment stands that gives this one back, and make it where it is missing.

        One of which no byte left, or that never arrived, is made anew at the next place.
        """
        children = await self.of(payment)
        child = children[-1] if children else None
        room = len(children) < LINKED_MAX
        again = child is not None and child.reason in NEVER_ARRIVED and not child.disputed
        if child is not None and child.funding is Funding.GROSS:
            # What came in settles with our acknowledgement; before that nobody can give it back.
            again = again or child.reason is Reason.ORIGINAL_UNKNOWN
        if child is None or (again and room):
            made = await self._give_back(payment, opened, len(children) + 1)
            child = made if isinstance(made, Payment) else None
        event = Event.RUNG
        if child is not None and lifecycle.is_final(child):
            event = Event.GIVEN_BACK if child.reason is None else Event.SPENT
        await self._dispatch.conclude(payment, opened, Happened(event))

    async def _give_back(
        self, payment: Payment, opened: Opened, place: int
    ) -> Payment | Conflict | Reason:
        """Open the payment that takes an unwound or returned one back to where it came from."""
        gross = payment.direction is Direction.OUTBOUND
        debit = await self._records.money_paid(payment) or payment.terms.debit
        quote = linked_quote(payment.uetr, place)
        terms = changed_terms(payment.terms, quote, debit, debit, None)
        linked = self._linked(
            payment,
            linked_uetr(payment.uetr, place),
            network=HOME if gross else payment.origin,
            terms=terms,
            institutions=payment.institutions,
        )
        linked = changed(
            linked,
            funding=Funding.GROSS if gross else Funding.HELD,
        )
        asked = Asked(BACK, quote, {})
        return await self._instruct(linked, opened.particulars, asked)

    async def refund(
        self, original: Payment, opened: Opened, amount: Money, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Refund part of an inbound payment, asked for by the merchant's bank.

        ``amount`` is in what the merchant got. The same key is the same refund. Raises
        :class:`~switch.refusals.Busy`.
        """
        known = await self._known(asked)
        if known is not None:
            return known
        reason = self._refundable(original)
        if reason is not None:
            return reason
        for _ in range(TRIES_MAX):
            part = part_of(original, await self.of(original), amount)
            if isinstance(part, Reason):
                return part
            bank = opened.particulars.creditor.agent
            linked = self._refund_of(original, part, asked.scope or bank)
            made = await self._instruct(linked, opened.particulars, asked)
            if not isinstance(made, Conflict) or made.field_name != "uetr":
                return made
        raise Busy

    async def _known(self, asked: Asked) -> Payment | Conflict | None:
        """What a key is bound to: a repeat is answered by it, whatever was given back since."""
        held = await self._records.bound(asked.scope, asked.key)
        if held is None:
            return None
        differs = await self._records.difference(held, asked.content)
        known = await self._store.read.payment(held.uetr)
        if differs is not None or known is None:
            return Conflict(differs or "key")
        return known

    def _refundable(self, original: Payment) -> Reason | None:
        facts = self._adapters[original.origin].facts if original.origin in self._adapters else None
        if original.direction is not Direction.INBOUND or original.kind is not Kind.PAYMENT:
            return Reason.NOT_REFUNDABLE
        if original.state is not State.CREDITED or original.disputed or facts is None:
            return Reason.NOT_REFUNDABLE
        if Operation.REFUND not in facts.operations:
            return Reason.TRANSACTION_UNSUPPORTED
        if self._clock.now() >= original.accepted_at + timedelta(days=facts.refund_window_days):
            return Reason.REFUND_TOO_LATE
        return None

    def _refund_of(self, original: Payment, part: Part, bank: str) -> Payment:
        held = original.institutions
        second = held.holder if held.second_holder else ""
        institutions = replace(
            held,
            payer_side=bank,
            holder=held.paying_holder,
            second_holder=second,
            payee_side=held.payer_side,
            on_us=False,
            payee_bank="",
        )
        quote = linked_quote(original.uetr, part.place)
        terms = changed_terms(original.terms, quote, part.payee, part.payer, part.between)
        uetr = linked_uetr(original.uetr, part.place)
        linked = self._linked(
            original, uetr, network=original.origin, terms=terms, institutions=institutions
        )
        return changed(linked, origin=bank, funding=Funding.CAPPED)

    def _linked(
        self,
        original: Payment,
        uetr: str,
        *,
        network: str,
        terms: Terms,
        institutions: Institutions,
    ) -> Payment:
        now = self._clock.now()
        return changed(
            original,
            payment_id=self._ids.ordered(),
            uetr=uetr,
            direction=Direction.OUTBOUND,
            network=network,
            channel=Channel.JSON,
            reference=f"R{uetr.replace('-', '')}",
            terms=terms,
            institutions=institutions,
            state=State.RECEIVED,
            version=1,
            opened_at=now,
            accepted_at=now,
            updated_at=now,
            next_at=None,
            rung=0,
            reason=None,
            far_reference=None,
            disputed=False,
            reservation=None,
            block=None,
            kind=Kind.REFUND,
            original=original.uetr,
            finality=Finality.TWO_LEG,
        )

    async def _instruct(
        self, linked: Payment, particulars: Particulars, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Commit a linked payment and start its hop; a check of the commit is its refusal."""
        started = self._clock.monotonic()
        adapter = self._adapters[linked.network]
        facts, now = adapter.facts, linked.opened_at
        planning = Planning(
            now=now,
            message_number=self._ids.ordered(),
            slot=self._store.slot,
            send_by=now + timedelta(milliseconds=facts.send_within_ms),
            uetr=linked.uetr,
            sequence=await self._number(adapter, linked),
        )
        linked = changed(
            linked,
            reference=adapter.reference(planning),
            send_by=planning.send_by,
            deadline=now + timedelta(milliseconds=facts.deadline_ms),
        )
        due = timers.answer_due(planning.send_by, facts)
        _, opening = lifecycle.advance(linked, Event.OPENED, at=now, next_at=due)
        opening = changed(opening, version=1)
        try:
            exchange = cast("RefundAdapter", adapter).plan_refund(opening, particulars, planning)
        except IsoError as error:
            return from_iso(error.code)
        key, wrapped = self._records.new_key(linked.uetr)
        result = await self._store.commit(
            Open(
                payment=opening,
                binding=self._records.binding(key, asked.scope, asked.key, asked.content),
                exchange=self._records.opening(exchange, particulars, key),
                wrapped_key=wrapped,
                salt=self._ids.salt(),
            )
        )
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("refund_opened", uetr=linked.uetr, original=linked.original)
            held = Opened(key, particulars)
            first = self._dispatch.first(result.payment, held, exchange, started)
            try:
                self._tasks.start("hop", first)
            except TooManyTasks:
                # It is committed: its timer asks after it, and finds that it never arrived.
                self._log.warning("refund_not_started", uetr=linked.uetr)
            return result.payment
        return await self._not_opened(result, asked)

    async def _number(self, adapter: Adapter, linked: Payment) -> int:
        try:
            return await self._sequences.for_reference(
                adapter.facts, Operation.PAY, linked.opened_at
            )
        except NumbersSpent:
            self._log.warning("numbers_spent", network=linked.network)
            raise Busy from None

    async def _not_opened(self, result: object, asked: Asked) -> Payment | Conflict | Reason:
        if isinstance(result, Known) and result.payment is not None and result.binding is not None:
            differs = await self._records.difference(result.binding, asked.content)
            return result.payment if differs is None else Conflict(differs)
        if isinstance(result, Declined):
            # The place among the linked ones is the quote: whoever took it took the place.
            return Conflict("uetr") if result.reason is Reason.QUOTE_USED else result.reason
        assert isinstance(result, Conflict), "an opening is done, declined, known or in conflict"
        return result

    async def returned(
        self, original: Payment, opened: Opened, amount: Money, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Book what a network gives back of an outbound payment: final when it is committed."""
        if original.direction is not Direction.OUTBOUND or original.kind is not Kind.PAYMENT:
            return Reason.NOT_REFUNDABLE
        if original.state not in (State.ACCEPTED, State.CONFIRMING) or amount.minor <= 0:
            return Reason.NOT_REFUNDABLE
        known = await self._known(asked)
        if known is not None:
            return known
        for _ in range(TRIES_MAX):
            part = part_of(original, await self.of(original), amount)
            if isinstance(part, Reason):
                return part
            made = await self._book(original, opened, part, asked)
            if not isinstance(made, Conflict) or made.field_name != "uetr":
                return made
        raise Busy

    async def _book(
        self, original: Payment, opened: Opened, part: Part, asked: Asked
    ) -> Payment | Conflict | Reason:
        quote = linked_quote(original.uetr, part.place)
        terms = changed_terms(original.terms, quote, part.payer, part.payee, part.between)
        linked = self._linked(
            original,
            linked_uetr(original.uetr, part.place),
            network=original.network,
            terms=terms,
            institutions=original.institutions,
        )
        linked = changed(
            linked,
            kind=Kind.RETURN,
            direction=Direction.INBOUND,
            origin=original.network,
            send_by=linked.opened_at,
            deadline=linked.opened_at,
            funding=original.funding,
        )
        _, booked = lifecycle.advance(linked, Event.BOOKED, at=linked.opened_at, next_at=None)
        booked = changed(booked, version=1)
        planning = self._dispatch.planning(booked)
        answer = self._answers.render(booked, opened.particulars, planning)
        key, wrapped = self._records.new_key(booked.uetr)
        result = await self._store.commit(
            Open(
                payment=booked,
                binding=self._records.binding(key, asked.scope, asked.key, asked.content),
                exchange=None,
                wrapped_key=wrapped,
                salt=self._ids.salt(),
                sealed=self._records.held(opened.particulars, key),
                answer=self._records.answer(booked, answer, key),
            )
        )
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("return_booked", uetr=booked.uetr, original=original.uetr)
            return result.payment
        return await self._not_opened(result, asked)
