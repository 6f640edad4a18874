"""Decisions about what is not a payment's own course. Pure, and shared by every engine.

Tombstones, money that arrived, caps, rates, erased and rewrapped data keys, and what retention lets
go of. Each checks first whether it was done before, so that a repeat changes nothing. The surprise:
a key is let go of only with the final answer of its payment, so an open payment is always found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch import ledger, lifecycle
from switch.commands import Conflict, Declined, Done, Known, Stale
from switch.delta import Claim, answer_digest, binding_digest
from switch.leaves import entry_content
from switch.model import to_micros
from switch.postings import incoming_lines
from switch.reasons import Reason
from switch.suspense import item_claim, put_down

if TYPE_CHECKING:
    from switch.batch import Batch
    from switch.commands import (
        Bury,
        Configure,
        Erase,
        Forget,
        Publish,
        Receive,
        Rekey,
        Result,
        Rewrap,
    )
    from switch.model import Payment

ERASED: Final = bytes(16)
"""How the mark begins that takes the place of a data key: where a wrapping key would be named."""


def is_erased(wrapped: bytes) -> bool:
    """True for the mark that took a data key's place: no wrapping key has an empty name."""
    return wrapped.startswith(ERASED)


def bury(batch: Batch, command: Bury) -> Result:
    """What exists is never buried, nor what it pays; the caller reads it instead."""
    payment = batch.seen.payments.get(command.key)
    if payment is not None and payment.origin == command.scope:
        return Stale(payment)
    bound = batch.seen.bindings.get((command.scope, command.bound)) if command.bound else None
    if bound is not None:
        return Stale(batch.seen.payments[bound.uetr])
    if command.item in batch.seen.incoming:
        return Conflict("item")
    if command.named and (command.scope, command.named) in batch.seen.named:
        return Declined(Reason.CANCEL_TOO_LATE)
    grave = (command.scope, command.key)
    if grave not in batch.seen.tombstones:
        batch.bury(grave, command.at)
        content = {
            "kind": "buried",
            "scope": command.scope,
            "uetr": command.key,
            "at": to_micros(command.at),
        }
        batch.leaf(command.salt, content)
    return Done(None)


def receive(batch: Batch, command: Receive) -> Result:
    """Posts an incoming item once; a repeat changes nothing."""
    if command.item_hash in batch.seen.incoming:
        return Done(None)
    if command.grave and (command.sponsor, command.grave) in batch.seen.tombstones:
        return Declined(Reason.TOMBSTONED)
    lines = incoming_lines(command)
    refusal = batch.books.post(lines)
    if refusal is not None:
        return Declined(refusal)
    entries = batch.book(command.item_hash, ledger.posting(lines), None)
    batch.take(command.item_hash)
    content = {
        "kind": "received",
        "item": command.item_hash,
        "at": to_micros(command.at),
        "entries": [entry_content(entry) for entry in entries],
        **({"of": command.item_hash} if entries else {}),
        **({"by": command.by} if command.by else {}),
    }
    held = put_down(lines, to_micros(command.at))
    if held is not None:
        name, text = item_claim(command.item_hash), held.text()
        batch.claim(Claim(name, text, released=False))
        content["kept"] = [name, text]
    batch.leaf(command.salt, content)
    return Done(None)


def configure(batch: Batch, command: Configure) -> Result:
    """Sets caps; balances stay. A cap below what is used stops new payments, not open ones."""
    for wished in command.accounts:
        batch.books.configure(wished)
    content = {
        "kind": "configured",
        "config_version": command.config_version,
        "at": to_micros(command.at),
        "caps": [
            [a.key, a.net_debit_max, a.net_credit_max]
            for a in sorted(command.accounts, key=lambda a: a.key)
        ],
    }
    batch.leaf(command.salt, content)
    return Done(None)


