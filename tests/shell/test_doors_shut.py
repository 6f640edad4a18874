"""What a corridor or a member that is shut does to payments: nothing new, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switch.commands import Conflict
from switch.doors import Window
from switch.model import State
from switch.reasons import Reason
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import MEMBER, changed_corridor, ends

if TYPE_CHECKING:
    from switch.config import Config
    from tests.shell.shell_rig import Shell

NEVER = (Window(frozenset(), 0, 1, 0),)


def closed(config: Config, *, inbound: bool = False) -> Config:
    """The configuration with a corridor that is closed for good."""
    return changed_corridor(config, ends(inbound=inbound), windows=NEVER)


def suspended(config: Config) -> Config:
    """The configuration with the member suspended."""
    member = replace(config.members[MEMBER], active=False)
    return replace(config, members={**config.members, MEMBER: member})


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
    shell.configured(suspended(shell.config))
    refused = await shell.opened("key-2")
    shell.clock.pass_s(10)
    await shell.sweep()

    assert (refused.state, refused.reason) == (State.REFUSED, Reason.MEMBER_SUSPENDED)
    assert shell.payment(before.uetr).state is State.ACCEPTED


async def test_a_guest_is_refused_in_a_closed_corridor_and_not_for_a_suspended_member(
    shell: Shell,
) -> None:
    shell.configured(suspended(shell.config))
    paid = await shell.receive(shell.inbound_pay())
    shell.configured(closed(shell.config, inbound=True))
    refused = await shell.receive(shell.inbound_pay())

    assert (paid["status"], refused["status"]) == ("ACCC", "RJCT")
    assert refused["reason"] == "CORRIDOR_CLOSED"
