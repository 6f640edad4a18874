"""The one decision that every store engine shares: commands in, a delta and results out. Pure.

An engine loads what ``delta.wanted`` and ``delta.accounts_wanted`` name, calls :func:`decide` on
the batch, and writes the delta. Commands see the effects of those before them in the batch, so a
batch equals its commands one by one. Checks have a fixed order of precedence, stated at each
function: the duplicate check comes before anything with an effect.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from fx.money import Money, currency
from switch import ledger, lifecycle
from switch.books import Books
from switch.commands import (
    Answer,
    Attempt,
    Binding,
    Bury,
    Command,
    Conclude,
    Configure,
    Conflict,
    Declined,
    Done,
    Erase,
    Known,
    Open,
    Publish,
    Receive,
    Refuse,
    Result,
    Rewrap,
    Stale,
)
from switch.delta import Claim, Delta, Leaf, Snapshot, answer_digest, sealed_digest
from switch.leaves import entry_content, payment_content
from switch.ledger import Entry, Phase
from switch.lifecycle import STATES, Event, Stand, Verdict
from switch.model import State, changed, to_micros
from switch.postings import incoming_lines
from switch.reasons import Reason
from switch.store.rows import frozen_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.ledger import Part
    from switch.model import Payment

ENTRIES_PER_BLOCK_BITS: Final = 12
"""An entry's number is its block's number shifted by this, over its place in the block."""

ERASED: Final = bytes(16)
"""How the mark begins that takes the place of a data key: where a wrapping key would be named."""


def decide(
    snapshot: Snapshot, commands: Sequence[Command], block: int
) -> tuple[Delta, list[Result]]:
    """Decide a batch. ``block`` numbers the journal block that will hold it, across slots."""
    batch = _Batch(snapshot, block)
    results = [batch.one(command) for command in commands]
    for account in batch.books.touched():
        snapshot.accounts[account.key] = batch.delta.accounts[account.key] = account
    return batch.delta, results


def first_difference(held: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """The first field, by name, in which two bound contents differ; None when they are equal."""
    for name in sorted(held.keys() | given.keys()):
        if held.get(name) != given.get(name):
            return name
    return None


def is_erased(wrapped: bytes) -> bool:
    """True for the mark that took a data key's place: no wrapping key has an empty name."""
    return wrapped.startswith(ERASED)


