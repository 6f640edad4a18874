"""Recalls: a payment that is final is asked back, and whoever has the money says whether it goes.

One of ours is a hop of its own (the network agrees, refuses, or says nothing, and is asked again)
that moves no money: what the network gives back is its own return, booked when it comes. One of a
network's is put to the payee's bank; where it agrees the money goes back as a refund, and only when
that has arrived is the network told yes. The surprise: there is one recall of a payment; another is
made only where the first never arrived.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch import lifecycle
from switch.abilities import RECALL_REASON, RECALLED_REFERENCE
from switch.commands import Conflict, Done, Open
from switch.dispatch import Happened
from switch.lifecycle import Event
from switch.linked_payments import BACK, Asked, apart, never_arrived
from switch.model import Direction, Funding, Kind, Payment, State, Status, changed
from switch.orders import Taken
from switch.parts import (
    PLACES_MAX,
    RECALLS_MAX,
    changed_terms,
    gave_back,
    has_place,
    is_reversal,
    left_of,
    recall_quote,
    recall_uetr,
)
from switch.port import Operation
from switch.reasons import Reason
from switch.refusals import Busy
from switch.store.vault import VaultError, is_gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.denials import Denials
    from switch.dispatch import Dispatch
    from switch.inbound_port import InboundRecall
    from switch.linked_payments import LinkedPayments
    from switch.logs import Log
    from switch.model import Particulars
    from switch.port import Adapter
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

KEPT: Final = "recall_"
"""Begins the names in ``extra`` under which what a network's recall said is kept."""

DECIDABLE: Final = (State.PUT, State.MANUAL)
"""A recall that waits for the payee's bank, or for people."""

ANSWERED_WITHIN_DAYS: Final = 15
"""How long a network's recall waits for the payee's bank; then the answer is no (NOAS)."""


