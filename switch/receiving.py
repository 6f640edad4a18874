"""Inbound: a network's request becomes a lookup, a payment or an enquiry, and an answer in time.

The adapter has verified and translated; what is decided here is the same for every network. A hop
is not started when too little time is left, and once its first byte may have left the clock refuses
nothing: the network gets "pending" before its deadline and the truth when it asks. Whoever gets a
"never seen" from us has a tombstone behind it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from switch import lifecycle
from switch.commands import Conflict
from switch.model import Channel
from switch.payments import Instruction, Standing
from switch.port import InboundEnquiry, InboundLookup, InboundPay, Planning, Rendered
from switch.reasons import Reason
from switch.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.config import Config
    from switch.dispatch import Dispatch
    from switch.facts import Facts
    from switch.logs import Log
    from switch.payments import Payments
    from switch.port import InboundAdapter
    from switch.quoting import Priced, Quoting
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.scans import Scans


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
        self._clock = clock
        self._ids = ids
        self._log = log

    def networks(self) -> tuple[tuple[str, str], ...]:
        """Each network that sends us requests, with its path."""
        return tuple((name, self._adapters[name].inbound_path) for name in sorted(self._adapters))

    async def receive(self, network: str, headers: Mapping[str, str], body: bytes) -> Rendered:
        """Answer one request. Raises :class:`~switch.port.WireRefusal` (nothing was bound)."""
        adapter = self._adapters[network]
        request = adapter.translate(headers, body, self._planning())
        if isinstance(request, InboundLookup):
            return self._lookup(network, adapter, request)
        if isinstance(request, InboundEnquiry):
            return await self._enquiry(network, adapter, request)
        return await self._pay(network, adapter, request)

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
        return adapter.render_lookup(request, answer, self._planning())

    async def _enquiry(
        self, network: str, adapter: InboundAdapter, request: InboundEnquiry
    ) -> Rendered:
        found = self._payments.find(request.uetr)
        payment = None if found is None else found.payment
        if payment is None or payment.origin != network:
            payment = await self._payments.bury(network, request.uetr)
        status = None if payment is None else lifecycle.status(payment)
        self._log.info("enquiry_answered", network=network, known=payment is not None)
        return adapter.render_enquiry(request, payment, status, self._planning())

    async def _pay(self, network: str, adapter: InboundAdapter, request: InboundPay) -> Rendered:
        facts = adapter.facts
        deadline = request.accepted_at + timedelta(milliseconds=facts.deadline_ms)
        standing = self._payments.repeated(network, request.key, request.content)
        if standing is None:
            try:
                priced = self._quoting.open_quote(request.quote_token, network)
            except Refusal as refusal:
                return await self._buried(network, adapter, request, refusal.reason)
            standing = await self._opened(network, request, priced, deadline, facts)
        if isinstance(standing, Conflict):
            self._log.warning("duplicate_differs", network=network, field=standing.field_name)
            return adapter.render_refusal(request, Reason.DUPLICATE, self._planning())
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
            particulars=request.particulars,
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
        """Checks before commit 1, in order: amount as quoted, creditor, age, time left."""
        quote = instruction.priced.quote
        if request.settlement_amount != quote.debit:
            return Reason.AMOUNT_DIFFERS
        merchant = instruction.priced.destination.merchant
        if request.particulars.creditor.account != merchant.party.account:
            return Reason.ACCOUNT_UNKNOWN
        now = self._clock.now()
        if now - request.accepted_at > timedelta(seconds=facts.acceptance_age_max_s):
            return Reason.TOO_OLD
        left = instruction.deadline - now
        if left < timedelta(milliseconds=facts.hop_needs_ms):
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
        """Refuse an instruction that has no quote of ours; the refusal is final by a tombstone."""
        if await self._payments.bury(network, request.uetr) is not None:
            return adapter.render_refusal(request, Reason.DUPLICATE, self._planning())
        self._log.info("payment_refused", uetr=request.uetr, reason=reason.iso)
        return adapter.render_refusal(request, reason, self._planning())
