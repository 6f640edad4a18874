"""The running state of a batch: what was loaded, what is booked, what will be written. Pure.

A command sees the effects of those before it, because each is kept in the snapshot and in the delta
alike. The surprise: accounts reach the delta only when the batch is over (:meth:`Batch.finish`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from switch.books import Books
from switch.delta import Delta, Leaf
from switch.leaves import payment_content
from switch.ledger import Entry
from switch.lifecycle import status
from switch.model import changed
from switch.outbox import OutboxRow, kind_of, receiver_of
from switch.store.rows import frozen_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding
    from switch.delta import Claim, Snapshot
    from switch.ledger import Part
    from switch.model import Payment
    from switch.outbox import Kind

ENTRIES_PER_BLOCK_BITS: Final = 12
"""An entry's number is its block's number shifted by this, over its place in the block."""


class Batch:
    """One batch. ``block`` numbers the journal block that will hold it, across slots."""

    def __init__(self, snapshot: Snapshot, block: int) -> None:
        self.seen = snapshot
        self.block = block
        self.delta = Delta()
        self.books = Books(snapshot.accounts)

    def finish(self) -> Delta:
        """What the batch leaves to be written."""
        for account in self.books.touched():
            self.seen.accounts[account.key] = self.delta.accounts[account.key] = account
        return self.delta

    def leaf(self, salt: bytes, content: Mapping[str, object]) -> None:
        """Add a journal entry."""
        self.delta.leaves.append(Leaf(salt, content))

    def lock(self, payment: Payment, wrapped: bytes) -> None:
        """Keep a payment's wrapped data key."""
        self.seen.wrapped[payment.uetr] = wrapped
        self.delta.wrapped_keys.append((payment.uetr, wrapped))

    def rewrapped(self, uetr: str, wrapped: bytes) -> None:
        """Put another wrapping, or the mark of an erasure, in the place of a data key."""
        self.seen.wrapped[uetr] = wrapped
        self.delta.rewrapped[uetr] = wrapped

    def book(self, uetr: str, parts: Sequence[Part], reservation: int | None) -> list[Entry]:
        """The entries of a set that the books hold already."""
        first = (self.block << ENTRIES_PER_BLOCK_BITS) + len(self.delta.entries)
        entries = [
            Entry(number, uetr, line, phase, None if reservation is None else reservation + origin)
            for number, (origin, line, phase) in enumerate(parts, first)
        ]
        assert len(self.delta.entries) + len(entries) < 1 << ENTRIES_PER_BLOCK_BITS
        self.delta.entries.extend(entries)
        return entries

    def keep(self, payment: Payment) -> None:
        """Keep a payment as it is now; its ``block`` is this one."""
        self.seen.payments[payment.uetr] = payment
        self.delta.payments[payment.uetr] = payment

    def frozen(self, payment: Payment) -> str:
        """Hash of what never changes of a payment; its text is kept for the row."""
        text = frozen_text(payment)
        self.delta.frozen[payment.uetr] = text
        return sha256(f"{payment.payment_id}/{payment.network}/{text}".encode()).hexdigest()

    def claim(self, claim: Claim) -> None:
        """Keep what a quote is claimed for."""
        self.seen.claims[claim.quote_id] = claim
        self.delta.claims[claim.quote_id] = claim

    def bind(self, binding: Binding, payment: Payment, reservation: int | None = None) -> Payment:
        """Keep a new payment with the key that it is bound to, under the number of this block."""
        self.seen.bindings[binding.scope, binding.key] = binding
        self.delta.bindings.append(binding)
        payment = changed(payment, block=self.block, reservation=reservation)
        self.seen.named[payment.network, payment.reference] = payment.uetr
        self.keep(payment)
        return payment

    def answer(self, payment: Payment, answer: Answer) -> None:
        """Keep the final answer of a payment."""
        assert payment.uetr not in self.seen.answers, "a final answer never changes"
        self.seen.answers[payment.uetr] = answer
        self.delta.answers[payment.uetr] = answer

    def journal(
        self,
        kind: str,
        payment: Payment,
        entries: Sequence[Entry],
        salt: bytes,
        more: Mapping[str, object],
    ) -> None:
        """Add a payment's journal entry, and the event that it is to a bank that subscribes."""
        self.leaf(salt, payment_content(kind, payment, entries, more))
        if self.seen.receivers:
            self._tell(kind_of(kind, payment, answered="answer" in more), payment)

    def _tell(self, kind: Kind | None, payment: Payment) -> None:
        receiver = receiver_of(payment)
        last = self.seen.receivers.get(receiver)
        if kind is None or last is None:
            return
        self.seen.receivers[receiver] = self.delta.receivers[receiver] = last + 1
        told = (payment.payment_id, payment.uetr, payment.version, kind, status(payment))
        self.delta.outbox.append(OutboxRow(receiver, last + 1, *told, payment.updated_at))

    def take(self, item_hash: str) -> None:
        """Keep that an incoming item was taken in."""
        self.seen.incoming.add(item_hash)
        self.delta.incoming.append(item_hash)

    def bury(self, grave: tuple[str, str], at: datetime) -> None:
        """Keep a tombstone: scope and UETR."""
        self.seen.tombstones[grave] = self.delta.tombstones[grave] = at

    def unbury(self, grave: tuple[str, str]) -> None:
        """Let go of a tombstone, also one of this batch."""
        del self.seen.tombstones[grave]
        self.delta.tombstones.pop(grave, None)
        self.delta.unburied.append(grave)

    def unbind(self, payment: Payment) -> None:
        """Let go of a payment's key and answer, also of one of this batch."""
        del self.seen.answers[payment.uetr]
        self.delta.answers.pop(payment.uetr, None)
        self.delta.unbound.append(payment.payment_id)
        self.delta.bindings = [b for b in self.delta.bindings if b.uetr != payment.uetr]
        for key in [key for key, b in self.seen.bindings.items() if b.uetr == payment.uetr]:
            del self.seen.bindings[key]
