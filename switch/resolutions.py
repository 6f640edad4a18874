"""Decisions of two operators about payments that nothing else ends. Pure.

One proposes with evidence, another approves, and both stand in the journal. A proposal is a claim
on one version of a payment, so that it lapses when the payment moves on by itself, and is carried
out once. The surprise: a dispute changes no answer and no booking of before; what is booked for it
is a set of its own, on the account of whoever bears such losses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch import ledger, lifecycle
from switch.commands import Conflict, Declined, Done, Known, Stale
from switch.delta import Claim
from switch.leaves import sealed_digest
from switch.model import Funding, Kind, changed, to_micros
from switch.operators import Action
from switch.parts import counts, gave_back, is_reversal, linked_places
from switch.proposals import (
    PROPOSALS_A_DAY,
    actions_for,
    gives_back_whole,
    lines_for,
    lines_gone,
    out_of_suspense,
    proposal_id,
    proposal_place,
    turn_of,
)
from switch.reasons import Reason
from switch.states import STATES, Event, Stand, Timer
from switch.suspense import (
    exposed_item,
    exposure_of,
    is_owed_by_hand,
    item_claim,
    put_down,
    squared,
    suspended_of,
    unbooked_item,
    upheld_item,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switch.batch import Batch
    from switch.commands import Conclude, Open, Result
    from switch.ledger import Line
    from switch.model import Payment
    from switch.operators import Approve, Propose
    from switch.suspense import Suspended

NOT_CARRIED_OUT: Final = "not carried out after all"
"""Why an exposure is closed whose booking two operators took back."""

_CONCLUDED: Final = (
    *(Action.ACCEPTED, Action.REFUSED, Action.RELEASE),
    *(Action.BLOCK, Action.UNBLOCK, Action.SURRENDER),
)
"""What ends, or lets go on, a payment that is not final yet."""


def propose(batch: Batch, command: Propose) -> Result:
    """Precedence: the version, what is possible, proposed before, how often, one at its place."""
    payment = batch.seen.payments[command.uetr]
    if payment.version != command.version:
        return Stale(payment)
    if command.action not in actions_for(payment):
        return Declined(Reason.TRANSACTION_UNSUPPORTED)
    name, place = proposal_id(command), proposal_place(command)
    if name in batch.seen.claims:
        return Known(payment, None)
    if not 1 <= command.turn <= PROPOSALS_A_DAY:
        return Declined(Reason.PROPOSALS_SPENT)
    turn = turn_of(command)
    if place in batch.seen.claims or turn in batch.seen.claims:
        return Declined(Reason.PROPOSAL_CHANGED)
    batch.claim(Claim(name, payment.uetr, released=False))
    batch.claim(Claim(place, payment.uetr, released=False))
    batch.claim(Claim(turn, payment.uetr, released=False))
    replaced = batch.seen.claims.get(command.replaces)
    if replaced is not None:
        batch.claim(Claim(replaced.quote_id, payment.uetr, released=True))
    batch.delta.sealed.append(command.sealed)
    batch.delta.numbers[payment.uetr] = payment.payment_id
    content = {
        "kind": "proposed",
        "uetr": payment.uetr,
        "claim": name,
        "place": place,
        "turn": turn,
        "operator": command.operator,
        "sealed": [sealed_digest(command.sealed)],
        "at": to_micros(command.at),
        **({} if replaced is None else {"replaced": replaced.quote_id}),
    }
    batch.leaf(command.salt, content)
    return Done(payment)


def approve(
    batch: Batch,
    command: Approve,
    conclude: Callable[[Batch, Conclude], Result],
    opened: Callable[[Batch, Open], Result],
) -> Result:
    """Precedence: the version, the proposal, the second pair of eyes, then what it means."""
    payment = batch.seen.payments[command.uetr]
    if payment.version != command.version:
        return Stale(payment)
    name = proposal_id(command)
    claim = batch.seen.claims.get(name)
    if claim is None or claim.released or command.action not in actions_for(payment):
        return Declined(Reason.PROPOSAL_CHANGED)
    if command.operator == command.proposer:
        return Declined(Reason.SAME_OPERATOR)
    if command.action is Action.REFUSED and is_reversal(payment):
        # It was agreed to before: what that made may have arrived meanwhile.
        if command.judged.original != payment.original:
            return Conflict("original")
        if any(gave_back(each) for each in _refunds(batch, command, payment)):
            return Declined(Reason.NOT_REFUNDABLE)
    if command.conclude is not None:
        result = conclude(batch, command.conclude)
    else:
        result = _settled(batch, command, payment, name, opened)
    if not isinstance(result, Done):
        return result
    batch.claim(Claim(name, payment.uetr, released=True))
    if command.conclude is not None:
        content = {
            "kind": "approved",
            "uetr": payment.uetr,
            "claim": name,
            "operator": command.operator,
            "at": to_micros(command.at),
        }
        batch.leaf(command.salt, content)
    return result


def _unsettled(batch: Batch, command: Approve, payment: Payment) -> Reason | None:
    """Why this does not settle a dispute, by what gave its money back or still may."""
    if command.action is Action.BOOK and out_of_suspense(payment):
        others = _beside(batch, command, payment)
        open_yet = any(not STATES[each.state].final for each in others)
        return Reason.NOT_ENDED if open_yet else None
    linked = _linked(batch, payment.uetr)
    if command.action is Action.OWE:
        ours = any(each.kind is Kind.REFUND and gave_back(each) for each in linked)
        return Reason.NOT_REFUNDABLE if ours else None
    accepted = STATES[payment.state].stand is Stand.POSTED
    if command.action is Action.UNBOOK and accepted and any(counts(each) for each in linked):
        # What came back of it shows that it was carried out, and its payer has it already.
        return Reason.PART_GONE_BACK
    exposed = _exposed(batch, payment)
    if command.action is Action.UNBOOK and exposed is not None and exposed.closed_by:
        # It was made good, or written off: taken back as well it would be twice.
        return Reason.ITEM_CLOSED
    return None


def _linked(batch: Batch, uetr: str) -> list[Payment]:
    held = [batch.seen.payments.get(name) for name in linked_places(uetr)]
    return [each for each in held if each is not None]


def _refunds(batch: Batch, command: Approve, payment: Payment) -> list[Payment]:
    """What gives back the same money in suspense, beside this payment itself."""
    reverses = is_reversal(payment) or payment.funding is Funding.REVERSED
    return [
        each
        for each in _linked(batch, payment.original)
        if each.uetr not in (payment.uetr, *command.judged.apart)
        and out_of_suspense(each)
        and (each.funding is Funding.REVERSED) is reverses
    ]


def _beside(batch: Batch, command: Approve, payment: Payment) -> list[Payment]:
    """What else took, or may take, the same money out of suspense as one that gives it back."""
    refunds = _refunds(batch, command, payment)
    return [each for each in refunds if each.reason is None or each.rung == lifecycle.BORNE]


def _lines(batch: Batch, command: Approve, payment: Payment) -> tuple[Line, ...]:
    """What is booked; of what gives money back by where that stands now."""
    if command.action is not Action.BOOK or not out_of_suspense(payment):
        return lines_for(payment, command.action, command.paid)
    if _beside(batch, command, payment):
        return lines_gone(payment, owed=False)
    if gives_back_whole(payment):
        original = batch.seen.payments[payment.original]
        if STATES[original.state].timer is not Timer.CHILD:
            return lines_gone(payment, owed=True)
    else:
        waits = batch.seen.payments.get(command.judged.recall)
        if waits is None or STATES[waits.state].final:
            return lines_gone(payment, owed=False)
    return lines_for(payment, command.action, command.paid)


def _put_down(
    batch: Batch, command: Approve, payment: Payment, booked: Sequence[Line]
) -> dict[str, object]:
    """Keep as an item, once, what stays in suspense with nobody who would pay it out."""
    match command.action:
        case Action.UPHOLD if is_owed_by_hand(payment):
            item, booked = upheld_item(payment.uetr), batch.seen.lines_of(payment)
        case Action.UNBOOK:
            item = unbooked_item(payment.uetr)
        case _:
            return {}
    name, held = item_claim(item), put_down(booked, to_micros(command.at))
    if held is None or name in batch.seen.claims:
        return {}
    batch.claim(Claim(name, held.text(), released=False))
    return {"kept": [name, held.text()]}


def _exposed(batch: Batch, payment: Payment) -> Suspended | None:
    """The exposure that a payment is kept with, open or closed; None where there is none."""
    held = batch.seen.claims.get(item_claim(exposed_item(payment.uetr)))
    return None if held is None else suspended_of(held.uetr)


def _exposure(
    batch: Batch, command: Approve, payment: Payment, booked: Sequence[Line]
) -> dict[str, object]:
    """Keep what a payment booked against its refusal exposes its bearer by, until it is ended.

    Booked back it is closed, and booked once more it is open again, as a later version.
    """
    made = exposure_of(payment, booked, to_micros(command.at))
    if made is None or command.action not in (Action.BOOK, Action.UNBOOK):
        return {}
    before, name = _exposed(batch, payment), item_claim(exposed_item(payment.uetr))
    if command.action is Action.BOOK:
        after = made if before is None else replace(made, version=before.version + 1)
    elif before is None:
        return {}  # it was booked before items of exposures were kept
    else:
        ended = squared(before, command.proposer, NOT_CARRIED_OUT)
        after = replace(ended, closed_by=command.operator, closed_at=made.since)
    batch.claim(Claim(name, after.text(), released=False))
    return {"kept": [name, after.text(), *([] if before is None else [before.text()])]}


def _rung(payment: Payment, action: Action) -> int:
    """Whether a payment is booked against its answer from now on; upheld, it is as it was."""
    against = payment.rung == lifecycle.BORNE
    if action in (Action.BOOK, Action.UNBOOK):
        against = not against
    return lifecycle.BORNE if against else 0


def _settled(
    batch: Batch,
    command: Approve,
    payment: Payment,
    name: str,
    opened: Callable[[Batch, Open], Result],
) -> Result:
    """A dispute ends: what was answered stays, what it cost is booked.

    Its journal entry says who approved it too: a salt is of one entry alone. What it opens is
    opened with it or not at all.
    """
    if command.action in _CONCLUDED:
        return Conflict("conclude")
    if (command.action is Action.MATCH) != (command.opens is not None):
        return Conflict("opens")
    judged = command.action is Action.BOOK and out_of_suspense(payment)
    if judged and command.judged.original != payment.original:
        return Conflict("original")
    unsettled = _unsettled(batch, command, payment)
    if unsettled is not None:
        return Declined(unsettled)
    lines = _lines(batch, command, payment)
    made = () if command.opens is None else batch.seen.lines_of(command.opens.payment)
    if not batch.books.fits((*lines, *made)):
        return Declined(Reason.ACCOUNT_FULL)
    if batch.books.overdraws(lines):
        return Declined(Reason.FUNDS_INSUFFICIENT)
    if command.opens is not None:
        result = opened(batch, command.opens)
        if not isinstance(result, Done):
            return result
    refusal = batch.books.post(lines) if lines else None
    assert refusal is None, "it fits together with what is opened"
    entries = batch.book(payment.uetr, ledger.posting(lines), None) if lines else []
    before = payment.block
    if command.action is Action.OWE:
        _, owed = lifecycle.advance(payment, Event.OWED, at=command.at, next_at=None)
        payment = changed(owed, version=payment.version)
    again = command.action is Action.AGAIN and STATES[payment.state].timer is not Timer.NONE
    payment = changed(
        payment,
        disputed=False,
        version=payment.version + 1,
        updated_at=command.at,
        next_at=command.at if again else None,
        rung=_rung(payment, command.action),
        block=batch.block,
    )
    batch.keep(payment)
    more: dict[str, object] = {"before": before, "claim": name, "operator": command.operator}
    more |= _put_down(batch, command, payment, lines)
    more |= _exposure(batch, command, payment, lines)
    batch.journal("settled", payment, entries, command.salt, more)
    return Done(payment)
