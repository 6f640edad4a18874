"""Money that payers' banks push before their payments are carried out: matched, or given back.

An item that names a payment which waits for just that money starts its hop in the commit that takes
the item in. Another amount refuses the payment and goes back with it; what names no payment that
waits becomes one of its own, refused from the start, whose money goes back. The surprise: whose
bank did not ask for the payment cannot refuse it by pushing something in its name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from fx.money import Money, Rate
from iso20022 import IsoError
from switch import lifecycle, timers
from switch.commands import Declined, Done, Known, Open
from switch.dispatch import Happened
from switch.hop_bounds import going_on
from switch.inbound_port import own_uetr
from switch.lifecycle import Event
from switch.model import (
    Channel,
    Direction,
    Funding,
    Institutions,
    Particulars,
    Party,
    Payment,
    State,
    Terms,
    UseCase,
    changed,
)
from switch.port import Planning
from switch.reasons import Reason, from_iso
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switch.answers import Answers
    from switch.dispatch import Dispatch
    from switch.logs import Log
    from switch.payments import Payments
    from switch.port import Adapter, Exchange, IncomingItem
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

TAKE_TRIES_MAX: Final = 4
"""An item is taken this often while its payment moves on under it; then it comes again."""

BACK_AFTER_S: Final = 5
"""Pause before money goes back: first its arrival is acknowledged, only then is it ours to give."""

PLACE: Final = "incoming"
"""Whose keys the items of a network are, where they become payments of their own."""

_BANK_CODE: Final = 8
_KEPT: Final = ("message_id", "message_name", "payment_information_id")


class Funds:
    """Takes in what is pushed to one pool, for the network ``home`` that shows it."""

    def __init__(  # the parts it uses
        self,
        *,
        home: str,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        payments: Payments,
        adapters: Mapping[str, Adapter],
        answers: Answers,
        config_version: str,
        clock: Clock,
        ids: Ids,
        log: Log,
    ) -> None:
        self._home = home
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._payments = payments
        self._adapters = adapters
        self._answers = answers
        self._config_version = config_version
        self._clock = clock
        self._ids = ids
        self._log = log

    async def take(self, sponsor: str, item: IncomingItem) -> bool | None:
        """Take in an item once; False when it must come again, None where it is nobody's funds.

        Raises :class:`~switch.store.contract.StoreBusy`, and :class:`~switch.refusals.Busy` after
        a loss, with nothing taken in.
        """
        if not item.uetr or item.reversal:
            return None
        for _ in range(TAKE_TRIES_MAX):
            payment = await self._store.read.payment(item.uetr)
            if payment is not None and payment.funding is not Funding.GROSS:
                return None
            # After a loss its payment may have been carried out: nothing goes back before we know.
            self._payments.refuse_while_restoring()
            reason = _unawaited(payment, sponsor, item)
            if payment is None or reason is not None:
                return await self._unasked(sponsor, item, reason or Reason.ORIGINAL_UNKNOWN)
            if await self._matched(payment, item):
                return True
        return False

    async def _matched(self, payment: Payment, item: IncomingItem) -> bool:
        """Start the payment's hop, or refuse it; False where it has moved on."""
        started = self._clock.monotonic()
        try:
            opened = await self._dispatch.open(payment.uetr)
        except VaultError:
            self._log.warning("funds_of_unreadable", uetr=payment.uetr)
            return False
        opened = _told(opened, item)
        amiss = self._amiss(payment, item)
        if amiss is None:
            if self._payments.flights.full(payment.network):
                return False
            hop = await self._hop(payment, opened, item)
            if isinstance(hop, Reason):
                amiss = hop
            else:
                exchange, happened = hop
                result = await self._dispatch.once(payment, opened, happened)
                if isinstance(result, Done):
                    if result.payment is not None and result.payment.state is State.SENDING:
                        self._log.info("payment_funded", uetr=payment.uetr)
                        self._payments.flights.send(result.payment, opened, exchange, started)
                    return True
                amiss = result.reason if isinstance(result, Declined) else None
        if amiss is None:
            return False
        happened = replace(self._happened(Event.PAID_AMISS, opened, item), reason=amiss)
        due = self._clock.now() + timedelta(seconds=BACK_AFTER_S)
        result = await self._dispatch.once(payment, opened, replace(happened, due=due))
        self._log.info("payment_funded_amiss", uetr=payment.uetr, reason=amiss.iso)
        return isinstance(result, Done)

    def _amiss(self, payment: Payment, item: IncomingItem) -> Reason | None:
        """Why what has come cannot be used for the payment that waits for money."""
        if item.amount != payment.terms.debit:
            return Reason.AMOUNT_DIFFERS
        assert payment.next_at is not None, "what waits does not wait for ever"
        return Reason.LAPSED if self._clock.now() >= payment.next_at else None

    async def _hop(
        self, payment: Payment, opened: Opened, item: IncomingItem
    ) -> tuple[Exchange, Happened] | Reason:
        now = self._clock.now()
        adapter, going = self._adapters[payment.network], going_on(payment, now)
        planning = Planning(
            now=now,
            message_number=self._ids.ordered(),
            slot=self._store.slot,
            send_by=going.send_by,
            uetr=payment.uetr,
            sequence=await self._payments.number(adapter.facts, now),
        )
        due = timers.answer_due(planning.send_by, adapter.facts)
        _, sending = lifecycle.advance(going, Event.FUNDED, at=now, next_at=due)
        try:
            # What is paid for in advance is accepted when its money is there.
            accepted = changed(sending, accepted_at=now)
            exchange = adapter.plan_pay(accepted, opened.particulars, planning)
        except IsoError as error:
            return from_iso(error.code)
        happened = self._happened(Event.FUNDED, opened, item)
        hop = self._records.hop(exchange, now, opened.key)
        return exchange, replace(happened, hop=hop, due=due)

    def _happened(self, event: Event, opened: Opened, item: IncomingItem) -> Happened:
        written = f"{item.amount.minor} {item.amount.currency.code}"
        record = self._records.paid(_extra(item), written, opened.key)
        return Happened(event, record=record, paid=item.amount, item=item.item_hash)

    async def _unasked(self, sponsor: str, item: IncomingItem, reason: Reason) -> bool | None:
        """Take in money that no payment waits for, as a payment that is refused: it goes back."""
        now = self._clock.now()
        received = self._own(sponsor, item, now)
        due = now + timedelta(seconds=BACK_AFTER_S)
        _, payment = lifecycle.advance(received, Event.UNASKED, at=now, next_at=due, reason=reason)
        payment = replace(payment, version=1)
        agent = item.payer_agent
        particulars = Particulars(
            Party("", "", agent), Party("", "", agent), "", extra=_extra(item)
        )
        answer = self._answers.render(payment, particulars, self._dispatch.planning(payment))
        key, wrapped = self._records.new_key(payment.uetr)
        result = await self._store.commit(
            Open(
                payment=payment,
                binding=self._records.binding(key, PLACE, item.item_hash, {}),
                exchange=None,
                wrapped_key=wrapped,
                salt=self._ids.salt(),
                sealed=self._records.held(particulars, key),
                answer=self._records.answer(payment, answer, key),
                item_hash=item.item_hash,
            )
        )
        if isinstance(result, Declined):
            # Whatever stands against a payment of it, the money has come: it waits in suspense.
            return None
        taken = isinstance(result, (Done, Known))
        if isinstance(result, Done) and result.payment is not None:
            # Whoever took the item before, another process or this one, has said so.
            self._log.warning("money_unasked", uetr=payment.uetr, reason=reason.iso)
        return taken

    def _own(self, sponsor: str, item: IncomingItem, now: datetime) -> Payment:
        """The payment that an item becomes: from its payer's bank, and to nobody."""
        uetr = own_uetr(PLACE, item.item_hash)
        amount, nothing = item.amount, Money(0, item.amount.currency)
        return Payment(
            payment_id=self._ids.ordered(),
            uetr=uetr,
            direction=Direction.OUTBOUND,
            use_case=UseCase.TRANSFER,
            corridor=f"{self._home}-{self._home}",
            origin=item.payer_agent,
            channel=Channel.JSON,
            network=self._home,
            reference=f"R{uetr.replace('-', '')}",
            terms=Terms(
                debit=amount,
                fee=nothing,
                source=amount,
                destination=amount,
                rate=Rate(Decimal(1), amount.currency, amount.currency),
                rate_version="",
                quote_id=f"{PLACE}:{item.item_hash}",
                quote_expires_at=now + timedelta(days=1),
            ),
            institutions=Institutions(
                payer_side=item.payer_agent,
                holder=sponsor,
                payee_side=self._home,
                fee_taker=sponsor,
                sponsor=sponsor,
            ),
            config_version=self._config_version,
            state=State.RECEIVED,
            version=1,
            opened_at=now,
            accepted_at=now,
            deadline=now,
            send_by=now,
            updated_at=now,
            funding=Funding.GROSS,
        )


def _unawaited(payment: Payment | None, sponsor: str, item: IncomingItem) -> Reason | None:
    """Why no payment waits for an item; None where one does."""
    if payment is None:
        return Reason.ORIGINAL_UNKNOWN
    if payment.origin[:_BANK_CODE] != item.payer_agent[:_BANK_CODE]:
        return Reason.AGENT_INCORRECT
    waits = payment.state is State.AWAITING_FUNDS and payment.institutions.sponsor == sponsor
    return None if waits else Reason.NOT_AWAITED


def _extra(item: IncomingItem) -> dict[str, str]:
    """What of an item its reversal has to name."""
    kept = {f"incoming_{name}": item.acknowledgement.get(name, "") for name in _KEPT}
    return {**kept, "incoming_payer_agent": item.payer_agent}


def _told(opened: Opened, item: IncomingItem) -> Opened:
    extra = {**opened.particulars.extra, **_extra(item)}
    return replace(opened, particulars=replace(opened.particulars, extra=extra))
