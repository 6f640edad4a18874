"""Quotes of networks that price themselves: asked for over the wire, judged, and only then offered.

Nothing moves and nothing is stored, so a quote may simply be asked for again. What the network says
becomes a quote of ours with the network's own id in it, which the payment hands back. The surprise:
whoever holds too many open quotes is refused before the network is asked, because each of its
quotes is a promise that costs it something.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fx.refusals import LeftOut
from iso20022 import IsoError
from switch.port import Planning, Unavailable, WireAnswer
from switch.reasons import Reason
from switch.refusals import Refusal
from switch.sending import send_exchange
from switch.wire.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fx.money import Money
    from fx.scheme import Asking
    from switch.logs import Log
    from switch.port import QuoteAdapter, SchemeQuote
    from switch.quoting import Offers, Quoting
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.sealing import Destination
    from switch.wire.transport import Transport


class SchemeQuotes:
    """Prices merchants of networks that price themselves."""

    def __init__(  # the parts it uses
        self,
        *,
        quoting: Quoting,
        transport: Transport,
        adapters: Mapping[str, QuoteAdapter],
        clock: Clock,
        ids: Ids,
        slot: int,
        log: Log,
    ) -> None:
        self._quoting = quoting
        self._transport = transport
        self._adapters = adapters
        self._clock = clock
        self._ids = ids
        self._slot = slot
        self._log = log

    async def offers(
        self, destination: Destination, amount: Money, nominated: str | None
    ) -> Offers:
        """The network's own price for an amount of either side, sealed. Raises Refusal."""
        asking = self._quoting.asking(destination, amount, nominated)
        adapter = self._adapters[destination.corridor.destination_network]
        stated = await self._stated(adapter, destination, asking)
        quoted = self._quoting.believed(destination, asking, stated)
        for provider, reason in quoted.left_out:
            if reason in (LeftOut.INCONSISTENT, LeftOut.OUT_OF_BOUNDS):
                network = adapter.facts.network
                self._log.warning(
                    "scheme_quote_refused", network=network, provider=provider, why=reason.value
                )
        return self._quoting.given(quoted, destination, nominated)

    async def _stated(
        self, adapter: QuoteAdapter, destination: Destination, asking: Asking
    ) -> SchemeQuote:
        """Ask the network. Raises Refusal where it gives no price."""
        facts = adapter.facts
        within = timedelta(milliseconds=facts.lookup_within_ms)
        now = self._clock.now()
        planning = Planning(now, self._ids.ordered(), self._slot, now + within)
        merchant, payload = destination.merchant, destination.payload
        try:
            exchange = adapter.plan_quote(
                merchant, payload, asking.amount, asking.other.code, planning
            )
        except IsoError:
            # A code may hold characters that no message can carry.
            raise Refusal(Reason.QR_INVALID) from None
        result = await send_exchange(self._transport, exchange, facts)
        if not isinstance(result, Answer):
            self._log.info("quote_failed", network=facts.network, why=result.why)
            raise Refusal(Reason.NETWORK_OFFLINE, status=503)
        answer = WireAnswer(result.status, result.headers, result.body)
        found = adapter.read_quote(exchange, answer)
        if isinstance(found, Unavailable):
            self._log.info("quote_refused", network=facts.network, reason=found.reason.iso)
            raise Refusal(found.reason)
        return found