class _Batch:
    """The running state of one batch."""

    def __init__(self, snapshot: Snapshot, block: int) -> None:
        self.seen = snapshot
        self.block = block
        self.delta = Delta()
        self.books = Books(snapshot.accounts)

    def one(self, command: Command) -> Result:
        match command:
            case Open():
                return self._open(command)
            case Refuse():
                return self._refuse(command)
            case Attempt():
                return self._attempt(command)
            case Conclude():
                return self._conclude(command)
            case Bury():
                return self._bury(command)
            case Receive():
                return self._receive(command)
            case Configure():
                return self._configure(command)
            case Publish():
                return self._publish(command)
            case Erase():
                return self._erase(command)
            case Rewrap():
                return self._rewrap(command)

    def _bound(self, binding: Binding, uetr: str) -> Result | None:
        """The duplicate check, by the key; contents are compared by who can open the data key."""
        held = self.seen.bindings.get((binding.scope, binding.key))
        if held is None:
            return Conflict("uetr") if uetr in self.seen.payments else None
        return Known(self.seen.payments[held.uetr], self.seen.answers.get(held.uetr), held)

    def _open(self, command: Open) -> Result:
        """Precedence: duplicate, tombstone, quote used, quote expired, rate withdrawn, caps."""
        payment = command.payment
        known = self._bound(command.binding, payment.uetr)
        if known is not None:
            return known
        if (payment.origin, payment.uetr) in self.seen.tombstones:
            return Declined(Reason.TOMBSTONED)
        claim = self.seen.claims.get(payment.terms.quote_id)
        if claim is not None and not claim.released:
            return Declined(Reason.QUOTE_USED)
        if payment.opened_at >= payment.terms.quote_expires_at:
            return Declined(Reason.QUOTE_EXPIRED)
        rates = [self.seen.rates.get(hop.rate_key) for hop in payment.terms.hops]
        if any(rate is not None and rate.withdrawn_at is not None for rate in rates):
            return Declined(Reason.RATE_WITHDRAWN)
        lines = self.seen.lines_of(payment)
        refusal = self.books.reserve(lines)
        if refusal is not None:
            return Declined(refusal)
        assert STATES[payment.state].stand is Stand.RESERVED, "an opened payment reserves"
        entries = self._book(payment.uetr, ledger.reserving(lines), None)
        payment = changed(payment, reservation=entries[0].entry_id)
        given_back = None if claim is None else claim.uetr
        self._claim(Claim(payment.terms.quote_id, payment.uetr, released=False))
        payment = self._bind(command.binding, payment)
        self.delta.exchanges.append(command.exchange)
        self._lock(payment, command.wrapped_key)
        more = {
            "frozen": self._frozen(payment),
            "sealed": [sealed_digest(command.exchange.sealed)],
        }
        if given_back is not None:
            more["given_back"] = given_back
        self._journal("opened", payment, entries, command.salt, more)
        return Done(payment)

    def _refuse(self, command: Refuse) -> Result:
        """Precedence: duplicate. The payment exists as refused; money never moved."""
        payment = command.payment
        known = self._bound(command.binding, payment.uetr)
        if known is not None:
            return known
        assert payment.state is State.REFUSED, "a refusal is of a refused payment"
        assert payment.reason is not None, "a refusal has its reason"
        payment = self._bind(command.binding, payment)
        self._lock(payment, command.wrapped_key)
        self._answer(payment, command.answer)
        more = {"answer": answer_digest(command.answer), "frozen": self._frozen(payment)}
        self._journal("refused", payment, [], command.salt, more)
        return Done(payment)

    def _attempt(self, command: Attempt) -> Result:
        """Precedence: the version. Records an enquiry before it is sent."""
        payment = self.seen.payments[command.uetr]
        if payment.version != command.version:
            return Stale(payment)
        verdict, payment = lifecycle.advance(
            payment, Event.RUNG, at=command.at, next_at=command.next_at
        )
        assert verdict is Verdict.MOVE, "an enquiry is recorded where the ladder runs"
        self.delta.exchanges.append(command.exchange)
        before, payment = payment.block, self._keep(payment)
        more = {"before": before, "sealed": [sealed_digest(command.exchange.sealed)]}
        self._journal("enquired", payment, [], command.salt, more)
        return Done(payment)

    def _conclude(self, command: Conclude) -> Result:
        """Precedence: the version, then the table. Money follows from the two states."""
        before = self.seen.payments[command.uetr]
        if before.version != command.version:
            return Stale(before)
        verdict, payment = lifecycle.advance(
            before,
            command.event,
            at=command.at,
            next_at=command.next_at,
            reason=command.reason if not lifecycle.is_final(before) else None,
            far_reference=command.far_reference,
        )
        if verdict is Verdict.IGNORE:
            return Done(payment)
        entries = self._settle(before, payment, command.event) if verdict is Verdict.MOVE else []
        more: dict[str, object] = {"before": before.block}
        if verdict is Verdict.MOVE and lifecycle.is_final(payment):
            assert command.answer is not None, "a final state stores its answer"
            self._answer(payment, command.answer)
            more["answer"] = answer_digest(command.answer)
            if command.event is Event.NOT_SENT:
                self._claim(Claim(payment.terms.quote_id, payment.uetr, released=True))
        payment = self._keep(payment)
        if command.evidence is not None:
            self.delta.sealed.append(command.evidence)
            more["sealed"] = [sealed_digest(command.evidence)]
        kind = "disputed" if verdict is Verdict.DISPUTE else command.event.value
        self._journal(kind, payment, entries, command.salt, more)
        return Done(payment)

    def _settle(self, before: Payment, after: Payment, event: Event) -> list[Entry]:
        """Book what the change of state means for the money: nothing, posting or releasing."""
        was, now = STATES[before.state].stand, STATES[after.state].stand
        if was is now:
            return []
        assert was is Stand.RESERVED, "only a reservation is posted or voided"
        lines = self.seen.lines_of(after)
        if now is Stand.POSTED:
            parts = ledger.posting(lines)
        else:
            expired = event is Event.NOT_SENT
            parts = ledger.releasing(lines, Phase.EXPIRED if expired else Phase.VOIDED)
        self.books.resolve(parts)
        return self._book(after.uetr, parts, after.reservation)

    def _bury(self, command: Bury) -> Result:
        """A payment that exists is never buried; the caller reads it instead."""
        payment = self.seen.payments.get(command.key)
        if payment is not None and payment.origin == command.scope:
            return Stale(payment)
        grave = (command.scope, command.key)
        if grave not in self.seen.tombstones:
            self.seen.tombstones.add(grave)
            self.delta.tombstones.append(grave)
            content = {
                "kind": "buried",
                "scope": command.scope,
                "uetr": command.key,
                "at": to_micros(command.at),
            }
            self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _receive(self, command: Receive) -> Result:
        """Posts an incoming item once; a repeat changes nothing."""
        if command.item_hash in self.seen.incoming:
            return Done(None)
        lines = incoming_lines(command.sponsor, Money(command.minor, currency(command.currency)))
        refusal = self.books.post(lines)
        if refusal is not None:
            return Declined(refusal)
        entries = self._book("", ledger.posting(lines), None)
        self.seen.incoming.add(command.item_hash)
        self.delta.incoming.append(command.item_hash)
        content = {
            "kind": "received",
            "item": command.item_hash,
            "at": to_micros(command.at),
            "entries": [entry_content(entry) for entry in entries],
        }
        self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _configure(self, command: Configure) -> Result:
        """Sets caps; balances stay. A cap below what is used stops new payments, not open ones."""
        for wished in command.accounts:
            self.books.configure(wished)
        content = {
            "kind": "configured",
            "config_version": command.config_version,
            "at": to_micros(command.at),
            "caps": [
                [a.key, a.net_debit_max, a.net_credit_max]
                for a in sorted(command.accounts, key=lambda a: a.key)
            ],
        }
        self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _publish(self, command: Publish) -> Result:
        """Keeps a version once; what was posted under it never changes, and it is withdrawn once.

        A withdrawal needs no version that is kept: one that was only configured is kept by it.
        """
        row = command.row
        held = self.seen.rates.get(row.key)
        if held is not None:
            if (held.sheet, held.effective_at) != (row.sheet, row.effective_at):
                return Conflict("sheet")
            if row.withdrawn_at is None or held.withdrawn_at is not None:
                return Known(None, None)
            row = replace(held, withdrawn_at=row.withdrawn_at)
        self.seen.rates[row.key] = row
        self.delta.rates[row.key] = row
        content: dict[str, object] = {
            "kind": "published" if row.withdrawn_at is None else "withdrawn",
            "provider": row.provider,
            "pair": row.pair,
            "rate_version": row.version,
            "effective_at": to_micros(row.effective_at),
            "sheet": row.sheet,
            "at": to_micros(row.withdrawn_at or row.published_at),
        }
        if row.withdrawn_at is not None:
            content |= {"published_at": to_micros(row.published_at), "held": held is not None}
        self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _erase(self, command: Erase) -> Result:
        """Precedence: the payment, still open, erased before. An open payment needs its names."""
        payment = self.seen.payments.get(command.uetr)
        if payment is not None and not lifecycle.is_final(payment):
            return Stale(payment)
        held = self.seen.wrapped.get(command.uetr)
        if payment is None or held is None or is_erased(held):
            return Known(payment, None)
        self._rewrapped(command.uetr, command.mark)
        self.delta.erased.append(command.uetr)
        content = {"kind": "erased", "uetr": command.uetr, "cause": command.cause}
        self.delta.leaves.append(Leaf(command.salt, {**content, "at": to_micros(command.at)}))
        return Done(payment)

    def _rewrap(self, command: Rewrap) -> Result:
        """Takes each key that is still as it was read; the journal says how many."""
        taken = [
            (uetr, now) for uetr, was, now in command.keys if self.seen.wrapped.get(uetr) == was
        ]
        for uetr, now in taken:
            self._rewrapped(uetr, now)
        content = {"kind": "rewrapped", "wrapping": command.wrapping, "keys": len(taken)}
        self.delta.leaves.append(Leaf(command.salt, {**content, "at": to_micros(command.at)}))
        return Done(None)

    def _lock(self, payment: Payment, wrapped: bytes) -> None:
        self.seen.wrapped[payment.uetr] = wrapped
        self.delta.wrapped_keys.append((payment.uetr, wrapped))

    def _rewrapped(self, uetr: str, wrapped: bytes) -> None:
        self.seen.wrapped[uetr] = wrapped
        self.delta.rewrapped[uetr] = wrapped

    def _book(self, uetr: str, parts: Sequence[Part], reservation: int | None) -> list[Entry]:
        """The entries of a set that the books hold already."""
        first = (self.block << ENTRIES_PER_BLOCK_BITS) + len(self.delta.entries)
        entries = [
            Entry(
                first + place,
                uetr,
                part.line,
                part.phase,
                None if reservation is None else reservation + part.origin,
            )
            for place, part in enumerate(parts)
        ]
        assert len(self.delta.entries) + len(entries) < 1 << ENTRIES_PER_BLOCK_BITS
        self.delta.entries.extend(entries)
        return entries

    def _keep(self, payment: Payment) -> Payment:
        """Keep a payment under the number of the block that holds its newest entry."""
        payment = changed(payment, block=self.block)
        self.seen.payments[payment.uetr] = payment
        self.delta.payments[payment.uetr] = payment
        return payment

    def _frozen(self, payment: Payment) -> str:
        """Hash of what never changes of a payment; its text is kept for the row."""
        text = frozen_text(payment)
        self.delta.frozen[payment.uetr] = text
        return sha256(f"{payment.payment_id}/{payment.network}/{text}".encode()).hexdigest()

    def _claim(self, claim: Claim) -> None:
        self.seen.claims[claim.quote_id] = claim
        self.delta.claims[claim.quote_id] = claim

    def _bind(self, binding: Binding, payment: Payment) -> Payment:
        self.seen.bindings[binding.scope, binding.key] = binding
        self.delta.bindings.append(binding)
        return self._keep(payment)

    def _answer(self, payment: Payment, answer: Answer) -> None:
        assert payment.uetr not in self.seen.answers, "a final answer never changes"
        self.seen.answers[payment.uetr] = answer
        self.delta.answers[payment.uetr] = answer

    def _journal(
        self,
        kind: str,
        payment: Payment,
        entries: Sequence[Entry],
        salt: bytes,
        more: Mapping[str, object],
    ) -> None:
        self.delta.leaves.append(Leaf(salt, payment_content(kind, payment, entries, more)))
