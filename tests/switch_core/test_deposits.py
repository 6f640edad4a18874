"""Deposits in the core: paid in and out by two operators, and never below zero whatever happens."""

from __future__ import annotations

from dataclasses import replace
from shutil import copytree
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fx.money import Money, currency
from switch.commands import Declined, Done
from switch.config import Config, ConfigError, default_folder, load_config
from switch.lifecycle import Event
from switch.model import Funding, Payment
from switch.reasons import Reason
from switch.suspense import Suspended, Way, ways_of, withdrawal
from tests.switch_core.core_items import (
    DEPOSIT,
    ITEM,
    WITHDRAWAL,
    approved,
    claimed,
    ending,
    item_of,
    proposed,
    withdrawn,
)
from tests.switch_core.core_values import (
    MEMBER_KHR,
    POOL_KHR,
    SUSPENSE_KHR,
    capped,
    concluded,
    opened,
    payment,
    received,
)
from tests.switch_core.core_world import World

if TYPE_CHECKING:
    from pathlib import Path

PUSHED: Final = "item-1"
DEBIT: Final = 4_125_000
"""What the payment of the worked example debits, in minor units."""


def deposited(minor: int) -> World:
    """A world in which a member has paid so much in."""
    world = World()
    world.do(received(PUSHED, minor))
    world.do(proposed(PUSHED, 0, ending(Way.DEPOSITED)))
    assert world.do(approved(PUSHED, item_of(world.state.claims, PUSHED))) == Done(None)
    return world


def prefunded(number: int = 1) -> Payment:
    """A payment out of the deposit."""
    return replace(payment(number, quote=f"quote-{number}"), funding=Funding.PREFUNDED)


def left(world: World, key: str = DEPOSIT) -> int:
    """What stands on an account for whoever it is, reserved debits taken off."""
    debited, credited, held, _ = world.balances().get(key, (0, 0, 0, 0))
    return credited - debited - held


def test_what_came_into_the_pool_becomes_a_deposit() -> None:
    world = deposited(5_000_000)

    assert (left(world), left(world, SUSPENSE_KHR), left(world, POOL_KHR)) == (
        5_000_000,
        0,
        -5_000_000,
    )


def test_a_payment_reserves_and_posts_the_deposit_and_never_the_position() -> None:
    world = deposited(DEBIT)
    world.do(capped(0))
    held = world.done(opened(prefunded()))
    reserved = world.balances()[DEPOSIT]
    world.done(concluded(held, Event.ACCEPTED))

    assert reserved == (0, DEBIT, DEBIT, 0)
    assert world.balances()[DEPOSIT] == (DEBIT, DEBIT, 0, 0)
    assert left(world, MEMBER_KHR) == 0


@pytest.mark.parametrize("cap", [None, 9_000_000])
def test_one_unit_short_is_declined_whatever_cap_is_configured(cap: int | None) -> None:
    world = deposited(DEBIT - 1)
    if cap is not None:
        world.do(capped(cap, DEPOSIT))

    assert world.do(opened(prefunded())) == Declined(Reason.FUNDS_INSUFFICIENT)
    assert left(world) == DEBIT - 1


def test_without_a_deposit_there_is_nothing_to_pay_with() -> None:
    world = World()

    assert world.do(opened(prefunded())) == Declined(Reason.FUNDS_INSUFFICIENT)
    assert world.entries == []


@pytest.mark.parametrize("event", [Event.REFUSED, Event.NOT_SENT])
def test_what_was_not_paid_abroad_stands_in_the_deposit_again(event: Event) -> None:
    world = deposited(DEBIT)
    world.done(concluded(world.done(opened(prefunded())), event))

    assert left(world) == DEBIT
    assert isinstance(world.do(opened(prefunded(2))), Done)


def test_a_withdrawal_needs_two_operators_and_is_paid_out_of_the_pool_once() -> None:
    world = deposited(5_000_000)
    assert world.do(withdrawn(2_000_000)) == Done(None)
    seen = item_of(world.state.claims, WITHDRAWAL)
    before = (left(world), world.do(approved(WITHDRAWAL, seen, by="one")))
    done = [world.do(approved(WITHDRAWAL, seen, turn=turn)) for turn in (1, 2)]

    assert before == (5_000_000, Declined(Reason.SAME_OPERATOR))
    assert done == [Done(None), Done(None)]
    assert (left(world), left(world, POOL_KHR)) == (3_000_000, -3_000_000)
    assert world.do(withdrawn(2_000_000, by="three", turn=9)) == Declined(Reason.ITEM_CLOSED)