def publish(batch: Batch, command: Publish) -> Result:
    """Keeps a version once; what was posted under it never changes, and it is withdrawn once.

    A withdrawal or a confirmation needs no version that is kept: one that was only configured is
    kept by it. What was withdrawn cannot be confirmed.
    """
    row = command.row
    held = batch.seen.rates.get(row.key)
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
    batch.seen.rates[row.key] = row
    batch.delta.rates[row.key] = row
    content: dict[str, object] = {
        "kind": kind,
        "provider": row.provider,
        "pair": row.pair,
        "rate_version": row.version,
        "effective_at": to_micros(row.effective_at),
        "sheet": row.sheet,
        "at": to_micros(row.withdrawn_at or row.published_at),
    }
    if row.withdrawn_at is not None:
        content |= {"published_at": to_micros(row.published_at), "held": held is not None}
    if kind == "confirmed":
        assert held is not None, "what is confirmed was published"
        content["before"] = to_micros(held.published_at)
    batch.leaf(command.salt, content)
    return Done(None)


def erase(batch: Batch, command: Erase) -> Result:
    """Precedence: the payment, still open, erased before. An open payment needs its names.

    Where nothing is left to erase the request is let go of all the same, without a journal entry.
    """
    payment = batch.seen.payments.get(command.uetr)
    if payment is not None and not lifecycle.is_ended(payment):
        return Stale(payment)
    batch.delta.erased.append(command.uetr)
    held = batch.seen.wrapped.get(command.uetr)
    if payment is None or held is None or is_erased(held):
        return Known(payment, None)
    batch.rewrapped(command.uetr, command.mark)
    content = {"kind": "erased", "uetr": command.uetr, "cause": command.cause}
    batch.leaf(command.salt, {**content, "at": to_micros(command.at)})
    return Done(payment)


def rewrap(batch: Batch, command: Rewrap) -> Result:
    """Takes each key that is still as it was read, and no mark; the journal says how many."""
    held = batch.seen.wrapped
    keys = [each for each in command.keys if held.get(each[0]) == each[1]]
    taken = [(uetr, now) for uetr, was, now in keys if not is_erased(was)]
    for uetr, now in taken:
        batch.rewrapped(uetr, now)
    content = {"kind": "rewrapped", "wrapping": command.wrapping, "keys": len(taken)}
    batch.leaf(command.salt, {**content, "at": to_micros(command.at)})
    return Done(None)


def forget(batch: Batch, command: Forget) -> Result:
    """Lets go of what is older than the retention: keys with their answers, and tombstones.

    What is younger than the command takes it to be, open, or gone already is left as it is.
    """
    answers, graves = [], []
    # Only keys that the command names are loaded; one of the same batch may be seen by chance.
    named = [batch.seen.bindings.get(key) for key in command.keys]
    bound = {binding.uetr: binding for binding in named if binding is not None}
    for uetr in command.bindings:
        payment, answer = batch.seen.payments.get(uetr), batch.seen.answers.get(uetr)
        if payment is not None and answer is not None and _over(payment, command):
            said = [uetr, answer_digest(answer)]
            answers.append([*said, binding_digest(bound[uetr])] if uetr in bound else said)
            batch.unbind(payment)
    for grave in command.tombstones:
        buried_at = batch.seen.tombstones.get(grave)
        if buried_at is not None and buried_at < command.buried_before:
            graves.append(list(grave))
            batch.unbury(grave)
    if answers or graves:
        batch.delta.retained = {
            "answer": to_micros(command.ended_before),
            "tombstone": to_micros(command.buried_before),
        }
        content: dict[str, object] = {
            "kind": "forgotten",
            "ended_before": to_micros(command.ended_before),
            "buried_before": to_micros(command.buried_before),
            "answers": answers,
            "graves": graves,
            "at": to_micros(command.at),
        }
        batch.leaf(command.salt, content)
    return Done(None)


def _over(payment: Payment, command: Forget) -> bool:
    return lifecycle.is_ended(payment) and payment.updated_at < command.ended_before


def rekey(batch: Batch, command: Rekey) -> Result:
    """Says under the key before which key comes next, or what that key said of it."""
    content = {"kind": "key", "public": command.public.hex(), "at": to_micros(command.at)}
    signed = {} if command.signature is None else {"signed": command.signature.hex()}
    batch.leaf(command.salt, content | signed)
    return Done(None)
