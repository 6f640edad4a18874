"""Opening payments: bounds that are given back, keys that bind, refusals that stay."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from iso20022 import IsoError
from switch import payments
from switch.commands import Conflict, Open, Refuse
from switch.model import State
from switch.payments import Standing
from switch.reasons import Reason
from switch.refusals import Busy
from switch.store.contract import StoreBusy
from tests.shell.hand_parts import LOST
from tests.shell.shell_rig import MEMBER, Shell, changed_corridor, changed_payments

if TYPE_CHECKING:
    from switch.payments import Instruction


@pytest.fixture
def narrow(shell: Shell) -> Shell:
    """A shell that works on two payments at once."""
    shell.configured(changed_payments(shell.config, in_flight_max=2))
    return shell


async def room(shell: Shell) -> int:
    """How many payments can be opened before the bound is reached."""
    shell.transport.hung.add("thailand")
    for number in range(10):
        try:
            await shell.payments.open(shell.instruction(f"room-{number}"))
        except Busy:
            return number
    return 10


async def test_callers_at_once_are_counted_before_any_has_committed(narrow: Shell) -> None:
    narrow.transport.hung.add("thailand")
    instructions = [narrow.instruction(f"key-{number}") for number in range(6)]
    opened = await asyncio.gather(
        *(narrow.payments.open(each) for each in instructions), return_exceptions=True
    )

    assert [isinstance(each, Standing) for each in opened] == [True] * 2 + [False] * 4
    assert all(isinstance(each, Busy) for each in opened[2:])
    assert len(narrow.engine.tables.payments) == len(narrow.engine.tables.bindings) == 2


async def test_beyond_the_bound_nothing_is_stored_and_the_key_stays_free(narrow: Shell) -> None:
    assert await room(narrow) == 2
    instruction = narrow.instruction("late")
    with pytest.raises(Busy):
        await narrow.payments.open(instruction)
    assert await narrow.payments.repeated(MEMBER, "late", instruction.content) is None


async def test_a_payment_counts_until_its_hop_has_ended(narrow: Shell) -> None:
    narrow.transport.hung.add("thailand")
    await narrow.opened("held")
    narrow.transport.hung.clear()
    for number in range(5):
        await narrow.opened(f"key-{number}")

    assert await room(narrow) == 1


async def by_refusal(shell: Shell, instruction: Instruction) -> None:
    await shell.payments.open(instruction, Reason.AMOUNT_DIFFERS)


async def by_decline(shell: Shell, instruction: Instruction) -> None:
    await shell.payments.bury(MEMBER, instruction.uetr)
    await shell.payments.open(instruction)


async def by_repeat(shell: Shell, instruction: Instruction) -> None:
    await shell.payments.open(instruction, Reason.AMOUNT_DIFFERS)
    await shell.payments.open(instruction)


async def by_conflict(shell: Shell, instruction: Instruction) -> None:
    await shell.payments.open(instruction, Reason.AMOUNT_DIFFERS)
    other = await shell.payments.open(replace(instruction, content={"quote": "other"}))
    assert isinstance(other, Conflict)


async def by_plan(shell: Shell, instruction: Instruction) -> None:
    shell.thailand.plan_fails = IsoError("rule", "CH16", "/Document", "not allowed")
    await shell.payments.open(instruction)
    shell.thailand.plan_fails = None


async def by_bug(shell: Shell, instruction: Instruction) -> None:
    shell.thailand.plan_fails = RuntimeError("planted")
    with pytest.raises(RuntimeError, match="planted"):
        await shell.payments.open(instruction)
    shell.thailand.plan_fails = None


async def by_busy_open(shell: Shell, instruction: Instruction) -> None:
    shell.store.busy[Open] = 1
    with pytest.raises(StoreBusy):
        await shell.payments.open(instruction)


async def by_busy_refusal(shell: Shell, instruction: Instruction) -> None:
    shell.store.busy[Refuse] = 1
    with pytest.raises(StoreBusy):
        await shell.payments.open(instruction, Reason.AMOUNT_DIFFERS)


async def by_end(shell: Shell, instruction: Instruction) -> None:
    await shell.payments.open(instruction)
    await shell.settle()


async def by_loss(shell: Shell, instruction: Instruction) -> None:
    shell.transport.script("thailand", LOST)
    await shell.payments.open(instruction)
    await shell.settle()


async def by_caller_leaving(shell: Shell, instruction: Instruction) -> None:
    task = asyncio.create_task(shell.payments.open(instruction))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await shell.settle()


@pytest.mark.parametrize(
    "way",
    [
        by_refusal,
        by_decline,
        by_repeat,
        by_conflict,
        by_plan,
        by_bug,
        by_busy_open,
        by_busy_refusal,
        by_end,
        by_loss,
        by_caller_leaving,
    ],
)
async def test_room_is_given_back_on_every_way_out(narrow: Shell, way: object) -> None:
    assert callable(way)
    for number in range(4):
        await way(narrow, narrow.instruction(f"key-{number}"))

    assert await room(narrow) == 2


async def test_a_busy_store_binds_nothing(shell: Shell) -> None:
    shell.store.busy[Open] = 1
    instruction = shell.instruction()
    with pytest.raises(StoreBusy):
        await shell.payments.open(instruction)
    assert await shell.payments.find(instruction.uetr) is None
    assert shell.transport.tried == []

    assert isinstance(await shell.payments.open(instruction), Standing)
    await shell.settle()
    assert shell.payment(instruction.uetr).state is State.ACCEPTED


async def test_a_text_that_the_network_cannot_take_refuses_and_stays_refused(
    shell: Shell,
) -> None:
    shell.thailand.plan_fails = IsoError("rule", "CH16", "/Document", "not allowed")
    instruction = shell.instruction()
    first = await shell.payments.open(instruction)
    shell.thailand.plan_fails = None
    again = await shell.payments.open(instruction)

    assert first == again
    assert shell.payment(instruction.uetr).reason is Reason.CHARACTER_INVALID
    assert shell.pending() == []
    assert shell.transport.tried == []


async def test_a_quote_that_expired_refuses_and_the_refusal_is_bound(shell: Shell) -> None:
    instruction = shell.instruction()
    shell.clock.pass_s(600)
    await shell.payments.open(instruction)
    shell.clock.elapsed_s = 0
    await shell.payments.open(instruction)

    assert shell.payment(instruction.uetr).reason is Reason.QUOTE_EXPIRED
    assert shell.transport.tried == []


async def test_a_repeat_is_answered_though_the_corridor_is_closed_and_the_quote_over(
    shell: Shell,
) -> None:
    instruction = shell.instruction()
    await shell.payments.open(instruction)
    await shell.settle()
    ends = ("bakong", "thailand")
    shell.configured(changed_corridor(shell.config, ends, enabled=False))
    shell.clock.pass_s(86_400)
    standing = await shell.payments.repeated(MEMBER, "key-1", instruction.content)

    assert isinstance(standing, Standing)
    assert standing.payment.state is State.ACCEPTED
    assert standing.answer == shell.engine.answer(instruction.uetr)


async def test_a_repeat_with_other_content_names_the_field(shell: Shell) -> None:
    await shell.opened()

    assert Conflict("quote") == await shell.payments.repeated(MEMBER, "key-1", {"quote": "other"})
    assert Conflict("amount") == await shell.payments.repeated(
        MEMBER, "key-1", {"quote": "key-1", "amount": "1"}
    )


async def test_a_key_is_its_scopes_own(shell: Shell) -> None:
    await shell.opened()

    assert await shell.payments.repeated("CADIKHPPXXX", "key-1", {"quote": "key-1"}) is None
    assert await shell.payments.repeated(MEMBER, "key-2", {"quote": "key-1"}) is None


async def test_what_is_stored_of_a_key_cannot_be_read_back(shell: Shell) -> None:
    await shell.opened("a guessable key")

    ((scope, key),) = shell.engine.tables.bindings
    assert scope == MEMBER
    assert "guessable" not in key


async def test_a_quote_pays_once(shell: Shell) -> None:
    token = shell.offer().token
    await shell.payments.open(shell.instruction("first", token))
    second = shell.instruction("second", token)
    await shell.payments.open(second)
    await shell.settle()

    assert shell.payment(second.uetr).reason is Reason.QUOTE_USED
    assert len(shell.transport.left) == 1


async def test_a_buried_uetr_is_never_opened(shell: Shell) -> None:
    instruction = shell.instruction()
    assert await shell.payments.bury(MEMBER, instruction.uetr) is None
    await shell.payments.open(instruction)

    assert shell.payment(instruction.uetr).reason is Reason.TOMBSTONED
    assert shell.pending() == []
    assert shell.transport.tried == []


async def test_a_tombstone_is_its_origins_own(shell: Shell) -> None:
    instruction = shell.instruction()
    await shell.payments.bury("thailand", instruction.uetr)
    await shell.payments.open(instruction)
    await shell.settle()

    assert shell.payment(instruction.uetr).state is State.ACCEPTED


async def test_an_open_payment_is_not_buried_but_returned(shell: Shell) -> None:
    payment = await shell.lost()

    assert payment == await shell.payments.bury(MEMBER, payment.uetr)
    assert shell.engine.tables.tombstones == {}


async def test_a_uetr_that_is_taken_is_a_conflict_under_another_key(shell: Shell) -> None:
    payment = await shell.opened()
    other = replace(shell.instruction("key-2"), uetr=payment.uetr)

    assert Conflict("uetr") == await shell.payments.open(other)
    assert len(shell.transport.left) == 1


async def test_a_store_that_goes_away_unsays_no_payment_that_is_waited_for(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_uetr: str) -> None:
        raise StoreBusy

    shell.transport.script("thailand", LOST)
    standing = await shell.payments.open(shell.instruction())
    await shell.settle()
    monkeypatch.setattr(shell.payments, "find", away)
    monkeypatch.setattr(payments, "LOOK_AGAIN_S", 0.01)
    assert isinstance(standing, Standing)
    until = shell.clock.now() + timedelta(seconds=0.03)

    assert await shell.payments.ended(standing, until) == standing
