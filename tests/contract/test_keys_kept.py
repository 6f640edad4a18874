"""Every engine overwrites data keys where they stand, keeps sealed answers, and hears requests."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Done, Known, Rewrap, Stale
from switch.lifecycle import Event
from switch.reasons import Reason
from switch.store.audit import audit
from switch.store.memory import MemoryEngine
from switch.store.sqlite import SqliteEngine
from tests.contract.contract_engines import KEY, AnyEngine, Place
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import (
    NOW,
    concluded,
    erased,
    opened,
    payment,
    refused,
    rewrapped,
    uetr,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.model import Payment

END = 1 << 62


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place."""
    with closing(place.open()) as opened_engine:
        yield opened_engine


def ended(engine: AnyEngine, number: int = 1) -> Payment:
    """A payment that was accepted."""
    (first,) = engine.execute([opened(payment(number, quote=f"q-{number}"))])
    assert isinstance(first, Done)
    assert first.payment is not None
    (second,) = engine.execute([concluded(first.payment, Event.ACCEPTED)])
    assert isinstance(second, Done)
    assert second.payment is not None
    return second.payment


def test_the_mark_takes_the_place_of_the_key_and_all_else_stays(engine: AnyEngine) -> None:
    held = ended(engine)
    answer, accounts = engine.answer(uetr(1)), engine.accounts()
    record = engine.sealed(uetr(1), "evidence")
    command = erased(held)

    assert engine.execute([command]) == [Done(held)]
    assert engine.wrapped_key(uetr(1)) == command.mark
    assert engine.payment(uetr(1)) == held
    assert engine.answer(uetr(1)) == answer
    assert engine.sealed(uetr(1), "evidence") == record
    assert engine.accounts() == accounts
    assert engine.scrub() is True
    assert audit(engine, KEY.public_key()).faults == ()


def test_an_open_payment_is_not_erased(engine: AnyEngine) -> None:
    engine.execute([opened(payment())])
    held = engine.payment(uetr(1))
    assert held is not None

    assert engine.execute([erased(held)]) == [Stale(held)]
    assert engine.wrapped_key(uetr(1)) == b"wrapped %d" % held.payment_id


def test_twice_or_of_nobody_is_known_and_journals_nothing(engine: AnyEngine) -> None:
    held = ended(engine)
    engine.execute([erased(held)])
    blocks = len(list(engine.blocks()))

    assert engine.execute([erased(held, "retention")]) == [Known(held, None)]
    assert engine.execute([erased(payment(9))]) == [Known(None, None)]
    assert len(list(engine.blocks())) == blocks


def asked(place: Place, engine: AnyEngine, *names: str) -> None:
    """Have requests to erase put beside what the engine writes."""
    for name in names:
        if isinstance(engine, MemoryEngine):
            engine.tables.erasure_requests[name] = None
        elif isinstance(engine, SqliteEngine):
            engine._writer.execute("INSERT INTO erasure_request VALUES (?, 1)", (name,))
        else:
            assert isinstance(place, PostgresPlace)
            place.sql("INSERT INTO erasure_request VALUES ($1, 1)", name)


def test_a_request_goes_with_what_it_asks_for_or_where_nothing_is_left_of_it(
    place: Place, engine: AnyEngine
) -> None:
    held = ended(engine, 2)
    engine.execute([opened(payment(1))])
    waits = engine.payment(uetr(1))
    assert waits is not None
    asked(place, engine, uetr(3), uetr(2), uetr(1))

    assert engine.erasure_requests(9) == sorted(uetr(number) for number in (1, 2, 3))
    assert engine.erasure_requests(1, uetr(1)) == [uetr(2)]
    assert engine.erasure_requests(9, uetr(3)) == []
    engine.execute([erased(held), erased(waits)])
    assert engine.erasure_requests(9) == [uetr(1), uetr(3)]
    asked(place, engine, uetr(2))
    assert engine.execute([erased(held)]) == [Known(held, None)]
    assert engine.execute([erased(payment(3))]) == [Known(None, None)]
    assert engine.erasure_requests(9) == [uetr(1)]
    assert audit(engine, KEY.public_key()).faults == ()


def test_opened_ended_and_erased_in_one_batch(engine: AnyEngine) -> None:
    command = refused(payment(), Reason.TOO_OLD)
    mark = erased(payment())
    engine.execute([command, mark])

    assert engine.wrapped_key(uetr(1)) == mark.mark


def test_a_key_is_wrapped_anew_only_as_it_was_read(engine: AnyEngine) -> None:
    first, second = ended(engine, 1), ended(engine, 2)
    before = [engine.wrapped_key(each.uetr) or b"" for each in (first, second)]
    one = rewrapped(first, before[0])
    other = rewrapped(second, b"another")
    both = Rewrap("2026-11", (*one.keys, *other.keys), NOW, bytes(16))
    engine.execute([both])
    *_, (_, leaves) = engine.blocks()

    assert engine.wrapped_key(uetr(1)) == one.keys[0][2]
    assert engine.wrapped_key(uetr(2)) == before[1]
    assert b'"keys":1' in leaves[0][1]


def test_an_erased_key_is_not_wrapped_anew(engine: AnyEngine) -> None:
    held = ended(engine)
    before = engine.wrapped_key(uetr(1)) or b""
    command = erased(held)
    engine.execute([command, rewrapped(held, before)])

    assert engine.wrapped_key(uetr(1)) == command.mark


def test_keys_are_read_in_pages_in_the_order_of_payments(engine: AnyEngine) -> None:
    engine.execute([refused(payment(number), Reason.TOO_OLD) for number in (3, 1, 2)])
    numbers = [payment(number).payment_id for number in (1, 2, 3)]
    first = engine.wrapped_keys(0, END, 2)

    assert [each.payment_id for each in first] == numbers[:2]
    assert [each.uetr for each in first] == [uetr(1), uetr(2)]
    assert first[0].wrapped == b"wrapped %d" % numbers[0]
    assert [each.payment_id for each in engine.wrapped_keys(numbers[1], END, 9)] == numbers[2:]
    assert [each.payment_id for each in engine.wrapped_keys(0, numbers[1], 9)] == numbers[:1]


@pytest.mark.parametrize("sealed", [True, False])
def test_an_answer_is_kept_as_sealed_as_it_was_given(engine: AnyEngine, sealed: bool) -> None:
    command = refused(payment(), Reason.TOO_OLD)
    answer = replace(command.answer, sealed=sealed)
    engine.execute([replace(command, answer=answer)])

    assert engine.answer(uetr(1)) == answer


def test_what_was_erased_needs_no_later_clock(engine: AnyEngine) -> None:
    """A clock set back erases as well; the journal keeps its own order."""
    held = ended(engine)
    engine.execute([replace(erased(held), at=NOW - timedelta(days=1))])

    assert audit(engine, KEY.public_key()).faults == ()
