"""Aftercare at its edges: judged in the commit, bounded where it waits, and nobody crashes.

Each of these was looked for by a reviewer before anybody met it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fx.money import Money
from switch import books, lifecycle
from switch.commands import Bury, Open
from switch.dispatch import happened
from switch.inbound_port import InboundAuthorise, InboundNotice
from switch.model import Finality, Kind, Payment, State
from switch.operators import Action
from switch.parts import linked_uetr
from switch.port import Operation, Outcome, OutcomeKind
from switch.proposals import actions_for
from switch.reasons import Reason
from switch.states import Timer
from switch.sweeper import LOOKS_MAX
from switch.timers import may_believe_never_seen
from tests.shell.hand_parts import LOST, NOW, said
from tests.shell.shell_rig import changed_corridor, ends
from tests.shell.test_linked_weather import credited, refund
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of
from tests.shell.test_returns import settled
from tests.shell.test_unreadable import looked_at, record_flipped
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from switch.commands import Command
    from tests.shell.shell_rig import Shell

AN_HOUR = 3_600


@pytest.fixture
async def refunding(shell: Shell) -> Shell:
    """A shell whose Thailand takes refunds."""
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    return shell


@pytest.fixture
async def advised(refunding: Shell) -> Shell:
    """One whose Thailand advises of payers that are debited already, too."""
    changed = changed_corridor(refunding.config, ends(inbound=True), finality=Finality.ADVICE)
    refunding.configured(changed)
    return refunding


async def test_a_payment_disputed_while_its_refund_is_committed_is_not_refunded(
    refunding: Shell,
) -> None:
    original = await credited(refunding)

    async def disputed_first(command: Command) -> None:
        if isinstance(command, Open):
            refunding.store.before = None
            refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
            payment = refunding.payment(original.uetr)
            opened = await refunding.dispatch.open(payment.uetr)
            await refunding.dispatch.conclude(payment, opened, happened(refused, b"no"))

    refunding.store.before = disputed_first
    made = await refund(refunding, original, "10000")

    assert refunding.payment(original.uetr).disputed
    assert made is Reason.NOT_REFUNDABLE
    assert await refunding.linked.of(original) == []


@pytest.mark.parametrize("finality", [Finality.TWO_LEG, Finality.ADVICE])
async def test_an_order_that_nobody_can_open_lapses_in_the_end(
    advised: Shell, finality: Finality
) -> None:
    advised.configured(changed_corridor(advised.config, ends(inbound=True), finality=finality))
    await advised.receive(order())
    record_flipped(advised, advised.payment(UETR))
    advised.clock.pass_s(AN_HOUR)
    await advised.sweep()
    held = advised.payment(UETR).state
    await looked_at(advised, LOOKS_MAX)
    lapsed = advised.payment(UETR)

    assert held in (State.LOOKED_UP, State.READY)
    assert (lapsed.state, lapsed.next_at, advised.pending()) == (State.LAPSED, None, [])
    again = await advised.payments.find(UETR)
    assert again is not None
    # Whoever asks is answered from what they say themselves.
    assert (again.payment, again.answer) == (lapsed, None)


async def test_a_network_that_buries_the_name_of_its_refund_still_gets_it(advised: Shell) -> None:
    await advised.receive(order())
    name = linked_uetr(UETR, 1)
    buried = await advised.payments.bury("thailand", name)
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised)

    assert buried is None
    assert any(isinstance(command, Bury) for command in advised.store.done)
    assert advised.payment(UETR).state is State.UNWOUND
    assert advised.payment(name).kind is Kind.REFUND


async def test_an_end_that_the_books_have_no_room_for_waits_and_crashes_nobody(
    advised: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", LOST, *[said("accepted")] * 30)
    await advised.receive(payment_of(advised))
    await advised.settle()
    with monkeypatch.context() as full:
        full.setattr(books, "SUM_MAX", 1)
        await looked_after(advised, 3)
        waiting = advised.payment(UETR)
    await looked_after(advised, 9)

    assert (waiting.state, advised.crashes) == (State.CREDIT_UNKNOWN, [])
    assert "conclusion_unbooked" in advised.log.events
    assert (advised.payment(UETR).state, advised.pending()) == (State.CREDITED, [])


async def test_an_end_that_never_fits_the_books_is_left_to_people(
    advised: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", LOST, *[said("accepted")] * 99)
    await advised.receive(payment_of(advised))
    await advised.settle()
    monkeypatch.setattr(books, "SUM_MAX", 1)
    for _ in range(60):
        advised.clock.pass_s(AN_HOUR)
        await advised.sweep()

    assert (advised.payment(UETR).state, advised.crashes) == (State.MANUAL, [])
    assert advised.pending() != []


async def test_what_is_refused_or_being_undone_may_not_be_debited(shell: Shell) -> None:
    shell.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    refused = await shell.opened("key-1")
    owed = refused.terms.destination
    first = await shell.receive(InboundAuthorise(refused.reference, owed, {}))
    shell.thailand.facts = replace(
        shell.thailand.facts,
        operations=(*shell.thailand.facts.operations, Operation.CANCEL),
        cancel_after_rungs=1,
    )
    shell.transport.script("thailand", *[LOST] * 4)
    undone = await shell.opened("key-2")
    for _ in range(2):
        shell.clock.pass_s(10)
        await shell.sweep()
    second = await shell.receive(InboundAuthorise(undone.reference, owed, {}))
    how = await shell.receive(InboundAuthorise(undone.reference, None, {}))

    assert (first["status"], first["reason"]) == ("RJCT", "ACCOUNT_CLOSED")
    assert shell.payment(undone.uetr).state in (State.CANCELLING, State.CANCEL_MANUAL)
    assert (second["reason"], how["reason"]) == ("CANCELLED", None)


async def test_a_refund_of_ours_is_no_payment_that_may_be_debited(refunding: Shell) -> None:
    made = await refund(refunding, await credited(refunding), "10000")
    assert not isinstance(made, Reason)
    (back,) = await refunding.linked.of(refunding.payment(refunding.engine.listed(0, 9)[0].uetr))
    told = await refunding.receive(InboundAuthorise(back.reference, back.terms.destination, {}))

    assert told["reason"] == "ORIGINAL_UNKNOWN"


async def test_a_contradiction_told_twice_is_one_dispute(shell: Shell) -> None:
    payment = await shell.opened()
    refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    for _ in range(2):
        await shell.receive(InboundNotice(payment.reference, refused, {}))
    disputed = shell.payment(payment.uetr)

    assert (disputed.disputed, disputed.version) == (True, payment.version + 1)


def test_cancels_that_follow_each_other_fast_prove_little() -> None:
    """Enquiries of this ladder would have waited for an hour; so many cancels wait for a minute."""
    facts = replace(
        THAILAND,
        never_seen_is_promise=False,
        flight_max_s=120,
        clock_skew_max_s=30,
        enquiry_delays_s=(60, 600, 3_600),
        cancel_every_s=5,
    )
    late = NOW.replace(hour=9)
    cancels = [may_believe_never_seen(facts, NOW, late, rung, Timer.CANCEL) for rung in (12, 40)]

    assert may_believe_never_seen(facts, NOW, late, 12)
    assert cancels == [False, True]


async def not_taken_back(shell: Shell, paid: Money | None = None) -> Payment:
    """An advice that could not be credited, and that its network refuses to take back."""
    await shell.receive(order())
    shell.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    shell.transport.script("thailand", said("refused", Reason.TRANSACTION_FORBIDDEN))
    await shell.receive(payment_of(shell, **({} if paid is None else {"amount": paid})))
    await looked_after(shell)
    payment = shell.payment(UETR)
    assert (payment.state, payment.disputed) == (State.UNWINDING, True)
    return payment


async def test_two_operators_have_it_tried_again(advised: Shell) -> None:
    payment = await not_taken_back(advised)
    assert actions_for(payment) == (Action.AGAIN, Action.OWE)
    advised.transport.script("thailand", said("accepted"))
    again = await settled(advised, payment, Action.AGAIN)
    await looked_after(advised)
    first, second = await advised.linked.of(payment)

    assert isinstance(again, Payment)
    assert (again.disputed, again.next_at is not None) == (False, True)
    assert (first.state, second.state) == (State.REFUSED, State.ACCEPTED)
    assert advised.payment(UETR).state is State.UNWOUND
    assert (advised.pending(), net(advised, "/suspense/")) == ([], 0)


async def test_what_is_refused_again_waits_for_people_again(advised: Shell) -> None:
    payment = await not_taken_back(advised)
    advised.transport.script("thailand", said("refused", Reason.TRANSACTION_FORBIDDEN))
    await settled(advised, payment, Action.AGAIN)
    await looked_after(advised)

    assert advised.payment(UETR).disputed
    assert len(await advised.linked.of(payment)) == 2


@pytest.mark.parametrize("paid", [None, Money.parse("1.00", "THB")])
async def test_two_operators_book_what_nobody_takes_back_as_owed(
    advised: Shell, paid: Money | None
) -> None:
    payment = await not_taken_back(advised, paid)
    owed = await settled(advised, payment, Action.OWE)
    await looked_after(advised, 3)
    minor = (paid or payment.terms.debit).minor

    assert isinstance(owed, Payment)
    assert (advised.payment(UETR).state, lifecycle.is_ended(owed)) == (State.UNWOUND, True)
    assert net(advised, "/bearer/THB/deferred") == -minor
    assert net(advised, "thailand/suspense/THB/") == 0
    assert actions_for(advised.payment(UETR)) == ()


async def test_upholding_a_dispute_takes_nothing_up_again(shell: Shell) -> None:
    payment = await shell.opened()
    refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    await shell.receive(InboundNotice(payment.reference, refused, {}))
    upheld = await settled(shell, shell.payment(payment.uetr), Action.UPHOLD)

    assert isinstance(upheld, Payment)
    assert (upheld.state, upheld.disputed, upheld.next_at) == (State.ACCEPTED, False, None)
