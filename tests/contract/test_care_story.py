"""Money that goes back, on every engine: what is linked, held, matched, owed and asked back.

Each story ends with the book-keeper's check of the whole store, from its rows and journal alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Command, Declined, Done, Sealed
from switch.leaves import sealed_digest
from switch.lifecycle import Event
from switch.model import Direction, Finality, Funding, Kind, Payment, State
from switch.operators import Action, Approve, Propose
from switch.parts import LINKED_MAX, PLACES_MAX, linked_uetr
from switch.proposals import PROPOSALS_A_DAY
from switch.reasons import Reason
from switch.store.audit import audit
from tests.contract.contract_engines import KEY, AnyEngine
from tests.contract.contract_scripts import unmatched
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    MEMBER_KHR,
    NOW,
    THAILAND_THB,
    capped,
    concluded,
    opened,
    payment,
    posted,
    salt,
    thb,
    uetr,
    waiting,
)

if TYPE_CHECKING:
    from switch.commands import Conclude, Open
    from tests.contract.contract_engines import Place

SUSPENSE_THB = "thailand/suspense/THB/deferred"


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place; whatever was done, its books and its journal agree."""
    with closing(place.open()) as held:
        held.execute([capped(10**12), posted("r-7")])
        yield held
        assert audit(held, KEY.public_key()).faults == ()


def done(engine: AnyEngine, command: Command) -> Payment:
    (result,) = engine.execute([command])
    assert isinstance(result, Done), result
    assert result.payment is not None
    return result.payment


def moved(engine: AnyEngine, held: Payment, event: Event) -> Payment:
    return done(engine, concluded(held, event))


def net(engine: AnyEngine, account: str) -> int:
    """Debits less credits."""
    held = engine.account(account)
    return 0 if held is None else held.debits_posted - held.credits_posted


def accepted(engine: AnyEngine, number: int = 2) -> Payment:
    held = done(engine, opened(payment(number, quote=f"q-{number}")))
    return moved(engine, held, Event.ACCEPTED)


def returned(number: int, original: Payment) -> Payment:
    """What a network gave back: 345.00 baht at the rate of the original."""
    back = replace(payment(number, quote=f"q-{number}"), direction=Direction.INBOUND)
    terms = replace(back.terms, debit=back.terms.source, fee=back.terms.source - back.terms.source)
    back = replace(back, origin="thailand", terms=terms)
    return fitted(waiting(back, State.ACCEPTED, kind=Kind.RETURN), original)


def held_back(engine: AnyEngine, number: int, original: Payment) -> Payment:
    """Money that came back and fitted the original not as it stood."""
    back = unmatched(returned(number, original), original.uetr)
    amount = thb(34_500)
    terms = replace(back.terms, debit=amount, source=amount, destination=amount, fee=thb(0))
    return done(engine, opened(replace(back, terms=terms)))


def decided(
    engine: AnyEngine,
    held: Payment,
    action: Action,
    conclude: Conclude | None = None,
    opens: Open | None = None,
) -> object:
    """What the approval of an operator's proposal by another one comes to."""
    case = (held.uetr, held.version, action, None)
    number = held.payment_id + 700 + held.version
    record = Sealed(number, held.uetr, "evidence", b"sealed evidence")
    done(engine, Propose(*case, "one", record, NOW, salt(number, 1)))
    seen = sealed_digest(record)
    approve = Approve(
        *case, "one", "two", conclude, NOW, salt(number, 2), opens=opens, proposal=seen
    )
    (result,) = engine.execute([approve])
    return result


def test_money_that_fitted_nothing_is_matched_in_one_commit(engine: AnyEngine) -> None:
    original = done(engine, opened(payment(2, quote="q-2")))
    held = held_back(engine, 3, original)
    assert (net(engine, SUSPENSE_THB), net(engine, THAILAND_THB)) == (-34_500, 34_500)
    original = moved(engine, original, Event.ACCEPTED)
    back = returned(5, original)
    result = decided(engine, held, Action.MATCH, opens=opened(back))

    assert isinstance(result, Done)
    assert engine.payment(back.uetr) is not None
    assert (net(engine, SUSPENSE_THB), net(engine, THAILAND_THB)) == (0, 0)


