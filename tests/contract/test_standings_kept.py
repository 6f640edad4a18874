"""How a member stands is kept by every engine: over restarts, between processes, in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switch.commands import Command, Declined, Done
from switch.lifecycle import Event
from switch.model import State
from switch.operators import ApproveStep, Enrol, ProposeStep
from switch.reasons import Reason
from switch.standings import (
    PartyState,
    Stands,
    Step,
    claim_of,
    member_party,
    merchant_party,
    stands_of,
)
from switch.store.audit import audit
from tests.contract.contract_engines import KEY, AnyEngine
from tests.switch_core.core_values import MEMBER, NOW, capped, concluded, opened, payment, salt

if TYPE_CHECKING:
    from tests.contract.contract_engines import Place

PARTY = member_party(MEMBER)


def step(version: int, wanted: Step) -> list[Command]:
    """What two operators do about the member that stands at a version."""
    return [
        ProposeStep(PARTY, version, wanted, "one", "letter 12", NOW, salt(version, 81)),
        ApproveStep(PARTY, version + 1, "two", NOW, salt(version, 82)),
    ]


def stands(engine: AnyEngine) -> Stands | None:
    held = engine.claimed(claim_of(PARTY), claim_of(PARTY)).get(claim_of(PARTY))
    return None if held is None else stands_of(held)


def test_it_is_kept_and_counts_after_a_restart(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(10**12)])
        assert stands(engine) is None
        sent = engine.execute([opened(payment(2, quote="q-2"))])[0]
        assert isinstance(sent, Done)
        assert sent.payment is not None
        assert engine.execute(step(0, Step.SUSPEND_NEW)) == [Done(None), Done(None)]
        kept = stands(engine)
    with closing(place.open()) as engine:
        (refused,) = engine.execute([opened(payment(4, quote="q-4"))])
        (ended,) = engine.execute([concluded(sent.payment, Event.ACCEPTED)])
        assert (refused, stands(engine)) == (Declined(Reason.MEMBER_SUSPENDED), kept)
        assert isinstance(ended, Done)
        assert ended.payment is not None
        assert ended.payment.state is State.ACCEPTED
        engine.execute(step(2, Step.ACTIVATE))
        (paid,) = engine.execute([opened(payment(4, quote="q-4"))])
        assert isinstance(paid, Done)
        assert audit(engine, KEY.public_key()).faults == ()


def test_one_that_was_enrolled_is_enrolled_once(place: Place) -> None:
    with closing(place.open()) as engine:
        enrol = Enrol(PARTY, PartyState.APPLIED, "c-1", NOW, salt(1, 83))
        engine.execute([enrol])
        engine.execute(step(1, Step.CERTIFY))
        before = stands(engine)
        engine.execute([enrol])

        assert stands(engine) == before
        assert stands(engine) == Stands(PartyState.CERTIFIED, 3)
        assert audit(engine, KEY.public_key()).faults == ()


def test_many_are_read_by_one_question_in_the_order_of_their_names(place: Place) -> None:
    shops = [merchant_party("unionpay", each) for each in ("B2", "A1", "A10")]
    with closing(place.open()) as engine:
        engine.execute([Enrol(PARTY, PartyState.APPLIED, "c-1", NOW, salt(1, 83))])
        for number, shop in enumerate(shops):
            engine.execute([Enrol(shop, PartyState.SUSPENDED, "c-1", NOW, salt(number, 84))])
        found = engine.claimed(claim_of("merchant/"), claim_of("merchant/~"))
        some = engine.claimed(claim_of(shops[1]), claim_of(shops[2]))

        assert [*found] == [claim_of(shops[place]) for place in (1, 2, 0)]
        assert {stands_of(each).state for each in found.values()} == {PartyState.SUSPENDED}
        assert [*some] == [claim_of(shops[1]), claim_of(shops[2])]


@pytest.fixture
def pair(shared_place: Place) -> Iterator[tuple[AnyEngine, AnyEngine]]:
    """Two processes on one store, in slots 1 and 2; in the end its record is sound."""
    first, second = shared_place.open(1), shared_place.open(2)
    first.execute([capped(10**12)])
    yield first, second
    assert audit(second, KEY.public_key()).faults == ()
    first.close()
    second.close()


def test_what_one_process_decides_counts_in_the_next_commit_of_another(
    pair: tuple[AnyEngine, AnyEngine],
) -> None:
    first, second = pair
    first.execute(step(0, Step.SUSPEND_ALL))
    (refused,) = second.execute([opened(payment(2, quote="q-2"))])
    second.execute(step(2, Step.ACTIVATE))
    (paid,) = first.execute([opened(payment(4, quote="q-4"))])

    assert refused == Declined(Reason.MEMBER_SUSPENDED)
    assert isinstance(paid, Done)


def test_of_two_approvals_in_two_processes_one_counts(pair: tuple[AnyEngine, AnyEngine]) -> None:
    first, second = pair
    propose, approve = step(0, Step.LEAVE)
    first.execute([propose])
    results = [first.execute([approve])[0], second.execute([approve])[0]]

    assert results == [Done(None), Declined(Reason.PROPOSAL_CHANGED)]
