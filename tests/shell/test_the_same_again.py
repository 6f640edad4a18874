"""The same again: a repeat has no second effect, and a cause has one reason whoever sees it first.

What comes of a payment can be learnt from its answer, from an enquiry, from an answer after the
timer, or from two of them at once. Who asked is told the same, and what was settled is not sent
again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switch.commands import Conclude
from switch.lifecycle import Event
from switch.model import State
from switch.payments import Standing
from switch.reasons import Reason
from switch.refusals import Refusal
from tests.shell.hand_parts import LOST, OFFLINE, said
from tests.shell.shell_rig import MEMBER, ends, shop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switch.model import Payment
    from switch.wire.transport import Answer, NotSent
    from tests.shell.shell_rig import Shell

CLOSED = said("refused", Reason.ACCOUNT_CLOSED)


async def in_the_answer(shell: Shell) -> Payment:
    shell.transport.script("thailand", CLOSED)
    return await shell.opened()


async def by_an_enquiry(shell: Shell) -> Payment:
    payment = await shell.lost()
    shell.transport.script("thailand", CLOSED)
    shell.clock.pass_s(5)
    await shell.sweep()
    return shell.payment(payment.uetr)


async def after_the_timer(shell: Shell) -> Payment:
    async def overdue_meanwhile() -> Answer:
        shell.clock.pass_s(3 + 15)
        await shell.sweeper.sweep()
        await shell.settle(20)
        return CLOSED

    shell.transport.script("thailand", overdue_meanwhile)
    return await shell.opened()


async def by_both_at_once(shell: Shell) -> Payment:
    async def asked_meanwhile() -> Answer:
        shell.clock.pass_s(3 + 15)
        await shell.sweeper.sweep()
        await shell.settle(20)
        shell.transport.script("thailand", CLOSED)
        shell.clock.pass_s(60)
        await shell.sweeper.sweep()
        await shell.settle(20)
        return CLOSED

    shell.transport.script("thailand", asked_meanwhile)
    return await shell.opened()


WAYS = (in_the_answer, by_an_enquiry, after_the_timer, by_both_at_once)


@pytest.mark.parametrize("way", WAYS)
async def test_a_refusal_has_one_reason_whichever_way_it_is_learnt(
    shell: Shell, way: Callable[[Shell], Awaitable[Payment]]
) -> None:
    """Lesson 7: a race between timer, enquiry and answer chooses no code."""
    payment = await way(shell)

    assert (payment.state, payment.reason) == (State.REFUSED, Reason.ACCOUNT_CLOSED)
    assert payment.disputed is False
    ends = [c for c in shell.store.done if isinstance(c, Conclude) and c.event is Event.REFUSED]
    assert {command.reason for command in ends} == {Reason.ACCOUNT_CLOSED}
    assert shell.pending() == shell.posted() == []


@pytest.mark.parametrize("overdue", [False, True], ids=["at once", "the timer first"])
async def test_what_could_not_be_sent_has_one_reason(shell: Shell, *, overdue: bool) -> None:
    """Lesson 7: the timer that fires first changes the way and not the cause."""

    async def never() -> NotSent:
        if overdue:
            shell.clock.pass_s(3 + 15)
            await shell.sweeper.sweep()
            await shell.settle(20)
        return OFFLINE

    shell.transport.script("thailand", never, *[OFFLINE] * 2)
    payment = await shell.opened()
    events = shell.store.concluded(payment.uetr)

    assert events == (["overdue", "not_sent"] if overdue else ["not_sent"])
    assert (payment.state, payment.reason) == (State.REFUSED, Reason.NETWORK_OFFLINE)


async def test_a_price_that_is_over_has_one_reason_at_the_door_and_in_the_commit(
    shell: Shell,
) -> None:
    """Lesson 7: who finds it expired does not matter."""
    corridor = shell.quoting.corridor(*ends(inbound=False))
    assert corridor is not None
    shown = shell.quoting.destination(corridor, MEMBER, shop(None), "code")
    scanned = shell.quoting.scan_token(shown)
    instruction = shell.instruction()
    shell.clock.pass_s(3_600)
    with pytest.raises(Refusal) as at_the_door:
        shell.quoting.open_scan(scanned, MEMBER)
    await shell.payments.open(instruction)

    assert at_the_door.value.reason is Reason.QUOTE_EXPIRED
    assert shell.payment(instruction.uetr).reason is Reason.QUOTE_EXPIRED
    assert shell.transport.left == []


@pytest.mark.parametrize("ended", [True, False], ids=["after the end", "while it is open"])
async def test_a_repeat_sends_nothing_and_books_nothing(shell: Shell, *, ended: bool) -> None:
    """Lesson 5: what is known is recognised before anything that has an effect."""
    if not ended:
        shell.transport.script("thailand", LOST)
    first = await shell.opened()
    sent, commands = list(shell.transport.left), len(shell.store.done)
    sums = (shell.pending(), shell.posted())
    again = [shell.payments.open(shell.instruction()) for _ in range(5)]
    repeats = await asyncio.gather(*again)
    await shell.settle()

    assert [isinstance(each, Standing) for each in repeats] == [True] * 5
    assert {each.payment.uetr for each in repeats if isinstance(each, Standing)} == {first.uetr}
    assert shell.transport.left == sent == [("thailand", "/pay")]
    assert (shell.pending(), shell.posted()) == sums
    assert len(shell.engine.tables.payments) == 1
    assert len(shell.store.done) == commands + 5, "each repeat is one question to the store"
