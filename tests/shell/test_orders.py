"""Orders: held once, paid once; what cannot be credited is refused, or given back when advised.

Thailand of the rig plays a network that pays by its own key, in two legs and by advice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fx.money import Money
from switch.inbound_port import InboundCancel, InboundOrder, InboundOrderPay, derived_uetr
from switch.lifecycle import is_ended
from switch.model import Finality, Kind, Particulars, Party, State
from switch.parts import linked_uetr
from switch.port import InboundEnquiry, Operation
from switch.reasons import Reason
from switch.screening import NAME, ListRow, ScreeningFile, digest, screening_of
from tests.shell.hand_parts import LOST, NOW, OFFLINE, said
from tests.shell.shell_rig import Shell, changed_corridor, ends
from tests.shell.test_scans import khqr

UETR = derived_uetr("thailand", "order-1")


def order(**changes: Any) -> InboundOrder:
    """Thailand has us hold an order for a stall's code."""
    held = InboundOrder(
        key="order-1",
        content={"code": "1"},
        payload=khqr(),
        amount=None,
        particulars=Particulars(Party("Guest", "1234567890"), Party("", ""), "E2E-3"),
        expires_at=None,
        request={},
    )
    return replace(held, **changes)


def payment_of(shell: Shell, **changes: Any) -> InboundOrderPay:
    """Thailand pays what it was told."""
    paid = InboundOrderPay(
        key="order-1",
        amount=shell.payment(UETR).terms.debit,
        accepted_at=shell.clock.now(),
        far_reference="VOUCHER-1",
        extra={"voucher": "V1"},
        request={},
    )
    return replace(paid, **changes)


@pytest.fixture
async def advised(shell: Shell) -> Shell:
    """A shell whose Thailand advises of payers that are debited, and takes refunds."""
    shell.configured(changed_corridor(shell.config, ends(inbound=True), finality=Finality.ADVICE))
    operations = (*shell.thailand.facts.operations, Operation.REFUND)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    return shell


async def test_an_order_is_held_with_its_price_and_reserves_nothing(shell: Shell) -> None:
    held = await shell.receive(order())
    payment = shell.payment(UETR)

    assert held == {"merchant": "Stall 7", "owed": str(payment.terms.debit.minor), "uetr": UETR}
    assert (payment.state, shell.pending(), shell.posted()) == (State.LOOKED_UP, [], [])
    assert payment.next_at is not None
    assert payment.next_at <= payment.terms.quote_expires_at


async def test_the_same_order_again_is_the_same_order(shell: Shell) -> None:
    first = await shell.receive(order())
    again = await shell.receive(order())
    other = await shell.receive(order(content={"code": "2"}))

    assert (again, other) == (first, {"refused": "DUPLICATE"})
    assert len(shell.engine.listed(0, 9)) == 1


async def test_an_order_that_no_code_allows_is_refused_and_binds_nothing(shell: Shell) -> None:
    refused = await shell.receive(order(payload="nonsense"))
    held = await shell.receive(order())

    assert refused == {"refused": "QR_INVALID"}
    assert held["uetr"] == UETR


async def test_a_paid_order_is_credited_and_answered_when_it_is_final(shell: Shell) -> None:
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    paid = await shell.receive(payment_of(shell))
    payment = shell.payment(UETR)

    assert (paid["status"], paid["reason"], payment.state) == ("ACCC", None, State.CREDITED)
    assert (shell.pending(), len(shell.posted())) == ([], 4)


async def test_an_order_is_paid_once_however_often_it_is_told(shell: Shell) -> None:
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    first = await shell.receive(payment_of(shell))
    again = await shell.receive(payment_of(shell))
    other = await shell.receive(payment_of(shell, amount=Money.parse("1.00", "THB")))

    assert (first["status"], again) == ("ACCC", first)
    assert other["reason"] == "DUPLICATE"
    assert len(shell.transport.left) == 1


@pytest.mark.parametrize("amount", ["345.00", "1.00"])
@pytest.mark.parametrize("finality", [Finality.TWO_LEG, Finality.ADVICE])
async def test_a_payer_who_is_debited_again_for_a_paid_order_is_not_forgotten(
    shell: Shell, finality: Finality, amount: str
) -> None:
    shell.configured(changed_corridor(shell.config, ends(inbound=True), finality=finality))
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(payment_of(shell))
    await shell.settle()
    before = net(shell, "thailand/suspense/THB/")
    debit = Money.parse(amount, "THB")
    second = payment_of(shell, far_reference="VOUCHER-2", amount=debit)
    again = [await shell.receive(second) for _ in range(2)]
    unnamed = await shell.receive(payment_of(shell, far_reference=""))
    owed = net(shell, "thailand/suspense/THB/") - before

    told = finality is Finality.ADVICE
    assert [each["reason"] for each in again] == [None if told else "DUPLICATE"] * 2
    assert owed == (-debit.minor if told else 0)
    assert unnamed["reason"] is None
    assert shell.payment(UETR).state is State.CREDITED


