"""Recalls: one of a payment, each way, with its own unknown process; it moves no money itself.

What it leads to does: a network's own return, or a refund of ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fx.money import Money
from switch.abilities import RECALL_REASON, RECALLED_REFERENCE
from switch.casework import Proposal
from switch.commands import Conflict
from switch.dispatch import Happened
from switch.inbound_port import InboundNotice, InboundRecall
from switch.lifecycle import Event
from switch.linked_payments import Asked
from switch.model import Direction, Kind, Payment, State
from switch.operators import Action
from switch.parts import recall_uetr
from switch.port import Operation, Outcome, OutcomeKind
from switch.reasons import Reason
from switch.recalls import ANSWERED_WITHIN_DAYS
from tests.shell.approving import approved
from tests.shell.hand_parts import LOST, OFFLINE, said
from tests.shell.shell_rig import MEMBER, STALL, Shell
from tests.shell.test_linked_told import BANK, told
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import looked_after, owed
from tests.shell.test_returns import returned

if TYPE_CHECKING:
    from switch.commands import Command


DAY_S = 86_400


@pytest.fixture
async def recalling(shell: Shell) -> Shell:
    """A shell whose Thailand takes recalls, and refunds."""
    operations = (*shell.thailand.facts.operations, Operation.RECALL, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    return shell


async def recall(
    shell: Shell, original: Payment, key: str = "a", why: str = "CUST"
) -> Payment | Conflict | Reason:
    """Ask for a payment's money as its payer's bank does."""
    opened = await shell.records.open(original.uetr)
    assert opened is not None
    asked = Asked(MEMBER, f"recall:{key}", {"reason": why})
    made = await shell.aftercare.recalls.ask(original, opened, why, asked)
    await shell.settle()
    return made


async def asked(shell: Shell, original: Payment, *answers: Any) -> Payment:
    """Ask, with what the network answers; how the recall stands then."""
    shell.transport.script("thailand", *answers)
    made = await recall(shell, original)
    assert isinstance(made, Payment)
    return shell.payment(made.uetr)


async def test_a_network_that_agrees_gives_the_money_back_by_its_own_return(
    recalling: Shell,
) -> None:
    original = await recalling.opened()
    before = recalling.posted()
    made = await asked(recalling, original, said("accepted"))

    assert (made.kind, made.state, made.original) == (Kind.RECALL, State.ACCEPTED, original.uetr)
    assert (recalling.posted(), recalling.pending()) == (before, [])
    assert recalling.thailand.recalled[0][RECALLED_REFERENCE] == original.reference
    assert recalling.thailand.recalled[0][RECALL_REASON] == "CUST"
    back = await returned(recalling, original, "345.00")
    assert (back.disputed, back.terms.source) == (False, original.terms.source)
    assert owed(recalling) == 0


async def test_a_network_that_refuses_says_why(recalling: Shell) -> None:
    original = await recalling.opened()
    made = await asked(recalling, original, said("refused", Reason.RECALL_DENIED))

    assert (made.state, made.reason) == (State.REFUSED, Reason.RECALL_DENIED)
    assert recalling.payment(original.uetr) == original


async def test_a_recall_that_is_not_answered_is_asked_again_and_made_once(
    recalling: Shell,
) -> None:
    original = await recalling.opened()
    made = await asked(recalling, original, LOST)
    assert made.state is State.UNKNOWN
    recalling.transport.script("thailand", LOST, said("pending"), said("accepted"))
    await looked_after(recalling, 6)

    assert recalling.payment(made.uetr).state is State.ACCEPTED
    assert await recalling.aftercare.recalls.of(original) == [recalling.payment(made.uetr)]


async def test_what_nobody_decides_is_left_to_people_in_the_end(recalling: Shell) -> None:
    original = await recalling.opened()
    made = await asked(recalling, original, *[said("pending")] * 60)
    for _ in range(60):
        recalling.clock.pass_s(4_000)
        await recalling.sweep()

    assert recalling.payment(made.uetr).state is State.MANUAL
    page: Any = await recalling.aftercare.casework.queue(0, 9)
    (line,) = page["payments"]
    assert (line["uetr"], line["kind"]) == (made.uetr, "recall")


async def test_the_answer_may_come_unasked(recalling: Shell) -> None:
    original = await recalling.opened()
    made = await asked(recalling, original, said("pending"))
    notice = InboundNotice(made.reference, Outcome(OutcomeKind.ACCEPTED), {}, recall=True)
    await recalling.receive(notice)

    assert recalling.payment(made.uetr).state is State.ACCEPTED


async def test_there_is_one_recall_of_a_payment(recalling: Shell) -> None:
    original = await recalling.opened()
    first = await asked(recalling, original, said("refused", Reason.RECALL_DENIED))
    again = await recall(recalling, original)
    other_content = await recall(recalling, original, why="DUPL")
    other_key = await recall(recalling, original, "b")

    assert isinstance(again, Payment)
    assert again.uetr == first.uetr
    assert (other_content, other_key) == (Conflict("reason"), Reason.DUPLICATE)


async def test_two_at_once_are_one(recalling: Shell) -> None:
    original = await recalling.opened()
    seen: list[Payment | Conflict | Reason] = []

    async def another(_: Command) -> None:
        recalling.store.before = None
        seen.append(await recall(recalling, original, "b"))

    recalling.store.before = another
    made = await recall(recalling, original, "a")

    assert isinstance(seen[0], Payment)
    assert made is Reason.DUPLICATE


async def test_one_that_never_left_may_be_asked_for_again(recalling: Shell) -> None:
    original = await recalling.opened()
    first = await asked(recalling, original, OFFLINE, OFFLINE, OFFLINE)
    second = await recall(recalling, original, "b")

    assert (first.state, first.reason) == (State.REFUSED, Reason.NETWORK_OFFLINE)
    assert isinstance(second, Payment)
    assert second.uetr == recall_uetr(original.uetr, 2)


async def test_only_what_was_paid_abroad_and_is_not_back_can_be_recalled(recalling: Shell) -> None:
    recalling.transport.script("thailand", said("accepted"), LOST)
    original = await recalling.opened("key-1")
    unknown = await recalling.opened("key-2")
    inbound = await credited(recalling)
    await returned(recalling, original, "345.00")

    assert await recall(recalling, unknown) is Reason.NOT_REFUNDABLE
    assert await recall(recalling, inbound) is Reason.NOT_REFUNDABLE
    assert await recall(recalling, original) is Reason.GONE_BACK


async def test_a_network_without_recalls_is_never_asked(shell: Shell) -> None:
    assert await recall(shell, await shell.opened()) is Reason.TRANSACTION_UNSUPPORTED


def of(original: Payment, key: str = "C-1", **changes: Any) -> InboundRecall:
    """Thailand asks for what it paid here."""
    request = InboundRecall(key, original.uetr, f"TX-{original.uetr[:8]}", {})
    return replace(request, **changes)


async def put(shell: Shell) -> tuple[Payment, Payment]:
    """A payment that was credited, and Thailand's recall of it."""
    original = await credited(shell)
    answer = await shell.receive(of(original))
    assert (answer["status"], answer["reason"]) == ("PDNG", None)
    return original, shell.payment(answer["uetr"])


