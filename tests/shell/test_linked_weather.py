"""Money that goes back, in bad weather: repeats, disputes, numbers that run out, erased names.

What is asked for twice is answered the same, and what may have arrived is never sent again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fx.money import Money
from switch.inbound_port import InboundNotice, InboundReturn
from switch.lifecycle import Event, rung_after
from switch.linked_payments import Asked
from switch.model import Finality, Payment, State, changed
from switch.parts import linked_uetr
from switch.port import Operation, Outcome, OutcomeKind
from switch.reasons import Reason
from switch.refusals import Busy
from switch.runtime.tasks import TooManyTasks
from switch.store.vault import Erased
from tests.shell.hand_parts import LOST, NOW, OFFLINE, said
from tests.shell.shell_rig import STALL, Shell, changed_corridor, ends
from tests.shell.test_orders import UETR, looked_after, net, order, payment_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from switch.commands import Conflict

BAHT = Money.parse("1.00", "THB")


@pytest.fixture
async def refunding(shell: Shell) -> Shell:
    """A shell whose Thailand takes refunds."""
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    return shell


@pytest.fixture
async def advised(refunding: Shell) -> Shell:
    """A shell whose Thailand advises of payers that are debited already."""
    changed = changed_corridor(refunding.config, ends(inbound=True), finality=Finality.ADVICE)
    refunding.configured(changed)
    return refunding


async def credited(shell: Shell) -> Payment:
    request = shell.inbound_pay()
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(request)
    await shell.settle()
    return shell.payment(request.uetr)


async def refund(
    shell: Shell, original: Payment, text: str, key: str = "refund-1"
) -> Payment | Conflict | Reason:
    opened = await shell.records.open(original.uetr)
    assert opened is not None
    asked = Asked(STALL.agent, key, {"amount": text})
    made = await shell.linked.refund(original, opened, Money.parse(text, "KHR"), asked)
    await shell.settle()
    return made


async def test_a_refund_of_the_whole_asked_for_again_is_the_same_one(refunding: Shell) -> None:
    original = await credited(refunding)
    first = await refund(refunding, original, "41000")
    again = await refund(refunding, original, "41000")
    facts = replace(refunding.thailand.facts, refund_window_days=1)
    refunding.thailand.facts = facts
    refunding.clock.pass_s(86_400)
    late = await refund(refunding, original, "41000")

    assert isinstance(first, Payment)
    assert isinstance(again, Payment)
    assert isinstance(late, Payment)
    assert {again.uetr, late.uetr} == {first.uetr}


async def contradicted(shell: Shell, uetr: str) -> None:
    """The network says after all that it has carried out what it had refused."""
    reference = shell.payment(uetr).reference
    await shell.receive(InboundNotice(reference, Outcome(OutcomeKind.ACCEPTED), {}))
    assert shell.payment(uetr).disputed


async def test_a_refused_refund_that_arrived_after_all_leaves_no_room(refunding: Shell) -> None:
    original = await credited(refunding)
    refunding.transport.script("thailand", said("refused", Reason.ACCOUNT_CLOSED))
    made = await refund(refunding, original, "41000", "refund-1")
    assert isinstance(made, Payment)
    await contradicted(refunding, made.uetr)

    assert await refund(refunding, original, "41000", "refund-2") is Reason.REFUND_TOO_MUCH


async def test_what_went_back_after_all_is_not_sent_back_again(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", OFFLINE, OFFLINE, OFFLINE)
    await advised.receive(payment_of(advised))
    await advised.settle()
    advised.clock.pass_s(2)
    await advised.sweep()
    first = linked_uetr(UETR, 1)
    assert advised.payment(first).state is State.REFUSED
    await contradicted(advised, first)
    await looked_after(advised)
    original = advised.payment(UETR)

    assert (original.state, original.disputed) == (State.UNWINDING, True)
    assert len(await advised.linked.of(original)) == 1


async def test_a_refund_is_never_cancelled_like_its_order(refunding: Shell) -> None:
    refunding.thailand.facts = replace(
        refunding.thailand.facts,
        operations=(*refunding.thailand.facts.operations, Operation.CANCEL),
        cancel_after_rungs=1,
        cancel_every_s=5,
        cancel_until_min=15,
        cancel_zone_min=480,
    )
    original = await credited(refunding)
    refunding.transport.script("thailand", *([LOST] * 9))
    made = await refund(refunding, original, "41000")
    await looked_after(refunding, 8)

    assert isinstance(made, Payment)
    assert refunding.payment(made.uetr).state is State.UNKNOWN
    assert ("thailand", "/cancel") not in refunding.transport.left


async def test_numbers_that_run_out_leave_the_return_to_the_next_look(
    advised: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    await advised.receive(payment_of(advised))

    async def spent(*_: object) -> int:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(advised.linked, "_number", spent)
        await looked_after(advised, 2)
        assert (advised.payment(UETR).state, advised.crashes) == (State.UNWINDING, [])
    advised.transport.script("thailand", said("accepted"))
    await looked_after(advised)

    assert advised.payment(UETR).state is State.UNWOUND


async def test_a_refund_that_finds_no_room_to_start_is_kept_and_asked_after(
    refunding: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await credited(refunding)

    def full(name: str, coroutine: Coroutine[object, object, object]) -> None:
        coroutine.close()
        raise TooManyTasks(name)

    with monkeypatch.context() as patch:
        patch.setattr(refunding.tasks, "start", full)
        made = await refund(refunding, original, "41000")
    assert isinstance(made, Payment)
    assert refunding.payment(made.uetr).state is State.SENDING
    await looked_after(refunding, 1)

    assert refunding.payment(made.uetr).state is State.UNKNOWN
    assert await refund(refunding, original, "1", "refund-2") is Reason.REFUND_TOO_MUCH


async def test_who_asks_for_more_refunds_than_may_be_under_way_is_told_to_come_again(
    refunding: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await credited(refunding)
    monkeypatch.setattr(refunding.linked._hops, "_most", 1)
    refunding.transport.script("thailand", said("accepted"))
    opened = await refunding.records.open(original.uetr)
    assert opened is not None
    amount, first, second = Money.parse("100", "KHR"), "refund-1", "refund-2"
    asked = [Asked(STALL.agent, key, {"amount": "100"}) for key in (first, second)]
    await refunding.linked.refund(original, opened, amount, asked[0])
    with pytest.raises(Busy):
        await refunding.linked.refund(original, opened, amount, asked[1])
    await refunding.settle()
    later = await refunding.linked.refund(original, opened, amount, asked[1])

    assert isinstance(later, Payment)
    assert len(await refunding.linked.of(original)) == 2


async def test_looks_at_a_return_are_counted_from_when_it_is_owed(advised: Shell) -> None:
    await advised.receive(order())
    asked = changed(advised.payment(UETR), state=State.CREDIT_UNKNOWN, rung=400)

    assert rung_after(asked, Event.REFUSED, State.UNWINDING) == 0


async def test_another_amount_told_again_is_answered_the_same(shell: Shell) -> None:
    await shell.receive(order())
    first = await shell.receive(payment_of(shell, amount=BAHT))
    again = await shell.receive(payment_of(shell, amount=BAHT))
    other = await shell.receive(payment_of(shell))

    assert (first["status"], first["reason"]) == ("RJCT", "AMOUNT_DIFFERS")
    assert again == first
    assert other["reason"] == "DUPLICATE"


async def test_a_contradiction_of_an_erased_payment_is_still_a_dispute(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = await shell.opened()
    monkeypatch.setattr(shell.records, "open", _erased)
    refused = Outcome(OutcomeKind.REFUSED, Reason.ACCOUNT_CLOSED)
    told = await shell.receive(InboundNotice(payment.reference, refused, {}))
    back = await shell.receive(InboundReturn("R-1", payment.reference, BAHT, {}))

    assert (told["status"], shell.payment(payment.uetr).disputed) == ("ACCC", True)
    moved = InboundReturn("R-2", payment.reference, BAHT, {}, settled=True)
    held = await shell.receive(moved)
    assert back["reason"] == "NOT_REFUNDABLE"
    assert (held["status"], shell.payment(held["uetr"]).disputed) == ("ACCC", True)


async def _erased(_: str) -> None:
    raise Erased("request", NOW)


async def test_a_refund_that_the_guests_network_sends_back_is_put_aside(refunding: Shell) -> None:
    original = await credited(refunding)
    refunding.transport.script("thailand", said("accepted"))
    made = await refund(refunding, original, "8000")
    assert isinstance(made, Payment)
    money = made.terms.destination
    before = net(refunding, "thailand/suspense/THB/")
    told = InboundReturn("R-9", made.reference, money, {}, settled=True)
    answers = [await refunding.receive(told) for _ in range(2)]
    asked = await refunding.receive(InboundReturn("R-8", made.reference, money, {}))

    assert [(each["status"], each["reason"]) for each in answers] == [("ACCC", None)] * 2
    assert net(refunding, "thailand/suspense/THB/") - before == -money.minor
    assert asked["reason"] == "NOT_REFUNDABLE"
