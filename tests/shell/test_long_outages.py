"""Money on its way back to a network that is away for a day, or for more than a week.

What never arrived is made anew, at first at each look and then every two hours, so that its places
last for longer than we look; then people are asked, and what they have taken up is made once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.model import State
from switch.operators import Action
from switch.parts import LINKED_MAX, QUICKLY_MADE
from switch.reasons import Reason
from tests.shell.hand_parts import OFFLINE, said
from tests.shell.test_linked_weather import advised as advised  # noqa: PLC0414
from tests.shell.test_linked_weather import refunding as refunding  # noqa: PLC0414
from tests.shell.test_orders import UETR, order, payment_of
from tests.shell.test_recalls import put
from tests.shell.test_recalls import recalling as recalling  # noqa: PLC0414
from tests.shell.test_returns import settled

if TYPE_CHECKING:
    from switch.model import Payment
    from tests.shell.shell_rig import Shell

LOOK_S = 610
HOURS_20 = 20 * 3600 // LOOK_S
DAYS_9 = 9 * 86_400 // LOOK_S


async def away(shell: Shell, looks: int) -> None:
    """Thailand cannot be reached for so many looks; after them it can."""
    shell.transport.script("thailand", *[OFFLINE] * 100_000)
    await passed(shell, looks)
    shell.transport.scripts["thailand"].clear()
    shell.transport.script("thailand", *[said("accepted")] * 10)


async def passed(shell: Shell, looks: int) -> None:
    for _ in range(looks):
        shell.clock.pass_s(LOOK_S)
        await shell.sweep()
        await shell.settle()


async def unwinding(shell: Shell) -> Payment:
    """A guest was debited, and the shop's bank refuses the credit."""
    await shell.receive(order())
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    await shell.receive(payment_of(shell))
    await shell.settle()
    return shell.payment(UETR)


async def test_what_unwinds_goes_back_by_itself_after_a_day(advised: Shell) -> None:
    assert (await unwinding(advised)).state is State.UNWINDING
    await away(advised, HOURS_20)
    made = len(await advised.linked.of(advised.payment(UETR)))
    await passed(advised, 15)

    assert QUICKLY_MADE < made < LINKED_MAX // 2
    assert advised.payment(UETR).state is State.UNWOUND


async def test_after_more_than_a_week_people_are_asked_and_have_it_made_once_more(
    advised: Shell,
) -> None:
    await unwinding(advised)
    await away(advised, DAYS_9)
    left = advised.payment(UETR)
    await settled(advised, left, Action.AGAIN)
    await passed(advised, 3)

    assert left.disputed
    assert len(await advised.linked.of(left)) <= LINKED_MAX
    assert advised.payment(UETR).state is State.UNWOUND


async def test_an_agreed_recall_is_given_back_after_a_day_and_seen_meanwhile(
    recalling: Shell,
) -> None:
    _, recall = await put(recalling)
    await recalling.aftercare.recalls.decide(recall, None)
    await away(recalling, HOURS_20)
    page = await recalling.aftercare.casework.queue(0, 10)
    await passed(recalling, 15)

    listed = page["payments"]
    assert isinstance(listed, list)
    assert [each["state"] for each in listed] == ["giving_back"]
    assert recalling.payment(recall.uetr).state is State.ACCEPTED


async def test_an_agreed_recall_of_more_than_a_week_is_taken_up_by_people(
    recalling: Shell,
) -> None:
    _, recall = await put(recalling)
    await recalling.aftercare.recalls.decide(recall, None)
    await away(recalling, DAYS_9)
    left = recalling.payment(recall.uetr)
    await settled(recalling, left, Action.ACCEPTED)
    await passed(recalling, 3)

    assert left.state is State.MANUAL
    assert recalling.payment(recall.uetr).state is State.ACCEPTED
