"""Inbound: a network's request becomes a lookup, a payment or an enquiry, and an answer in time.

The adapter has verified and translated; what is decided here is the same for every network. A hop
is not started when too little time is left, and once its first byte may have left the clock refuses
nothing: the network gets "pending" before its deadline and the truth when it asks. Whoever gets a
"never seen" from us has a tombstone behind it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from iso20022 import IsoError
from switch import lifecycle
from switch.commands import Conflict
from switch.inbound_port import (
    InboundAuthorise,
    InboundCancel,
    InboundNotice,
    InboundOrder,
    InboundOrderPay,
    InboundRecall,
    InboundReturn,
)
from switch.model import Channel, Finality
from switch.orders import Taken
from switch.payments import Instruction, Standing
from switch.port import InboundEnquiry, InboundLookup, InboundPay, Planning, Rendered, WireRefusal
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.terms import BANK_CODE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.config import Config
    from switch.dispatch import Dispatch
    from switch.facts import Facts
    from switch.inbound_port import OrderAdapter, Told
    from switch.logs import Log
    from switch.model import Payment, Status
    from switch.notices import Notices
    from switch.orders import Orders
    from switch.pace import Pace
    from switch.payments import Payments
    from switch.port import InboundAdapter
    from switch.quoting import Quoting
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.scans import Scans
    from switch.sealing import Priced


class Receiving:
    """Serves the requests of networks."""

    def __init__(  # the parts it uses
        self,
        *,
        config: Config,
        adapters: Mapping[str, InboundAdapter],
        scans: Scans,
        quoting: Quoting,
        payments: Payments,
        dispatch: Dispatch,
        records: Records,
        orders: Orders,
        notices: Notices,
        pace: Pace,
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._config = config
        self._adapters = adapters
        self._scans = scans
        self._quoting = quoting
        self._payments = payments
        self._dispatch = dispatch
        self._records = records
        self._orders = orders
        self._notices = notices
        self._pace = pace
        self._clock = clock
        self._ids = ids
        self._log = log

    def networks(self) -> tuple[tuple[str, str], ...]:
        """Each network that sends us requests, with its path."""
        return tuple((name, self._adapters[name].inbound_path) for name in sorted(self._adapters))

    async def receive(self, network: str, headers: Mapping[str, str], body: bytes) -> Rendered:
        """Answer one request; what cannot be read is refused in the network's dialect.

        Raises ``TooMany``, and whatever opening a payment raises, with nothing bound.
        """
        adapter = self._adapters[network]
        try:
            request = adapter.translate(headers, body, self._planning())
        except WireRefusal as refusal:
            return await self._unreadable(network, refusal)
        await self._pace.call(network)
        if isinstance(request, InboundLookup):
            await self._payments.exposures.look()
            return self._lookup(network, adapter, request)
        if isinstance(request, InboundEnquiry):
            return await self._enquiry(network, adapter, request)
        if isinstance(request, InboundPay):
            return await self._pay(network, adapter, request)
        return await self._told(network, cast("OrderAdapter", adapter), request, body)

    async def _told(
        self, network: str, adapter: OrderAdapter, request: InboundOrder | Told, body: bytes
    ) -> Rendered:
        """Orders, and what networks tell: answered after the commit that holds it."""
        if isinstance(request, InboundOrder):
            await self._payments.exposures.look()
            # What it is held under may be another key than what was asked, and is what is answered.
            request, answer = await self._orders.hold(network, request)
            try:
                return adapter.render_order(request, answer, self._planning())
            except IsoError:
                return adapter.render_order(request, Reason.QR_INVALID, self._planning())
        taken = await self._taken(network, request, body)
        payment = taken.payment
        status = None if payment is None else taken.status or lifecycle.status(payment)
        return adapter.render_taken(request, payment, status, taken.reason, self._planning())

    async def _taken(self, network: str, request: Told, body: bytes) -> Taken:
        match request:
            case InboundOrderPay():
                return await self._order_paid(network, request)
            case InboundNotice():
                return await self._notices.notice(network, request, body)
            case InboundReturn():
                return await self._notices.returned(network, request, body)
            case InboundRecall():
                return await self._recalled(network, request, body)
            case InboundCancel():
                taken = await self._orders.withdraw(network, request)
                return await self._notices.taken_back(network, request, taken, body)
            case InboundAuthorise():
                return await self._notices.authorise(network, request)

    async def _recalled(self, network: str, request: InboundRecall, body: bytes) -> Taken:
        """Put a recall to the payee's bank; what never came here never will after that is said."""
        taken = await self._notices.recall(network, request, body)
        if (
            taken.payment is None
            and taken.reason is Reason.ORIGINAL_UNKNOWN
            and await self._payments.bury(network, request.uetr) is not None
        ):
            # It came between the look and the tombstone, or it is none that can be recalled.
            return await self._notices.recall(network, request, body)
        return taken

    async def _order_paid(self, network: str, request: InboundOrderPay) -> Taken:
        """Pay an order; who is bound by the answer waits for it, who only advises does not."""
        taken = await self._orders.pay(network, request)
        payment = taken.payment
        if payment is None or payment.finality is Finality.ADVICE or taken.reason is not None:
            return taken
        facts = self._adapters[network].facts
        within = timedelta(milliseconds=facts.deadline_ms - facts.answer_margin_ms)
        return Taken(await self._orders.ended(payment, request.accepted_at + within))

    async def _unreadable(self, network: str, refusal: WireRefusal) -> Rendered:
        """Make the refusal of a payment final before it leaves; others bind nothing."""
        self._log.info("message_refused", network=network, reason=refusal.reason.iso)
        if refusal.otherwise is not None and (
            await self._payments.bury(network, refusal.uetr) is not None
        ):
            return refusal.otherwise
        return Rendered(refusal.status, refusal.content_type, refusal.body)

    def _planning(self) -> Planning:
        now = self._clock.now()
        return Planning(now, self._ids.ordered(), self._config.switch.slot, now)

    def _lookup(self, network: str, adapter: InboundAdapter, request: InboundLookup) -> Rendered:
        try:
            merchant, offer = self._scans.scanned_abroad(network, request)
        except Refusal as refusal:
            self._log.info("lookup_refused", network=network, reason=refusal.reason.iso)
            return adapter.render_lookup(request, refusal.reason, self._planning())
        answer = (merchant, offer.quote, offer.token)
        try:
            return adapter.render_lookup(request, answer, self._planning())
        except IsoError:
            # What a code says of its merchant is printed by anybody and may fit no message.
            return adapter.render_lookup(request, Reason.QR_INVALID, self._planning())

    async def _enquiry(
        self, network: str, adapter: InboundAdapter, request: InboundEnquiry
    ) -> Rendered:
        payment, status = await self._asked_about(network, request)
        self._log.info("enquiry_answered", network=network, known=status is not None)
        return adapter.render_enquiry(request, payment, status, self._planning())

    async def _asked_about(
        self, network: str, request: InboundEnquiry
    ) -> tuple[Payment | None, Status | None]:
        """The network's payment, or its return, and how that stands; else it never will be here."""
        found = await self._payments.find(request.uetr) if request.uetr else None
        payment = found.payment if found is not None and found.payment.origin == network else None
        if payment is None and request.returned:
            back, status = await self._notices.asked_about(network, request.returned)
            if status is not None:
                return back, status
        if payment is None and request.uetr:
            payment = await self._payments.bury(network, request.uetr)
        if payment is None or not await self._records.has_reference(payment, request.reference):
            # Perhaps ours, but not the instruction that is asked about: that one was never seen.
            return None, None
        return payment, lifecycle.status(payment)

    async def _pay(self, network: str, adapter: InboundAdapter, request: InboundPay) -> Rendered:
        facts = adapter.facts
        deadline = request.accepted_at + timedelta(milliseconds=facts.deadline_ms)
        standing = await self._payments.repeated(network, request.key, request.content)
        if standing is None:
            try:
                priced = self._quoting.open_quote(request.quote_token, network)
            except Refusal as refusal:
                return await self._buried(network, adapter, request, refusal.reason)
            standing = await self._opened(network, request, priced, deadline, facts)
        if isinstance(standing, Conflict):
            self._log.warning("duplicate_differs", network=network, field=standing.field_name)
            return await self._buried(network, adapter, request, Reason.DUPLICATE)
        until = deadline - timedelta(milliseconds=facts.answer_margin_ms)
        standing = await self._payments.ended(standing, until)
        return self._answer(adapter, request, standing)

    async def _opened(
        self,
        network: str,
        request: InboundPay,
        priced: Priced,
        deadline: datetime,
        facts: Facts,
    ) -> Standing | Conflict:
        instruction = Instruction(
            uetr=request.uetr,
            channel=Channel.NETWORK,
            priced=priced,
            particulars=replace(request.particulars, creditor=priced.destination.merchant.party),
            scope=network,
            key=request.key,
            content=request.content,
            accepted_at=request.accepted_at,
            deadline=deadline,
        )
        refused = self._refused(request, instruction, facts)
        return await self._payments.open(instruction, refused)

    def _refused(
        self, request: InboundPay, instruction: Instruction, facts: Facts
    ) -> Reason | None:
        """Checks before commit 1: the adapter's, amount, account and agent as quoted, age, time."""
        if request.refused is not None:
            return request.refused
        if request.settlement_amount != instruction.priced.quote.debit:
            return Reason.AMOUNT_DIFFERS
        named = request.particulars.creditor
        quoted = instruction.priced.destination.merchant.party
        if named.account != quoted.account:
            return Reason.ACCOUNT_UNKNOWN
        if named.agent and named.agent[:BANK_CODE] != quoted.agent[:BANK_CODE]:
            return Reason.AGENT_INCORRECT
        now = self._clock.now()
        if now - request.accepted_at > timedelta(seconds=facts.acceptance_age_max_s):
            return Reason.TOO_OLD
        hop = instruction.priced.destination.corridor.destination_network
        if instruction.deadline - now < self._dispatch.hops.needs(facts, hop):
            return Reason.CREDITOR_TOO_LATE
        return None

    def _answer(self, adapter: InboundAdapter, request: InboundPay, standing: Standing) -> Rendered:
        if standing.answer is not None:
            stored = standing.answer
            return Rendered(stored.status, stored.content_type, stored.body)
        payment = standing.payment
        status = lifecycle.status(payment)
        planning = self._dispatch.planning(payment)
        return adapter.render_status(payment, request.particulars, status, planning)

    async def _buried(
        self, network: str, adapter: InboundAdapter, request: InboundPay, reason: Reason
    ) -> Rendered:
        """Refuse an instruction that cannot be bound; the refusal is final by a tombstone.

        Where a payment of that UETR exists, its answer is another one: only the message is refused.
        """
        if await self._payments.bury(network, request.uetr) is not None:
            return adapter.render_rejection(request, Reason.DUPLICATE, self._planning())
        self._log.info("payment_refused", uetr=request.uetr, reason=reason.iso)
        return adapter.render_refusal(request, reason, self._planning())
