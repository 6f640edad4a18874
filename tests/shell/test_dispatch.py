"""Dispatch: what is sent, when it no longer is, and what an answer may end.

No answer is not a failure, "never seen" is only ever the answer to an enquiry, and what became
known about money reaches the store however busy it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Attempt, Conclude, Done
from switch.dispatch import SEND_TRIES_MAX, Happened
from switch.lifecycle import Event
from switch.model import State
from switch.port import Outcome
from switch.reasons import Reason
from switch.timers import CHANCES
from switch.wire.transport import MaybeSent, NotSent
from tests.shell.hand_parts import LOST, OFFLINE, said

if TYPE_CHECKING:
    from switch.commands import Command
    from switch.wire.transport import Answer
    from tests.shell.shell_rig import Shell


def doubtful(shell: Shell) -> None:
    """Thailand without the promise of a tombstone: 60 + 300 s must have been slept."""
    shell.thailand.facts = replace(
        shell.thailand.facts,
        never_seen_is_promise=False,
        enquiry_delays_s=(5, 15, 40),
        enquiry_repeat_s=100,
    )


async def test_an_accepted_payment_is_posted_and_its_answer_stored(shell: Shell) -> None:
    payment = await shell.opened()

    assert payment.state is State.ACCEPTED
    assert shell.pending() == []
    assert shell.posted() != []
    assert shell.engine.answer(payment.uetr) is not None
    assert shell.transport.left == [("thailand", "/pay")]


async def test_never_seen_as_the_answer_to_the_instruction_itself_says_nothing(
    shell: Shell,
) -> None:
    shell.transport.script("thailand", said("never_seen"))
    payment = await shell.opened()

    assert payment.state is State.UNKNOWN
    assert shell.store.concluded(payment.uetr) == ["lost"]
    assert shell.pending() != []
    assert shell.engine.answer(payment.uetr) is None


async def test_an_answer_that_its_adapter_cannot_judge_says_nothing_and_ends_no_task(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> Outcome:
        raise OverflowError("a date of the year one")

    with monkeypatch.context() as odd:
        odd.setattr(type(shell.thailand), "read", read)
        payment = await shell.opened()
    kept = shell.pending()
    shell.clock.pass_s(60)
    await shell.sweep()

    assert (payment.state, kept == []) == (State.UNKNOWN, False)
    assert shell.payment(payment.uetr).state is State.ACCEPTED


@pytest.mark.parametrize("why", ["timeout", "connection_lost", "answer_malformed"])
async def test_a_request_that_may_have_left_is_never_sent_again(shell: Shell, why: str) -> None:
    shell.transport.script("thailand", MaybeSent(why))
    payment = await shell.opened()

    assert payment.state is State.UNKNOWN
    assert shell.transport.tried == [("thailand", "/pay")]


async def test_a_request_that_did_not_leave_is_tried_again_and_can_succeed(shell: Shell) -> None:
    shell.ids.chance = CHANCES // 2
    shell.transport.script("thailand", *[OFFLINE] * (SEND_TRIES_MAX - 1))
    payment = await shell.opened()

    assert payment.state is State.ACCEPTED
    assert shell.clock.slept == [0.2, 0.4]


async def test_a_request_is_tried_three_times_and_then_released(shell: Shell) -> None:
    shell.transport.script("thailand", *[OFFLINE] * 10)
    payment = await shell.opened()

    assert payment.reason is Reason.NETWORK_OFFLINE
    assert len(shell.transport.tried) == SEND_TRIES_MAX == 3
    assert shell.transport.left == []
    assert shell.pending() == shell.posted() == []


async def test_a_request_is_not_sent_at_send_by(shell: Shell) -> None:
    async def slow() -> NotSent:
        raise AssertionError("nothing may leave")

    shell.ids.chance = CHANCES // 2
    shell.thailand.facts = replace(shell.thailand.facts, send_within_ms=200)
    shell.transport.script("thailand", OFFLINE, slow)
    payment = await shell.opened()

    # The pause before the second try ends exactly at send_by.
    assert payment.state is State.REFUSED
    assert payment.reason is Reason.CLEARING_TIMED_OUT
    assert shell.transport.left == []
    assert len(shell.transport.tried) == 2


async def test_a_wall_clock_set_back_does_not_lengthen_the_time_to_send(shell: Shell) -> None:
    standing = shell.payments.open(shell.instruction())
    opened = await standing
    shell.clock.pass_s(3)
    shell.clock.ahead = timedelta(seconds=-60)
    await shell.settle()

    payment = shell.payment(opened.payment.uetr)  # type: ignore[union-attr]
    assert payment.reason is Reason.CLEARING_TIMED_OUT
    assert shell.transport.left == []


async def test_a_wall_clock_past_send_by_is_enough_to_send_nothing(shell: Shell) -> None:
    opened = await shell.payments.open(shell.instruction())
    shell.clock.ahead = timedelta(seconds=3)
    await shell.settle()

    payment = shell.payment(opened.payment.uetr)  # type: ignore[union-attr]
    assert payment.reason is Reason.CLEARING_TIMED_OUT
    assert shell.transport.left == []


async def test_an_enquiry_is_not_sent_at_its_own_send_by_and_ends_nothing(shell: Shell) -> None:
    payment = await shell.lost()
    shell.clock.pass_s(5)
    real = shell.store.commit

    async def slow_commit(command: Command) -> object:
        result = await real(command)
        if isinstance(command, Attempt):
            shell.clock.pass_s(3)
        return result

    shell.store.commit = slow_commit  # type: ignore[assignment,method-assign]
    await shell.sweep()

    assert shell.transport.tried[-1] == ("thailand", "/enquire")
    assert shell.transport.enquiries("thailand") == 0
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert shell.payment(payment.uetr).rung == 1


async def test_an_enquiry_has_its_own_last_moment_long_after_the_instructions(
    shell: Shell,
) -> None:
    payment = await shell.lost()
    shell.clock.pass_s(3_600)
    await shell.sweep()

    assert shell.transport.enquiries("thailand") == 1
    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_an_enquiry_that_cannot_be_sent_ends_nothing(shell: Shell) -> None:
    payment = await shell.lost()
    shell.transport.script("thailand", *[OFFLINE] * 3)
    shell.clock.pass_s(5)
    await shell.sweep()

    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert shell.store.concluded(payment.uetr) == ["lost"]
    assert shell.pending() != []


async def test_a_promised_never_seen_releases(shell: Shell) -> None:
    payment = await shell.lost()
    shell.transport.script("thailand", said("never_seen"))
    shell.clock.pass_s(5)
    await shell.sweep()

    assert shell.payment(payment.uetr).reason is Reason.NEVER_SEEN
    assert shell.pending() == shell.posted() == []


async def test_an_unpromised_never_seen_is_not_believed_when_the_wall_clock_leaps(
    shell: Shell,
) -> None:
    doubtful(shell)
    payment = await shell.lost()
    shell.clock.ahead = timedelta(days=400)
    shell.transport.script("thailand", said("never_seen"))
    await shell.sweep()

    assert shell.transport.enquiries("thailand") == 1
    assert shell.payment(payment.uetr).state is State.UNKNOWN
    assert shell.pending() != []


async def test_an_unpromised_never_seen_is_believed_once_enough_pauses_have_passed(
    shell: Shell,
) -> None:
    """Lesson 17: not found is proof only after what its network declares."""
    doubtful(shell)
    payment = await shell.lost()
    shell.transport.script("thailand", *[said("never_seen")] * 20)
    states = []
    for _ in range(9):
        shell.clock.pass_s(100)
        await shell.sweep()
        states.append(shell.payment(payment.uetr).state)

    # Pauses of 5, 10, 25, 100, 100 ... s; without the longest, 360 s are slept at the eighth.
    assert states == [State.UNKNOWN] * 7 + [State.REFUSED] * 2
    assert shell.pending() == shell.posted() == []


async def test_the_time_of_asking_counts_for_never_seen_not_that_of_the_answer(
    shell: Shell,
) -> None:
    doubtful(shell)
    shell.thailand.facts = replace(shell.thailand.facts, enquiry_delays_s=(400, 800, 1_200))
    payment = await shell.lost()
    shell.clock.pass_s(400)
    shell.transport.script("thailand", said("unknown"))
    await shell.sweep()
    shell.clock.pass_s(400)
    shell.clock.ahead = timedelta(seconds=-600)

    async def late() -> Answer:
        shell.clock.ahead = timedelta(0)
        return said("never_seen")

    shell.transport.script("thailand", late)
    moved = shell.payment(payment.uetr)
    opened = await shell.dispatch.open(payment.uetr)
    planning = shell.dispatch.planning(moved, rung=2)
    exchange = shell.thailand.plan_enquire(moved, opened.particulars, planning)
    command = Attempt(
        uetr=moved.uetr,
        version=moved.version,
        exchange=shell.records.enquiry(exchange, opened.key),
        at=shell.clock.now(),
        next_at=shell.clock.now() + timedelta(seconds=400),
        salt=shell.ids.salt(),
    )
    attempted = await shell.store.commit(command)
    assert isinstance(attempted, Done)
    assert attempted.payment is not None
    started = shell.clock.monotonic()
    await shell.dispatch.follow(attempted.payment, opened, exchange, started)

    assert shell.payment(payment.uetr).state is State.UNKNOWN


async def test_a_conclusion_waits_for_a_busy_store_and_concludes(shell: Shell) -> None:
    shell.ids.chance = CHANCES // 2
    shell.store.busy[Conclude] = 5
    payment = await shell.opened()

    assert payment.state is State.ACCEPTED
    assert shell.store.concluded(payment.uetr) == ["accepted"]
    assert shell.clock.slept == [0.05] * 5


async def test_a_long_busy_store_does_not_use_up_the_tries_of_a_conclusion(shell: Shell) -> None:
    shell.store.busy[Conclude] = 40
    payment = await shell.opened()
    await shell.settle(200)

    assert shell.payment(payment.uetr).state is State.ACCEPTED


async def test_a_conclusion_is_made_anew_when_the_payment_has_moved_on(shell: Shell) -> None:
    moved: list[str] = []

    async def overdue_first(command: Command) -> None:
        if isinstance(command, Conclude) and not moved:
            moved.append(command.uetr)
            payment = shell.payment(command.uetr)
            opened = await shell.dispatch.open(command.uetr)
            await shell.dispatch.conclude(payment, opened, Happened(Event.OVERDUE))

    shell.store.before = overdue_first
    payment = await shell.opened()

    assert shell.store.concluded(payment.uetr)[0] == "overdue"
    assert payment.state is State.ACCEPTED
    assert payment.version == 3
    assert shell.pending() == []


async def test_a_second_final_answer_opens_a_dispute_and_changes_nothing(shell: Shell) -> None:
    payment = await shell.opened()
    stored, posted = shell.engine.answer(payment.uetr), shell.posted()
    opened = await shell.dispatch.open(payment.uetr)
    stale = replace(payment, state=State.UNKNOWN, version=payment.version - 1)
    told = Happened(Event.REFUSED, Reason.ACCOUNT_CLOSED)
    await shell.dispatch.conclude(stale, opened, told)

    after = shell.payment(payment.uetr)
    assert (after.state, after.disputed) == (State.ACCEPTED, True)
    assert shell.engine.answer(payment.uetr) == stored
    assert shell.posted() == posted


async def test_not_sent_after_overdue_ends_the_payment_and_releases(shell: Shell) -> None:
    async def overdue_meanwhile() -> NotSent:
        uetr = next(iter(shell.engine.tables.payments))
        shell.clock.pass_s(3 + 15)
        await shell.sweeper.sweep()
        await shell.settle(20)
        assert shell.payment(uetr).state is State.UNKNOWN
        return NotSent("connect_timeout")

    shell.transport.script("thailand", overdue_meanwhile, *[OFFLINE] * 2)
    payment = await shell.opened()
    await shell.settle()

    payment = shell.payment(payment.uetr)
    assert shell.store.concluded(payment.uetr) == ["overdue", "not_sent"]
    assert (payment.state, payment.reason) == (State.REFUSED, Reason.NETWORK_OFFLINE)
    assert shell.pending() == shell.posted() == []


async def test_evidence_is_sealed_in_the_commit_that_it_caused(shell: Shell) -> None:
    told = said("accepted")
    shell.transport.script("thailand", told)
    payment = await shell.opened()

    record = shell.engine.sealed(payment.uetr, "evidence")
    assert record is not None
    assert told.body not in record[1]
    opened = await shell.dispatch.open(payment.uetr)
    assert told.body == shell.vault.unseal(opened.key, record[0], "evidence", record[1])


async def test_no_evidence_is_made_up_where_no_answer_came(shell: Shell) -> None:
    payment = await shell.lost()

    assert shell.engine.sealed(payment.uetr, "evidence") is None


async def test_a_final_answer_is_rendered_once_and_an_interim_one_not_at_all(
    shell: Shell,
) -> None:
    payment = await shell.lost()
    assert shell.answers.rendered == 0
    shell.clock.pass_s(5)
    await shell.sweep()

    assert shell.payment(payment.uetr).state is State.ACCEPTED
    assert shell.answers.rendered == 1


@pytest.mark.parametrize("answer", [LOST, OFFLINE])
async def test_what_is_sent_is_what_was_committed(shell: Shell, answer: MaybeSent) -> None:
    shell.transport.script("thailand", answer, said("refused", Reason.ACCOUNT_CLOSED))
    payment = await shell.opened()
    shell.clock.pass_s(5)
    await shell.sweep()

    references = {x.reference for x in shell.engine.tables.exchanges.values()}
    assert {payment.reference} == references
    assert shell.payment(payment.uetr).reason is Reason.ACCOUNT_CLOSED
