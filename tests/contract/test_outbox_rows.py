"""Events are written by the commit that causes them, and every engine keeps them alike.

The numbers of a receiver have no gaps and rise in the order of commits, also over several
processes; who does not subscribe is told nothing; how far a receiver is can be marked only by the
process that serves it, and another takes over when that one's slot has died.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import apsw
import asyncpg
import pytest

from switch.commands import Done, Sealed
from switch.leaves import sealed_digest
from switch.lifecycle import Event
from switch.model import Direction, Status
from switch.operators import Action, Approve, Propose
from switch.outbox import Kind
from switch.store.contract import Fenced
from switch.store.outbox_port import Retry, Settlement, Standing
from switch.store.sqlite import SqliteEngine
from tests.contract.postgres_place import Driven, PostgresPlace
from tests.switch_core.core_values import (
    MEMBER,
    NOW,
    capped,
    concluded,
    opened,
    payment,
    posted,
    refused,
    salt,
    uetr,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switch.commands import Command, Conclude, Result
    from switch.model import Payment
    from switch.outbox import OutboxRow
    from tests.contract.contract_engines import AnyEngine, Place

BANK: Final = "WIGCKHPPXXX"
LATER: Final = NOW + timedelta(days=1)
RICH: Final = 10**14
REFUSED: Final = (apsw.ConstraintError, asyncpg.RestrictViolationError)


def outbox(engine: AnyEngine) -> Any:
    """The outbox of an engine, its coroutines run to their end."""
    if isinstance(engine, Driven):
        return Driven(engine.engine.outbox, engine._run)  # type: ignore[arg-type]
    return engine.outbox


def held(engine: AnyEngine, *receivers: str) -> list[Standing]:
    """The receivers that an engine's process serves, having taken what is free."""
    if isinstance(engine, Driven):
        served: list[Standing] = outbox(engine).held([*receivers])
        return served
    if engine.outbox.free(receivers):
        engine.outbox.take(receivers)
    return engine.outbox.mine(receivers)


def told(engine: AnyEngine, receiver: str = MEMBER, after: int = 0) -> list[OutboxRow]:
    """The events of a receiver."""
    rows: list[OutboxRow] = outbox(engine).events(receiver, after, 1_000)
    return rows


def short(rows: list[OutboxRow]) -> list[tuple[Any, ...]]:
    """What a test compares of events."""
    return [(row.number, row.uetr, row.version, row.kind, row.status) for row in rows]


def begun(engine: AnyEngine, number: int) -> Payment:
    """A payment that is open."""
    (result,) = engine.execute([opened(payment(number, quote=f"quote-{number}"))])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def moved(engine: AnyEngine, before: Payment, event: Event) -> Payment:
    """The payment after an event."""
    (result,) = engine.execute([concluded(before, event)])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def done(result: Result) -> Payment:
    """The payment that a command left."""
    assert isinstance(result, Done), result
    assert result.payment is not None
    return result.payment


