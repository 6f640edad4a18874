"""The one decision that every store engine shares: commands in, a delta and results out. Pure.

An engine loads what ``delta.wanted`` and ``delta.accounts_wanted`` name, calls :func:`decide` on
the batch, and writes the delta. Commands see the effects of those before them in the batch, so a
batch equals its commands one by one. Checks have a fixed order of precedence, stated at each
function: the duplicate check comes before anything with an effect. What is no payment's own course
is decided in ``upkeep``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch import ledger, lifecycle, upkeep
from switch.batch import Batch
from switch.commands import (
    Attempt,
    Bury,
    Command,
    Conclude,
    Configure,
    Conflict,
    Declined,
    Done,
    Erase,
    Forget,
    Known,
    Open,
    Publish,
    Receive,
    Refuse,
    Rekey,
    Result,
    Rewrap,
    Stale,
)
from switch.delta import (
    Claim,
    Delta,
    Snapshot,
    answer_digest,
    binding_digest,
    exchange_digest,
    sealed_digest,
)
from switch.ledger import Entry, Phase
from switch.lifecycle import STATES, Event, Stand, Verdict
from switch.model import State
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.commands import Binding
    from switch.model import Payment


def decide(
    snapshot: Snapshot, commands: Sequence[Command], block: int
) -> tuple[Delta, list[Result]]:
    """Decide a batch. ``block`` numbers the journal block that will hold it, across slots."""
    batch = Batch(snapshot, block)
    results = [_one(batch, command) for command in commands]
    return batch.finish(), results


def _one(batch: Batch, command: Command) -> Result:
    match command:
        case Open():
            return _open(batch, command)
        case Refuse():
            return _refuse(batch, command)
        case Attempt():
            return _attempt(batch, command)
        case Conclude():
            return _conclude(batch, command)
        case Bury():
            return upkeep.bury(batch, command)
        case Receive():
            return upkeep.receive(batch, command)
        case Configure():
            return upkeep.configure(batch, command)
        case Publish():
            return upkeep.publish(batch, command)
        case Erase():
            return upkeep.erase(batch, command)
        case Rewrap():
            return upkeep.rewrap(batch, command)
        case Forget():
            return upkeep.forget(batch, command)
        case Rekey():
            return upkeep.rekey(batch, command)


def _open(batch: Batch, command: Open) -> Result:
    """Precedence: duplicate, tombstone, quote used, quote expired, rate withdrawn, caps."""
    payment = command.payment
    known = _bound(batch, command.binding, payment.uetr)
    if known is not None:
        return known
    if (payment.origin, payment.uetr) in batch.seen.tombstones:
        return Declined(Reason.TOMBSTONED)
    claim = batch.seen.claims.get(payment.terms.quote_id)
    if claim is not None and not claim.released:
        return Declined(Reason.QUOTE_USED)
    if payment.opened_at >= payment.terms.quote_expires_at:
        return Declined(Reason.QUOTE_EXPIRED)
    rates = [batch.seen.rates.get(key) for key in payment.terms.rate_keys]
    if any(rate is not None and rate.withdrawn_at is not None for rate in rates):
        return Declined(Reason.RATE_WITHDRAWN)
    lines = batch.seen.lines_of(payment)
    refusal = batch.books.reserve(lines)
    if refusal is not None:
        return Declined(refusal)
    assert STATES[payment.state].stand is Stand.RESERVED, "an opened payment reserves"
    entries = batch.book(payment.uetr, ledger.reserving(lines), None)
    given_back = None if claim is None else claim.uetr
    batch.claim(Claim(payment.terms.quote_id, payment.uetr, released=False))
    payment = batch.bind(command.binding, payment, entries[0].entry_id)
    batch.delta.exchanges.append(command.exchange)
    batch.lock(payment, command.wrapped_key)
    more = {
        "frozen": batch.frozen(payment),
        "sealed": [sealed_digest(command.exchange.sealed)],
        "exchange": exchange_digest(command.exchange),
        "bound": binding_digest(command.binding),
    }
    if given_back is not None:
        more["given_back"] = given_back
    batch.journal("opened", payment, entries, command.salt, more)
    return Done(payment)


def _refuse(batch: Batch, command: Refuse) -> Result:
    """Precedence: duplicate. The payment exists as refused; money never moved."""
    payment = command.payment
    known = _bound(batch, command.binding, payment.uetr)
    if known is not None:
        return known
    assert payment.state is State.REFUSED, "a refusal is of a refused payment"
    assert payment.reason is not None, "a refusal has its reason"
    payment = batch.bind(command.binding, payment)
    batch.lock(payment, command.wrapped_key)
    batch.answer(payment, command.answer)
    more = {
        "answer": answer_digest(command.answer),
        "frozen": batch.frozen(payment),
        "bound": binding_digest(command.binding),
    }
    batch.journal("refused", payment, [], command.salt, more)
    return Done(payment)


def _attempt(batch: Batch, command: Attempt) -> Result:
    """Precedence: the version. Records an enquiry before it is sent."""
    payment = batch.seen.payments[command.uetr]
    if payment.version != command.version:
        return Stale(payment)
    before = payment.block
    verdict, payment = lifecycle.advance(
        payment, Event.RUNG, at=command.at, next_at=command.next_at, block=batch.block
    )
    assert verdict is Verdict.MOVE, "an enquiry is recorded where the ladder runs"
    batch.delta.exchanges.append(command.exchange)
    batch.keep(payment)
    more = {
        "before": before,
        "sealed": [sealed_digest(command.exchange.sealed)],
        "exchange": exchange_digest(command.exchange),
    }
    batch.journal("enquired", payment, [], command.salt, more)
    return Done(payment)


def _conclude(batch: Batch, command: Conclude) -> Result:
    """Precedence: the version, then the table. Money follows from the two states."""
    before = batch.seen.payments[command.uetr]
    if before.version != command.version:
        return Stale(before)
    verdict, payment = lifecycle.advance(
        before,
        command.event,
        at=command.at,
        next_at=command.next_at,
        reason=command.reason if not lifecycle.is_final(before) else None,
        far_reference=command.far_reference,
        block=batch.block,
    )
    if verdict is Verdict.IGNORE:
        return Done(payment)
    entries = _settle(batch, before, payment, command.event) if verdict is Verdict.MOVE else []
    more: dict[str, object] = {"before": before.block}
    if verdict is Verdict.MOVE and lifecycle.is_final(payment):
        assert command.answer is not None, "a final state stores its answer"
        batch.answer(payment, command.answer)
        more["answer"] = answer_digest(command.answer)
        if command.event is Event.NOT_SENT:
            batch.claim(Claim(payment.terms.quote_id, payment.uetr, released=True))
    batch.keep(payment)
    if command.evidence is not None:
        batch.delta.sealed.append(command.evidence)
        more["sealed"] = [sealed_digest(command.evidence)]
    kind = "disputed" if verdict is Verdict.DISPUTE else command.event.value
    batch.journal(kind, payment, entries, command.salt, more)
    return Done(payment)


def _bound(batch: Batch, binding: Binding, uetr: str) -> Result | None:
    """The duplicate check, by the key; contents are compared by who can open the data key."""
    held = batch.seen.bindings.get((binding.scope, binding.key))
    if held is None:
        return Conflict("uetr") if uetr in batch.seen.payments else None
    return Known(batch.seen.payments[held.uetr], batch.seen.answers.get(held.uetr), held)


def _settle(batch: Batch, before: Payment, after: Payment, event: Event) -> list[Entry]:
    """Book what the change of state means for the money: nothing, posting or releasing."""
    was, now = STATES[before.state].stand, STATES[after.state].stand
    if was is now:
        return []
    assert was is Stand.RESERVED, "only a reservation is posted or voided"
    lines = batch.seen.lines_of(after)
    if now is Stand.POSTED:
        parts = ledger.posting(lines)
    else:
        expired = event is Event.NOT_SENT
        parts = ledger.releasing(lines, Phase.EXPIRED if expired else Phase.VOIDED)
    batch.books.resolve(parts)
    return batch.book(after.uetr, parts, after.reservation)
