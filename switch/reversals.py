"""What a payee's bank gives back over Bakong: a reversal of our credit goes on to the guest.

Only the payee of a transfer can reverse it (pain.007), and then its money is in the sponsor's pool
again. One commit takes the item in, posts its money to suspense and opens what gives it back: a row
like a recall that is agreed to already, which makes the refund, tries it again, and is left to
people where the guest's network does not take it. The surprise: what names no credit of ours is
booked to suspense as any other money, and logged, because nobody can say whose it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from switch import lifecycle
from switch.commands import Done, Known, Open
from switch.inbound_port import own_uetr
from switch.lifecycle import Event
from switch.model import Direction, Funding, Kind, State, changed
from switch.parts import Part, changed_terms, part_of
from switch.store.vault import VaultError

if TYPE_CHECKING:
    from switch.dispatch import Dispatch
    from switch.linked_payments import LinkedPayments
    from switch.logs import Log
    from switch.model import Payment
    from switch.port import IncomingItem
    from switch.records import Records
    from switch.runtime.entropy import Ids
    from switch.store.contract import Store

BACK_AFTER_S: Final = 5
"""Pause before it goes on: first its arrival is acknowledged, only then has it settled."""

PLACE: Final = "reversal"
"""Whose keys reversals are."""

_BANK_CODE: Final = 8


class Reversals:
    """Takes in what is reversed to one pool, for the network ``home`` that shows it."""

    def __init__(  # the parts it uses
        self,
        *,
        home: str,
        store: Store,
        records: Records,
        dispatch: Dispatch,
        linked: LinkedPayments,
        ids: Ids,
        log: Log,
    ) -> None:
        self._home = home
        self._store = store
        self._records = records
        self._dispatch = dispatch
        self._linked = linked
        self._ids = ids
        self._log = log

    async def take(self, sponsor: str, item: IncomingItem) -> bool | None:
        """Take in a reversal once; None where it gives back no credit of ours.

        Raises :class:`~switch.store.contract.StoreBusy` with nothing taken in.
        """
        if not item.reversal:
            return None
        original = await self._store.read.by_reference(self._home, item.reverses)
        if original is None:
            self._log.warning("reversal_of_nothing", network=self._home)
            return None
        try:
            opened = await self._dispatch.open(original.uetr)
        except VaultError:
            self._log.warning("reversal_of_unreadable", uetr=original.uetr)
            return None
        bank = original.institutions.payee_bank or opened.particulars.creditor.agent
        if not _reverses(item, original, bank):
            self._log.warning("reversal_of_nothing", network=self._home)
            return None
        payment = await self._row(original, sponsor, item)
        key, wrapped = self._records.new_key(payment.uetr)
        result = await self._store.commit(
            Open(
                payment=payment,
                binding=self._records.binding(key, PLACE, item.item_hash, {}),
                exchange=None,
                wrapped_key=wrapped,
                salt=self._ids.salt(),
                sealed=self._records.held(opened.particulars, key),
                item_hash=item.item_hash,
            )
        )
        if isinstance(result, (Done, Known)):
            self._log.info("reversal_taken", uetr=payment.uetr, original=original.uetr)
            return True
        return None

    async def _row(self, original: Payment, sponsor: str, item: IncomingItem) -> Payment:
        part = part_of(original, await self._linked.of(original), item.amount)
        back = part.payer if isinstance(part, Part) else original.terms.source
        quote = f"{original.uetr}!{item.item_hash}"
        row = self._linked.linked(
            original,
            own_uetr(PLACE, item.item_hash),
            network=original.origin,
            terms=changed_terms(original.terms, quote, back, item.amount, None),
            institutions=replace(original.institutions, sponsor=sponsor),
        )
        row = changed(
            row,
            kind=Kind.RECALL,
            direction=Direction.INBOUND,
            origin=item.payer_agent,
            funding=Funding.CAPPED,
        )
        row = changed(row, send_by=row.opened_at, deadline=row.opened_at)
        due = row.opened_at + timedelta(seconds=BACK_AFTER_S)
        _, row = lifecycle.advance(row, Event.UNASKED, at=row.opened_at, next_at=due)
        return changed(row, version=1)


def _reverses(item: IncomingItem, original: Payment, bank: str) -> bool:
    """Whether an item gives back, from its payee's bank, what a credit of ours paid."""
    credit = original.kind is Kind.PAYMENT and original.direction is Direction.INBOUND
    return (
        credit
        and original.state is State.CREDITED
        and bank[:_BANK_CODE] == item.payer_agent[:_BANK_CODE]
        and item.amount.currency == original.terms.destination.currency
    )