async def test_another_amount_than_was_held_is_refused(shell: Shell) -> None:
    """Lesson 10: what confirms a payment is held to what was agreed."""
    await shell.receive(order())
    paid = await shell.receive(payment_of(shell, amount=Money.parse("1.00", "THB")))

    assert (paid["status"], paid["reason"]) == ("RJCT", "AMOUNT_DIFFERS")
    assert (shell.payment(UETR).state, shell.posted(), shell.transport.left) == (
        State.REFUSED,
        [],
        [],
    )


async def test_a_listed_payer_who_is_named_only_when_he_pays_is_refused(shell: Shell) -> None:
    entries = [digest(b"key", NAME, "borey kim")]
    rules = ScreeningFile(lists=[ListRow(name="UN 1267", digests=entries)])
    shell.payments._screening = screening_of(rules, "key")
    await shell.receive(order())
    payer = Party("Borey KIM", "guest")
    paid = await shell.receive(replace(payment_of(shell), payer=payer))

    assert (paid["status"], paid["reason"]) == ("RJCT", "UNSPECIFIED")
    assert (shell.payment(UETR).state, shell.posted()) == (State.REFUSED, [])
    assert shell.transport.left == []


async def test_an_order_that_is_not_paid_in_time_lapses_by_its_timer(shell: Shell) -> None:
    await shell.receive(order(expires_at=NOW + timedelta(seconds=30)))
    shell.clock.pass_s(31)
    await shell.sweep()
    payment = shell.payment(UETR)
    paid = await shell.receive(payment_of(shell))

    assert (payment.state, payment.reason) == (State.LAPSED, Reason.LAPSED)
    assert (paid["status"], paid["reason"]) == ("RJCT", "LAPSED")
    assert (shell.transport.left, shell.posted()) == ([], [])


async def test_an_order_that_ended_unpaid_is_held_anew_by_its_code(
    shell: Shell,
) -> None:
    """It keeps its name while it is held, and where it was paid."""

    def named(earlier: int) -> InboundOrder:
        late = NOW + timedelta(seconds=30 * (earlier + 1))
        return order(key=f"order-1-{earlier}", expires_at=late, again=named)

    first = await shell.receive(named(0))
    assert await shell.receive(named(0)) == first
    shell.clock.pass_s(31)
    await shell.sweep()
    second = await shell.receive(named(0))
    assert await shell.receive(named(0)) == second
    debit = shell.payment(second["uetr"]).terms.debit
    paying = InboundOrderPay("order-1-1", debit, shell.clock.now(), "VOUCHER-1", {}, {})
    shell.transport.script("bakong", said("accepted"))
    paid = await shell.receive(paying)
    after = await shell.receive(named(0))

    assert first["uetr"] != second["uetr"]
    assert shell.payment(first["uetr"]).state is State.LAPSED
    assert (paid["status"], after["uetr"]) == ("ACCC", second["uetr"])
    assert len(shell.engine.listed(0, 9)) == 2


async def test_what_is_paid_after_its_time_is_refused_before_the_timer_says_so(
    shell: Shell,
) -> None:
    await shell.receive(order(expires_at=NOW + timedelta(seconds=30)))
    shell.clock.pass_s(31)
    paid = await shell.receive(payment_of(shell))

    assert (paid["status"], paid["reason"], shell.transport.left) == ("RJCT", "QUOTE_EXPIRED", [])


async def test_an_order_is_taken_back_before_it_is_paid_and_not_after(shell: Shell) -> None:
    await shell.receive(order())
    taken = await shell.receive(InboundCancel("order-1", {}))
    again = await shell.receive(InboundCancel("order-1", {}))
    paid = await shell.receive(payment_of(shell))

    assert (taken["status"], taken["reason"], again) == ("RJCT", None, taken)
    assert (paid["status"], shell.transport.left) == ("RJCT", [])


async def test_a_cancel_of_what_is_carried_out_comes_too_late(shell: Shell) -> None:
    await shell.receive(order())
    shell.transport.script("bakong", said("accepted"))
    await shell.receive(payment_of(shell))
    taken = await shell.receive(InboundCancel("order-1", {}))

    assert (taken["status"], taken["reason"]) == ("ACCC", "CANCEL_TOO_LATE")


async def test_a_cancel_of_nothing_is_a_tombstone(shell: Shell) -> None:
    taken = await shell.receive(InboundCancel("order-1", {}))
    held = await shell.receive(order())

    assert taken == {"status": None, "reason": None, "uetr": None}
    assert held == {"refused": "TOMBSTONED"}


async def test_what_names_no_order_moves_nothing(shell: Shell) -> None:
    await shell.receive(order())
    paid = await shell.receive(payment_of(shell, key="order-2"))

    later = await shell.receive(order(key="order-2"))

    assert paid == {"status": None, "reason": "ORIGINAL_UNKNOWN", "uetr": None}
    assert later == {"refused": "TOMBSTONED"}


