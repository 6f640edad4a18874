"""Items that networks claim: money that no payment waits for, or only that something came.

An item is put down once by its name, however often it is told; one with an amount is booked to
suspense against its network, one without says no more than that it came. The surprise: what an item
is stands in its name alone, and the journal keeps that for ever, so nothing personal may be in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.commands import Declined, Done, Receive
from switch.reasons import Reason
from switch.refusals import Busy

if TYPE_CHECKING:
    from fx.money import Money
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

NO_MONEY: Final = "KHR"
"""The currency of an item without an amount: a row has one."""


class Items:
    """Puts items down."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def put(
        self,
        item: str,
        network: str,
        amount: Money | None = None,
        *,
        to_us: bool = True,
        operator: str = "",
        grave: str = "",
    ) -> bool:
        """Put an item down once; ``amount`` is owed to us, or by us where not ``to_us``.

        False where the network was told that what ``grave`` names is not here and never will be.
        Raises :class:`Busy` and :class:`~switch.store.contract.StoreBusy` with nothing put down.
        """
        minor = 0 if amount is None else amount.minor
        received = Receive(
            item_hash=item,
            sponsor=network,
            currency=NO_MONEY if amount is None else amount.currency.code,
            minor=minor if to_us else -minor,
            at=self._clock.now(),
            salt=self._ids.salt(),
            claimed=True,
            by=operator,
            grave=grave,
        )
        result = await self._store.commit(received)
        if isinstance(result, Declined) and result.reason is Reason.TOMBSTONED:
            return False
        if not isinstance(result, Done):
            raise Busy
        return True
