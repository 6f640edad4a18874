"""Money that a settlement file says came back: the return that it is, or becomes.

A file may name a return before its own message has come. What the network has booked is booked here
too, under the key that the message will bear: whichever comes second is a repeat of the first. The
surprise: a line whose own key is not here may still be one that was booked otherwise, so it becomes
a return only where no other one could be meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.inbound_port import InboundReturn
from switch.model import Direction, Kind
from switch.returns import returned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.model import Payment
    from switch.notices import Notices
    from switch.returns import Returns
    from switch.settlement_port import FileLine
    from switch.store.contract import Store


class FiledReturns:
    """Finds and books what files say came back."""

    def __init__(self, store: Store, returns: Returns, notices: Notices) -> None:
        self._store = store
        self._returns = returns
        self._notices = notices

    async def known(self, network: str, lines: Sequence[FileLine]) -> Mapping[str, Payment | None]:
        """The returns that are here under the keys of a file; None where one is an item."""
        found: dict[str, Payment | None] = {}
        for line in lines:
            if line.returned:
                known = await self._returns.known(network, returned(line.returned))
                if known is not None:
                    found[line.returned] = known[0]
        return found

    async def booked(self, network: str, line: FileLine) -> Payment | None:
        """What a line comes to that no return here fits; None where it is about nothing of ours.

        It is the original itself where its money has no place left there and is an item. Raises
        :class:`~switch.refusals.Busy`.
        """
        if not line.returned or line.owed_to_us is not True:
            return None
        original = await self._store.read.payment(line.uetr)
        if original is None or (original.network, original.kind) != (network, Kind.PAYMENT):
            return None
        if original.direction is not Direction.OUTBOUND or line.reference == original.reference:
            return None
        told = InboundReturn(line.returned, original.reference, line.amounts[0], {}, settled=True)
        taken = await self._notices.returned(network, told, line.text.encode())
        # What was promised never to be taken stays so: the line is what the network claims.
        return taken.payment if taken.reason is None else None