async def test_an_enquiry_about_an_order_names_how_it_stands(shell: Shell) -> None:
    await shell.receive(order())

    asked = await shell.receive(InboundEnquiry(UETR, "order-1", {}))
    assert asked == {"enquiry": "RCVD"}


async def test_an_order_survives_a_restart_and_lapses_by_its_row(shell: Shell) -> None:
    await shell.receive(order(expires_at=NOW + timedelta(seconds=30)))
    sweeper = shell.new_sweeper()
    assert await sweeper.recover() == 0
    shell.clock.pass_s(31)
    await sweeper.sweep()
    await shell.settle()

    assert shell.payment(UETR).state is State.LAPSED


async def test_an_advised_order_reserves_what_will_be_paid_out(advised: Shell) -> None:
    await advised.receive(order())

    assert advised.payment(UETR).state is State.READY
    assert advised.pending() == [4_100_000, 4_100_000]


async def test_an_advice_is_acknowledged_at_once_and_credited(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("accepted"))
    told = await advised.receive(payment_of(advised))
    await advised.settle()
    payment = advised.payment(UETR)

    assert (told["status"], told["reason"]) == ("PDNG", None)
    assert (payment.state, advised.pending()) == (State.CREDITED, [])
    assert suspense(advised) == 0


async def test_an_advice_that_cannot_be_credited_goes_back_whole(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await advised.settle()
    unwinding = advised.payment(UETR)
    assert (unwinding.state, is_ended(unwinding)) == (State.UNWINDING, False)
    assert suspense(advised) == -unwinding.terms.debit.minor

    await looked_after(advised)
    back, done = advised.payment(linked_uetr(UETR, 1)), advised.payment(UETR)

    assert (back.kind, back.original, back.state) == (Kind.REFUND, UETR, State.ACCEPTED)
    assert back.terms.destination == done.terms.debit
    assert (done.state, done.reason) == (State.UNWOUND, Reason.ACCOUNT_CLOSED)
    assert advised.thailand.refunded == [{"voucher": "V1"}]
    assert (advised.pending(), suspense(advised), owed(advised)) == ([], 0, 0)


async def test_an_advice_of_another_amount_goes_back(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("thailand", said("accepted"))
    told = await advised.receive(payment_of(advised, amount=Money.parse("1.00", "THB")))
    await looked_after(advised)

    back = advised.payment(linked_uetr(UETR, 1))
    assert (told["status"], told["reason"]) == ("RJCT", "AMOUNT_DIFFERS")
    assert advised.payment(UETR).state is State.UNWOUND
    assert back.terms.destination == Money.parse("1.00", "THB")
    assert (suspense(advised), owed(advised)) == (0, 0)


async def test_an_advice_after_the_order_lapsed_goes_back(advised: Shell) -> None:
    await advised.receive(order(expires_at=NOW + timedelta(seconds=30)))
    advised.clock.pass_s(31)
    await advised.sweep()
    assert (advised.payment(UETR).state, advised.pending()) == (State.LAPSED, [])
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised)

    assert (advised.payment(UETR).state, owed(advised)) == (State.UNWOUND, 0)


async def test_money_on_its_way_back_is_never_sent_twice(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", LOST, said("unknown"), said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised)
    back = advised.payment(linked_uetr(UETR, 1))
    refunds = [left for left in advised.transport.left if left[1] == "/refund"]

    assert (back.state, advised.payment(UETR).state) == (State.ACCEPTED, State.UNWOUND)
    assert len(refunds) == 1


async def test_what_the_network_does_not_take_back_is_left_to_people(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", said("refused", Reason.ACCOUNT_CLOSED))
    advised.transport.script("thailand", said("refused", Reason.TRANSACTION_FORBIDDEN))
    await advised.receive(payment_of(advised))
    await looked_after(advised)
    payment = advised.payment(UETR)

    assert (payment.state, payment.disputed, payment.next_at) == (State.UNWINDING, True, None)
    assert suspense(advised) == -payment.terms.debit.minor


async def test_a_credit_that_never_left_goes_back_too(advised: Shell) -> None:
    await advised.receive(order())
    advised.transport.script("bakong", OFFLINE, OFFLINE, OFFLINE)
    advised.transport.script("thailand", said("accepted"))
    await advised.receive(payment_of(advised))
    await looked_after(advised)

    assert advised.payment(UETR).state is State.UNWOUND


async def looked_after(shell: Shell, looks: int = 12) -> None:
    """Let timers fire for a while."""
    for _ in range(looks):
        await shell.settle()
        shell.clock.pass_s(30)
        await shell.sweep()


def suspense(shell: Shell) -> int:
    """What Thailand's suspense account holds: debits less credits."""
    return net(shell, "/suspense/")


def owed(shell: Shell) -> int:
    """What Thailand owes: debits less credits."""
    return net(shell, "thailand/network/")


def net(shell: Shell, part: str) -> int:
    return sum(
        account.debits_posted - account.credits_posted
        for key, account in shell.engine.accounts().items()
        if part in key
    )
