"""How members and merchants stand is a machine: decided pairs, ways out, two operators, doors."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from switch.commands import Declined, Done, Open, Result
from switch.ledger import Account
from switch.lifecycle import Event
from switch.model import Direction, Kind, Payment, State
from switch.operators import ApproveStep, Enrol, ProposeStep
from switch.reasons import Reason
from switch.standings import (
    OPEN,
    STEPS,
    PartyKind,
    PartyState,
    Stands,
    Step,
    claim_of,
    first_of,
    member_party,
    merchant_party,
    stands_of,
    steps_from,
    target_of,
)
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import MEMBER, MEMBER_KHR, NOW, concluded, opened, payment, salt
from tests.switch_core.core_world import World

PARTY: Final = member_party(MEMBER)
SHOP: Final = merchant_party("unionpay", "M1")


def proposed(step: Step, version: int, party: str = PARTY, operator: str = "one") -> ProposeStep:
    return ProposeStep(party, version, step, operator, "letter 12", NOW, salt(version, 71))


def approved(version: int, party: str = PARTY, operator: str = "two") -> ApproveStep:
    return ApproveStep(party, version, operator, NOW, salt(version, 72), (MEMBER_KHR,))


def stands(world: World, party: str = PARTY) -> Stands:
    held = world.state.claims.get(claim_of(party))
    return Stands(PartyState.ACTIVE) if held is None else stands_of(held.uetr)


def taken(world: World, *steps: Step, party: str = PARTY) -> Result:
    """Steps by two operators, one after the other; what the last comes to."""
    result: Result = Done(None)
    for step in steps:
        version = stands(world, party).version
        assert world.do(proposed(step, version, party)) == Done(None)
        result = world.do(approved(version + 1, party))
    return result


def inbound(bank: str = MEMBER) -> Payment:
    held = payment(3, direction=Direction.INBOUND, quote="q-3")
    return replace(held, institutions=replace(held.institutions, payee_bank=bank))


@pytest.mark.parametrize("kind", PartyKind)
def test_every_state_is_reached_and_has_a_way_to_be_active(kind: PartyKind) -> None:
    states = {row[0] for row in STEPS[kind]}
    assert states == {row[2] for row in STEPS[kind]} | {first_of(kind)}
    for state in states:
        seen, front = {state}, [state]
        while front:
            for step in steps_from(kind, front.pop()):
                for other in states:
                    to = target_of(kind, other, step) if other in seen else None
                    if to is not None and to not in seen:
                        seen.add(to)
                        front.append(to)
        assert {PartyState.ACTIVE, PartyState.CLOSED} <= seen, state


@pytest.mark.parametrize("kind", PartyKind)
def test_a_step_leads_to_one_place(kind: PartyKind) -> None:
    pairs = [(at, by) for at, by, _ in STEPS[kind]]
    assert len(pairs) == len(set(pairs))


def test_only_who_is_active_has_all_doors_open_and_who_is_closed_has_none() -> None:
    assert [state for state in PartyState if len(OPEN[state]) == len(OPEN[PartyState.ACTIVE])] == [
        PartyState.ACTIVE
    ]
    assert OPEN[PartyState.CLOSED] == ()


def test_a_step_needs_two_operators_and_the_version_that_was_seen() -> None:
    world = World()
    assert world.do(proposed(Step.SUSPEND_ALL, 0)) == Done(None)
    assert world.do(approved(1, operator="one")) == Declined(Reason.SAME_OPERATOR)
    assert world.do(proposed(Step.LEAVE, 1, operator="three")) == Done(None)
    assert world.do(approved(1)) == Declined(Reason.PROPOSAL_CHANGED)
    assert stands(world).state is PartyState.ACTIVE
    assert world.do(approved(2)) == Done(None)
    assert (stands(world).state, stands(world).proposed) == (PartyState.EXITING, None)
    assert world.do(approved(3)) == Declined(Reason.PROPOSAL_CHANGED)


def test_a_step_that_is_no_row_is_declined() -> None:
    world = World()
    assert world.do(proposed(Step.CERTIFY, 0)) == Declined(Reason.STEP_IMPOSSIBLE)
    assert world.do(proposed(Step.SUSPEND, 0)) == Declined(Reason.STEP_IMPOSSIBLE)


def test_what_is_configured_is_only_how_it_stands_first() -> None:
    world = World()
    enrol = Enrol(PARTY, PartyState.APPLIED, "c-1", NOW, salt(1, 73))
    world.do(enrol)
    taken(world, Step.CERTIFY, Step.ACTIVATE)
    world.do(enrol)

    assert stands(world).state is PartyState.ACTIVE


def test_a_member_suspended_between_quote_and_payment_pays_nothing() -> None:
    world = World()
    taken(world, Step.SUSPEND_NEW)
    result = world.do(opened(payment()))

    assert result == Declined(Reason.MEMBER_SUSPENDED)
    assert world.state.accounts == {}


def test_what_is_in_flight_when_its_member_is_suspended_ends_as_it_would_have() -> None:
    world = World()
    sent = world.done(opened(payment()))
    taken(world, Step.SUSPEND_ALL)
    ended = world.done(concluded(sent, Event.ACCEPTED))

    assert ended.state is State.ACCEPTED


def test_its_customers_are_paid_until_all_is_suspended() -> None:
    world = World()
    taken(world, Step.SUSPEND_NEW)
    assert isinstance(world.do(opened(inbound())), Done)
    taken(world, Step.SUSPEND_ALL)
    late = replace(inbound("ACLBKHPP"), uetr=payment(5).uetr, terms=payment(5, quote="q").terms)

    assert world.do(opened(late, "other")) == Declined(Reason.PAYEE_BANK_SUSPENDED)


def refund(world: World) -> Open:
    """The refund of a payment to a customer of the member, asked for by it."""
    credited = world.done(concluded(world.done(opened(inbound())), Event.ACCEPTED))
    held = fitted(replace(payment(4, quote="q-4"), kind=Kind.REFUND), credited)
    return opened(replace(held, origin=MEMBER))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step.SUSPEND_NEW, Declined(Reason.MEMBER_SUSPENDED)),
        (Step.SUSPEND_ALL, Declined(Reason.MEMBER_SUSPENDED)),
        (Step.LEAVE, None),
    ],
)
def test_a_refund_that_a_suspended_member_asks_for_is_declined(
    step: Step, expected: Declined | None
) -> None:
    world = World()
    command = refund(world)
    taken(world, step)
    result = world.do(command)

    assert isinstance(result, Done) if expected is None else result == expected


def test_what_we_give_back_ourselves_asks_for_no_door() -> None:
    world = World()
    command = refund(world)
    taken(world, Step.SUSPEND_ALL)
    ours = replace(command, binding=replace(command.binding, scope="back"))

    assert isinstance(world.do(ours), Done)


@pytest.mark.parametrize(
    ("step", "expected"), [(Step.SUSPEND_NEW, None), (Step.SUSPEND_ALL, Reason.MEMBER_SUSPENDED)]
)
def test_a_recall_moves_nothing_and_goes_on_until_all_is_suspended(
    step: Step, expected: Reason | None
) -> None:
    world = World()
    original = world.done(concluded(world.done(opened(payment())), Event.ACCEPTED))
    taken(world, step)
    recall = fitted(replace(payment(4, quote="q-4"), kind=Kind.RECALL), original)
    result = world.do(opened(recall))

    assert isinstance(result, Done) if expected is None else result == Declined(expected)


def test_a_merchant_that_is_suspended_is_not_paid() -> None:
    world = World()
    first, second = inbound(""), replace(inbound(""), uetr=payment(5).uetr)
    taken(world, Step.SUSPEND, party=SHOP)
    refused = world.do(replace(opened(first), parties=(SHOP,)))
    taken(world, Step.ACTIVATE, party=SHOP)

    assert refused == Declined(Reason.MERCHANT_SUSPENDED)
    assert isinstance(world.do(replace(opened(second), parties=(SHOP,))), Done)


def test_a_member_is_closed_when_its_position_is_square() -> None:
    world = World()
    taken(world, Step.LEAVE)
    world.state.accounts[MEMBER_KHR] = Account(MEMBER_KHR, "KHR", debits_posted=5)
    assert taken(world, Step.CLOSE) == Declined(Reason.POSITION_OPEN)
    world.state.accounts[MEMBER_KHR] = Account(MEMBER_KHR, "KHR", debits_posted=5, credits_posted=5)
    assert world.do(approved(stands(world).version)) == Done(None)
    assert stands(world).state is PartyState.CLOSED


def test_how_it_stands_is_kept_as_one_line() -> None:
    for version, state in enumerate(PartyState):
        assert stands_of(Stands(state, version).text()) == Stands(state, version)
