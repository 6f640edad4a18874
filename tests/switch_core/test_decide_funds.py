"""Money pushed in advance: taken in once with the step it makes, and never in part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from switch.books import SUM_MAX
from switch.commands import Conclude, Declined, Done, Known, Open, Stale
from switch.ledger import Account
from switch.lifecycle import Event
from switch.model import Funding, Payment, State
from switch.reasons import Reason
from tests.switch_core.core_values import (
    FEE_KHR,
    HOLDER_KHR,
    HOLDER_THB,
    NOW,
    POOL_KHR,
    SPONSOR,
    SUSPENSE_KHR,
    THAILAND_THB,
    answer,
    capped,
    concluded,
    khr,
    opened,
    payment,
    received,
    waiting,
)
from tests.switch_core.core_world import World, nothing_written

ITEM = "item-1"
CAME = {POOL_KHR: (4_125_000, 0, 0, 0), SUSPENSE_KHR: (0, 4_125_000, 0, 0)}


def gross(state: State = State.AWAITING_FUNDS, number: int = 1) -> Payment:
    """A payment whose money the payer's bank pushes first."""
    held = payment(number)
    paid_to = replace(held.institutions, sponsor=SPONSOR)
    return replace(waiting(held, state), funding=Funding.GROSS, institutions=paid_to)


def funded(held: Payment, event: Event = Event.FUNDED, **changes: Any) -> Conclude:
    """What awaited money, or other money, makes of a payment."""
    return replace(concluded(held, event, paid=held.terms.debit, item_hash=ITEM), **changes)


def unasked(number: int = 2) -> Open:
    """What money that no payment waits for becomes."""
    held = replace(gross(State.RETURNING, number), reason=Reason.NOT_AWAITED, next_at=NOW)
    return replace(opened(held), item_hash=ITEM, answer=answer(held))


def test_money_and_the_hop_that_it_pays_for_are_one_commit(world: World) -> None:
    held = world.done(opened(gross()))
    assert world.balances() == {}
    sending = world.done(funded(held))

    assert sending.state is State.SENDING
    assert world.last.incoming == [ITEM]
    assert [each.uetr for each in world.last.exchanges] == [held.uetr]
    assert world.balances() == {
        POOL_KHR: (4_125_000, 0, 0, 0),
        SUSPENSE_KHR: (0, 4_125_000, 4_125_000, 0),
        HOLDER_KHR: (0, 0, 0, 4_100_000),
        FEE_KHR: (0, 0, 0, 25_000),
        HOLDER_THB: (0, 0, 34_500, 0),
        THAILAND_THB: (0, 0, 0, 34_500),
    }


def test_an_item_is_taken_in_once_whatever_it_comes_as(world: World) -> None:
    held = world.done(opened(gross()))
    sending = world.done(funded(held))

    for again in (funded(held), unasked(), received(ITEM)):
        assert isinstance(world.do(again), Done)
        assert nothing_written(world.last)
    assert world.state.payments == {sending.uetr: sending}


def test_a_payment_that_moved_on_leaves_its_money_to_be_looked_at_again(world: World) -> None:
    held = world.done(opened(gross()))
    expired = world.done(concluded(held, Event.EXPIRED))

    assert world.do(funded(held)) == Stale(expired)
    assert nothing_written(world.last)


def test_no_room_abroad_leaves_nothing_of_the_money_in_the_books(world: World) -> None:
    world.do(capped(0, HOLDER_THB))
    held = world.done(opened(gross()))

    assert world.do(funded(held)) == Declined(Reason.FUNDS_INSUFFICIENT)
    assert nothing_written(world.last)
    assert not any(any(sums) for sums in world.balances().values())


def test_a_full_pool_leaves_nothing_reserved(world: World) -> None:
    world.state.accounts[POOL_KHR] = Account(POOL_KHR, "KHR", debits_posted=SUM_MAX)
    held = world.done(opened(gross()))

    assert world.do(funded(held)) == Declined(Reason.ACCOUNT_FULL)
    others = {key: sums for key, sums in world.balances().items() if key != POOL_KHR}
    assert not any(any(sums) for sums in others.values())


@pytest.mark.parametrize("riel", [1, 41_249, 90_000])
def test_other_money_is_taken_in_whole_and_waits_to_go_back(world: World, riel: int) -> None:
    held = world.done(opened(gross()))
    back = world.done(funded(held, Event.PAID_AMISS, paid=khr(riel)))

    assert (back.state, back.reason is not None) == (State.RETURNING, True)
    minor = riel * 100
    assert world.balances() == {POOL_KHR: (minor, 0, 0, 0), SUSPENSE_KHR: (0, minor, 0, 0)}


def test_money_that_nobody_waits_for_becomes_a_refused_payment_of_its_own(world: World) -> None:
    command = unasked()
    held = world.done(command)

    assert (held.state, held.next_at) == (State.RETURNING, NOW)
    assert world.balances() == CAME
    (leaf,) = world.last.leaves
    assert (leaf.content["kind"], leaf.content["item"]) == ("held", ITEM)
    assert world.do(command) == Known(held, command.answer, command.binding)
    assert world.balances() == CAME


def test_a_refusal_abroad_leaves_the_money_where_it_goes_back_from(world: World) -> None:
    held = world.done(funded(world.done(opened(gross()))))
    ended = world.done(concluded(held, Event.REFUSED))

    assert ended.state is State.RETURNING
    left = {key: sums for key, sums in world.balances().items() if any(sums)}
    assert left == CAME
