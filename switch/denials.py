"""Refunds and recalls that are not made: the refusal is bound to the key that asked for them.

What is refused as things stand may be possible tomorrow, so a refusal that nobody kept would be an
acceptance to the same key later. It is committed as a payment of its own, refused and linked to its
original, before it is answered. The surprise: it stands at none of the places of what was linked
(:mod:`switch.parts`), so it takes none from a refund and nothing adds it up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch import lifecycle
from switch.answers import json_answer
from switch.commands import Conflict, Done, Known, Refuse
from switch.lifecycle import Event
from switch.model import Direction, Funding, Kind, Payment, changed
from switch.parts import changed_terms, linked_quote, recall_quote, refunding_side
from switch.refusals import Busy
from switch.store.vault import VaultError, is_gone

if TYPE_CHECKING:
    from fx.money import Money
    from switch.linked_payments import Asked, LinkedPayments
    from switch.logs import Log
    from switch.model import Institutions, Terms
    from switch.reasons import Reason
    from switch.records import Open as Opened
    from switch.records import Records
    from switch.restoring import Restoring
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

NOWHERE = 0
"""Places are counted from 1: what was refused has none."""


class Denials:
    """Binds refusals of what would be linked to a payment."""

    def __init__(
        self,
        *,
        store: Store,
        records: Records,
        linked: LinkedPayments,
        restoring: Restoring,
        ids: Ids,
        log: Log,
    ) -> None:
        self._store = store
        self._records = records
        self._linked = linked
        self._restoring = restoring
        self._ids = ids
        self._log = log

    async def names(self, original: Payment) -> Opened | None:
        """The names of a payment; None where they are gone. Raises Busy where they do not open."""
        try:
            return await self._records.open(original.uetr)
        except VaultError as error:
            if not is_gone(error):
                raise Busy from None
            return None

    async def refund(
        self, original: Payment, amount: Money, asked: Asked, reason: Reason
    ) -> Payment | Conflict:
        """Bind that a member may not refund ``amount``; nothing of it goes to a payer.

        Raises :class:`~switch.refusals.Busy`.
        """
        terms, quote = original.terms, linked_quote(original.uetr, NOWHERE)
        none = terms.source - terms.source
        denied = self._denied(
            original,
            Kind.REFUND,
            changed_terms(terms, quote, amount, none, None),
            refunding_side(original.institutions, asked.scope),
        )
        return await self.bind(changed(denied, origin=asked.scope), asked, reason)

    async def recall(
        self, original: Payment, member: str, asked: Asked, reason: Reason
    ) -> Payment | Conflict:
        """Bind that a network is not asked for what a member paid.

        Raises :class:`~switch.refusals.Busy`.
        """
        terms, quote = original.terms, recall_quote(original.uetr, NOWHERE)
        kept = changed_terms(terms, quote, terms.source, terms.destination, terms.between)
        denied = self._denied(original, Kind.RECALL, kept, original.institutions)
        return await self.bind(changed(denied, origin=member), asked, reason)

    def _denied(
        self, original: Payment, kind: Kind, terms: Terms, institutions: Institutions
    ) -> Payment:
        """What was asked for, before it is refused: between those who would have taken part."""
        inbound = original.direction is Direction.INBOUND
        return changed(
            self._linked.linked(
                original,
                self._ids.uetr(),
                network=original.origin if inbound else original.network,
                terms=terms,
                institutions=institutions,
            ),
            kind=kind,
            funding=Funding.CAPPED,
        )

    async def bind(self, linked: Payment, asked: Asked, reason: Reason) -> Payment | Conflict:
        """Commit a refusal under its key; where the key was bound meanwhile, that stands.

        After a loss nothing is refused for good while the loss holds: what is missing of the
        original may have been lost. Raises :class:`~switch.refusals.Busy`.
        """
        if self._restoring.holding:
            raise Busy
        now = linked.opened_at
        _, denied = lifecycle.advance(
            changed(linked, send_by=now, deadline=now),
            Event.CHECK_FAILED,
            at=now,
            next_at=None,
            reason=reason,
        )
        denied = changed(denied, version=1)
        key, wrapped = self._records.new_key(denied.uetr)
        command = Refuse(
            payment=denied,
            binding=self._records.binding(key, asked.scope, asked.key, asked.content),
            answer=json_answer(denied),
            wrapped_key=wrapped,
            salt=self._ids.salt(),
        )
        result = await self._store.commit(command)
        if isinstance(result, Done) and result.payment is not None:
            said = {"kind": denied.kind.value, "reason": reason.iso}
            self._log.info("linked_refused", uetr=denied.uetr, original=denied.original, **said)
            return result.payment
        if isinstance(result, Known) and result.payment is not None and result.binding is not None:
            differs = await self._records.difference(result.binding, asked.content)
            return result.payment if differs is None else Conflict(differs)
        assert isinstance(result, Conflict), "a refusal is done, known or in conflict"
        return result
