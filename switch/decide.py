"""The one decision that every store engine shares: commands in, a delta and results out. Pure.

An engine loads what ``delta.wanted`` and ``delta.accounts_wanted`` name, calls :func:`decide` on
the batch, and writes the delta. Commands see the effects of those before them in the batch, so a
batch equals its commands one by one. Checks have a fixed order of precedence, stated at each
function: the duplicate check comes before anything with an effect. What is no payment's own course
is decided in ``upkeep``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch import admission, closing, ledger, lifecycle, resolutions, upkeep
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
from switch.delta import Claim, Delta, Snapshot, answer_digest, binding_digest, exchange_digest
from switch.fitting import unlinkable
from switch.leaves import sealed_digest
from switch.ledger import Entry, Phase
from switch.lifecycle import STATES, Event, Stand, Verdict
from switch.model import Kind, State, changed
from switch.operators import Approve, ApproveClosing, Propose, ProposeClosing, SquareExposure
from switch.postings import lines_at_once
from switch.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fx.money import Money
    from switch.commands import Binding, PlannedExchange, Sealed
    from switch.ledger import Line
    from switch.model import Payment
    from switch.operators import ItemCommand, PartyCommand


_UNSENT: Final = ("held", "booked")
"""What the journal calls an opening without an exchange: nothing is posted, or all of it."""


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
        case Propose():
            return resolutions.propose(batch, command)
        case Approve():
            return resolutions.approve(batch, command, _conclude, _open)
        case _:
            return _beside_payments(batch, command)


def _beside_payments(batch: Batch, command: PartyCommand | ItemCommand) -> Result:
    """What two operators decide that is no payment's own."""
    if isinstance(command, ProposeClosing | ApproveClosing | SquareExposure):
        return closing.close(batch, command)
    return admission.admit(batch, command)


def _open(batch: Batch, command: Open) -> Result:
    """Precedence: duplicate, tombstones, quote, name, expired, rate withdrawn, doors, caps."""
    payment = command.payment
    known = _bound(batch, command.binding, payment.uetr)
    if known is not None:
        return known
    if command.item_hash in batch.seen.incoming:
        return Done(None)
    claim = batch.seen.claims.get(payment.terms.quote_id)
    refusal = _unopenable(batch, command, claim) or admission.shut(batch, command)
    if refusal is None:
        lines = _lines(batch, command)
        refusal = _opening(batch, command, lines)
    if refusal is not None:
        return Declined(refusal)
    stand = STATES[payment.state].stand
    reserves = stand is Stand.RESERVED and not command.item_hash
    parts = ledger.reserving(lines) if reserves else ledger.posting(lines)
    entries = batch.book(payment.uetr, parts, None)
    given_back = None if claim is None else claim.uetr
    batch.claim(Claim(payment.terms.quote_id, payment.uetr, released=False))
    reservation = entries[0].entry_id if entries and reserves else None
    payment = batch.bind(command.binding, payment, reservation)
    batch.lock(payment, command.wrapped_key)
    more: dict[str, object] = {
        "frozen": batch.frozen(payment),
        "bound": binding_digest(command.binding),
        **_sent(batch, command.exchange, command.sealed, command.evidence),
    }
    if given_back is not None:
        more["given_back"] = given_back
    if command.item_hash:
        batch.take(command.item_hash)
        more["item"] = command.item_hash
    if command.answer is not None:
        assert lifecycle.is_final(payment), "only what is final is answered for good"
        batch.answer(payment, command.answer)
        more["answer"] = answer_digest(command.answer)
    kind = "opened" if command.exchange is not None else _UNSENT[stand is Stand.POSTED]
    batch.journal(kind, payment, entries, command.salt, more)
    return Done(payment)


def _unopenable(batch: Batch, command: Open, claim: Claim | None) -> Reason | None:
    """Why a payment may not be opened, before the money is looked at."""
    payment = command.payment
    if command.order and (payment.network, command.order) in batch.seen.tombstones:
        # Whose it is to be paid was told that it never will be.
        return Reason.CANCELLED
    linked = payment.kind is not Kind.PAYMENT
    # Nobody names a linked payment by its UETR, so whoever buries that buries nothing.
    grave = command.grave or ("" if linked else payment.uetr)
    if grave and (payment.origin, grave) in batch.seen.tombstones:
        return Reason.TOMBSTONED
    if claim is not None and not claim.released:
        return Reason.QUOTE_USED
    if command.named and (payment.network, payment.reference) in batch.seen.named:
        return Reason.DUPLICATE
    if linked:
        return unlinkable(batch.seen.payments.get(payment.original), payment)
    if payment.opened_at >= payment.terms.quote_expires_at:
        return Reason.QUOTE_EXPIRED
    rates = [batch.seen.rates.get(key) for key in payment.terms.rate_keys]
    if any(rate is not None and rate.withdrawn_at is not None for rate in rates):
        return Reason.RATE_WITHDRAWN
    return None


def _lines(batch: Batch, command: Open) -> Sequence[Line]:
    """What an opening reserves or posts: its own set, what came in with it, or nothing yet."""
    if command.item_hash:
        return lines_at_once(command.payment, Event.UNASKED)
    nothing = STATES[command.payment.state].stand is Stand.NONE
    return () if nothing else batch.seen.lines_of(command.payment)


