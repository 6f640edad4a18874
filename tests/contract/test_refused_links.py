"""A refund that is refused is kept under its key on every engine, and is none of what went back.

The key has one answer, whichever comes first: the refusal or the refund. Each story ends with the
book-keeper's check of the whole store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Done, Forget, Known
from switch.lifecycle import Event
from switch.model import Direction, Kind, Payment, State
from switch.parts import linked_places
from switch.reasons import Reason
from switch.store.audit import audit
from tests.contract.contract_engines import KEY, AnyEngine, dump
from tests.contract.test_care_story import done, moved
from tests.contract.test_two_processes import kinds, race, sound, two
from tests.contract.test_two_processes import pg as pg  # noqa: PLC0414
from tests.switch_core.core_linked import fitted
from tests.switch_core.core_values import (
    NOW,
    capped,
    concluded,
    opened,
    payment,
    posted,
    refused,
    salt,
)

if TYPE_CHECKING:
    from switch.commands import Command
    from tests.contract.contract_engines import Place
    from tests.contract.postgres_place import PostgresPlace


def refund(number: int, credited: Payment) -> Payment:
    """All of an inbound payment, given back by the bank of its payee."""
    return fitted(replace(payment(number, quote=f"q-{number}"), kind=Kind.REFUND), credited)


def credited_by(engine: AnyEngine) -> Payment:
    inbound = done(engine, opened(payment(1, direction=Direction.INBOUND, quote="q-1")))
    return moved(engine, inbound, Event.ACCEPTED)


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place; whatever was done, its books and its journal agree."""
    with closing(place.open()) as held:
        held.execute([capped(10**12), posted("r-7")])
        yield held
        assert audit(held, KEY.public_key()).faults == ()


def test_a_refused_refund_is_the_answer_to_its_key_from_then_on(engine: AnyEngine) -> None:
    original = credited_by(engine)
    before = engine.accounts()
    first = refused(refund(4, original), Reason.REFUND_TOO_MUCH, "k")
    held = done(engine, first)
    again = refused(refund(5, original), Reason.REFUND_TOO_LATE, "k")
    results = engine.execute([again, opened(refund(6, original), "k")])

    assert (held.state, held.kind, held.original) == (State.REFUSED, Kind.REFUND, original.uetr)
    assert results == [Known(held, first.answer, first.binding)] * 2
    assert engine.accounts() == before
    # Nothing of it stands where the payments stand that gave something back, and nothing waits.
    assert [engine.payment(name) for name in linked_places(original.uetr)[:3]] == [None] * 3
    assert engine.due("bakong", NOW + timedelta(days=999), 9) == []
    assert engine.payment(refund(5, original).uetr) is None


def test_a_refund_that_was_made_first_is_the_answer_to_its_key(engine: AnyEngine) -> None:
    original = credited_by(engine)
    made = done(engine, opened(refund(4, original), "k"))
    (result,) = engine.execute([refused(refund(5, original), Reason.REFUND_TOO_MUCH, "k")])

    assert isinstance(result, Known)
    assert result.payment == made


def test_it_is_there_after_a_restart_and_goes_with_its_retention(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(10**12), posted("r-7")])
        original = credited_by(engine)
        command = refused(refund(4, original), Reason.REFUND_TOO_MUCH, "k")
        held = done(engine, command)
        before = dump(engine)
    with closing(place.open()) as engine:
        assert dump(engine) == before
        later = NOW + timedelta(days=400)
        engine.execute([Forget((held.uetr,), (), later, later, later, salt(9))])

        assert engine.binding(command.binding.scope, command.binding.key) is None
        assert (engine.answer(held.uetr), engine.payment(held.uetr)) == (None, held)
        assert isinstance(engine.execute([opened(refund(6, original), "k")])[0], Done)
        assert audit(engine, KEY.public_key()).faults == ()


def test_one_key_in_two_processes_is_one_refund_or_one_refusal(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            await stores[0].commit(capped(10**12))
            inbound = payment(1, direction=Direction.INBOUND, quote="q-1")
            opening = await stores[0].commit(opened(inbound))
            assert isinstance(opening, Done)
            assert opening.payment is not None
            ending = await stores[1].commit(concluded(opening.payment, Event.ACCEPTED))
            assert isinstance(ending, Done)
            assert ending.payment is not None
            commands: list[Command] = []
            for number in range(4, 68, 2):
                commands.append(opened(refund(number, ending.payment), "k"))
                commands.append(
                    refused(refund(number + 1, ending.payment), Reason.REFUND_TOO_MUCH, "k")
                )
            results = await race([stores[0], stores[0], stores[1], stores[1]], commands)
            named = {
                result.payment.uetr
                for result in results
                if isinstance(result, Done | Known) and result.payment is not None
            }

            assert kinds(results) == {"Done": 1, "Known": 63}
            assert len(named) == 1

    asyncio.run(run())
    assert sound(pg)
