"""What a corridor or a member that is shut does to payments: nothing new, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.admissions import Admissions
from switch.commands import Conflict
from switch.doors import Window
from switch.ledger import Account
from switch.model import State
from switch.reasons import Reason
from switch.standings import Door, PartyState, Step, member_party
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, changed_corridor, ends

if TYPE_CHECKING:
    from switch.config import Config
    from tests.shell.shell_rig import Shell

NEVER = (Window(frozenset(), 0, 1, 0),)


def closed(config: Config, *, inbound: bool = False) -> Config:
    """The configuration with a corridor that is closed for good."""
    return changed_corridor(config, ends(inbound=inbound), windows=NEVER)


async def stands(shell: Shell, *steps: Step) -> None:
    """Two operators take steps of the member, one after the other."""
    desk = Admissions(shell.config, shell.store, shell.clock, shell.ids, shell.log)
    party = member_party(MEMBER)
    for step in steps:
        version = (await desk.stands(party)).version
        assert await desk.propose(party, version, step, "one", "letter 12") is None
        assert await desk.approve(party, version + 1, "two") is None


@pytest.mark.parametrize("kind", ["", "/settling", "/frozen"])
async def test_a_member_is_not_closed_while_anything_of_it_is_held(shell: Shell, kind: str) -> None:
    await stands(shell, Step.LEAVE)
    desk = Admissions(shell.config, shell.store, shell.clock, shell.ids, shell.log)
    party, key = member_party(MEMBER), f"{MEMBER}/member/KHR/deferred{kind}"
    version = (await desk.stands(party)).version
    assert await desk.propose(party, version, Step.CLOSE, "one", "letter 13") is None
    before = shell.tables.accounts.get(key)
    shell.tables.accounts[key] = Account(key, "KHR", credits_posted=5)
    refused = await desk.approve(party, version + 1, "two")
    shell.tables.accounts[key] = before or Account(key, "KHR")
    taken = await desk.approve(party, version + 1, "two")

    assert (refused, taken) == (Reason.POSITION_OPEN, None)
    assert (await desk.stands(party)).state is PartyState.CLOSED


async def test_a_closed_corridor_refuses_what_is_new_for_good(shell: Shell) -> None:
    shell.configured(closed(shell.config))
    payment = await shell.opened()
    again = await shell.payments.repeated(MEMBER, "key-1", {"quote": "key-1"})

    assert (payment.state, payment.reason) == (State.REFUSED, Reason.CORRIDOR_CLOSED)
    assert again is not None
    assert not isinstance(again, Conflict)
    assert again.payment == payment
    assert shell.transport.left == []


async def test_a_suspended_member_opens_nothing_and_what_was_open_ends(shell: Shell) -> None:
    shell.transport.script("thailand", LOST, said("accepted"))
    before = await shell.opened()
    assert before.state is State.UNKNOWN
    await stands(shell, Step.SUSPEND_ALL)
    refused = await shell.opened("key-2")
    shell.clock.pass_s(10)
    await shell.sweep()

    assert (refused.state, refused.reason) == (State.REFUSED, Reason.MEMBER_SUSPENDED)
    assert shell.payment(before.uetr).state is State.ACCEPTED


async def test_a_member_that_is_active_again_pays_again(shell: Shell) -> None:
    await stands(shell, Step.SUSPEND_NEW, Step.ACTIVATE)
    shell.transport.script("thailand", said("accepted"))

    assert (await shell.opened()).state is State.ACCEPTED


async def test_customers_of_a_member_are_paid_until_all_of_it_is_suspended(shell: Shell) -> None:
    await stands(shell, Step.SUSPEND_NEW)
    paid = await shell.receive(shell.inbound_pay())
    await stands(shell, Step.SUSPEND_ALL)
    refused = await shell.receive(shell.inbound_pay())

    assert (paid["status"], refused["status"]) == ("ACCC", "RJCT")
    assert refused["reason"] == "PAYEE_BANK_SUSPENDED"


async def test_a_guest_is_refused_in_a_closed_corridor(shell: Shell) -> None:
    shell.configured(closed(shell.config, inbound=True))
    refused = await shell.receive(shell.inbound_pay())

    assert (refused["status"], refused["reason"]) == ("RJCT", "CORRIDOR_CLOSED")


async def test_what_is_configured_is_only_how_a_member_stands_first(shell: Shell) -> None:
    member = replace(shell.config.members[MEMBER], first=PartyState.SUSPENDED_NEW_ONLY)
    shell.configured(replace(shell.config, members={**shell.config.members, MEMBER: member}))
    desk = Admissions(shell.config, shell.store, shell.clock, shell.ids, shell.log)
    await desk.enrol()
    committed = len(shell.store.done)
    await desk.enrol()
    assert len(shell.store.done) == committed, "what is kept already costs a start no commit"
    assert "standing_differs" not in shell.log.events
    refused = await shell.opened()
    await stands(shell, Step.ACTIVATE)
    await desk.enrol()
    assert shell.log.events.count("standing_differs") == 1
    shell.transport.script("thailand", said("accepted"))
    paid = await shell.opened("key-2")

    assert (refused.reason, paid.state) == (Reason.MEMBER_SUSPENDED, State.ACCEPTED)
    shut = [await desk.shut(MEMBER, door) for door in Door]
    assert shut == [None] * len(shut)