def test_what_cannot_be_matched_moves_nothing_and_the_rest_of_its_batch_goes_on(
    engine: AnyEngine,
) -> None:
    original = done(engine, opened(payment(2, quote="q-2")))
    held = held_back(engine, 3, original)
    number = held.payment_id + 700 + held.version
    case = (held.uetr, held.version, Action.MATCH, None)
    record = Sealed(number, held.uetr, "evidence", b"sealed evidence")
    back, seen = opened(returned(5, original)), sealed_digest(record)
    refused, other = engine.execute(
        [
            Propose(*case, "one", record, NOW, salt(number, 1)),
            Approve(*case, "one", "two", None, NOW, salt(number, 2), back, None, seen),
            opened(payment(4, quote="q-4")),
        ]
    )[1:]

    assert refused == Declined(Reason.NOT_REFUNDABLE)
    assert isinstance(other, Done)
    assert engine.payment(uetr(5)) is None
    assert net(engine, SUSPENSE_THB) == -34_500


def proposed(held: Payment, who: str, place: int, turn: int, at: datetime = NOW) -> Propose:
    """The proposal at a place for a payment as it stands."""
    number = 9_000 + place
    record = Sealed(number, held.uetr, f"proposal-{place}", b"sealed %d" % place)
    case = (held.uetr, held.version, Action.SEND_BACK, None)
    return Propose(*case, who, record, at, salt(number, 1), place=place, turn=turn)


def test_one_operator_cannot_use_up_what_may_be_proposed(engine: AnyEngine) -> None:
    held = held_back(engine, 3, done(engine, opened(payment(2, quote="q-2"))))
    for turn in range(1, PROPOSALS_A_DAY + 1):
        done(engine, proposed(held, "one", turn, turn))
    place, spent = PROPOSALS_A_DAY + 1, PROPOSALS_A_DAY + 1
    refused = engine.execute(
        [
            proposed(held, "one", place, spent),
            proposed(held, "one", place, 0),
            proposed(held, "one", place, 1),
        ]
    )
    assert refused == [
        Declined(Reason.PROPOSALS_SPENT),
        Declined(Reason.PROPOSALS_SPENT),
        Declined(Reason.PROPOSAL_CHANGED),
    ]

    done(engine, proposed(held, "two", place, 1))
    done(engine, proposed(held, "one", place + 1, 1, NOW + timedelta(days=1)))


def test_money_that_belongs_to_nobody_is_sent_back(engine: AnyEngine) -> None:
    held = held_back(engine, 3, accepted(engine))
    result = decided(engine, held, Action.SEND_BACK)
    again = engine.execute(
        [replace(Approve(held.uetr, held.version, Action.SEND_BACK, None, "one", "two", None,
                         NOW, salt(9, 9)))]
    )  # fmt: skip

    assert isinstance(result, Done)
    assert not isinstance(again[0], Done)
    assert net(engine, SUSPENSE_THB) == 0


def unwinding(engine: AnyEngine) -> Payment:
    """An advice that could not be credited."""
    order = payment(1, direction=Direction.INBOUND, quote="q-1")
    held = done(engine, opened(waiting(order, State.READY, finality=Finality.ADVICE)))
    return moved(engine, moved(engine, held, Event.PAID), Event.REFUSED)


def back_of(original: Payment) -> Payment:
    """The refund that gives an advice back whole."""
    back = replace(payment(4, quote="q-4"), kind=Kind.REFUND, funding=Funding.HELD)
    return fitted(back, original)


def test_an_advice_that_was_not_credited_goes_back_whole(engine: AnyEngine) -> None:
    held = unwinding(engine)
    back = done(engine, opened(back_of(held)))
    moved(engine, back, Event.ACCEPTED)
    moved(engine, held, Event.GIVEN_BACK)

    assert (net(engine, SUSPENSE_THB), net(engine, THAILAND_THB)) == (0, 0)


def test_what_nobody_takes_back_is_owed(engine: AnyEngine) -> None:
    disputed = moved(engine, unwinding(engine), Event.SPENT)
    result = decided(engine, disputed, Action.OWE)

    assert isinstance(result, Done)
    assert net(engine, SUSPENSE_THB) == 0
    assert net(engine, "bakong/bearer/THB/deferred") == -34_500


