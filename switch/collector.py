"""Polls a network for what it has for us, and acknowledges only what is committed.

Bakong is pull based: items wait until the payee asks, and settle only when acknowledged. Money that
arrived is posted to suspense, never ignored, unless it is what a payment waits for; a repeat of an
item changes nothing. A page that is
full is followed at once by the next; the pause between short pages doubles from the fast to the
slow bound of the facts, and falls back when something came. The surprise: what nobody can read is
never acknowledged, so it stands in every page; pages grow until there is room behind it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol, cast

from switch.commands import Declined, Done, Receive
from switch.port import Operation, Planning, WireAnswer
from switch.refusals import Busy
from switch.sending import send_exchange
from switch.store.contract import StoreBusy
from switch.wire.transport import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switch.abilities import CollectAdapter
    from switch.config_files import NetworkSection
    from switch.logs import Log
    from switch.port import Adapter, Exchange, IncomingItem
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.wire.transport import Transport

PAGES_MAX: Final = 50
"""Pages taken without a pause; a network that always has more must not starve the rest."""

SIZE: Final = 200
"""Items asked for at a time: what members of Bakong use."""

SIZE_MAX: Final = 12_800
"""The same behind so many that cannot be read."""

TOO_LARGE: Final = "answer_too_large"
"""What the transport calls an answer that it read no further."""


class Taker(Protocol):
    """Takes in items whose meaning it knows."""

    async def take(self, sponsor: str, item: IncomingItem) -> bool | None:
        """True once an item is taken in, False where it must come again, None if it is not its."""


class Collector:
    """Collects for one participant code, where ``leads`` says so: one process does it for all."""

    def __init__(  # the parts it uses
        self,
        *,
        adapter: CollectAdapter,
        sponsor: str,
        store: Store,
        transport: Transport,
        clock: Clock,
        ids: Ids,
        slot: int,
        leads: Callable[[], bool],
        log: Log,
        takers: Sequence[Taker] = (),
    ) -> None:
        self._adapter = adapter
        self._takers = takers
        self._sponsor = sponsor
        self._store = store
        self._transport = transport
        self._clock = clock
        self._ids = ids
        self._slot = slot
        self._leads = leads
        self._log = log
        self._size = SIZE
        self._left_out = 0

    async def run(self) -> None:
        """Collect until cancelled."""
        facts = self._adapter.facts
        pause_ms = facts.poll_fast_ms
        while True:
            came = await self.drain() if self._leads() else 0
            pause_ms = facts.poll_fast_ms if came else min(2 * pause_ms, facts.poll_slow_ms)
            await self._clock.sleep(pause_ms / 1000)

    async def drain(self) -> int:
        """Take pages until one brings nothing new to acknowledge; returns how many items came."""
        total = 0
        for _ in range(PAGES_MAX):
            acknowledged = 0
            for item in await self._page():
                if await self._committed(item):
                    acknowledged += await self._acknowledge(item)
            total += acknowledged
            if acknowledged == 0:
                break
        return total

    async def _page(self) -> tuple[IncomingItem, ...]:
        exchange = self._adapter.plan_collect(self._planning(), self._size)
        answer = await self._send(exchange)
        page = None if answer is None else self._adapter.read_collect(exchange, answer)
        if page is None:
            return ()
        if page.left_out != self._left_out:
            self._left_out = page.left_out
            self._log.warning("items_left_out", sponsor=self._sponsor, count=page.left_out)
        # What is left out comes first again: at least half of a page has to be behind it.
        crowded = 2 * page.left_out >= self._size
        self._size = min(2 * self._size, SIZE_MAX if crowded else SIZE)
        return page.items

    async def _committed(self, item: IncomingItem) -> bool:
        """Post an item; False when it is not booked, so that the item comes again."""
        receive = Receive(
            item_hash=item.item_hash,
            sponsor=self._sponsor,
            currency=item.amount.currency.code,
            minor=item.amount.minor,
            at=self._clock.now(),
            salt=self._ids.salt(),
        )
        try:
            for taker in self._takers:
                taken = await taker.take(self._sponsor, item)
                if taken is not None:
                    return taken
            result = await self._store.commit(receive)
        except (StoreBusy, Busy):
            return False
        if not isinstance(result, Done):
            # Not booked, so not acknowledged: it comes again until somebody has looked.
            why = result.reason.iso if isinstance(result, Declined) else ""
            self._log.warning("money_not_booked", why=why)
            return False
        self._log.info("money_received", currency=item.amount.currency.code)
        return True

    async def _acknowledge(self, item: IncomingItem) -> bool:
        exchange = self._adapter.plan_acknowledge(item, self._planning())
        answer = await self._send(exchange)
        return answer is not None and self._adapter.read_acknowledge(exchange, answer)

    def _planning(self) -> Planning:
        now = self._clock.now()
        send_by = now + timedelta(milliseconds=self._adapter.facts.send_within_ms)
        return Planning(now, self._ids.ordered(), self._slot, send_by)

    async def _send(self, exchange: Exchange) -> WireAnswer | None:
        """Collecting and acknowledging are repeatable: an unanswered one is simply done again."""
        result = await send_exchange(self._transport, exchange, self._adapter.facts)
        if not isinstance(result, Answer):
            if exchange.operation is Operation.COLLECT and result.why == TOO_LARGE:
                self._log.warning("page_too_large", sponsor=self._sponsor, size=self._size)
                self._size = max(1, self._size // 4)
            return None
        return WireAnswer(result.status, result.headers, result.body)


def collectors_of(
    adapters: Mapping[str, Adapter],
    networks: Mapping[str, NetworkSection],
    *,
    store: Store,
    transport: Transport,
    clock: Clock,
    ids: Ids,
    slot: int,
    leads: Callable[[], bool],
    log: Log,
    takers: Callable[[str], Sequence[Taker]],
) -> list[Collector]:
    """One collector for each network that is polled, under the participant code that we have.

    ``takers`` makes what takes in the money that it knows the meaning of.
    """
    return [
        Collector(
            adapter=cast("CollectAdapter", adapter),
            sponsor=networks[name].own_bic,
            store=store,
            transport=transport,
            clock=clock,
            ids=ids,
            slot=slot,
            leads=leads,
            log=log,
            takers=takers(name),
        )
        for name, adapter in adapters.items()
        if Operation.COLLECT in adapter.facts.operations
    ]