async def test_a_networks_recall_waits_for_the_payees_bank(recalling: Shell) -> None:
    await recalling.store.outbox.enrol([BANK], [])
    original, put_one = await put(recalling)
    again = await recalling.receive(of(original))

    assert (put_one.kind, put_one.direction) == (Kind.RECALL, Direction.INBOUND)
    assert (put_one.state, put_one.original) == (State.PUT, original.uetr)
    assert (again["status"], again["uetr"]) == ("PDNG", put_one.uetr)
    assert recalling.pending() == []
    assert (await told(recalling, BANK))[-1] == ("waiting", "PDNG", "recall", original.uetr)


async def test_a_payee_who_agrees_gives_back_all_and_then_it_is_told(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    agreed = await recalling.aftercare.recalls.decide(put_one, None)
    assert isinstance(agreed, Payment)
    assert agreed.state is State.GIVING_BACK
    before = await recalling.receive(of(original))
    recalling.transport.script("thailand", said("accepted"))
    await looked_after(recalling)
    after = await recalling.receive(of(original))
    (back,) = await recalling.linked.of(original)

    assert (before["status"], after["status"], after["reason"]) == ("PDNG", "ACCC", None)
    assert (back.kind, back.terms.destination) == (Kind.REFUND, original.terms.source)
    assert back.origin == back.institutions.payer_side == STALL.agent
    assert owed(recalling) == 0


async def test_only_what_is_left_goes_back(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    await refund(recalling, original, "10000")
    await recalling.aftercare.recalls.decide(put_one, None)
    await looked_after(recalling)
    first, second = await recalling.linked.of(original)

    assert second.terms.source == Money.parse("31000", "KHR")
    assert first.terms.destination + second.terms.destination == original.terms.source
    assert recalling.payment(put_one.uetr).state is State.ACCEPTED


async def test_a_payee_who_does_not_agree_keeps_it(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    denied = await recalling.aftercare.recalls.decide(put_one, Reason.RECALL_DENIED)
    again = await recalling.receive(of(original))
    twice = await recalling.aftercare.recalls.decide(recalling.payment(put_one.uetr), None)

    assert isinstance(denied, Payment)
    assert (denied.state, twice) == (State.REFUSED, Reason.DUPLICATE)
    assert (again["status"], again["reason"]) == ("RJCT", "RECALL_DENIED")
    assert await recalling.linked.of(original) == []


async def test_money_on_its_way_back_is_sent_once_whatever_is_lost(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    await recalling.aftercare.recalls.decide(put_one, None)
    recalling.transport.script("thailand", LOST, said("unknown"), said("accepted"))
    await looked_after(recalling)
    refunds = [left for left in recalling.transport.left if left[1] == "/refund"]

    assert recalling.payment(put_one.uetr).state is State.ACCEPTED
    assert (len(refunds), len(await recalling.linked.of(original))) == (1, 1)


async def test_a_refund_that_never_left_is_made_anew(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    await recalling.aftercare.recalls.decide(put_one, None)
    recalling.transport.script("thailand", OFFLINE, OFFLINE, OFFLINE, said("accepted"))
    await looked_after(recalling)

    assert recalling.payment(put_one.uetr).state is State.ACCEPTED
    assert len(await recalling.linked.of(original)) == 2


async def test_what_the_network_does_not_take_back_is_left_to_people(recalling: Shell) -> None:
    original, put_one = await put(recalling)
    await recalling.aftercare.recalls.decide(put_one, None)
    recalling.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    await looked_after(recalling, 4)
    answer = await recalling.receive(of(original))

    assert recalling.payment(put_one.uetr).state is State.MANUAL
    assert answer["status"] == "PDNG"


async def test_only_what_that_network_paid_and_was_credited_is_recalled(recalling: Shell) -> None:
    recalling.transport.script("bakong", LOST)
    request = recalling.inbound_pay()
    await recalling.receive(request)
    await recalling.settle()
    unknown = recalling.payment(request.uetr)
    mine = await recalling.opened()
    original = await credited(recalling)
    open_one = await recalling.receive(of(unknown))
    reasons = [
        (await recalling.receive(each))["reason"]
        for each in (
            of(mine),
            of(original, reference="TX-OTHER"),
            of(original, uetr=recall_uetr(original.uetr, 1)),
        )
    ]

    assert (open_one["status"], open_one["reason"]) == ("PDNG", None)
    assert reasons == ["ORIGINAL_UNKNOWN"] * 3


async def test_what_is_said_never_to_have_come_never_comes_after_that(recalling: Shell) -> None:
    request = recalling.inbound_pay()
    recall = InboundRecall("C-1", request.uetr, "TX-1", {})
    answer = await recalling.receive(recall)
    late = await recalling.receive(request)

    assert answer["reason"] == "ORIGINAL_UNKNOWN"
    assert (late["status"], late["reason"]) == ("RJCT", "TOMBSTONED")
    assert recalling.transport.left == []


async def test_a_second_recall_of_a_payment_is_none(recalling: Shell) -> None:
    original, _ = await put(recalling)
    other = await recalling.receive(of(original, "C-2"))

    assert (other["status"], other["reason"]) == (None, "DUPLICATE")
    assert STALL.agent == original.institutions.payee_bank


async def test_one_that_its_bank_never_answers_is_denied_when_its_time_is_over(
    recalling: Shell,
) -> None:
    original, put_one = await put(recalling)
    recalling.clock.pass_s(ANSWERED_WITHIN_DAYS * DAY_S - 60)
    await recalling.sweep()
    waiting = recalling.payment(put_one.uetr).state
    recalling.clock.pass_s(120)
    await recalling.sweep()
    ended = recalling.payment(put_one.uetr)
    answer = await recalling.receive(of(original))
    too_late = await recalling.aftercare.recalls.decide(ended, None)

    assert (waiting, ended.state) == (State.PUT, State.REFUSED)
    assert ended.reason is Reason.RECALL_UNANSWERED
    assert (answer["status"], answer["reason"]) == ("RJCT", "RECALL_UNANSWERED")
    assert too_late is Reason.DUPLICATE
    assert await recalling.linked.of(original) == []


async def test_a_recall_after_the_time_for_refunds_is_denied_either_way(recalling: Shell) -> None:
    ours, theirs = await recalling.opened(), await credited(recalling)
    recalling.clock.pass_s(366 * DAY_S)
    answer = await recalling.receive(of(theirs))
    again = await recalling.receive(of(theirs))

    assert await recall(recalling, ours) is Reason.REFUND_TOO_LATE
    assert (answer["status"], answer["reason"]) == ("RJCT", "REFUND_TOO_LATE")
    assert (again["status"], again["reason"]) == ("RJCT", "REFUND_TOO_LATE")


async def test_what_is_disputed_is_not_recalled_until_people_have_looked(recalling: Shell) -> None:
    original = await recalling.opened()
    denied = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    await recalling.receive(InboundNotice(original.reference, denied, {}))
    disputed = recalling.payment(original.uetr)

    assert disputed.disputed
    assert await recall(recalling, disputed) is Reason.NOT_REFUNDABLE


async def test_a_networks_recall_of_what_is_disputed_is_pending_until_people_have_looked(
    recalling: Shell,
) -> None:
    original = await credited(recalling)
    opened = await recalling.records.open(original.uetr)
    await recalling.dispatch.conclude(original, opened, Happened(Event.REFUSED))
    disputed = recalling.payment(original.uetr)
    assert disputed.disputed
    waits = await recalling.receive(of(original))
    again = await recalling.receive(of(original))
    upheld = Proposal(Action.UPHOLD, None, "their message was about another payment")
    casework = recalling.aftercare.casework
    await casework.propose(original.uetr, "one", upheld)
    await approved(casework, original.uetr, "two")
    after = await recalling.receive(of(original))

    assert [(each["status"], each["reason"]) for each in (waits, again)] == [("PDNG", None)] * 2
    assert (after["status"], after["uetr"]) == ("PDNG", recall_uetr(original.uetr, 1))
    assert recalling.payment(after["uetr"]).state is State.PUT


async def test_what_its_bank_refunded_meanwhile_ends_an_agreed_recall(recalling: Shell) -> None:
    original, recall = await put(recalling)
    await refund(recalling, original, "41000")
    await recalling.aftercare.recalls.decide(recall, None)
    await looked_after(recalling)

    assert recalling.payment(recall.uetr).state is State.ACCEPTED
    assert len(await recalling.linked.of(original)) == 1