def _opening(batch: Batch, command: Open, lines: Sequence[Line]) -> Reason | None:
    """Take what an opening needs from the books: reserved, posted at once, or nothing yet."""
    if STATES[command.payment.state].stand is Stand.RESERVED and not command.item_hash:
        return batch.books.reserve(lines)
    return batch.books.post(lines) if lines else None


def _sent(
    batch: Batch, exchange: PlannedExchange | None, *records: Sealed | None
) -> dict[str, object]:
    """Keep an exchange and sealed records; what the journal says of them."""
    more: dict[str, object] = {}
    digests = []
    if exchange is not None:
        batch.delta.exchanges.append(exchange)
        digests.append(sealed_digest(exchange.sealed))
        more["exchange"] = exchange_digest(exchange)
    for sealed in records:
        if sealed is not None:
            batch.delta.sealed.append(sealed)
            digests.append(sealed_digest(sealed))
    if digests:
        more["sealed"] = digests
    return more


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
    """Precedence: the version. Records an enquiry, a cancel or a confirmation before it is sent."""
    payment = batch.seen.payments[command.uetr]
    if payment.version != command.version:
        return Stale(payment)
    before = payment.block
    verdict, payment = lifecycle.advance(
        payment, command.event, at=command.at, next_at=command.next_at, block=batch.block
    )
    assert verdict is Verdict.MOVE, "what is repeated is recorded where its timer runs"
    batch.keep(payment)
    more = {"before": before, **_sent(batch, command.exchange)}
    kind = "enquired" if command.event is Event.RUNG else command.event.value
    batch.journal(kind, payment, [], command.salt, more)
    return Done(payment)


def _conclude(batch: Batch, command: Conclude) -> Result:
    """Precedence: the item, the version, the table, then caps. Money follows from the states."""
    before = batch.seen.payments[command.uetr]
    if command.item_hash in batch.seen.incoming:
        return Done(before)
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
    assert verdict is Verdict.MOVE or not command.item_hash, "money that came in is taken in"
    if verdict is Verdict.IGNORE:
        return Done(payment)
    entries: list[Entry] = []
    if verdict is Verdict.MOVE:
        settled = _settle(batch, before, payment, command.event, command.paid)
        if isinstance(settled, Reason):
            return Declined(settled)
        entries, payment = settled
    more: dict[str, object] = {"before": before.block}
    if verdict is Verdict.MOVE and lifecycle.is_final(payment) and not lifecycle.is_final(before):
        assert command.answer is not None, "a final state stores its answer"
        batch.answer(payment, command.answer)
        more["answer"] = answer_digest(command.answer)
        if command.event is Event.NOT_SENT:
            batch.claim(Claim(payment.terms.quote_id, payment.uetr, released=True))
    batch.keep(payment)
    if command.item_hash:
        batch.take(command.item_hash)
        more["item"] = command.item_hash
    more |= _sent(batch, command.exchange, command.evidence)
    kind = "disputed" if verdict is Verdict.DISPUTE else command.event.value
    batch.journal(kind, payment, entries, command.salt, more)
    return Done(payment)


def _bound(batch: Batch, binding: Binding, uetr: str) -> Result | None:
    """The duplicate check, by the key; contents are compared by who can open the data key."""
    held = batch.seen.bindings.get((binding.scope, binding.key))
    if held is None:
        return Conflict("uetr") if uetr in batch.seen.payments else None
    return Known(batch.seen.payments[held.uetr], batch.seen.answers.get(held.uetr), held)


def _settle(
    batch: Batch, before: Payment, after: Payment, event: Event, paid: Money | None
) -> tuple[list[Entry], Payment] | Reason:
    """Book what the change of state means for the money, or say why it cannot be reserved.

    Reserving, posting or releasing what is reserved follows from the two states; beside it a flow
    may post a set at once (:func:`~switch.postings.lines_at_once`).
    """
    was, now = STATES[before.state].stand, STATES[after.state].stand
    entries: list[Entry] = []
    at_once = lines_at_once(before, event, paid)
    moves = was is not now and Stand.RESERVED in (was, now)
    reserves = moves and now is Stand.RESERVED
    lines = batch.seen.lines_of(after) if moves else ()
    refusal = batch.books.reserve(lines) if reserves else None
    if refusal is None and at_once:
        refusal = batch.books.post(at_once)
        if refusal is not None and reserves:
            # Nothing may be left of a command that is declined.
            batch.books.resolve(ledger.releasing(lines, Phase.VOIDED))
    if refusal is not None:
        return refusal
    if reserves:
        entries = batch.book(after.uetr, ledger.reserving(lines), None)
        after = changed(after, reservation=entries[0].entry_id)
    elif moves:
        entries = _resolved(batch, after, lines, now, event)
    if at_once:
        entries += batch.book(after.uetr, ledger.posting(at_once), None)
    return entries, after


def _resolved(
    batch: Batch, payment: Payment, lines: Sequence[Line], now: Stand, event: Event
) -> list[Entry]:
    if now is Stand.POSTED:
        parts = ledger.posting(lines)
    else:
        expired = event in (Event.NOT_SENT, Event.EXPIRED)
        parts = ledger.releasing(lines, Phase.EXPIRED if expired else Phase.VOIDED)
    batch.books.resolve(parts)
    return batch.book(payment.uetr, parts, payment.reservation)
