"""Cancels and confirmations: repeated until answered, within their window, and never guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from switch.dispatch import Happened
from switch.inbound_port import InboundNotice
from switch.lifecycle import Event
from switch.model import Finality, Payment, State
from switch.operators import Action
from switch.port import Operation, Outcome, OutcomeKind
from switch.reasons import Reason
from switch.timers import CHANCES, cancel_until
from tests.shell.hand_parts import LOST, NOW, said
from tests.shell.shell_rig import Shell, changed_corridor, ends
from tests.shell.test_returns import settled


@pytest.fixture
async def cancels(shell: Shell) -> Shell:
    """A shell whose Thailand can cancel, which we ask for after two enquiries."""
    shell.thailand.facts = replace(
        shell.thailand.facts,
        operations=(*shell.thailand.facts.operations, Operation.CANCEL),
        cancel_after_rungs=2,
        cancel_every_s=5,
        cancel_until_min=15,
        cancel_zone_min=480,
    )
    return shell


async def given_up(shell: Shell) -> str:
    """A payment that nobody answers for, until a cancel is sent; returns its UETR."""
    shell.transport.script("thailand", LOST, LOST, LOST)
    payment = await shell.opened()
    for pause in (5, 5):
        shell.clock.pass_s(pause)
        await shell.sweep()
    assert shell.payment(payment.uetr).rung == 2
    return payment.uetr


async def fired(shell: Shell, seconds: float) -> None:
    shell.clock.pass_s(seconds)
    await shell.sweep()


async def test_a_confirmed_cancel_ends_a_payment_and_releases_its_money(cancels: Shell) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", said("cancelled"))
    await fired(cancels, 10)
    payment = cancels.payment(uetr)

    assert (payment.state, payment.reason) == (State.REFUSED, Reason.CANCELLED)
    assert cancels.pending() == []
    assert cancels.transport.left[-1] == ("thailand", "/cancel")


async def test_a_cancel_is_sent_until_it_is_answered(cancels: Shell) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", LOST, said("pending"), said("unknown"), said("cancelled"))
    await fired(cancels, 10)
    assert cancels.payment(uetr).state is State.CANCELLING
    assert cancels.pending() != []
    for _ in range(3):
        await fired(cancels, 5)

    assert cancels.payment(uetr).state is State.REFUSED
    assert [path for _, path in cancels.transport.left].count("/cancel") == 4


async def test_a_payment_that_is_done_stays_done_when_it_is_cancelled(cancels: Shell) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", said("accepted"))
    await fired(cancels, 10)

    assert (cancels.payment(uetr).state, cancels.pending()) == (State.ACCEPTED, [])


async def test_a_late_success_while_it_is_cancelled_is_evidence_only(cancels: Shell) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", LOST, said("cancelled"))
    await fired(cancels, 10)
    reference = cancels.payment(uetr).reference
    accepted = Outcome(OutcomeKind.ACCEPTED)
    await cancels.receive(InboundNotice(reference, accepted, {}))
    assert cancels.payment(uetr).state is State.CANCELLING
    await fired(cancels, 5)
    await cancels.receive(InboundNotice(reference, accepted, {}))

    payment = cancels.payment(uetr)
    assert (payment.state, payment.disputed) == (State.REFUSED, True)


async def test_after_the_cancel_window_people_decide(cancels: Shell) -> None:
    uetr = await given_up(cancels)
    cancels.transport.script("thailand", *[LOST] * 5)
    await fired(cancels, 10)
    until = cancel_until(cancels.thailand.facts, cancels.payment(uetr).send_by)
    await fired(cancels, (until - cancels.clock.now()) / timedelta(seconds=1))

    assert (cancels.payment(uetr).state, cancels.pending() != []) == (State.CANCEL_MANUAL, True)


async def test_a_network_without_a_cancel_is_never_asked_for_one(shell: Shell) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, cancel_after_rungs=1)
    shell.transport.script("thailand", *[LOST] * 4)
    await shell.opened()
    for pause in (5, 5, 10):
        await fired(shell, pause)

    assert "/cancel" not in [path for _, path in shell.transport.left]


def test_a_cancel_window_ends_where_the_network_is(cancels: Shell) -> None:
    # 03:00 UTC is 11:00 in the zone; a quarter of an hour after its midnight is 16:15 UTC.
    assert cancel_until(cancels.thailand.facts, NOW) == NOW.replace(hour=16, minute=15)
    late = NOW.replace(hour=16, minute=30)
    assert cancel_until(cancels.thailand.facts, late) == late.replace(minute=15) + timedelta(days=1)


@pytest.fixture
async def confirms(shell: Shell) -> Shell:
    """A shell whose Thailand carries out what it reserved once we confirm."""
    operations = (*shell.thailand.facts.operations, Operation.CONFIRM)
    shell.thailand.facts = replace(shell.thailand.facts, operations=operations)
    shell.configured(
        changed_corridor(shell.config, ends(inbound=False), finality=Finality.THREE_LEG)
    )
    return shell


async def test_our_confirmation_makes_a_payment_final_and_is_told_until_acknowledged(
    confirms: Shell,
) -> None:
    confirms.transport.script("thailand", said("ready"), LOST, said("accepted"))
    payment = await confirms.opened()
    assert (payment.state, confirms.pending()) == (State.CONFIRMING, [])
    await confirms.sweep()
    assert confirms.payment(payment.uetr).state is State.CONFIRMING
    await fired(confirms, 60)

    assert confirms.payment(payment.uetr).state is State.ACCEPTED
    assert [path for _, path in confirms.transport.left] == ["/pay", "/confirm", "/confirm"]


async def test_a_confirmation_that_comes_to_nothing_is_a_dispute(confirms: Shell) -> None:
    confirms.transport.script("thailand", said("ready"), said("refused", Reason.ACCOUNT_CLOSED))
    payment = await confirms.opened()
    await confirms.sweep()
    after = confirms.payment(payment.uetr)

    assert (after.state, after.disputed, after.next_at) == (State.CONFIRMING, True, None)


async def test_what_may_be_repeated_is_sent_again_with_the_same_key(shell: Shell) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, repeatable=True)
    shell.transport.script("thailand", LOST, said("accepted"))
    payment = await shell.opened()

    assert payment.state is State.ACCEPTED
    assert [path for _, path in shell.transport.left] == ["/pay", "/pay"]


async def test_what_may_have_left_is_never_taken_for_unsent_after_a_repeat(shell: Shell) -> None:
    shell.thailand.facts = replace(shell.thailand.facts, repeatable=True)
    shell.transport.script("thailand", LOST)
    shell.ids.chance = CHANCES // 2
    shell.clock.slept.clear()
    original_sleep = shell.clock.sleep

    async def long_sleep(seconds: float) -> None:
        await original_sleep(seconds)
        shell.clock.pass_s(10 if seconds else 0)

    shell.clock.sleep = long_sleep  # type: ignore[method-assign]
    payment = await shell.opened()

    assert payment.state is State.UNKNOWN
    assert [path for _, path in shell.transport.left] == ["/pay"]


async def test_the_window_counts_from_when_the_network_was_asked(cancels: Shell) -> None:
    """The day of the network ends between the opening and the last moment of sending."""
    cancels.clock.pass_s(59)
    assert cancels.clock.now() == NOW + timedelta(seconds=59)
    cancels.thailand.facts = replace(cancels.thailand.facts, cancel_zone_min=-181)
    uetr = await given_up(cancels)
    payment = cancels.payment(uetr)
    assert payment.opened_at < NOW + timedelta(seconds=60) < payment.send_by
    cancels.transport.script("thailand", *[LOST] * 4)
    await fired(cancels, 10)
    await fired(cancels, 1_200)

    assert cancels.payment(uetr).state is State.CANCELLING


async def test_what_is_set_aside_too_late_is_never_confirmed(confirms: Shell) -> None:
    lapsed = said("refused", Reason.CLEARING_TIMED_OUT)
    confirms.transport.script("thailand", LOST, said("ready"), said("ready"), lapsed)
    payment = await confirms.opened()
    confirms.clock.pass_s(60)
    await confirms.sweep()
    told = confirms.payment(payment.uetr)
    await confirms.receive(InboundNotice(payment.reference, Outcome(OutcomeKind.READY), {}))
    for _ in range(2):
        await fired(confirms, 3_600)
    after = confirms.payment(payment.uetr)

    assert (told.state, after.state) == (State.PENDING_FAR, State.REFUSED)
    assert "set_aside_too_late" in confirms.log.events
    assert "/confirm" not in [path for _, path in confirms.transport.left]
    assert confirms.pending() == []


async def test_operators_who_say_accepted_have_it_confirmed_in_three_legs(confirms: Shell) -> None:
    confirms.transport.script("thailand", LOST)
    payment = await confirms.opened()
    opened = await confirms.dispatch.open(payment.uetr)
    left = await confirms.dispatch.conclude(payment, opened, Happened(Event.SPENT))
    assert left.state is State.MANUAL
    decided = await settled(confirms, left, Action.ACCEPTED)
    confirms.transport.script("thailand", said("accepted"))
    await confirms.sweep()

    assert isinstance(decided, Payment)
    assert decided.state is State.CONFIRMING
    assert confirms.payment(payment.uetr).state is State.ACCEPTED
    assert [path for _, path in confirms.transport.left] == ["/pay", "/confirm"]
