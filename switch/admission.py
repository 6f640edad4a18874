"""Decisions about how members and merchants stand, and whom that shuts out. Pure.

One operator proposes a step, another approves it; each of the two is a version of the party, so
that an approval names exactly what was seen, and the newest proposal takes the place of the one
before. The surprise: it is kept where claims are, under the party's name, because there too one
name holds one thing, and the journal says of each what it was before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch.commands import Declined, Done
from switch.delta import Claim, doors_of
from switch.model import to_micros
from switch.operators import ApproveStep, Enrol, ProposeStep
from switch.reasons import Reason
from switch.standings import (
    PartyState,
    Proposed,
    Stands,
    claim_of,
    kind_of,
    shut_by,
    stands_of,
    target_of,
)

if TYPE_CHECKING:
    from switch.batch import Batch
    from switch.commands import Open, Result
    from switch.operators import PartyCommand

BY_CONFIGURATION: Final = "configuration"
"""Stands in the journal for an operator where nobody decided anything yet."""


def admit(batch: Batch, command: PartyCommand) -> Result:
    """A command about how a party stands."""
    match command:
        case Enrol():
            return _enrol(batch, command)
        case ProposeStep():
            return _propose(batch, command)
        case ApproveStep():
            return _approve(batch, command)


def _enrol(batch: Batch, command: Enrol) -> Result:
    """Nothing where something was decided about the party before."""
    if claim_of(command.party) not in batch.seen.claims:
        _keep(batch, command, None, Stands(command.state, 1))
    return Done(None)


def _propose(batch: Batch, command: ProposeStep) -> Result:
    """Precedence: the version, what is possible. What was proposed before is no more."""
    held = batch.seen.claims.get(claim_of(command.party))
    now = Stands(PartyState.ACTIVE) if held is None else stands_of(held.uetr)
    if now.version != command.version:
        return Declined(Reason.PROPOSAL_CHANGED)
    if target_of(kind_of(command.party), now.state, command.step) is None:
        return Declined(Reason.STEP_IMPOSSIBLE)
    proposed = Proposed(command.step, command.operator, command.reference)
    after = replace(now, version=now.version + 1, proposed=proposed)
    _keep(batch, command, held, after)
    return Done(None)


def _approve(batch: Batch, command: ApproveStep) -> Result:
    """Precedence: the proposal, the second pair of eyes, what is possible, what is still owed."""
    held = batch.seen.claims.get(claim_of(command.party))
    now = None if held is None else stands_of(held.uetr)
    if now is None or now.version != command.version or now.proposed is None:
        return Declined(Reason.PROPOSAL_CHANGED)
    if now.proposed.operator == command.operator:
        return Declined(Reason.SAME_OPERATOR)
    state = target_of(kind_of(command.party), now.state, now.proposed.step)
    if state is None:
        return Declined(Reason.STEP_IMPOSSIBLE)
    if state is PartyState.CLOSED and not all(map(batch.books.is_square, command.accounts)):
        return Declined(Reason.POSITION_OPEN)
    _keep(batch, command, held, Stands(state, now.version + 1))
    return Done(None)


def shut(batch: Batch, command: Open) -> Reason | None:
    """Why what is opened now may not come to a party, or from it, as that stands."""
    for party, door in doors_of(command):
        held = batch.seen.claims.get(claim_of(party))
        reason = None if held is None else shut_by(party, stands_of(held.uetr).state, door)
        if reason is not None:
            return reason
    return None


def _keep(batch: Batch, command: PartyCommand, held: Claim | None, after: Stands) -> None:
    name, text = claim_of(command.party), after.text()
    batch.claim(Claim(name, text, released=False))
    content: dict[str, object] = {
        "kind": "standing",
        "claim": name,
        "stands": text,
        "operator": BY_CONFIGURATION if isinstance(command, Enrol) else command.operator,
        "at": to_micros(command.at),
    }
    if isinstance(command, Enrol):
        content["config_version"] = command.config_version
    if held is not None:
        content["before"] = held.uetr
    batch.leaf(command.salt, content)
