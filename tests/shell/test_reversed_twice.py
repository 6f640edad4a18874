"""A reversal's money leaves suspense once, whatever becomes of two refunds made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.casework import Proposal
from switch.lifecycle import Event
from switch.model import State
from switch.operators import Action, Approve
from switch.reasons import Reason
from tests.shell.approving import approved
from tests.shell.hand_parts import LOST, said
from tests.shell.shell_rig import SPONSOR
from tests.shell.test_given_back_after_all import _reversed_and_refused
from tests.shell.test_given_back_once import refunding as refunding  # noqa: PLC0414
from tests.shell.test_given_back_once import told
from tests.shell.test_linked_payments import credited as credited  # noqa: PLC0414
from tests.shell.test_orders import looked_after, net
from tests.shell.test_returns import settled

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.shell.shell_rig import Shell

SUSPENSE = f"{SPONSOR}/suspense"


async def made_twice(shell: Shell, original: Payment) -> tuple[Payment, Payment]:
    """A reversal's row and its first refund, which was refused; the second's outcome is unknown."""
    row, first = await _reversed_and_refused(shell, original)
    shell.transport.script("thailand", LOST, *[said("unknown")] * 3)
    await settled(shell, row, Action.ACCEPTED)
    shell.clock.pass_s(2)
    await shell.sweep()
    await shell.settle()
    assert (await shell.linked.of(original))[1].state is State.UNKNOWN
    await told(shell, first, Event.ACCEPTED)
    return row, shell.payment(first.uetr)


async def arrives(shell: Shell) -> None:
    """What the network is asked about was carried out."""
    shell.transport.scripts["thailand"].clear()
    shell.transport.script("thailand", *[said("accepted")] * 20)
    await looked_after(shell)
    await looked_after(shell)


async def test_one_is_not_booked_while_another_is_under_way(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    _, first = await made_twice(shell, original)
    booked = await settled(shell, first, Action.BOOK)
    await arrives(shell)

    assert booked is Reason.NOT_ENDED
    assert (net(shell, SUSPENSE), net(shell, "/exposure")) == (0, 0)


async def test_one_that_is_booked_after_another_arrived_exposes_its_bearer(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    row, first = await made_twice(shell, original)
    await arrives(shell)
    await settled(shell, first, Action.BOOK)

    assert shell.payment(row.uetr).state is State.ACCEPTED
    assert net(shell, SUSPENSE) == 0
    assert abs(net(shell, "/exposure")) == first.terms.destination.minor


async def test_one_that_did_not_arrive_leaves_the_other_and_the_reversal_ended(
    credited: tuple[Shell, Payment],
) -> None:
    shell, original = credited
    row, first = await made_twice(shell, original)
    await arrives(shell)
    await settled(shell, first, Action.UPHOLD)
    await looked_after(shell)

    assert shell.payment(row.uetr).state is State.ACCEPTED
    assert (net(shell, SUSPENSE), net(shell, "/exposure")) == (0, 0)


@pytest.mark.parametrize("late", [False, True], ids=["before it is proposed", "at the same moment"])
async def test_what_was_booked_for_a_reversal_is_not_kept_by_its_payee_too(
    credited: tuple[Shell, Payment], late: bool
) -> None:
    shell, original = credited
    row, back = await _reversed_and_refused(shell, original)
    casework = shell.aftercare.casework
    no = Proposal(Action.REFUSED, Reason.RECALL_DENIED, "they keep it")
    assert not isinstance(await casework.propose(row.uetr, "one", no), Reason)

    async def booked() -> None:
        await told(shell, shell.payment(back.uetr), Event.ACCEPTED)
        await settled(shell, shell.payment(back.uetr), Action.BOOK)

    async def first_booked(command: object) -> None:
        if isinstance(command, Approve) and command.uetr == row.uetr:
            shell.store.before = None
            await booked()

    if late:
        shell.store.before = first_booked
    else:
        await booked()
    made = await approved(casework, row.uetr, "two")

    assert made is Reason.NOT_REFUNDABLE
    assert net(shell, SUSPENSE) == 0
