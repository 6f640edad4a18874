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
from switch.parts import (
    LINKED_MAX,
    PLACES_MAX,
    Part,
    changed_terms,
    gave_back,
    has_place,
    linked_quote,
    linked_uetr,
    made_anew_at,
    part_of,
    refunding_side,
)
from switch.port import Operation, Planning
from switch.reasons import Reason, from_iso
from switch.records import Open as Opened
from switch.refusals import Busy
from switch.restoring import NEVER_ARRIVED, as_lost_link
from switch.runtime.tasks import ShareOfTasks, TooManyTasks
from switch.sequences import NumbersSpent, Sequences

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from fx.money import Money
    from switch.abilities import RecallAdapter, RefundAdapter
    from switch.answers import Answers
    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.model import Institutions, Particulars, Terms
    from switch.port import Adapter, Exchange
    from switch.records import Records
    from switch.restoring import Restoring
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.runtime.tasks import Tasks
    from switch.store.contract import Store

BACK: Final = "back"
"""Scope of the keys under which we ourselves give money back."""

BANK_LENGTH, BIC_LENGTH = 8, 11
"""A BIC of eight characters names the head office, which is the same with XXX behind it."""

HOPS_MAX: Final = 200
"""First sends of linked payments under way; parts for a dead network may not take every task."""

TRIES_MAX: Final = 4
"""A linked payment is made anew this often when another one took its place meanwhile."""


def never_arrived(child: Payment) -> bool:
    """Whether what was sent for a linked payment came to nothing, so that it may be made anew."""
    return child.reason in NEVER_ARRIVED and not gave_back(child)


