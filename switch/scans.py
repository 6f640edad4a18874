"""Scan: from a string that somebody printed to a merchant and a price.

A code is recognised by all of its marks, then the network that owns it is asked for the merchant: a
code can be well made and its merchant gone. Nothing is stored and nothing moves, so a lookup is not
a committed exchange and may simply be asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from fx.money import Money
from iso20022 import IsoError
from switch.config import HOME
from switch.model import Party
from switch.port import Merchant, Planning, Unavailable, WireAnswer
from switch.qr import Examined, QrContent, QrError, examine, recognise
from switch.quoting import Offers
from switch.reasons import Reason
from switch.refusals import Refusal, of_qr
from switch.sending import send_exchange
from switch.wire.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.refusals import LeftOut
    from fx.requests import Quoted
    from switch.logs import Log
    from switch.port import InboundLookup, LookupAdapter
    from switch.quoting import Offer, Quoting
    from switch.routing import Routing
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.scheme_quotes import SchemeQuotes
    from switch.sealing import Destination
    from switch.wire.transport import Transport


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a member learns: the merchant, a price where the amount is known, a token to price."""

    network: str
    destination: Destination
    offers: tuple[Offer, ...]
    left_out: tuple[tuple[str, LeftOut], ...]
    alarms: tuple[str, ...]
    scan_token: str = field(repr=False)