class Recalls:
    """Asks for money back, and puts to a payee's bank that it is asked for."""

    def __init__(  # the parts it uses
        self,
        *,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        linked: LinkedPayments,
        denials: Denials,
        adapters: Mapping[str, Adapter],
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._linked = linked
        self._denials = denials
        self._adapters = adapters
        self._ids = ids
        self._log = log

    async def of(self, original: Payment) -> list[Payment]:
        """The recalls of a payment, in the order they were made."""
        found: list[Payment] = []
        while len(found) < RECALLS_MAX:
            payment = await self._store.read.payment(recall_uetr(original.uetr, len(found) + 1))
            if payment is None:
                break
            found.append(payment)
        return found

    async def ask(
        self, original: Payment, opened: Opened, why: str, asked: Asked
    ) -> Payment | Conflict | Reason:
        """Ask a network for what it was paid; ``why`` is a code of ISO 20022.

        The same key is the same recall. Raises :class:`~switch.refusals.Busy`.
        """
        known = await self._linked.known(asked)
        if known is not None:
            return known
        reason = await self._askable(original)
        if reason is not None:
            return reason
        before = await self.of(original)
        if before and not never_arrived(before[-1]):
            return Reason.DUPLICATE
        if len(before) >= RECALLS_MAX:
            return Reason.NETWORK_OFFLINE
        recall = self._recall_of(original, len(before) + 1)
        particulars = _named(opened.particulars, original, why)
        made = await self._linked.instruct(recall, particulars, asked)
        if isinstance(made, Conflict) and made.field_name == "uetr":
            return Reason.DUPLICATE  # another key took the place meanwhile
        return made

    async def _askable(self, original: Payment) -> Reason | None:
        if original.direction is not Direction.OUTBOUND or original.kind is not Kind.PAYMENT:
            return Reason.NOT_REFUNDABLE
        adapter = self._adapters.get(original.network)
        if adapter is None or Operation.RECALL not in adapter.facts.operations:
            return Reason.TRANSACTION_UNSUPPORTED
        if original.state not in (State.ACCEPTED, State.CONFIRMING) or original.disputed:
            return Reason.NOT_REFUNDABLE
        if self._is_late(original, original.network, self._recall_of(original, 1)):
            return Reason.REFUND_TOO_LATE
        if left_of(original, await self._linked.of(original)).minor <= 0:
            return Reason.GONE_BACK
        return None

    def _is_late(self, original: Payment, network: str, recall: Payment) -> bool:
        """Whether the time is over in which a payment could be given back there."""
        days = self._adapters[network].facts.refund_window_days
        return recall.opened_at >= original.accepted_at + timedelta(days=days)

    def _recall_of(self, original: Payment, place: int) -> Payment:
        """A recall of all of a payment, before it is opened."""
        terms, held = original.terms, original.institutions
        quote = recall_quote(original.uetr, place)
        linked = self._linked.linked(
            original,
            recall_uetr(original.uetr, place),
            network=original.network,
            terms=changed_terms(terms, quote, terms.source, terms.destination, terms.between),
            institutions=held,
        )
        return changed(linked, kind=Kind.RECALL, funding=Funding.CAPPED)

    async def asked(self, network: str, request: InboundRecall, body: bytes) -> Taken:
        """Put a network's recall to the payee's bank, once; ``body`` is kept as evidence."""
        original = await self._store.read.payment(request.uetr)
        if original is None or original.origin != network or original.kind is not Kind.PAYMENT:
            return Taken(None, Reason.ORIGINAL_UNKNOWN)
        if not await self._records.has_reference(original, request.reference):
            return Taken(None, Reason.ORIGINAL_UNKNOWN)
        asked = Asked(network, apart("recall", request.key), {"original": original.uetr})
        known = await self._linked.known(asked)
        if isinstance(known, Payment):
            return Taken(known, known.reason)
        if known is not None:
            return Taken(None, Reason.DUPLICATE)
        if not lifecycle.is_final(original):
            return Taken(original)  # pending, as the payment is: it is asked again
        before = await self.of(original)
        if before or original.state is not State.CREDITED:
            return Taken(None, original.reason or Reason.DUPLICATE)
        if original.disputed:
            # People look at it: until they have, nobody can say what would go back.
            return Taken(original, status=Status.PDNG)
        if self._is_late(original, network, self._asked_of(original)):
            return await self._denied(original, asked, Reason.REFUND_TOO_LATE)
        linked = await self._linked.of(original)
        if left_of(original, linked).minor <= 0:
            if any(gave_back(each) and not lifecycle.is_final(each) for each in linked):
                # What is on its way may be refused yet: then there is something left.
                return Taken(original, status=Status.PDNG)
            return await self._denied(original, asked, Reason.GONE_BACK)
        try:
            opened = await self._dispatch.open(original.uetr)
        except VaultError as error:
            self._log.warning("recall_of_unreadable", uetr=original.uetr)
            if not is_gone(error):
                raise Busy from None
            # Nobody can name its payer any more, so nothing can go back to them.
            return await self._denied(original, asked, Reason.NOT_REFUNDABLE)
        said = {f"{KEPT}{name}": value for name, value in request.request.items()}
        particulars = opened.particulars
        particulars = replace(particulars, extra={**particulars.extra, **said})
        return await self._put(original, particulars, asked, body)

    def _asked_of(self, original: Payment) -> Payment:
        """A network's recall of a payment, before anything is decided."""
        recall = changed(
            self._recall_of(original, 1),
            direction=Direction.INBOUND,
            network=original.origin,
            channel=original.channel,
            origin=original.origin,
        )
        return changed(recall, send_by=recall.opened_at, deadline=recall.opened_at)

    async def _denied(self, original: Payment, asked: Asked, reason: Reason) -> Taken:
        """Bind a refusal that might be another one later: what was said to a key stays."""
        denied = await self._denials.bind(self._asked_of(original), asked, reason)
        if isinstance(denied, Payment):
            return Taken(denied, denied.reason)
        return Taken(None, Reason.DUPLICATE)

    async def _put(
        self, original: Payment, particulars: Particulars, asked: Asked, body: bytes
    ) -> Taken:
        recall = self._asked_of(original)
        due = recall.opened_at + timedelta(days=ANSWERED_WITHIN_DAYS)
        _, put = lifecycle.advance(recall, Event.RECALLED, at=recall.opened_at, next_at=due)
        put = changed(put, version=1)
        key, wrapped = self._records.new_key(put.uetr)
        result = await self._store.commit(
            Open(
                payment=put,
                binding=self._records.binding(key, asked.scope, asked.key, asked.content),
                exchange=None,
                wrapped_key=wrapped,
                salt=self._ids.salt(),
                sealed=self._records.held(particulars, key),
                evidence=self._records.evidence(key, body),
            )
        )
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("recall_put", uetr=put.uetr, original=original.uetr)
            return Taken(result.payment)
        made = await self._linked.not_opened(result, asked)
        if isinstance(made, Payment):
            return Taken(made, made.reason)
        return Taken(None, made if isinstance(made, Reason) else Reason.DUPLICATE)

    async def decide(self, recall: Payment, reason: Reason | None) -> Payment | Reason:
        """What the payee's bank says to a recall: yes, or no with a reason; once.

        Raises :class:`~switch.refusals.Busy`.
        """
        event = Event.ACCEPTED if reason is None else Event.REFUSED
        if recall.kind is not Kind.RECALL or recall.direction is not Direction.INBOUND:
            return Reason.ORIGINAL_UNKNOWN
        if recall.institutions.sponsor:
            # Its money is here already: what becomes of that is for operators.
            return Reason.ORIGINAL_UNKNOWN
        if recall.state not in DECIDABLE:
            agreed = recall.state in (State.GIVING_BACK, State.ACCEPTED)
            same = agreed if reason is None else recall.reason is reason
            return recall if same else Reason.DUPLICATE
        if reason is not None and await self.is_given(recall):
            # It was agreed to, and what that made may still arrive.
            return Reason.DUPLICATE
        try:
            opened = await self._dispatch.open(recall.uetr)
        except VaultError:
            raise Busy from None
        result = await self._dispatch.once(recall, opened, Happened(event, reason))
        if isinstance(result, Done) and result.payment is not None:
            self._log.info("recall_decided", uetr=recall.uetr, agreed=reason is None)
            return result.payment
        return Reason.DUPLICATE

    async def look_after(self, recall: Payment, opened: Opened) -> None:
        """See how the refund stands that a recall was agreed to with, and make it where missing.

        Its key follows from the recall, so that a crash between the two makes no second one.
        """
        made = await self.refunds_of(recall)
        child = _newest(made)
        # One that was refused is made anew only where people had it taken up again.
        again = child is not None and recall.rung == 0 and not gave_back(child)
        if child is None or again or never_arrived(child):
            if not self._linked.is_time(recall, child, len(made)):
                await self._linked.looked(recall, opened, None)
                return
            if has_place(recall, len(made) + 1, len(made) + 1):
                child = await self._given(recall, opened, _next(recall, made))
            else:
                child = None
            if child is None:
                event = Event.GIVEN_BACK if await self._is_back(recall) else Event.SPENT
                await self._dispatch.conclude(recall, opened, Happened(event))
                return
        refused = lifecycle.is_final(child) and not gave_back(child)
        if refused and not never_arrived(child):
            await self._dispatch.conclude(recall, opened, Happened(Event.SPENT))
            return
        await self._linked.looked(recall, opened, None if refused else child)

    async def _is_back(self, recall: Payment) -> bool:
        """Whether all that a network asks for has gone back without this recall, and arrived."""
        original = await self._store.read.payment(recall.original)
        if original is None or is_reversal(recall):
            return False
        linked = await self._linked.of(original)
        given = [each for each in linked if gave_back(each)]
        arrived = all(lifecycle.is_final(each) and not each.disputed for each in given)
        return arrived and left_of(original, linked).minor <= 0

    async def refunds_of(self, recall: Payment) -> list[Payment]:
        """The refunds made for a recall, in the order they were made."""
        found: list[Payment] = []
        while len(found) < PLACES_MAX:
            known = await self._linked.known(_next(recall, found))
            if not isinstance(known, Payment):
                break
            found.append(known)
        return found

    async def others(self, reversal: Payment) -> tuple[str, ...]:
        """What else gives back a reversal's money beside its own refunds: other reversals'."""
        original = await self._store.read.payment(reversal.original)
        if original is None:
            return ()
        linked = await self._linked.of(original)
        # Read after them: one that is made meanwhile is not taken for another's.
        own = {each.uetr for each in await self.refunds_of(reversal)}
        return tuple(each.uetr for each in linked if each.uetr not in own)

    async def is_given(self, recall: Payment) -> bool:
        """Whether a refund made for a network's recall has arrived, or still may.

        None is made while the recall waits for people, so what is undone then stays so.
        """
        if recall.kind is not Kind.RECALL or recall.direction is not Direction.INBOUND:
            return False
        return any(gave_back(each) for each in await self.refunds_of(recall))

    async def _given(self, recall: Payment, opened: Opened, asked: Asked) -> Payment | None:
        """Refund what is left of a recalled payment; None where that cannot be.

        What the recall holds of it is enough: its original's names may be erased meanwhile.
        """
        original = await self._store.read.payment(recall.original)
        if original is None:
            return None
        pool = recall.institutions.sponsor
        left = left_of(original, await self._linked.of(original))
        amount = recall.terms.destination if pool else left
        made = await self._linked.refund(original, opened, amount, asked, pool)
        if not isinstance(made, Payment):
            self._log.warning("recall_not_refunded", uetr=recall.uetr)
            return None
        return made


def _next(recall: Payment, made: Sequence[Payment]) -> Asked:
    """The key of the next refund of a recall for which those were made."""
    return Asked(BACK, f"{recall.uetr}#{len(made) + 1}", {})


def _newest(made: Sequence[Payment]) -> Payment | None:
    """The one that gave back, before one that may have; else the last one."""
    given = [each for each in made if gave_back(each)]
    if given:
        return min(given, key=lambda each: (each.reason is not None, each.disputed))
    return made[-1] if made else None


def _named(particulars: Particulars, original: Payment, why: str) -> Particulars:
    more = {RECALLED_REFERENCE: original.reference, RECALL_REASON: why}
    return replace(particulars, extra={**particulars.extra, **more})