def _again(child: Payment) -> bool:
    """Whether what gives money back is made anew by itself."""
    if child.funding is Funding.GROSS and child.reason is Reason.ORIGINAL_UNKNOWN:
        # What came in settles with our acknowledgement; before that nobody can give it back.
        return not gave_back(child)
    return never_arrived(child)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a linked payment, and under which key; ``content`` must be equal in a repeat."""

    scope: str
    key: str = field(repr=False)
    content: Mapping[str, str] = field(repr=False)


def apart(what: str, key: str) -> str:
    """A key of what is linked, and never one of a payment, whatever somebody calls a payment.

    The character between them is in no key: members write visible ones, and XML has none of it.
    """
    return f"{what}\x1f{key}"


def _plan(adapter: Adapter, kind: Kind) -> Callable[[Payment, Particulars, Planning], Exchange]:
    """How an adapter plans the hop of what is linked."""
    if kind is Kind.RECALL:
        return cast("RecallAdapter", adapter).plan_recall
    return cast("RefundAdapter", adapter).plan_refund


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
        restoring: Restoring,
        members: Collection[str],
    ) -> None:
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._adapters = adapters
        self._answers = answers
        self._clock = clock
        self._ids = ids
        self._hops = ShareOfTasks(tasks, HOPS_MAX)
        self._log = log
        self._restoring = restoring
        self._members = {bic[:BANK_LENGTH]: bic for bic in members}
        self._sequences = Sequences(store)

    async def of(self, original: Payment) -> list[Payment]:
        """The payments linked to one, in the order they were made."""
        found: list[Payment] = []
        while len(found) < PLACES_MAX:
            payment = await self._store.read.payment(linked_uetr(original.uetr, len(found) + 1))
            if payment is None:
                break
            found.append(payment)
        return found

    async def look_after(self, payment: Payment, opened: Opened) -> None:
        """See how the payment stands that gives this one back, and make it where it is missing.

        One of which no byte left, or that never arrived, is made anew at the next place; one that
        was refused only where people had it taken up again.
        """
        children = await self.of(payment)
        # What a network sends for it meanwhile gives nothing back of ours, whatever it is.
        back = [each for each in children if each.kind is Kind.REFUND]
        given = [each for each in back if gave_back(each)]
        child = (given or back)[-1] if back else None
        anew = child is None or _again(child) or (payment.rung == 0 and not gave_back(child))
        if anew and has_place(payment, len(back), len(children)):
            now = self.is_time(payment, child, len(back))
            made = await self._give_back(payment, opened, len(children) + 1) if now else None
            child = made if isinstance(made, Payment) else None
        await self.looked(payment, opened, child)

    def is_time(self, parent: Payment, child: Payment | None, made: int) -> bool:
        """Whether one is made anew now, after one that never arrived."""
        return child is None or self._clock.now() >= made_anew_at(parent, child, made)

    async def looked(self, payment: Payment, opened: Opened, child: Payment | None) -> None:
        """Conclude what a look at the payment showed that gives this one's money back."""
        event = Event.RUNG
        if child is not None and lifecycle.is_final(child):
            done = child.reason is None or (gave_back(child) and not child.disputed)
            event = Event.GIVEN_BACK if done else Event.SPENT
        await self._dispatch.conclude(payment, opened, Happened(event))

    async def _give_back(
        self, payment: Payment, opened: Opened, place: int
    ) -> Payment | Conflict | Reason:
        """Open the payment that takes an unwound or returned one back to where it came from."""
        gross = payment.direction is Direction.OUTBOUND
        debit = await self._records.money_paid(payment) or payment.terms.debit
        quote = linked_quote(payment.uetr, place)
        terms = changed_terms(payment.terms, quote, debit, debit, None)
        linked = self.linked(
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
        return await self.instruct(linked, opened.particulars, asked)

    async def refund(
        self, original: Payment, opened: Opened, amount: Money, asked: Asked, pool: str = ""
    ) -> Payment | Conflict | Reason:
        """Refund part of an inbound payment, asked for by the merchant's bank.

        ``amount`` is in what the merchant got. The same key is the same refund. ``pool`` is whose
        pool it came back to, where it did. Raises :class:`~switch.refusals.Busy`.
        """
        known = await self.known(asked)
        if known is not None:
            return known
        reason = self._refundable(original)
        if reason is not None:
            return reason
        for _ in range(TRIES_MAX):
            most = PLACES_MAX if asked.scope == BACK else LINKED_MAX
            part = part_of(original, await self.of(original), amount, most)
            if isinstance(part, Reason):
                return part
            bank = asked.scope
            if bank == BACK:
                # Nobody's own key: who gives back is the payee's bank, by its long BIC.
                held = original.institutions.payee_bank or opened.particulars.creditor.agent
                whole = held and held.ljust(BIC_LENGTH, "X")
                bank = whole if pool else self._members.get(held[:BANK_LENGTH], "")
                if not bank:
                    return Reason.NOT_REFUNDABLE  # nobody would give it, within any cap
            linked = self._refund_of(original, part, bank)
            if pool:
                roles = replace(linked.institutions, sponsor=pool)
                linked = changed(linked, institutions=roles, funding=Funding.REVERSED)
            made = await self.instruct(linked, opened.particulars, asked)
            if not isinstance(made, Conflict) or made.field_name != "uetr":
                return made
        raise Busy

    async def known(self, asked: Asked) -> Payment | Conflict | None:
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
        institutions = refunding_side(original.institutions, bank)
        quote = linked_quote(original.uetr, part.place)
        terms = changed_terms(original.terms, quote, part.payee, part.payer, part.between)
        uetr = linked_uetr(original.uetr, part.place)
        linked = self.linked(
            original, uetr, network=original.origin, terms=terms, institutions=institutions
        )
        return changed(linked, origin=bank, funding=Funding.CAPPED)

    def linked(
        self,
        original: Payment,
        uetr: str,
        *,
        network: str,
        terms: Terms,
        institutions: Institutions,
    ) -> Payment:
        """A payment linked to an original, before it is opened: sent abroad, in two legs."""
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

    async def instruct(
        self, linked: Payment, particulars: Particulars, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Commit a linked payment and start its hop; a check of the commit is its refusal.

        One that may have been made before a loss is not sent. Raises :class:`Busy`.
        """
        if self._hops.full:
            raise Busy
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
        lost = await self._perhaps_lost(linked)
        if lost:
            linked = as_lost_link(linked, adapter, planning)
        due = timers.answer_due(planning.send_by, facts)
        _, opening = lifecycle.advance(linked, Event.OPENED, at=now, next_at=due)
        opening = changed(opening, version=1)
        try:
            exchange = _plan(adapter, opening.kind)(opening, particulars, planning)
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
            kind = linked.kind.value
            self._log.info("linked_opened", uetr=linked.uetr, kind=kind, original=linked.original)
            held = Opened(key, particulars)
            if lost:
                return await self._dispatch.conclude(result.payment, held, Happened(Event.LOST))
            first = self._dispatch.first(result.payment, held, exchange, started)
            try:
                self._hops.start("hop", first)
            except TooManyTasks:
                # It is committed: its timer asks after it, and finds that it never arrived.
                self._log.warning("linked_not_started", uetr=linked.uetr)
            return result.payment
        return await self.not_opened(result, asked)

    async def _perhaps_lost(self, linked: Payment) -> bool:
        """Whether it may have been made, and sent, before a loss; a recall moves no money."""
        if self._restoring.lossless or linked.kind is not Kind.REFUND:
            return False
        original = await self._store.read.payment(linked.original)
        assert original is not None, "what is linked has an original"
        now = self._clock.now()
        return self._restoring.perhaps_linked(original, await self.of(original), now)

    async def _number(self, adapter: Adapter, linked: Payment) -> int:
        try:
            return await self._sequences.for_reference(
                adapter.facts, Operation.PAY, linked.opened_at
            )
        except NumbersSpent:
            self._log.warning("numbers_spent", network=linked.network)
            raise Busy from None

    async def not_opened(self, result: object, asked: Asked) -> Payment | Conflict | Reason:
        """What an opening means that was not done: known, declined, or another one's place."""
        if isinstance(result, Known) and result.payment is not None and result.binding is not None:
            differs = await self._records.difference(result.binding, asked.content)
            return result.payment if differs is None else Conflict(differs)
        if isinstance(result, Declined):
            # The place among the linked ones is the quote: whoever took it took the place.
            return Conflict("uetr") if result.reason is Reason.QUOTE_USED else result.reason
        assert isinstance(result, Conflict), "an opening is done, declined, known or in conflict"
        return result
