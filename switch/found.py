"""Transfers into a sponsor's pool that the switch does not hold, and Bakong shows no more.

What was acknowledged is not shown again, so what a store lost with its last minutes is known from
Bakong's own list alone. Two operators read it there, each on their own: the second one's word books
it to suspense, under the hash by which it would have been collected, so it is booked once in any
case. The surprise: until then nothing is booked, but who said what stands in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from switch.commands import Declined, Done, Receive
from switch.reasons import Reason
from switch.refusals import Busy

if TYPE_CHECKING:
    from collections.abc import Collection

    from fx.money import Money
    from switch.items import Items
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as Bakong's list has it: whose pool it came into, its hash there, its amount."""

    sponsor: str
    ledger_hash: str
    amount: Money

    def said(self) -> str:
        """What an operator says by naming it: a digest of all of it."""
        amount = self.amount
        content = (self.sponsor, self.ledger_hash, amount.currency.code, amount.minor)
        return sha256(orjson.dumps(content)).hexdigest()


class Found:
    """Takes what operators found."""

    def __init__(self, store: Store, items: Items, clock: Clock, ids: Ids, log: Log) -> None:
        self._store = store
        self._items = items
        self._clock = clock
        self._ids = ids
        self._log = log

    async def tell(
        self, transfer: Transfer, operator: str, others: Collection[str]
    ) -> bool | Reason:
        """Put down that an operator found it; True once it is booked, as another one said the same.

        Or why not: DUPLICATE for what was taken in before, as collected, for a payment, or so; or
        its account cannot take it. Raises ``Busy`` and ``StoreBusy``; again is the same.
        """
        told = f"found/{transfer.said()}/"
        sponsor = transfer.sponsor
        if await self._store.read.has_item(transfer.ledger_hash):
            own = await self._store.read.has_item(f"{told}{operator}")
            return True if own else Reason.DUPLICATE
        await self._items.put(f"{told}{operator}", sponsor, operator=operator)
        for other in others:
            if other != operator and await self._store.read.has_item(f"{told}{other}"):
                return await self._booked(transfer, operator)
        self._log.info("transfer_waits", sponsor=sponsor)
        return False

    async def _booked(self, transfer: Transfer, operator: str) -> bool | Reason:
        receive = Receive(
            item_hash=transfer.ledger_hash,
            sponsor=transfer.sponsor,
            currency=transfer.amount.currency.code,
            minor=transfer.amount.minor,
            at=self._clock.now(),
            salt=self._ids.salt(),
            by=operator,
        )
        result = await self._store.commit(receive)
        if isinstance(result, Declined):
            return result.reason
        if not isinstance(result, Done):
            raise Busy
        self._log.info("transfer_booked", item=transfer.ledger_hash, sponsor=transfer.sponsor)
        return True
