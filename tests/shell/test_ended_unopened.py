"""What nobody can open is ended by people all the same: its names are gone, its money is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.casework import Proposal
from switch.commands import Done, Erase
from switch.inbound_port import InboundNotice
from switch.model import State
from switch.operators import Action
from switch.port import Outcome, OutcomeKind
from switch.proposals import actions_for
from switch.reasons import Reason
from switch.store.vault import erasure_mark
from switch.sweeper import AWAY_LOOKS_MAX, LOOKS_MAX
from tests.shell.approving import approved
from tests.shell.hand_parts import LOST, said
from tests.shell.test_returns import EVIDENCE
from tests.shell.test_unreadable import DAMAGES, key_flipped, looked_at, without_wrapping_key
from tests.shell.test_unreadable import shell as shell  # noqa: PLC0414  a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from switch.model import Payment
    from tests.shell.shell_rig import Shell

REFUSED = Proposal(Action.REFUSED, Reason.ACCOUNT_CLOSED, EVIDENCE)
ACCEPTED = Proposal(Action.ACCEPTED, None, EVIDENCE)


async def left_to_people(shell: Shell, damage: Callable[[Shell, Payment], None]) -> Payment:
    shell.transport.script("thailand", LOST)
    payment = await shell.opened()
    damage(shell, payment)
    await looked_at(shell, LOOKS_MAX + 2)
    held = shell.payment(payment.uetr)
    assert held.state is State.MANUAL
    return held


async def ended(shell: Shell, payment: Payment, proposal: Proposal) -> Payment | Reason:
    """What two operators make of it."""
    casework = shell.aftercare.casework
    made = await casework.propose(payment.uetr, "one", proposal)
    assert not isinstance(made, Reason), made
    return await approved(casework, payment.uetr, "two")


@DAMAGES
@pytest.mark.parametrize(
    ("proposal", "state"), [(REFUSED, State.REFUSED), (ACCEPTED, State.ACCEPTED)]
)
async def test_what_is_left_to_people_is_ended_by_them(
    shell: Shell,
    damage: Callable[[Shell, Payment], None],
    proposal: Proposal,
    state: State,
) -> None:
    held = await left_to_people(shell, damage)
    after = await ended(shell, held, proposal)
    standing = await shell.payments.find(held.uetr)

    assert not isinstance(after, Reason)
    assert after.state is state
    assert shell.pending() == []
    assert standing is not None
    assert standing.answer is not None


async def test_what_was_proposed_is_shown_and_can_be_replaced(shell: Shell) -> None:
    held = await left_to_people(shell, key_flipped)
    casework = shell.aftercare.casework
    await casework.propose(held.uetr, "one", REFUSED)
    case: Any = await casework.case(held.uetr, "two")
    assert case["proposal"]["evidence"] == EVIDENCE
    again = Proposal(Action.ACCEPTED, None, "a call", case["proposal"]["id"])
    await casework.propose(held.uetr, "one", again)
    page: Any = await shell.aftercare.evidence.of(held.uetr, "two", 0)

    assert page["unreadable"] == {"cause": "damaged", "at": None}
    assert [each["said"]["evidence"] for each in page["proposals"]] == [EVIDENCE, "a call"]
    assert await approved(casework, held.uetr, "two") == shell.payment(held.uetr)
    assert shell.payment(held.uetr).state is State.ACCEPTED


async def test_what_was_proposed_meanwhile_is_read_when_its_key_has_come_back(
    shell: Shell,
) -> None:
    payment = await shell.lost()
    key = shell.wrapping["vault"]
    without_wrapping_key(shell)
    await looked_at(shell, AWAY_LOOKS_MAX + 1)
    casework = shell.aftercare.casework
    await casework.propose(payment.uetr, "one", ACCEPTED)
    shell.wrapping["vault"] = key
    shell.vault.refresh()
    await approved(casework, payment.uetr, "two")

    assert shell.payment(payment.uetr).state is State.ACCEPTED


@pytest.mark.parametrize("action", [Action.UPHOLD, Action.UNBOOK])
async def test_a_dispute_about_what_was_erased_is_settled(shell: Shell, action: Action) -> None:
    shell.transport.script("thailand", said("accepted"))
    payment = await shell.opened()
    await erased(shell, payment)
    refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    await shell.receive(InboundNotice(payment.reference, refused, {}))
    held = shell.payment(payment.uetr)
    assert held.disputed
    assert action in actions_for(held)
    after = await ended(shell, held, Proposal(action, None, EVIDENCE))

    assert not isinstance(after, Reason)
    assert not after.disputed


async def erased(shell: Shell, payment: Payment) -> None:
    at = shell.clock.now()
    mark = erasure_mark("request", at)
    erase = Erase(payment.uetr, "request", mark, at, shell.ids.salt())
    assert isinstance(await shell.store.commit(erase), Done)


async def test_who_asks_again_in_another_dialect_is_answered_from_what_they_say(
    shell: Shell,
) -> None:
    shell.transport.script("bakong", LOST)
    request = shell.inbound_pay()
    await shell.receive(request)
    await shell.settle()
    key_flipped(shell, shell.payment(request.uetr))
    await looked_at(shell, LOOKS_MAX + 2)
    held = shell.payment(request.uetr)
    assert held.state is State.MANUAL
    await ended(shell, held, REFUSED)
    told, again = await shell.receive(request), await shell.receive(request)

    assert told["status"] == "RJCT"
    assert told.pop("message") != again.pop("message"), "each is made anew"
    assert told == again


async def test_what_needs_its_names_cannot_be_proposed(shell: Shell) -> None:
    held = await left_to_people(shell, key_flipped)
    for action in (Action.RELEASE, Action.AGAIN, Action.OWE):
        proposal = Proposal(action, None, EVIDENCE)
        made = await shell.aftercare.casework.propose(held.uetr, "one", proposal)
        assert made is Reason.TRANSACTION_UNSUPPORTED