@pytest.mark.parametrize("stands", [1, LINKED_MAX + 2, PLACES_MAX])
def test_what_may_still_go_back_is_not_owed_wherever_it_stands(
    engine: AnyEngine, stands: int
) -> None:
    held = unwinding(engine)
    back = done(engine, opened(replace(back_of(held), uetr=linked_uetr(held.uetr, stands))))
    moved(engine, back, Event.LOST)
    result = decided(engine, moved(engine, held, Event.SPENT), Action.OWE)

    assert result == Declined(Reason.NOT_REFUNDABLE)
    assert net(engine, "bakong/bearer/THB/deferred") == 0


def test_what_is_taken_up_again_is_due_again(engine: AnyEngine) -> None:
    disputed = moved(engine, unwinding(engine), Event.SPENT)
    assert engine.due("bakong", NOW, 9) == []
    result = decided(engine, disputed, Action.AGAIN)

    assert isinstance(result, Done)
    assert [each.uetr for each in engine.due("bakong", NOW, 9)] == [disputed.uetr]


def test_a_refund_of_what_was_disputed_first_is_declined_in_the_same_batch(
    engine: AnyEngine,
) -> None:
    inbound = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    credited = moved(engine, inbound, Event.ACCEPTED)
    refund = fitted(replace(payment(4, quote="q-4"), kind=Kind.REFUND), credited)
    disputed, refused = engine.execute([concluded(credited, Event.REFUSED), opened(refund)])

    assert isinstance(disputed, Done)
    assert refused == Declined(Reason.NOT_REFUNDABLE)
    assert engine.payment(refund.uetr) is None


def test_a_recall_of_ours_reserves_nothing_and_ends_like_a_hop(engine: AnyEngine) -> None:
    original = accepted(engine)
    before = engine.accounts()
    recall = fitted(replace(payment(4, quote="q-4"), kind=Kind.RECALL), original)
    held = done(engine, opened(recall))
    lost = moved(engine, held, Event.LOST)
    ended = moved(engine, lost, Event.ACCEPTED)

    assert (held.reservation, ended.state) == (None, State.ACCEPTED)
    assert engine.accounts() == before


def test_a_networks_recall_is_decided_and_looked_after(engine: AnyEngine) -> None:
    inbound = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    credited = moved(engine, inbound, Event.ACCEPTED)
    recall = waiting(
        payment(3, direction=Direction.INBOUND, quote="q-3"),
        State.PUT,
        kind=Kind.RECALL,
        original=credited.uetr,
    )
    held = done(engine, opened(fitted(recall, credited)))
    result = decided(engine, held, Action.ACCEPTED, concluded(held, Event.ACCEPTED))
    assert isinstance(result, Done)
    giving = engine.payment(held.uetr)
    assert giving is not None
    assert giving.state is State.GIVING_BACK
    ended = moved(engine, giving, Event.GIVEN_BACK)

    assert (ended.state, engine.answer(held.uetr) is not None) == (State.ACCEPTED, True)


def test_the_books_and_the_journal_agree_after_a_return(engine: AnyEngine) -> None:
    original = accepted(engine)
    done(engine, opened(returned(5, original)))

    assert net(engine, THAILAND_THB) == 0


def test_frozen_money_that_two_operators_surrender_is_owed_to_the_authority(
    engine: AnyEngine,
) -> None:
    held = done(engine, opened(waiting(payment(1, quote="q-1"), State.HELD)))
    frozen = moved(engine, held, Event.BLOCKED)
    assert net(engine, f"{MEMBER_KHR}/frozen") == -4_125_000
    result = decided(engine, frozen, Action.SURRENDER, concluded(frozen, Event.SURRENDERED))

    assert isinstance(result, Done)
    assert net(engine, f"{MEMBER_KHR}/frozen") == 0
    assert net(engine, MEMBER_KHR.replace("/member/", "/authority/")) == -4_125_000
    assert net(engine, MEMBER_KHR) == 4_125_000
