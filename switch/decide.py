"""The one decision that every store engine shares: commands in, a delta and results out. Pure.

An engine loads what ``delta.wanted`` and ``delta.accounts_wanted`` name, calls :func:`decide` on
the batch, and writes the delta. Commands see the effects of those before them in the batch, so a
batch equals its commands one by one. Checks have a fixed order of precedence, stated at each
function: the duplicate check comes before anything with an effect.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch import ledger, lifecycle
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
    Known,
    Open,
    Publish,
    Receive,
    Refuse,
    Result,
    Stale,
)
from switch.delta import Claim, Delta, Leaf, Snapshot
from switch.ledger import Account, Entry, Line, Phase
from switch.lifecycle import STATES, Event, Stand, Verdict
from switch.model import State, to_micros
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switch.model import Payment

ENTRIES_PER_BLOCK_BITS: Final = 12
"""An entry's number is its block's number shifted by this, over its place in the block."""


def decide(
    snapshot: Snapshot, commands: Sequence[Command], block: int
) -> tuple[Delta, list[Result]]:
    """Decide a batch. ``block`` numbers the journal block that will hold it, across slots."""
    batch = _Batch(snapshot, block)
    return batch.delta, [batch.one(command) for command in commands]


def first_difference(held: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """The first field, by name, in which two bound contents differ; None when they are equal."""
    for name in sorted(held.keys() | given.keys()):
        if held.get(name) != given.get(name):
            return name
    return None


class _Batch:
    """The running state of one batch."""

    def __init__(self, snapshot: Snapshot, block: int) -> None:
        self.seen = snapshot
        self.block = block
        self.delta = Delta()

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

    def _bound(self, binding: Binding, uetr: str) -> Result | None:
        """The duplicate check: same key and content, same answer; else the field that differs."""
        held = self.seen.bindings.get((binding.scope, binding.key))
        if held is None:
            return Conflict("uetr") if uetr in self.seen.payments else None
        differs = first_difference(held.content, binding.content)
        if differs is not None:
            return Conflict(differs)
        return Known(self.seen.payments[held.uetr], self.seen.answers.get(held.uetr))

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
        rates = [self.seen.rates.get(key) for key in payment.terms.rate_keys]
        if any(rate is not None and rate.withdrawn_at is not None for rate in rates):
            return Declined(Reason.RATE_WITHDRAWN)
        lines = ledger.lines_of(payment)
        accounts = ledger.applied(self.seen.accounts, lines, Phase.PENDING, reserved=False)
        if not ledger.within_caps(accounts, lines):
            return Declined(Reason.FUNDS_INSUFFICIENT)
        assert STATES[payment.state].stand is Stand.RESERVED, "an opened payment reserves"
        entries = self._book(payment.uetr, lines, accounts, Phase.PENDING, None)
        payment = replace(payment, reservation=entries[0].entry_id)
        self._claim(Claim(payment.terms.quote_id, payment.uetr, released=False))
        self._bind(command.binding, payment)
        self.delta.exchanges.append(command.exchange)
        self.delta.sealed.append(command.particulars)
        self.delta.wrapped_keys.append((payment.uetr, command.wrapped_key))
        self._journal("opened", payment, entries, command.salt)
        return Done(payment)

    def _refuse(self, command: Refuse) -> Result:
        """Precedence: duplicate. The payment exists as refused; money never moved."""
        payment = command.payment
        known = self._bound(command.binding, payment.uetr)
        if known is not None:
            return known
        assert payment.state is State.REFUSED, "a refusal is of a refused payment"
        assert payment.reason is not None, "a refusal has its reason"
        self._bind(command.binding, payment)
        self._answer(payment, command.answer)
        self._journal("refused", payment, [], command.salt)
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
        self._keep(payment)
        self._journal("enquired", payment, [], command.salt)
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
        entries = self._settle(before, payment) if verdict is Verdict.MOVE else []
        if verdict is Verdict.MOVE and lifecycle.is_final(payment):
            assert command.answer is not None, "a final state stores its answer"
            self._answer(payment, command.answer)
            if command.event is Event.NOT_SENT:
                self._claim(Claim(payment.terms.quote_id, payment.uetr, released=True))
        self._keep(payment)
        if command.evidence is not None:
            self.delta.sealed.append(command.evidence)
        kind = "disputed" if verdict is Verdict.DISPUTE else command.event.value
        self._journal(kind, payment, entries, command.salt)
        return Done(payment)

    def _settle(self, before: Payment, after: Payment) -> list[Entry]:
        """Book what the change of state means for the money: nothing, posting or voiding."""
        was, now = STATES[before.state].stand, STATES[after.state].stand
        if was is now:
            return []
        assert was is Stand.RESERVED, "only a reservation is posted or voided"
        phase = {Stand.POSTED: Phase.POSTED, Stand.VOIDED: Phase.VOIDED}[now]
        lines = ledger.lines_of(after)
        accounts = ledger.applied(self.seen.accounts, lines, phase, reserved=True)
        return self._book(after.uetr, lines, accounts, phase, after.reservation)

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
        lines = ledger.incoming_lines(command.sponsor, command.currency, command.minor)
        accounts = ledger.applied(self.seen.accounts, lines, Phase.POSTED, reserved=False)
        entries = self._book("", lines, accounts, Phase.POSTED, None)
        self.seen.incoming.add(command.item_hash)
        self.delta.incoming.append(command.item_hash)
        content = {
            "kind": "received",
            "item": command.item_hash,
            "at": to_micros(command.at),
            "entries": [_entry_content(entry) for entry in entries],
        }
        self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _configure(self, command: Configure) -> Result:
        """Sets caps; balances stay. A cap below what is used stops new payments, not open ones."""
        for wished in command.accounts:
            held = self.seen.accounts.get(wished.key, Account(wished.key, wished.currency))
            account = replace(
                held, net_debit_max=wished.net_debit_max, net_credit_max=wished.net_credit_max
            )
            self._account(account)
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

        A withdrawal or a confirmation needs no version that is kept: one that was only configured
        is kept by it. What was withdrawn cannot be confirmed.
        """
        row = command.row
        held = self.seen.rates.get(row.key)
        kind = "published" if row.withdrawn_at is None else "withdrawn"
        if held is not None:
            if (held.sheet, held.effective_at) != (row.sheet, row.effective_at):
                return Conflict("sheet")
            if command.confirms and held.withdrawn_at is not None:
                return Conflict("withdrawn_at")
            if command.confirms and row.published_at > held.published_at:
                kind, row = "confirmed", replace(held, published_at=row.published_at)
            elif row.withdrawn_at is None or held.withdrawn_at is not None:
                return Known(None, None)
            else:
                row = replace(held, withdrawn_at=row.withdrawn_at)
        self.seen.rates[row.key] = row
        self.delta.rates[row.key] = row
        content = {
            "kind": kind,
            "provider": row.provider,
            "pair": row.pair,
            "rate_version": row.version,
            "effective_at": to_micros(row.effective_at),
            "sheet": row.sheet,
            "at": to_micros(row.withdrawn_at or row.published_at),
        }
        self.delta.leaves.append(Leaf(command.salt, content))
        return Done(None)

    def _book(
        self,
        uetr: str,
        lines: Sequence[Line],
        accounts: Mapping[str, Account],
        phase: Phase,
        reservation: int | None,
    ) -> list[Entry]:
        first = (self.block << ENTRIES_PER_BLOCK_BITS) + len(self.delta.entries)
        entries = [
            Entry(first + i, uetr, line, phase, None if reservation is None else reservation + i)
            for i, line in enumerate(lines)
        ]
        assert len(self.delta.entries) + len(entries) < 1 << ENTRIES_PER_BLOCK_BITS
        self.delta.entries.extend(entries)
        for account in accounts.values():
            self._account(account)
        return entries

    def _account(self, account: Account) -> None:
        self.seen.accounts[account.key] = account
        self.delta.accounts[account.key] = account

    def _keep(self, payment: Payment) -> None:
        self.seen.payments[payment.uetr] = payment
        self.delta.payments[payment.uetr] = payment

    def _claim(self, claim: Claim) -> None:
        self.seen.claims[claim.quote_id] = claim
        self.delta.claims[claim.quote_id] = claim

    def _bind(self, binding: Binding, payment: Payment) -> None:
        self.seen.bindings[binding.scope, binding.key] = binding
        self.delta.bindings.append(binding)
        self._keep(payment)

    def _answer(self, payment: Payment, answer: Answer) -> None:
        assert payment.uetr not in self.seen.answers, "a final answer never changes"
        self.seen.answers[payment.uetr] = answer
        self.delta.answers[payment.uetr] = answer

    def _journal(self, kind: str, payment: Payment, entries: Sequence[Entry], salt: bytes) -> None:
        content: dict[str, object] = {
            "kind": kind,
            "uetr": payment.uetr,
            "version": payment.version,
            "state": payment.state.value,
            "corridor": payment.corridor,
            "origin": payment.origin,
            "reference": payment.reference,
            "debit": [payment.terms.debit.currency.code, payment.terms.debit.minor],
            "destination": [
                payment.terms.destination.currency.code,
                payment.terms.destination.minor,
            ],
            "quote": payment.terms.quote_id,
            "rates": [list(key) for key in payment.terms.rate_keys],
            "config_version": payment.config_version,
            "reason": None if payment.reason is None else payment.reason.name,
            "at": to_micros(payment.updated_at),
            "entries": [_entry_content(entry) for entry in entries],
        }
        if payment.terms.scheme_quote:
            content["scheme_quote"] = payment.terms.scheme_quote
        self.delta.leaves.append(Leaf(salt, content))


def _entry_content(entry: Entry) -> list[object]:
    line = entry.line
    return [entry.entry_id, line.account, line.side.value, line.currency, line.minor, entry.phase]