class Scans:
    """Looks codes up, in both directions."""

    def __init__(  # the parts it uses
        self,
        *,
        quoting: Quoting,
        transport: Transport,
        adapters: Mapping[str, LookupAdapter],
        routing: Routing,
        banks: Mapping[str, str],
        clock: Clock,
        ids: Ids,
        slot: int,
        log: Log,
        scheme_quotes: SchemeQuotes | None = None,
    ) -> None:
        self._quoting = quoting
        self._transport = transport
        self._adapters = adapters
        self._routing = routing
        self._banks = banks
        self._clock = clock
        self._ids = ids
        self._slot = slot
        self._scheme_quotes = scheme_quotes
        self._log = log

    async def scan(self, member: str, payload: str, amount: Money | None) -> Scanned:
        """Look up a foreign code for a member. Raises Refusal."""
        refused = Reason.QR_UNROUTABLE
        for content in self._read(payload, self._routing.preferred):
            network = self._routing.network(content.scheme) or ""
            corridor = self._quoting.corridor(HOME, network)
            adapter = self._adapters.get(network)
            if corridor is None or adapter is None:
                continue
            if self._quoting.exposed(corridor):
                # Another network that pays the same code may be open.
                refused = Reason.CORRIDOR_EXPOSED
                continue
            theirs = amount is not None and amount.currency.code == corridor.merchant_currency
            found = await self._lookup(adapter, payload, amount if theirs else None)
            merchant = _fixed(found, content)
            destination = self._quoting.destination(
                corridor, member, merchant, payload, content.expires_at
            )
            # What was keyed beside an amount of the code is held against it, as for a price.
            known = amount or merchant.amount
            offers = Offers(()) if known is None else await self._offers(destination, known, None)
            token = self._quoting.scan_token(destination)
            return Scanned(
                network, destination, offers.offers, offers.left_out, offers.alarms, token
            )
        raise Refusal(refused)

    def examine(self, payload: str) -> Examined:
        """What a code says and what is wrong with it. Nobody is asked, and it is kept nowhere."""
        return examine(payload, at=self._clock.now(), schemes=self._routing.schemes)

    async def price(
        self, member: str, scan_token: str, amount: Money, nominated: str | None = None
    ) -> Offers:
        """Price a merchant looked up before, for an amount in either currency. Raises Refusal."""
        destination = self._quoting.open_scan(scan_token, member)
        return await self._offers(destination, amount, nominated)

    def display(
        self, member: str, corridor: str, amount: Money, nominated: str | None = None
    ) -> Quoted:
        """Prices of a corridor to be shown to a payer; none can be paid. Raises Refusal.

        A network that prices itself is not asked for a price that nobody may pay.
        """
        source, _, destination = corridor.partition("-")
        found = self._quoting.corridor(source, destination) if source == HOME else None
        if found is None or found.scheme:
            raise Refusal(Reason.TRANSACTION_UNSUPPORTED, place="$.corridor")
        if self._quoting.exposed(found):
            raise Refusal(Reason.CORRIDOR_EXPOSED)
        return self._quoting.display(found, member, amount, nominated)

    async def _offers(
        self, destination: Destination, amount: Money, nominated: str | None
    ) -> Offers:
        if self._quoting.exposed(destination.corridor):
            raise Refusal(Reason.CORRIDOR_EXPOSED)
        if destination.corridor.scheme:
            assert self._scheme_quotes is not None, "a start names no corridor that nobody prices"
            return await self._scheme_quotes.offers(destination, amount, nominated)
        offers = self._quoting.offers(destination, amount, nominated)
        for alarm in offers.alarms:
            best = offers.offers[0].quote
            self._log.warning(
                "quote_alarm", alarm=alarm, corridor=best.corridor, provider=best.provider
            )
        return offers

    def scanned_abroad(self, network: str, lookup: InboundLookup) -> tuple[Merchant, Offer]:
        """Answer a network whose customer scanned a KHQR. Raises Refusal."""
        corridor = self._quoting.corridor(network, HOME)
        if corridor is None:
            raise Refusal(Reason.QR_UNROUTABLE)
        if self._quoting.exposed(corridor):
            raise Refusal(Reason.CORRIDOR_EXPOSED)
        for content in self._read(lookup.payload, self._routing.pays.get(HOME, ())):
            if not self._routing.domestic(content.scheme):
                continue
            merchant = self._merchant(content)
            amount = merchant.amount or lookup.amount
            if amount is None:
                raise Refusal(Reason.AMOUNT_MALFORMED)
            destination = self._quoting.destination(
                corridor, network, merchant, lookup.payload, content.expires_at
            )
            return merchant, self._quoting.offer(destination, amount)
        raise Refusal(Reason.QR_UNROUTABLE)

    def _read(self, payload: str, prefer: tuple[str, ...]) -> tuple[QrContent, ...]:
        """What each scheme reads, in order of preference. Raises Refusal."""
        at, schemes = self._clock.now(), self._routing.schemes
        try:
            recognition = recognise(payload, at=at, schemes=schemes, prefer=prefer)
        except QrError as error:
            # A sound code that nobody can pay is not one that cannot be read.
            sound = examine(payload, at=at, schemes=schemes).valid
            unreadable = of_qr(error)
            known = unreadable is not Reason.QR_INVALID
            reason = unreadable if known or not sound else Reason.QR_UNROUTABLE
            raise Refusal(reason, place=error.path or None) from None
        return tuple(candidate.content for candidate in recognition.candidates)

    async def _lookup(self, adapter: LookupAdapter, payload: str, amount: Money | None) -> Merchant:
        facts = adapter.facts
        within = timedelta(milliseconds=facts.lookup_within_ms)
        now = self._clock.now()
        planning = Planning(now, self._ids.ordered(), self._slot, now + within)
        try:
            exchange = adapter.plan_lookup(payload, amount, planning)
        except IsoError:
            # A code may hold characters that no message can carry.
            raise Refusal(Reason.QR_INVALID) from None
        result = await send_exchange(self._transport, exchange, facts)
        if not isinstance(result, Answer):
            self._log.info("lookup_failed", network=facts.network, why=result.why)
            raise Refusal(Reason.NETWORK_OFFLINE, status=503)
        found = adapter.read_lookup(
            exchange, WireAnswer(result.status, result.headers, result.body)
        )
        if isinstance(found, Unavailable):
            self._log.info("lookup_refused", network=facts.network, reason=found.reason.iso)
            raise Refusal(found.reason)
        return found

    def _merchant(self, content: QrContent) -> Merchant:
        """The merchant of a KHQR. Its bank is known by the part of the account behind the @."""
        account = content.bakong_account or ""
        bank = account.rpartition("@")[2]
        agent = self._banks.get(bank)
        if agent is None:
            raise Refusal(Reason.AGENT_UNKNOWN)
        return Merchant(
            party=Party(
                name=content.merchant_name or "",
                account=account,
                agent=agent,
                town=content.merchant_city or "",
                country="KH",
            ),
            city=content.merchant_city or "",
            category=content.merchant_category or "",
            currency=content.currency.code,
            amount=content.payable,
            store_label=content.store_label or "",
            terminal_label=content.terminal_label or "",
            bill_number=content.bill_number or "",
        )


def _fixed(merchant: Merchant, content: QrContent) -> Merchant:
    """A merchant of whom a lookup names no amount is paid what its code fixes, and nothing else."""
    payable = content.payable
    if merchant.amount is not None or payable is None:
        return merchant
    if payable.currency.code != merchant.currency:
        return merchant
    return replace(merchant, amount=payable)