def test_what_is_reserved_or_not_there_is_not_withdrawn() -> None:
    world = deposited(DEBIT + 100)
    held = world.done(opened(prefunded()))
    world.do(withdrawn(101))
    seen = item_of(world.state.claims, WITHDRAWAL)
    declined = world.do(approved(WITHDRAWAL, seen))
    world.done(concluded(held, Event.REFUSED))

    assert declined == Declined(Reason.FUNDS_INSUFFICIENT)
    assert world.do(approved(WITHDRAWAL, seen, turn=1)) == Done(None)
    assert left(world) == DEBIT - 1


def test_one_name_is_one_withdrawal_of_one_amount() -> None:
    world = deposited(5_000_000)
    world.do(withdrawn(100))

    assert world.do(withdrawn(100, turn=1)) == Done(None)
    assert world.do(withdrawn(200, turn=2)) == Declined(Reason.PROPOSAL_CHANGED)


@pytest.mark.parametrize("way", ways_of(Suspended(SUSPENSE_KHR, 1, 0)))
def test_a_deposit_is_closed_in_no_other_way(way: Way) -> None:
    world = deposited(5_000_000)
    asked = replace(withdrawn(100), ending=ending(way))

    assert world.do(asked) == Declined(Reason.WAY_NOT_OPEN)


def test_only_what_came_into_the_pool_is_deposited() -> None:
    world = World()
    world.do(claimed())

    for way in (Way.DEPOSITED, Way.WITHDRAWN):
        assert world.do(proposed(ITEM, 0, ending(way))) == Declined(Reason.WAY_NOT_OPEN)
    assert Way.DEPOSITED not in ways_of(Suspended(SUSPENSE_KHR, -1, 0))


@pytest.mark.parametrize(
    "name", ["withdrawal/ACLBKHPPXXX", "withdrawal/ACLB/A", "withdrawal/ACLBKHPPXXX/A/B", "item-1"]
)
def test_a_name_that_is_no_withdrawal_makes_none(name: str) -> None:
    assert withdrawal(name, Money(100, currency("KHR")), 0) is None


@given(
    st.integers(0, 3 * DEBIT),
    st.lists(st.sampled_from(["pay", "accept", "refuse", "withdraw"]), max_size=12),
)
def test_it_is_never_below_zero_in_whatever_order(minor: int, steps: list[str]) -> None:
    world = deposited(max(minor, 1))
    number, open_ones = 1, []
    for step in steps:
        number += 1
        if step == "pay":
            result = world.do(opened(prefunded(number)))
            if isinstance(result, Done) and result.payment is not None:
                open_ones.append(result.payment)
        elif step == "withdraw":
            name = f"{WITHDRAWAL}-{number}"
            world.do(withdrawn(DEBIT, name, turn=number))
            world.do(approved(name, item_of(world.state.claims, name), turn=number))
        elif open_ones:
            event = Event.ACCEPTED if step == "accept" else Event.REFUSED
            world.done(concluded(open_ones.pop(), event))
        assert left(world) >= 0


def configured(folder: Path, place: int) -> Config:
    """The shipped configuration with one of its corridors prefunded."""
    copytree(default_folder(), folder)
    path = folder / "corridors.toml"
    head, *corridors = path.read_text("utf-8").split("[[corridor]]")
    corridors[place] = corridors[place].replace('"capped"', '"prefunded"')
    path.write_text("[[corridor]]".join([head, *corridors]), "utf-8")
    return load_config(folder)


def test_a_corridor_that_pays_out_may_be_prefunded_and_one_that_pays_in_not(
    tmp_path: Path,
) -> None:
    corridor = configured(tmp_path / "out", 0).corridors["bakong", "thailand"]

    assert corridor.funding is Funding.PREFUNDED
    with pytest.raises(ConfigError, match="a network that pays in has neither a deposit"):
        configured(tmp_path / "in", 1)
