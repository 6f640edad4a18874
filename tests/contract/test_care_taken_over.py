"""What was being looked after when a process fell silent is looked after by another, once.

Money on its way back, cancels, confirmations that are not acknowledged, recalls: each has a timer
that is a row, also where the payment's own answer is final already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from switch.commands import Done
from switch.lifecycle import STATES, Event, Timer
from switch.model import Direction, Finality, Kind, Payment, State
from switch.store.audit import audit
from switch.store.contract import Fenced, Takeover
from tests.contract.contract_engines import KEY, AnyEngine, Place
from tests.contract.test_slots import LATER, silent
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    NOW,
    capped,
    concluded,
    enquired,
    opened,
    payment,
    posted,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.commands import Command


def done(engine: AnyEngine, command: Command) -> Payment:
    (result,) = engine.execute([command])
    assert isinstance(result, Done), result
    assert result.payment is not None
    return result.payment


def moved(engine: AnyEngine, held: Payment, *events: Event) -> Payment:
    for event in events:
        held = done(engine, concluded(held, event))
    return held


def unwinding(engine: AnyEngine) -> Payment:
    order = payment(1, direction=Direction.INBOUND, quote="q-1")
    held = done(engine, opened(waiting(order, State.READY, finality=Finality.ADVICE)))
    return moved(engine, held, Event.PAID, Event.REFUSED)


def cancelling(engine: AnyEngine) -> Payment:
    held = moved(engine, done(engine, opened(payment(2, quote="q-2"))), Event.LOST)
    return done(engine, replace(enquired(held), event=Event.GIVEN_UP))


def confirming(engine: AnyEngine) -> Payment:
    three = replace(payment(2, quote="q-2"), finality=Finality.THREE_LEG)
    return moved(engine, done(engine, opened(three)), Event.READY)


def giving_back(engine: AnyEngine) -> Payment:
    inbound = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    credited = moved(engine, inbound, Event.ACCEPTED)
    recall = waiting(
        replace(payment(3, direction=Direction.INBOUND, quote="q-3"), kind=Kind.RECALL),
        State.PUT,
        original=credited.uetr,
    )
    return moved(engine, done(engine, opened(fitted(recall, credited))), Event.ACCEPTED)


def recalling(engine: AnyEngine) -> Payment:
    original = moved(engine, done(engine, opened(payment(2, quote="q-2"))), Event.ACCEPTED)
    recall = fitted(replace(payment(4, quote="q-4"), kind=Kind.RECALL), original)
    return moved(engine, done(engine, opened(recall)), Event.LOST)


Made = Callable[[AnyEngine], Payment]
CASES: Final[tuple[tuple[Made, Timer, Event], ...]] = (
    (unwinding, Timer.CHILD, Event.GIVEN_BACK),
    (cancelling, Timer.CANCEL, Event.CANCELLED),
    (confirming, Timer.CONFIRM, Event.ACKNOWLEDGED),
    (giving_back, Timer.CHILD, Event.GIVEN_BACK),
    (recalling, Timer.LADDER, Event.ACCEPTED),
)


@pytest.fixture
def pair(shared_place: Place) -> Iterator[tuple[AnyEngine, AnyEngine]]:
    """Two processes on one store, in slots 1 and 2; in the end its record is sound."""
    first, second = shared_place.open(1), shared_place.open(2)
    first.execute([capped(10**12), posted("r-7")])
    yield first, second
    assert audit(second, KEY.public_key()).faults == ()
    first.close()
    second.close()


def due(engine: AnyEngine, network: str) -> list[str]:
    return [held.uetr for held in engine.due(network, LATER, 99)]


@pytest.mark.parametrize(("made", "timer", "event"), CASES)
def test_another_process_ends_what_one_left(
    pair: tuple[AnyEngine, AnyEngine],
    shared_place: Place,
    made: Made,
    timer: Timer,
    event: Event,
) -> None:
    first, second = pair
    held = made(first)
    assert STATES[held.state].timer is timer
    assert held.next_at is not None
    assert due(second, held.network) == []
    silent(shared_place, 1)

    assert second.adopt() == [Takeover(1, 1)]
    assert due(second, held.network) == [held.uetr]
    taken = second.payment(held.uetr)
    assert taken is not None
    assert (taken.state, taken.version) == (held.state, held.version)
    ended = done(second, concluded(taken, event))
    assert (ended.next_at, due(second, held.network)) == (None, [])


@pytest.mark.parametrize(("made", "timer", "event"), CASES)
def test_who_was_taken_over_commits_nothing_more_of_it(
    pair: tuple[AnyEngine, AnyEngine],
    shared_place: Place,
    made: Made,
    timer: Timer,
    event: Event,
) -> None:
    first, second = pair
    held = made(first)
    silent(shared_place, 1)
    second.adopt()

    with pytest.raises(Fenced):
        first.execute([concluded(held, event)])
    assert timer is STATES[held.state].timer
    left = second.payment(held.uetr)
    assert left is not None
    assert left.state is held.state
    assert left.opened_at == NOW
