"""What operators take back of a payment that was not carried out, on every engine: once, and whole.

Its answer stays, what is booked for it is its own set turned round, and each story ends with the
book-keeper's check of the whole store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.commands import Declined, Done
from switch.lifecycle import BORNE, Event, is_ended
from switch.model import Direction, Finality, Funding, Kind, State
from switch.operators import Action
from switch.parts import linked_uetr
from switch.proposals import actions_for
from switch.reasons import Reason
from switch.suspense import Way, item_claim, suspended_of
from tests.contract.test_care_story import accepted, decided, done, moved, net, returned
from tests.contract.test_care_story import engine as engine  # noqa: PLC0414
from tests.switch_core.core_items import approved, ending, proposed
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    MEMBER_KHR,
    POOL_KHR,
    SECOND,
    SPONSOR,
    SUSPENSE_KHR,
    THAILAND_THB,
    bridged,
    opened,
    payment,
    waiting,
)

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.suspense import Suspended
    from tests.contract.contract_engines import AnyEngine


def unbooked(engine: AnyEngine, held: Payment) -> Payment:
    """A payment of which its counterparty takes its word back, as two operators end that."""
    disputed = moved(engine, held, Event.REFUSED)
    result = decided(engine, disputed, Action.UNBOOK)
    assert isinstance(result, Done), result
    assert result.payment is not None
    return result.payment


def standing(engine: AnyEngine) -> dict[str, int]:
    """Every account that is not square."""
    return {key: net(engine, key) for key in engine.accounts() if net(engine, key)}


def item(engine: AnyEngine, name: str) -> Suspended:
    """An item in suspense as it is kept."""
    claim = item_claim(name)
    return suspended_of(engine.claimed(claim, claim)[claim])


def bridge(number: int = 1) -> Payment:
    held = payment(number, quote="q-2")
    parts = replace(held.institutions, second_holder=SECOND)
    return replace(held, terms=bridged("q-2"), institutions=parts)


@pytest.mark.parametrize("through", ["one holder", "two holders"])
def test_the_payer_has_everything_again_and_the_answer_stays(
    engine: AnyEngine, through: str
) -> None:
    made = bridge() if through == "two holders" else payment(1, quote="q-1")
    held = moved(engine, done(engine, opened(made)), Event.ACCEPTED)
    before, answer = standing(engine), engine.answer(held.uetr)
    after = unbooked(engine, held)

    assert MEMBER_KHR in before
    assert standing(engine) == {}
    assert (after.state, after.disputed, after.rung) == (State.ACCEPTED, False, BORNE)
    assert (engine.answer(held.uetr), is_ended(after)) == (answer, True)


def test_the_refusal_told_again_is_no_news_and_an_acceptance_is(engine: AnyEngine) -> None:
    held = accepted(engine)
    before = standing(engine)
    after = unbooked(engine, held)
    again = moved(engine, after, Event.REFUSED)
    assert again == after
    told = moved(engine, after, Event.ACCEPTED)
    actions = actions_for(told)
    booked = decided(engine, told, Action.BOOK)

    assert (told.disputed, actions) == (True, (Action.UPHOLD, Action.BOOK))
    assert isinstance(booked, Done)
    assert booked.payment is not None
    assert (booked.payment.rung, standing(engine)) == (0, before)


def test_a_late_acceptance_that_was_none_is_taken_back(engine: AnyEngine) -> None:
    held = moved(engine, done(engine, opened(payment(1, quote="q-1"))), Event.REFUSED)
    decided(engine, moved(engine, held, Event.ACCEPTED), Action.BOOK)
    borne = engine.payment(held.uetr)
    assert borne is not None
    assert (borne.rung, net(engine, THAILAND_THB)) == (BORNE, -34_500)
    told = moved(engine, borne, Event.REFUSED)
    actions = actions_for(told)
    kept = decided(engine, told, Action.UPHOLD)
    assert isinstance(kept, Done)
    assert kept.payment is not None
    assert kept.payment.rung == BORNE
    after = decided(engine, moved(engine, kept.payment, Event.NEVER_SEEN), Action.UNBOOK)

    assert actions == (Action.UPHOLD, Action.UNBOOK)
    assert isinstance(after, Done)
    assert after.payment is not None
    assert (after.payment.rung, standing(engine)) == (0, {})


def test_what_came_back_of_it_shows_that_it_was_carried_out(engine: AnyEngine) -> None:
    held = accepted(engine)
    back = replace(returned(5, held), uetr=linked_uetr(held.uetr, 1))
    done(engine, opened(back))
    before = standing(engine)
    result = decided(engine, moved(engine, held, Event.REFUSED), Action.UNBOOK)

    assert result == Declined(Reason.PART_GONE_BACK)
    assert standing(engine) == before


def test_nothing_is_returned_to_a_payer_who_has_it_again(engine: AnyEngine) -> None:
    held = unbooked(engine, accepted(engine))
    (late,) = engine.execute([opened(returned(5, held))])
    recall = fitted(replace(payment(4, quote="q-4"), kind=Kind.RECALL), held)
    (asked,) = engine.execute([opened(recall)])

    assert (late, asked) == (Declined(Reason.NOT_REFUNDABLE),) * 2
    assert standing(engine) == {}


def test_a_word_that_was_refused_is_not_told_any_more(engine: AnyEngine) -> None:
    held = replace(payment(1, quote="q-1"), finality=Finality.THREE_LEG)
    held = moved(engine, done(engine, opened(held)), Event.READY)
    disputed = moved(engine, held, Event.REFUSED)
    actions = actions_for(disputed)
    result = decided(engine, disputed, Action.UNBOOK)
    assert isinstance(result, Done)
    assert result.payment is not None
    late = moved(engine, result.payment, Event.ACKNOWLEDGED)

    assert actions == (Action.UPHOLD, Action.AGAIN, Action.UNBOOK)
    assert (result.payment.next_at, is_ended(result.payment)) == (None, True)
    assert standing(engine) == {}
    assert (late.state, late.disputed) == (State.CONFIRMING, True)
    assert actions_for(late) == (Action.UPHOLD, Action.BOOK)


def gross(engine: AnyEngine) -> Payment:
    held = replace(payment(1, quote="q-1"), funding=Funding.GROSS)
    held = replace(held, institutions=replace(held.institutions, sponsor=SPONSOR))
    held = done(engine, opened(waiting(held, State.AWAITING_FUNDS)))
    return moved(engine, moved(engine, held, Event.FUNDED), Event.ACCEPTED)


def test_what_was_paid_in_advance_is_an_item_in_suspense(engine: AnyEngine) -> None:
    after = unbooked(engine, gross(engine))
    held = item(engine, f"unbooked/{after.uetr}")
    told = moved(engine, after, Event.ACCEPTED)

    assert (held.account, held.minor) == (SUSPENSE_KHR, 4_125_000)
    assert net(engine, SUSPENSE_KHR) == -4_125_000
    assert actions_for(told) == (Action.UPHOLD,)


def test_a_payee_who_was_not_credited_is_owed_out_of_suspense(engine: AnyEngine) -> None:
    made = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    credited = moved(engine, made, Event.ACCEPTED)
    before = net(engine, THAILAND_THB)
    after = unbooked(engine, credited)
    name = f"unbooked/{after.uetr}"
    shown = item(engine, name)
    first = engine.execute([proposed(name, 0, ending(Way.SETTLED, pool=True))])
    second = engine.execute([approved(name, item(engine, name))])

    assert (after.state, shown.minor) == (State.CREDITED, 4_100_000)
    assert net(engine, THAILAND_THB) == before
    assert all(isinstance(each, Done) for each in (*first, *second))
    assert (net(engine, POOL_KHR), net(engine, SUSPENSE_KHR)) == (-4_100_000, 0)


def test_a_credit_of_the_sponsors_own_customer_is_its_own_affair(engine: AnyEngine) -> None:
    made = payment(1, direction=Direction.INBOUND, quote="q-1")
    made = replace(made, institutions=replace(made.institutions, on_us=True))
    credited = moved(engine, done(engine, opened(made)), Event.ACCEPTED)

    assert actions_for(moved(engine, credited, Event.REFUSED)) == (Action.UPHOLD,)


def test_a_late_credit_on_us_is_owed_to_the_sponsor_and_moves_no_pool(engine: AnyEngine) -> None:
    made = payment(1, direction=Direction.INBOUND, quote="q-1")
    made = replace(made, institutions=replace(made.institutions, on_us=True))
    refused = moved(engine, done(engine, opened(made)), Event.REFUSED)
    decided(engine, moved(engine, refused, Event.ACCEPTED), Action.BOOK)

    assert net(engine, POOL_KHR) == 0
    assert net(engine, f"{SPONSOR}/member/KHR/deferred") == -4_100_000


def test_a_refund_that_never_was_leaves_its_payment_to_be_refunded_again(
    engine: AnyEngine,
) -> None:
    made = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    credited = moved(engine, made, Event.ACCEPTED)
    before = standing(engine)
    refund = fitted(replace(payment(4, quote="q-4"), kind=Kind.REFUND), credited)
    after = unbooked(engine, moved(engine, done(engine, opened(refund)), Event.ACCEPTED))

    assert (after.state, standing(engine)) == (State.ACCEPTED, before)
