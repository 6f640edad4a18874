"""Orders: a network has us hold a payment, and pays it later by its own key.

For dialects that cannot carry our sealed quote. The order is a payment row from the start, so its
price, its expiry and its identity are durable; what is paid is what was held, to the unit. Where
the payer is debited before we hear of it (advice), what cannot be credited is never refused: it is
booked as owed and given back. The surprise: a repeat of either request finds the same row and
changes nothing, so neither needs a key of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from iso20022 import IsoError
from switch import lifecycle, timers
from switch.commands import Declined, Done, Known, Open
from switch.dispatch import Happened
from switch.hop_bounds import going_on
from switch.inbound_port import derived_uetr
from switch.items import Items
from switch.lifecycle import Event
from switch.model import Channel, Finality, Particulars, Party, State, changed
from switch.ordered import merchant_of, told, with_merchant
from switch.payments import Instruction, Standing
from switch.port import InboundLookup, Planning
from switch.reasons import Reason, from_iso
from switch.refusals import Busy, Refusal
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fx.money import Money
    from switch.commands import Sealed
    from switch.dispatch import Dispatch
    from switch.inbound_port import InboundCancel, InboundOrder, InboundOrderPay
    from switch.logs import Log
    from switch.model import Payment, Status
    from switch.payments import Payments
    from switch.port import Adapter, Exchange, Merchant
    from switch.quoting import Offer, Quoting
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.scans import Scans
    from switch.store.contract import Store

EARLIER_MAX: Final = 20
"""How many orders of one code may have ended unpaid before it is refused as the last one was."""

PAY_TRIES_MAX: Final = 4
"""A payment of an order is tried this often while the order moves on under it."""

HELD: Final = (State.LOOKED_UP, State.READY)
"""An order that waits for its payment."""

UNPAID: Final = (*HELD, State.LAPSED)

UNSTARTED: Final = (*HELD, State.AWAITING_FUNDS)
"""What its network can take back: a member's payment of its order too, until its money comes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How a request was taken: the payment as committed, and why it was refused if it was.

    ``status`` is how the request stands where that is not how its payment does.
    """

    payment: Payment | None
    reason: Reason | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class _Hop:
    """What paying an order sends: planned, and not committed yet."""

    exchange: Exchange = field(repr=False)
    happened: Happened
    opened: Opened


class Orders:
    """Holds orders, and pays them."""

    def __init__(  # the parts it uses
        self,
        *,
        store: Store,
        records: Records,
        scans: Scans,
        quoting: Quoting,
        payments: Payments,
        dispatch: Dispatch,
        adapters: Mapping[str, Adapter],
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._scans = scans
        self._quoting = quoting
        self._payments = payments
        self._dispatch = dispatch
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._items = Items(store, clock, ids)
        self._log = log

    async def hold(
        self, network: str, request: InboundOrder
    ) -> tuple[InboundOrder, tuple[Merchant, Payment] | Reason]:
        """Hold an order, or say why not, beside the request under whose key that is.

        The same key again is the same order; one that ended unpaid is no order any more where the
        network lets it have another key, and then the key is that one.
        Raises :class:`~switch.refusals.Busy` and ``TooMany`` with nothing stored.
        """
        earlier = 0
        while (held := await self._records.bound(network, request.key)) is not None:
            if await self._records.difference(held, request.content) is not None:
                return request, Reason.DUPLICATE
            last = request.again is None or earlier == EARLIER_MAX
            if last or request.again is None or not await self._is_over(held.uetr):
                return request, await self._again(held.uetr)
            earlier += 1
            request = request.again(earlier)
        self._payments.refuse_while_restoring()
        lookup = InboundLookup(request.payload, request.amount, request.request)
        try:
            _, offer = self._scans.scanned_abroad(network, lookup)
        except Refusal as refusal:
            return request, refusal.reason
        return request, await self._open(network, request, offer)

    async def _is_over(self, uetr: str) -> bool:
        """Whether an order has ended and nobody was paid."""
        payment = await self._store.read.payment(uetr)
        return payment is not None and bool(payment.reason) and lifecycle.is_final(payment)

    async def _again(self, uetr: str) -> tuple[Merchant, Payment] | Reason:
        found = await self._payments.find(uetr)
        opened = await self._records.open(uetr) if await self._records.key(uetr) else None
        if found is None or opened is None:
            return Reason.QUOTE_EXPIRED
        payment = found.payment
        if payment.reason is not None:
            return payment.reason
        return merchant_of(opened.particulars, payment), payment

    async def _open(
        self, network: str, request: InboundOrder, offer: Offer
    ) -> tuple[Merchant, Payment] | Reason:
        priced = self._quoting.open_quote(offer.token, network)
        closed = await self._payments.admitted(priced)
        if closed is not None:
            return closed
        merchant, corridor = priced.destination.merchant, priced.destination.corridor
        facts = self._adapters[network].facts
        expires_at = min(priced.quote.expires_at, request.expires_at or priced.quote.expires_at)
        now = self._clock.now()
        if expires_at <= now:
            return Reason.QR_EXPIRED
        particulars = with_merchant(request.particulars, merchant, request.payload)
        if self._payments.listed(particulars, corridor.use_case):
            return Reason.UNSPECIFIED
        instruction = Instruction(
            uetr=derived_uetr(network, request.key),
            channel=Channel.NETWORK,
            priced=priced,
            particulars=particulars,
            scope=network,
            key=request.key,
            content=request.content,
            accepted_at=now,
            deadline=expires_at + timedelta(milliseconds=facts.deadline_ms),
        )
        payment = self._payments.received(instruction)
        home = self._adapters[payment.network]
        planning = await self._planning(payment, home, now)
        bound_to = corridor.finality is not Finality.TWO_LEG
        payment = changed(
            payment,
            reference=home.reference(planning),
            # Bounds of what is frozen now; the hop has its own last moment once it is paid.
            send_by=expires_at + timedelta(milliseconds=home.facts.send_within_ms),
        )
        event = Event.HELD_READY if bound_to else Event.ORDERED
        _, payment = lifecycle.advance(payment, event, at=now, next_at=expires_at)
        payment = changed(payment, version=1)
        bound = self._payments.bound(instruction)
        result = await self._store.commit(
            Open(
                payment=payment,
                binding=bound.binding,
                exchange=None,
                wrapped_key=bound.wrapped,
                salt=self._ids.salt(),
                sealed=self._records.held(particulars, bound.key),
                parties=self._payments.parties(payment, particulars),
            )
        )
        if isinstance(result, Done) and result.payment is not None:
            self._payments.held(payment)
            return merchant, result.payment
        known = isinstance(result, Known) and await self._payments.standing(result, instruction)
        if isinstance(known, Standing):
            return await self._again(payment.uetr)
        return result.reason if isinstance(result, Declined) else Reason.DUPLICATE

    async def pay(self, network: str, request: InboundOrderPay) -> Taken:
        """Pay an order once; a payment that is only advised is taken whatever it says."""
        started = self._clock.monotonic()
        uetr = derived_uetr(network, request.key)
        for _ in range(PAY_TRIES_MAX):
            payment = await self._own(network, uetr)
            if payment is None:
                # What is said not to be here can never be: nor an order that comes after this.
                if await self._payments.bury(network, uetr) is not None:
                    continue
                self._log.warning("order_unknown", network=network)
                return Taken(None, Reason.ORIGINAL_UNKNOWN)
            if payment.state not in UNPAID:
                if await self._is_another(payment, request):
                    return await self._paid_again(payment, request)
                named = request.extra.get("original_transaction_id", "")
                paid = await self._records.amount_paid(payment)
                same = _written(request.amount) == (paid or _written(payment.terms.debit))
                # Two instructions that name one order are two payments to whoever sent them.
                same = same and await self._records.has_reference(payment, named)
                amiss = payment.reason if request.amount != payment.terms.debit else None
                return Taken(payment, amiss if same else Reason.DUPLICATE)
            # It waits in a copy: it may have been paid and credited in what was lost.
            self._payments.refuse_while_restoring()
            with self._payments.flights.room(payment.network):
                taken = await self._paid(payment, request, started)
            if taken is not None:
                return taken
        raise Busy

    async def _paid(
        self, payment: Payment, request: InboundOrderPay, started: float
    ) -> Taken | None:
        """Pay an order that waits for it; None where it moved on meanwhile."""
        opened = await self._opened(payment.uetr)
        amiss = self._amiss(payment, request)
        hop = None if amiss else await self._hop(payment, opened, request)
        if isinstance(hop, Reason):
            amiss, hop = hop, None
        if hop is not None:
            result = await self._dispatch.once(payment, hop.opened, hop.happened)
            if isinstance(result, Done) and result.payment is not None:
                self._payments.flights.send(result.payment, hop.opened, hop.exchange, started)
                return Taken(result.payment)
            amiss = result.reason if isinstance(result, Declined) else None
        return None if amiss is None else await self._paid_amiss(payment, opened, request, amiss)

    def _record(self, request: InboundOrderPay, opened: Opened) -> Sealed:
        amount = _written(request.amount)
        return self._records.paid(request.extra, amount, opened.key, request.far_reference)

    async def _is_another(self, payment: Payment, request: InboundOrderPay) -> bool:
        """Whether a payer was debited again for an order that is paid."""
        paid_as, named = await self._records.paid_as(payment), request.far_reference
        return bool(paid_as and named) and paid_as != named

    async def _paid_again(self, payment: Payment, request: InboundOrderPay) -> Taken:
        """Refuse a second debit of one order; where it is told only, its money goes to suspense."""
        self._log.warning("order_paid_again", uetr=payment.uetr)
        if payment.finality is Finality.TWO_LEG:
            return Taken(payment, Reason.DUPLICATE)
        named = sha256(f"{payment.uetr}/{request.far_reference}".encode()).hexdigest()
        await self._items.put(f"again/{payment.origin}/{named}", payment.origin, request.amount)
        return Taken(payment, payment.reason)

    def _amiss(self, payment: Payment, request: InboundOrderPay) -> Reason | None:
        """Why what is paid cannot be carried out as it was held."""
        if payment.reason is not None:
            return payment.reason
        if request.amount != payment.terms.debit:
            return Reason.AMOUNT_DIFFERS
        if payment.next_at is not None and self._clock.now() >= payment.next_at:
            return Reason.QUOTE_EXPIRED
        if request.payer is not None:
            payer = Particulars(request.payer, Party("", ""), "")
            if self._payments.listed(payer, payment.use_case):
                return Reason.UNSPECIFIED
        return None

    async def _paid_amiss(
        self, payment: Payment, opened: Opened, request: InboundOrderPay, reason: Reason
    ) -> Taken | None:
        """Refuse it, or book it as owed where the payer is debited; None where it moved on."""
        happened = Happened(
            Event.PAID_AMISS,
            reason,
            request.far_reference,
            record=self._record(request, opened),
            paid=request.amount,
        )
        decision = lifecycle.decided(payment, Event.PAID_AMISS)
        if decision.verdict is not lifecycle.Verdict.MOVE:
            return Taken(payment, reason)
        result = await self._dispatch.once(payment, told(opened, request), happened)
        if not isinstance(result, Done):
            return None
        self._log.info("order_paid_amiss", uetr=payment.uetr, reason=reason.iso)
        return Taken(result.payment, reason)

    async def _hop(
        self, payment: Payment, opened: Opened, request: InboundOrderPay
    ) -> _Hop | Reason:
        """The credit of a paid order, planned."""
        now = self._clock.now()
        home, opened = self._adapters[payment.network], told(opened, request)
        particulars = opened.particulars
        planning = await self._planning(payment, home, now)
        due = timers.answer_due(planning.send_by, home.facts)
        _, crediting = lifecycle.advance(going_on(payment, now), Event.PAID, at=now, next_at=due)
        try:
            exchange = home.plan_pay(crediting, particulars, planning)
        except IsoError as error:
            return from_iso(error.code)
        happened = Happened(
            Event.PAID,
            far_reference=request.far_reference,
            record=self._record(request, opened),
            hop=self._records.enquiry(exchange, opened.key),
            due=due,
        )
        return _Hop(exchange, happened, opened)

    async def _planning(self, payment: Payment, home: Adapter, now: datetime) -> Planning:
        return Planning(
            now=now,
            message_number=self._ids.ordered(),
            slot=self._store.slot,
            send_by=now + timedelta(milliseconds=home.facts.send_within_ms),
            uetr=payment.uetr,
            sequence=await self._payments.number(home.facts, now),
        )

    async def withdraw(self, network: str, request: InboundCancel) -> Taken:
        """Take an order or payment back where nothing was started; else say that it is too late.

        One that is not known is buried: it can never be paid after that.
        """
        uetr = derived_uetr(network, request.key)
        for _ in range(PAY_TRIES_MAX):
            payment = await self._own(network, uetr)
            if payment is None:
                payment = await self._store.read.by_reference(network, request.key)
            if payment is None:
                # A member may be about to pay what is theirs: one of the two commits comes first.
                payment = await self._payments.bury(network, uetr, request.key)
            if payment is None:
                return Taken(None)
            if payment.state not in UNSTARTED:
                return Taken(payment, _too_late(payment))
            self._payments.refuse_while_restoring()
            opened = await self._opened(payment.uetr)
            result = await self._dispatch.once(payment, opened, Happened(Event.TAKEN_BACK))
            if isinstance(result, Done):
                return Taken(result.payment)
        raise Busy

    async def _opened(self, uetr: str) -> Opened:
        """Open an order. Raises :class:`Busy` where nobody can: people must look, nothing moves."""
        try:
            return await self._dispatch.open(uetr)
        except VaultError:
            self._log.warning("order_unreadable", uetr=uetr)
            raise Busy from None

    async def _own(self, network: str, uetr: str) -> Payment | None:
        payment = await self._store.read.payment(uetr)
        return payment if payment is not None and payment.origin == network else None

    async def ended(self, payment: Payment, until: datetime) -> Payment:
        """A payment as it stands when it has ended, or at a time."""
        return (await self._payments.ended(Standing(payment, None), until)).payment


def _written(amount: Money) -> str:
    """What was paid, as its record holds it."""
    return f"{amount.minor} {amount.currency.code}"


def _too_late(payment: Payment) -> Reason | None:
    """None for a payment that is not carried out and never will be."""
    undone = lifecycle.is_final(payment) and payment.reason is not None
    return None if undone else Reason.CANCEL_TOO_LATE
