"""What is older than its retention goes whole, what is open or younger stays, on every engine."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from switch.commands import Done, Forget, Known
from switch.store.memory import MemoryEngine
from tests.contract.contract_engines import AnyEngine, MemoryPlace, Place, dump
from tests.contract.ledger_story import FAR, done, story
from tests.switch_core.core_values import NOW, buried, opened, payment, salt, uetr

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place."""
    with closing(place.open()) as opened_engine:
        yield opened_engine


def forgets(*uetrs: str, graves: tuple[tuple[str, str], ...] = (), days: int = 400) -> Forget:
    """Retention of payments that ended, and tombstones dug, before so many days from now."""
    before = NOW + timedelta(days=days)
    return Forget(uetrs, graves, before, before, NOW, salt(len(uetrs), len(graves), days))


def test_a_key_is_let_go_of_with_its_answer_and_can_be_used_again(engine: AnyEngine) -> None:
    ended = story(engine)[0]
    command = opened(payment(1, quote="quote-1"))
    (known,) = engine.execute([command])
    assert isinstance(known, Known)
    engine.execute([forgets(ended.uetr)])

    assert engine.binding(command.binding.scope, command.binding.key) is None
    assert engine.answer(ended.uetr) is None
    assert engine.payment(ended.uetr) == ended
    again = opened(payment(70, quote="quote-70"), key="key-1")
    assert done(engine, again).uetr == uetr(70)


def test_an_open_payment_keeps_its_key_however_old(engine: AnyEngine) -> None:
    story(engine)
    lost = next(p for p in engine.listed(0, 99) if p.next_at is not None)
    before = dump(engine)
    engine.execute([forgets(lost.uetr)])

    assert before == dump(engine)


def test_what_is_younger_than_the_retention_is_kept(engine: AnyEngine) -> None:
    ended = story(engine)
    before = dump(engine)
    graves = (("thailand", uetr(99)),)
    engine.execute([forgets(*(p.uetr for p in ended), graves=graves, days=0)])

    assert before == dump(engine)


def test_an_old_tombstone_is_let_go_of_once(engine: AnyEngine) -> None:
    story(engine)
    grave = ("thailand", uetr(99))
    assert engine.graves(FAR, 10) == [grave]
    assert engine.graves(NOW, 10) == []
    engine.execute([forgets(graves=(grave,))])
    blocks = len(list(engine.blocks()))
    engine.execute([forgets(graves=(grave,))])

    assert engine.graves(FAR, 10) == []
    assert blocks == len(list(engine.blocks()))
    engine.execute([buried(99)])
    assert engine.graves(FAR, 10) == [grave]


def test_in_one_batch_what_is_let_go_of_can_be_taken_again(engine: AnyEngine) -> None:
    ended = story(engine)[0]
    grave = ("thailand", uetr(99))
    results = engine.execute(
        [
            forgets(ended.uetr, graves=(grave,)),
            opened(payment(70, quote="quote-70"), key="key-1"),
            buried(99),
        ]
    )

    assert all(isinstance(result, Done) for result in results)
    assert engine.graves(FAR, 10) == [grave]
    held = engine.binding(ended.origin, "key-1")
    assert held is not None
    assert held.uetr == uetr(70)


def test_bound_payments_come_in_pages_with_the_time_of_their_end(engine: AnyEngine) -> None:
    ended = story(engine)
    first = engine.bound(0, 4)
    rest = engine.bound(first[-1].payment_id, 9)
    found = {each.uetr: each.ended_at for each in (*first, *rest)}

    assert len(first) == 4
    assert found == {
        **{p.uetr: None if p.next_at is not None else p.updated_at for p in ended},
        uetr(7): NOW,
    }


def test_the_model_and_the_database_hold_the_same_after_a_story(place: Place) -> None:
    with closing(place.open()) as one, closing(_model()) as model:
        for engine in (one, model):
            ended = story(engine)
            engine.execute([forgets(*(p.uetr for p in ended), graves=(("thailand", uetr(99)),))])

        assert dump(model) == dump(one)


def _model() -> MemoryEngine:
    opened_engine = MemoryPlace().open()
    assert isinstance(opened_engine, MemoryEngine)
    return opened_engine