def subscribing(engine: AnyEngine, *receivers: str) -> AnyEngine:
    """The engine, with these told of everything and sent it."""
    outbox(engine).enrol([*receivers], [*receivers])
    return engine


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place, whose member subscribes."""
    with closing(place.open()) as opened_engine:
        opened_engine.execute([capped(RICH), posted("r-7")])
        yield subscribing(opened_engine, MEMBER)


def test_a_final_payment_a_refusal_a_wait_and_a_dispute_are_told_and_no_step_between(
    engine: AnyEngine,
) -> None:
    first = moved(engine, begun(engine, 1), Event.ACCEPTED)
    moved(engine, first, Event.REFUSED)
    engine.execute([refused(payment(2))])
    lost = moved(engine, begun(engine, 3), Event.LOST)
    moved(engine, lost, Event.SPENT)

    assert short(told(engine)) == [
        (1, uetr(1), 2, Kind.ENDED, Status.ACCC),
        (2, uetr(1), 3, Kind.DISPUTED, Status.ACCC),
        (3, uetr(2), 1, Kind.ENDED, Status.RJCT),
        (4, uetr(3), 3, Kind.WAITING, Status.PDNG),
    ]


def decided(held: Payment, action: Action, conclude: Conclude | None = None) -> list[Command]:
    """What two operators do about a payment."""
    record = Sealed(held.payment_id + 777 + held.version, held.uetr, "evidence", b"sealed")
    case = (held.uetr, held.version, action, None)
    approve = Approve(*case, "one", "two", conclude, NOW, salt(held.payment_id, 95 + held.version))
    return [
        Propose(*case, "one", record, NOW, salt(held.payment_id, 90 + held.version)),
        replace(approve, proposal=sealed_digest(record)),
    ]


def test_what_operators_decide_is_told(engine: AnyEngine) -> None:
    lost = moved(engine, begun(engine, 1), Event.LOST)
    manual = moved(engine, lost, Event.SPENT)
    for command in decided(manual, Action.ACCEPTED, concluded(manual, Event.ACCEPTED)):
        (result,) = engine.execute([command])
    ended = done(result)
    disputed = moved(engine, ended, Event.REFUSED)
    for command in decided(disputed, Action.UPHOLD):
        (result,) = engine.execute([command])

    assert done(result).disputed is False
    assert short(told(engine)) == [
        (1, uetr(1), 3, Kind.WAITING, Status.PDNG),
        (2, uetr(1), 4, Kind.ENDED, Status.ACCC),
        (3, uetr(1), 5, Kind.DISPUTED, Status.ACCC),
        (4, uetr(1), 6, Kind.SETTLED, Status.ACCC),
    ]


def test_events_of_one_batch_are_numbered_as_its_commands_stand(engine: AnyEngine) -> None:
    open_ones = [begun(engine, number) for number in (1, 2, 3)]
    engine.execute([concluded(each, Event.ACCEPTED) for each in reversed(open_ones)])

    rows = told(engine)
    assert [(row.number, row.uetr) for row in rows] == [(1, uetr(3)), (2, uetr(2)), (3, uetr(1))]
    assert told(engine, after=2) == rows[2:]
    assert outbox(engine).last(MEMBER) == 3


def test_who_does_not_subscribe_is_told_nothing(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(RICH)])
        moved(engine, begun(engine, 1), Event.ACCEPTED)
        subscribing(engine, BANK)
        moved(engine, begun(engine, 2), Event.ACCEPTED)

        assert told(engine) == []
        assert outbox(engine).last(MEMBER) == 0


def test_the_bank_of_a_merchant_who_is_paid_from_abroad_is_told(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(RICH)])
        subscribing(engine, MEMBER, BANK)
        paid = payment(1, direction=Direction.INBOUND)
        paid = replace(paid, institutions=replace(paid.institutions, payee_bank=BANK))
        (result,) = engine.execute([opened(paid)])
        assert isinstance(result, Done)
        assert result.payment is not None
        moved(engine, result.payment, Event.ACCEPTED)

        assert short(told(engine, BANK)) == [(1, uetr(1), 2, Kind.ENDED, Status.ACCC)]
        assert told(engine, MEMBER) == []
        kept = engine.payment(uetr(1))
        assert kept is not None
        assert kept.institutions.payee_bank == BANK


def test_identifiers_are_in_the_order_of_time_stay_and_differ(engine: AnyEngine) -> None:
    for number in range(1, 6):
        moved(engine, begun(engine, number), Event.ACCEPTED)
    names = [row.event_id for row in told(engine)]

    assert len(set(names)) == 5
    assert names == [row.event_id for row in told(engine)]
    assert {(name[14], name[19] in "89ab", len(name)) for name in names} == {("7", True, 36)}


def test_numbers_go_on_after_a_restart(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(RICH)])
        subscribing(engine, MEMBER)
        moved(engine, begun(engine, 1), Event.ACCEPTED)
    with closing(place.open()) as engine:
        subscribing(engine, MEMBER)
        moved(engine, begun(engine, 2), Event.ACCEPTED)

        assert [row.number for row in told(engine)] == [1, 2]


def test_several_processes_number_the_events_of_one_receiver_without_gaps(
    shared_place: Place,
) -> None:
    with closing(shared_place.open(1)) as one, closing(shared_place.open(2)) as other:
        one.execute([capped(RICH)])
        for engine in (one, other):
            subscribing(engine, MEMBER)
        for number in range(1, 9):
            engine = one if number % 3 else other
            moved(engine, begun(engine, number), Event.ACCEPTED)

        assert [row.number for row in told(one)] == list(range(1, 9))
        assert told(one) == told(other)


def test_a_receiver_is_served_by_one_process_until_its_slot_has_died(
    shared_place: Place,
) -> None:
    with closing(shared_place.open(1)) as one, closing(shared_place.open(2)) as other:
        for engine in (one, other):
            subscribing(engine, MEMBER)
        assert [each.receiver for each in held(one, MEMBER)] == [MEMBER]
        assert held(other, MEMBER) == []
        (standing,) = held(one, MEMBER)

        one.release()
        assert [each.receiver for each in held(other, MEMBER)] == [MEMBER]

        late = replace(standing, tries=7)
        outbox(one).settle([Settlement(standing, late)])
        assert outbox(other).standing(MEMBER).tries == 0
        assert held(one, MEMBER) == []


def test_a_process_of_the_same_slot_serves_at_once_what_its_earlier_life_served(
    place: Place,
) -> None:
    with closing(place.open()) as engine:
        subscribing(engine, MEMBER)
        assert len(held(engine, MEMBER)) == 1
    with closing(place.open()) as engine:
        subscribing(engine, MEMBER)
        assert len(held(engine, MEMBER)) == 1


def test_marks_are_kept_as_they_are_given(engine: AnyEngine) -> None:
    for number in range(1, 5):
        moved(engine, begun(engine, number), Event.ACCEPTED)
    (before,) = held(engine, MEMBER)
    assert before == Standing(MEMBER, last=4, done=0)
    after = replace(before, done=3, tries=2, next_at=LATER, failing_since=NOW)
    soon, late = (Retry(number, 1, NOW, NOW + timedelta(number)) for number in (1, 2))

    outbox(engine).settle([Settlement(before, after, (late, soon))])

    assert outbox(engine).standing(MEMBER) == after
    assert outbox(engine).kept(MEMBER) == 2
    assert outbox(engine).retries(MEMBER, NOW, 9) == []
    found = outbox(engine).retries(MEMBER, NOW + timedelta(9), 9)
    assert [(retry, row.number) for retry, row in found] == [(soon, 1), (late, 2)]

    again = replace(soon, tries=2, next_at=NOW + timedelta(days=5))
    outbox(engine).settle([Settlement(after, replace(after, done=4), (again,), (2,))])
    assert outbox(engine).retries(MEMBER, LATER + timedelta(9), 9)[0][0] == again
    assert outbox(engine).kept(MEMBER) == 1


def test_a_mark_on_what_stands_otherwise_changes_nothing(engine: AnyEngine) -> None:
    moved(engine, begun(engine, 1), Event.ACCEPTED)
    (before,) = held(engine, MEMBER)
    stale = replace(before, done=17)
    outbox(engine).settle([Settlement(stale, replace(stale, done=18), (Retry(1, 1, NOW, NOW),))])

    assert outbox(engine).standing(MEMBER) == before
    assert outbox(engine).kept(MEMBER) == 0


def test_a_replay_goes_back_ends_a_stop_and_forgets_what_was_kept_behind_it(
    engine: AnyEngine,
) -> None:
    for number in range(1, 5):
        moved(engine, begun(engine, number), Event.ACCEPTED)
    (before,) = held(engine, MEMBER)
    after = replace(before, done=4, tries=3, next_at=LATER, failing_since=NOW, stopped=True)
    kept = tuple(Retry(number, 1, NOW, NOW) for number in (1, 3))
    outbox(engine).settle([Settlement(before, after, kept)])

    assert outbox(engine).replay(MEMBER, 2) == Standing(MEMBER, last=4, done=2)
    assert [row.number for _, row in outbox(engine).retries(MEMBER, NOW, 9)] == [1]
    assert outbox(engine).replay(MEMBER, 3).done == 2
    assert outbox(engine).replay(BANK, 0) is None


def test_who_is_sent_events_for_the_first_time_is_sent_those_from_now_on(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([capped(RICH)])
        outbox(engine).enrol([MEMBER], [])
        moved(engine, begun(engine, 1), Event.ACCEPTED)
        assert outbox(engine).standing(MEMBER) is None
        subscribing(engine, MEMBER)
        assert outbox(engine).standing(MEMBER) == Standing(MEMBER, last=1, done=1)


def test_old_events_go_and_the_numbers_stay(engine: AnyEngine) -> None:
    rows = []
    for number in range(1, 6):
        moved(engine, begun(engine, number), Event.ACCEPTED)
        rows = told(engine)
    bound = rows[0].at + timedelta(microseconds=1)

    assert outbox(engine).trim(MEMBER, rows[0].at, 9) == 0
    assert outbox(engine).trim(MEMBER, bound, 2) == 2
    assert [row.number for row in told(engine)] == [3, 4, 5]
    assert outbox(engine).last(MEMBER) == 5


def test_a_process_that_was_replaced_marks_nothing(shared_place: Place) -> None:
    engine = shared_place.open()
    subscribing(engine, MEMBER)
    (before,) = held(engine, MEMBER)
    with closing(shared_place.open()):
        with pytest.raises(Fenced):
            outbox(engine).settle([Settlement(before, replace(before, tries=1))])
        with pytest.raises(Fenced):
            outbox(engine).replay(MEMBER, 0)
        with pytest.raises(Fenced):
            outbox(engine).trim(MEMBER, LATER, 1)


def test_an_event_never_changes_in_a_database(shared_place: Place) -> None:
    with closing(shared_place.open()) as engine:
        engine.execute([capped(RICH)])
        subscribing(engine, MEMBER)
        moved(engine, begun(engine, 1), Event.ACCEPTED)
        if isinstance(shared_place, PostgresPlace):
            change: Any = shared_place.sql
        elif isinstance(engine, SqliteEngine):
            change = engine._writer.execute
        else:
            pytest.skip("the model has no triggers")
        with pytest.raises(REFUSED, match="an event never changes"):
            change("UPDATE outbox SET kind = 'disputed'")
