"""What a network accepts after it had given up: its own file ends the exposure of its bearer.

A guest's payment that was refused and credited all the same stands on a bearer's exposure. Where
the network's settlement file has it as paid, the network owes it after all, and nobody need decide
that. Where the exposure has ended otherwise, whose that money is people decide: it is an item of
its own. The surprise: what was proposed for the exposure is no more, because nothing is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.commands import Declined
from switch.lifecycle import BORNE, STATES, Stand
from switch.model import Direction, Kind, State
from switch.operators import SquareExposure
from switch.reasons import Reason
from switch.refusals import Busy
from switch.suspense import Way, exposed_item, item_claim, late_item, squared, suspended_of

if TYPE_CHECKING:
    from switch.items import Items
    from switch.model import Payment
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store
    from switch.suspense import Suspended

RECOVERED: Final = "recovered"
"""What a report says of a line that ended an exposure."""

PAID_LATE: Final = "paid_late"
"""What it says of one that pays what has ended otherwise."""

BY_NETWORK: Final = "network"
"""Stands for an operator where a network's own word ends an exposure."""

BY_FILE: Final = "settlement file"

TRIES_MAX: Final = 4
"""An item is read this often while operators propose for it; then the file comes again."""


class Squaring:
    """Ends exposures by what networks say themselves."""

    def __init__(self, store: Store, items: Items, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._items = items
        self._clock = clock
        self._ids = ids

    async def filed(self, payment: Payment) -> str:
        """What a line of a file that agrees with a payment means for its exposure; mostly nothing.

        Raises :class:`Busy` and ``StoreBusy`` with nothing ended.
        """
        if not _pays_late(payment):
            return ""
        item = exposed_item(payment.uetr)
        name = item_claim(item)
        for _ in range(TRIES_MAX):
            text = (await self._store.read.claimed(name, name)).get(name)
            held = None if text is None else suspended_of(text)
            if held is None:
                return ""
            if held.closed_by:
                return await self._beside(payment, held)
            seen = squared(held, BY_NETWORK, BY_FILE)
            command = SquareExposure(item, seen, self._clock.now(), self._ids.salt())
            result = await self._store.commit(command)
            if not isinstance(result, Declined):
                return RECOVERED
            if result.reason is not Reason.PROPOSAL_CHANGED:
                break
        raise Busy

    async def _beside(self, payment: Payment, held: Suspended) -> str:
        """Put down, once, what a network pays for an exposure that has ended without it."""
        ending = held.ending
        if ending is None or (ending.way is Way.RECOVERED and ending.institution == held.far):
            return ""
        await self._items.put(late_item(payment.uetr), held.far, held.amount)
        return PAID_LATE


def _pays_late(payment: Payment) -> bool:
    """Whether it is a guest's payment that was refused, credited all the same, and is booked so.

    Of one whose guest was debited first a file has that debit, which was booked and went back.
    """
    ours = payment.direction is Direction.INBOUND and payment.kind is Kind.PAYMENT
    return (
        ours
        and payment.state is not State.UNWOUND
        and payment.rung == BORNE
        and STATES[payment.state].stand is not Stand.POSTED
    )
