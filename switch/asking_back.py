"""What a member asks to have given back: refunds to its customer's payers, recalls of its own.

It is made by ``linked_payments`` and ``recalls``; what they refuse is bound to the key here, so
that the same key gets the same answer for ever, whatever becomes of the payment. While the payment
itself has not ended nobody can say, and nothing is bound. The surprise: a refusal because of how
things stand just now (the payment is disputed, the money is on its way back) is as final as any
other: whoever wants to ask anew takes a new key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch import lifecycle
from switch.model import Payment
from switch.reasons import Reason
from switch.refusals import Refusal

if TYPE_CHECKING:
    from fx.money import Money
    from switch.commands import Conflict
    from switch.denials import Denials
    from switch.linked_payments import Asked, LinkedPayments
    from switch.recalls import Recalls


class Unended(Refusal):
    """What is asked back has not ended: nothing was bound, and the same key may ask again (409)."""

    def __init__(self) -> None:
        super().__init__(Reason.NOT_ENDED, 409)


class AskingBack:
    """Refunds and recalls as members ask for them: made, or refused under their key."""

    def __init__(self, linked: LinkedPayments, recalls: Recalls, denials: Denials) -> None:
        self._linked = linked
        self._recalls = recalls
        self._denials = denials

    async def refund(self, original: Payment, amount: Money, asked: Asked) -> Payment | Conflict:
        """Refund ``amount`` of what the member's customer was paid; ``asked.scope`` is its BIC.

        Raises :class:`Unended` and :class:`~switch.refusals.Busy`.
        """
        opened = await self._denials.names(original)
        if opened is None:
            made = await self._nobody(asked)
        else:
            made = await self._linked.refund(original, opened, amount, asked)
        if not isinstance(made, Reason):
            return made
        _ended(original)
        return await self._denials.refund(original, amount, asked, made)

    async def recall(
        self, original: Payment, why: str, member: str, asked: Asked
    ) -> Payment | Conflict:
        """Ask a network for what ``member`` paid; ``why`` is a code of ISO 20022.

        Raises :class:`Unended` and :class:`~switch.refusals.Busy`.
        """
        opened = await self._denials.names(original)
        if opened is None:
            made = await self._nobody(asked)
        else:
            made = await self._recalls.ask(original, opened, why, asked)
        if not isinstance(made, Reason):
            return made
        _ended(original)
        return await self._denials.recall(original, member, asked, made)

    async def _nobody(self, asked: Asked) -> Payment | Conflict | Reason:
        """Who paid is not known any more, so nothing new is made; what was made stays made."""
        return await self._linked.known(asked) or Reason.NOT_REFUNDABLE


def _ended(original: Payment) -> None:
    if not lifecycle.is_final(original):
        raise Unended
