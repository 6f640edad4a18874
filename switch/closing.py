"""Decisions about items in suspense: one operator proposes how one closes, another approves. Pure.

An approval carries the item as its operator saw it, with what was proposed; where that is not what
stands, nothing happens, so of two approvals one closes it. The surprise: the same approval again is
answered as the first one was, by the item's own record, and books nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch import ledger
from switch.commands import Declined, Done
from switch.delta import Claim, ending_claims
from switch.leaves import entry_content
from switch.model import to_micros
from switch.operators import ApproveClosing, ProposeClosing, SquareExposure
from switch.proposals import PROPOSALS_A_DAY
from switch.reasons import Reason
from switch.standings import PartyState, stands_of
from switch.suspense import (
    Way,
    closing_lines,
    gives_back,
    is_exposure,
    item_claim,
    origin_of,
    payer_of,
    suspended_of,
    ways_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switch.batch import Batch
    from switch.commands import Result
    from switch.ledger import Entry
    from switch.operators import ItemCommand
    from switch.suspense import Ending, Suspended

NOT_THERE: Final = (PartyState.APPLIED, PartyState.CERTIFIED, PartyState.CLOSED)
"""Members that stand so have no position that anything could be added to."""


def close(batch: Batch, command: ItemCommand) -> Result:
    """A command about an item in suspense."""
    held = batch.seen.claims.get(item_claim(command.item))
    now = None if held is None else suspended_of(held.uetr)
    if isinstance(command, SquareExposure):
        return _square(batch, command, now)
    if isinstance(command, ProposeClosing):
        began = command.begins if now is None else now
        if began is None:
            return Declined(Reason.NOT_SUSPENDED)
        if command.begins is not None and _differs(began, command.begins):
            return Declined(Reason.PROPOSAL_CHANGED)
        return _propose(batch, command, began, kept=now is not None)
    return Declined(Reason.NOT_SUSPENDED) if now is None else _approve(batch, command, now)


def _differs(held: Suspended, asked: Suspended) -> bool:
    """Whether one name was given to two amounts, or to two deposits."""
    return (held.account, held.minor) != (asked.account, asked.minor)


def _propose(batch: Batch, command: ProposeClosing, now: Suspended, *, kept: bool) -> Result:
    """Precedence: closed, proposed so, version, way, where from, the member's standing, how often.

    How often an operator may is counted for each item and day (UTC) by itself: nobody can put
    something else in the place of what was seen for ever.
    """
    if now.closed_by:
        return Declined(Reason.ITEM_CLOSED)
    if now.ending == command.ending:
        return Done(None)
    if now.version != command.version:
        return Declined(Reason.PROPOSAL_CHANGED)
    ending = command.ending
    if ending.way not in ways_of(now):
        return Declined(Reason.WAY_NOT_OPEN)
    if ending.way is Way.SETTLED and ending.institution != origin_of(now):
        return Declined(Reason.AGENT_INCORRECT)
    if ending.way is Way.RECOVERED and ending.institution not in gives_back(now):
        return Declined(Reason.AGENT_INCORRECT)
    if ending.way is Way.WRITTEN_OFF and ending.institution != origin_of(now):
        return Declined(Reason.AGENT_INCORRECT)
    if _is_gone(batch, ending):
        return Declined(Reason.PAYEE_BANK_SUSPENDED)
    day = f"{command.at:%Y-%m-%d}"
    if now.turned(ending.operator, day) >= PROPOSALS_A_DAY:
        return Declined(Reason.PROPOSALS_SPENT)
    before = now if kept else None
    _keep(batch, command, before, now.proposed(ending, day), "item_proposed", ending.operator)
    return Done(None)


def _approve(batch: Batch, command: ApproveClosing, now: Suspended) -> Result:
    """Precedence: closed, the proposal, the second pair of eyes, the member's standing, room."""
    if now.closed_by:
        same = now.seen == command.seen and now.closed_by == command.operator
        return Done(None) if same else Declined(Reason.ITEM_CLOSED)
    ending = now.ending
    if ending is None or now != command.seen:
        return Declined(Reason.PROPOSAL_CHANGED)
    if ending.operator == command.operator:
        return Declined(Reason.SAME_OPERATOR)
    if _is_gone(batch, ending):
        return Declined(Reason.PAYEE_BANK_SUSPENDED)
    return _book(batch, command, now, now, command.operator)


def _square(batch: Batch, command: SquareExposure, now: Suspended | None) -> Result:
    """Nothing where it is closed; where it is not as it was seen, whoever asks looks again."""
    if now is None or now.closed_by:
        return Done(None)
    ending = command.seen.ending
    if ending is None or replace(command.seen, ending=now.ending) != now or not is_exposure(now):
        return Declined(Reason.PROPOSAL_CHANGED)
    return _book(batch, command, now, command.seen, ending.operator)


def _book(
    batch: Batch, command: ItemCommand, now: Suspended, ends: Suspended, operator: str
) -> Result:
    """Book what closes an item, and keep it as closed; or why its accounts cannot take it."""
    lines = closing_lines(ends)
    refusal = batch.books.post(lines, payer_of(lines))
    if refusal is not None:
        return Declined(refusal)
    entries = batch.book(command.item, ledger.posting(lines), None)
    after = replace(ends, closed_by=operator, closed_at=to_micros(command.at))
    _keep(batch, command, now, after, "item_closed", operator, entries)
    return Done(None)


def _is_gone(batch: Batch, ending: Ending) -> bool:
    """Whether an item would be given to a member that is not there, or not any more."""
    stands = [batch.seen.claims.get(name) for name in ending_claims(ending)]
    return any(each is not None and stands_of(each.uetr).state in NOT_THERE for each in stands)


def _keep(  # what an entry says
    batch: Batch,
    command: ItemCommand,
    before: Suspended | None,
    after: Suspended,
    kind: str,
    operator: str,
    entries: Sequence[Entry] = (),
) -> None:
    name, text = item_claim(command.item), after.text()
    batch.claim(Claim(name, text, released=False))
    content = {
        "kind": kind,
        "kept": [name, text] if before is None else [name, text, before.text()],
        "operator": operator,
        "of": command.item,
        "at": to_micros(command.at),
        "entries": [entry_content(entry) for entry in entries],
    }
    batch.leaf(command.salt, content)
