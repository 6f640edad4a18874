"""Every engine keeps the contract of the store: durable batches, ordered reads, one owner."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import apsw
import asyncpg
import pytest

from switch.commands import Command, Declined, Done, Known
from switch.lifecycle import Event
from switch.model import Direction, State
from switch.port import Operation
from switch.reasons import Reason
from switch.store.audit import audit
from switch.store.contract import Fenced
from switch.store.journal import GENESIS
from switch.store.memory import MemoryEngine, MemoryTables
from switch.store.sqlite import SchemaUnknown, SqliteEngine
from tests.contract.contract_engines import (
    KEY,
    AnyEngine,
    MemoryPlace,
    Place,
    SqlitePlace,
    SteppingClock,
    balances,
    dump,
)
from tests.contract.postgres_place import Driven
from tests.switch_core.core_values import (
    MEMBER_KHR,
    NOW,
    buried,
    capped,
    concluded,
    enquired,
    exchange,
    opened,
    payment,
    posted,
    received,
    refused,
    uetr,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switch.model import Payment


@pytest.fixture
def engine(place: Place) -> Iterator[AnyEngine]:
    """An open engine on an empty place."""
    with closing(place.open()) as opened_engine:
        yield opened_engine


def done(engine: AnyEngine, command: Command) -> Payment:
    """Execute one command that must be carried out on a payment."""
    (result,) = engine.execute([command])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def story(engine: AnyEngine) -> None:
    """A little of everything: ended, refused, unknown, buried, received, configured."""
    engine.execute([capped(10**12), posted("r-7"), posted("r-7", withdrawn=True, second=1)])
    first, second, third = engine.execute(
        [opened(payment(n, quote=f"quote-{n}")) for n in (1, 2, 3)]
    )
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert isinstance(third, Done)
    assert first.payment is not None
    assert second.payment is not None
    done(engine, concluded(first.payment, Event.ACCEPTED))
    unknown = done(engine, concluded(second.payment, Event.LOST))
    done(engine, enquired(unknown))
    engine.execute([refused(payment(4)), buried(5), received()])


# Execute and read.


def test_what_is_committed_is_read_back_equal(engine: AnyEngine) -> None:
    held = done(engine, opened(payment()))

    assert engine.payment(uetr(1)) == held
    assert engine.wrapped_key(uetr(1)) == b"wrapped %d" % held.payment_id
    number = held.payment_id + 10
    assert engine.sealed(uetr(1), "pay") == (number, b"sealed exchange %d" % number)
    assert engine.answer(uetr(1)) is None


def test_every_column_of_a_payment_survives_its_changes(engine: AnyEngine) -> None:
    held = done(engine, opened(payment(direction=Direction.INBOUND)))
    for event in (Event.LOST, Event.PENDING):
        held = done(engine, concluded(held, event))
        assert engine.payment(uetr(1)) == held
    held = done(engine, enquired(held))
    held = done(engine, concluded(held, Event.REFUSED, reason=Reason.ACCOUNT_CLOSED))
    held = done(engine, concluded(held, Event.ACCEPTED))

    assert engine.payment(uetr(1)) == held
    assert (held.disputed, held.rung, held.reason) == (True, 1, Reason.ACCOUNT_CLOSED)


def test_what_does_not_exist_reads_as_none(engine: AnyEngine) -> None:
    assert engine.payment(uetr(9)) is None
    assert engine.answer(uetr(9)) is None
    assert engine.wrapped_key(uetr(9)) is None
    assert engine.sealed(uetr(9), "pay") is None
    assert engine.exchange(9) is None
    assert engine.last_exchange(uetr(9), Operation.PAY) is None
    assert engine.open_corridors() == []
    assert (engine.due("thailand", NOW, 9), engine.sent_states(9)) == ([], [])
    assert (engine.accounts(), list(engine.blocks())) == ({}, [])


def test_an_exchange_is_read_back_with_its_sealed_body(engine: AnyEngine) -> None:
    held = done(engine, opened(payment()))
    planned = exchange(held)
    stored = engine.exchange(planned.exchange_id)

    assert stored is not None
    assert stored.blob == planned.sealed.blob
    assert stored.record_id == planned.sealed.record_id
    for name in (
        *("exchange_id", "uetr", "network", "operation", "reference", "method", "path"),
        *("send_by", "answer_within_ms"),
    ):
        assert getattr(stored, name) == getattr(planned, name)


def test_the_last_exchange_of_an_operation_is_the_latest(engine: AnyEngine) -> None:
    held = done(engine, opened(payment()))
    held = done(engine, concluded(held, Event.LOST))
    first = enquired(held)
    second = enquired(done(engine, first))
    done(engine, second)
    found = {
        operation: engine.last_exchange(uetr(1), operation)
        for operation in (Operation.PAY, Operation.ENQUIRE, Operation.COLLECT)
    }

    assert {o: None if x is None else x.exchange_id for o, x in found.items()} == {
        Operation.PAY: exchange(payment()).exchange_id,
        Operation.ENQUIRE: second.exchange.exchange_id,
        Operation.COLLECT: None,
    }


def test_sealed_records_of_a_kind_are_given_one_behind_the_other(engine: AnyEngine) -> None:
    held = done(engine, opened(payment()))
    first = concluded(held, Event.LOST)
    held = done(engine, first)
    second = concluded(held, Event.PENDING)
    done(engine, second)

    assert first.evidence is not None
    assert second.evidence is not None
    one, two = first.evidence.record_id, second.evidence.record_id
    assert engine.sealed(uetr(1), "evidence") == (one, b"sealed evidence")
    assert engine.sealed(uetr(1), "evidence", one) == (two, b"sealed evidence")
    assert engine.sealed(uetr(1), "evidence", two) is None


def test_the_stored_answer_is_given_back_byte_for_byte(engine: AnyEngine) -> None:
    command = concluded(done(engine, opened(payment())), Event.ACCEPTED)
    done(engine, command)

    assert engine.answer(uetr(1)) == command.answer
    assert engine.execute([opened(payment(2), "key-1")]) == [
        Known(engine.payment(uetr(1)) or payment(), command.answer, opened(payment()).binding)
    ]


# Timers.


def test_due_payments_come_oldest_first_and_limited(engine: AnyEngine) -> None:
    at = {1: 30, 2: 10, 3: 20, 4: 10}
    for number, seconds in at.items():
        held = replace(
            payment(number, quote=f"quote-{number}"), next_at=NOW + timedelta(seconds=seconds)
        )
        done(engine, opened(held))

    def numbers(seconds: int, limit: int) -> list[int]:
        due = engine.due("thailand", NOW + timedelta(seconds=seconds), limit)
        return [held.payment_id >> 20 for held in due]

    assert numbers(30, 9) == [2, 4, 3, 1]
    assert numbers(30, 3) == [2, 4, 3]
    assert numbers(20, 9) == [2, 4, 3]
    assert numbers(9, 9) == []
    assert engine.fired(("thailand",), NOW + timedelta(seconds=9)) == set()
    assert engine.due("bakong", NOW + timedelta(seconds=30), 9) == []
    assert engine.fired(("bakong", "thailand"), NOW + timedelta(seconds=10)) == {"thailand"}
    assert engine.fired(("bakong",), NOW + timedelta(seconds=30)) == set()
    assert engine.open_corridors() == [payment(1).corridor]


def test_a_final_payment_is_never_due(engine: AnyEngine) -> None:
    """A final state has no timer, so nothing is told or asked again for ever."""
    held = done(engine, opened(payment()))
    done(engine, concluded(held, Event.ACCEPTED))
    done(engine, refused(payment(2)))

    assert engine.due("thailand", NOW + timedelta(days=99), 9) == []
    assert engine.fired(("thailand",), NOW + timedelta(days=99)) == set()
    assert engine.open_corridors() == []


def test_payments_are_listed_as_opened_from_behind_a_number(engine: AnyEngine) -> None:
    for number in (3, 1, 2):
        done(engine, opened(payment(number, quote=f"quote-{number}")))
    done(engine, refused(payment(4)))

    def numbers(after: int, limit: int) -> list[int]:
        return [held.payment_id >> 20 for held in engine.listed(after << 20, limit)]

    assert (numbers(0, 9), numbers(0, 2), numbers(2, 9)) == ([1, 2, 3, 4], [1, 2], [3, 4])
    assert numbers(4, 9) == []


# Batches.


def test_a_batch_sees_what_came_before_in_it(engine: AnyEngine) -> None:
    results = engine.execute(
        [
            opened(payment()),
            opened(payment(2), "key-1"),
            opened(payment(3)),
            concluded(payment(), Event.ACCEPTED),
        ]
    )

    assert [type(result) for result in results] == [Done, Known, Declined, Done]
    assert balances(engine)[MEMBER_KHR] == (4_125_000, 0, 0, 0)
    assert len(list(engine.blocks())) == 1


def test_a_batch_that_writes_nothing_makes_no_block(engine: AnyEngine) -> None:
    done(engine, opened(payment()))
    engine.execute([opened(payment(2), "key-1"), opened(payment(3))])
    engine.execute([])

    assert len(list(engine.blocks())) == 1


def test_a_batch_that_fails_leaves_nothing(engine: AnyEngine) -> None:
    """A command about a payment that never was is a bug: the batch goes, the engine stays."""
    done(engine, opened(payment()))
    before = dump(engine)
    with pytest.raises(KeyError):
        engine.execute([opened(payment(2, quote="q")), concluded(payment(3), Event.LOST)])

    assert dump(engine) == before
    assert isinstance(engine.execute([opened(payment(2, quote="q"))])[0], Done)


def test_a_batch_that_clashes_while_it_is_written_leaves_nothing(engine: AnyEngine) -> None:
    done(engine, opened(payment()))
    before = dump(engine)
    same_reference = replace(payment(2, quote="q"), reference=payment().reference)
    with pytest.raises((apsw.ConstraintError, asyncpg.UniqueViolationError, AssertionError)):
        engine.execute([received(), opened(same_reference)])
    same_record, first = opened(payment(3, quote="q")), opened(payment())
    assert same_record.exchange is not None
    assert first.exchange is not None
    sealed = replace(same_record.exchange.sealed, record_id=first.exchange.sealed.record_id)
    same_record = replace(same_record, exchange=replace(same_record.exchange, sealed=sealed))
    with pytest.raises((apsw.ConstraintError, asyncpg.UniqueViolationError, AssertionError)):
        engine.execute([received(), same_record])

    assert dump(engine) == before
    done(engine, opened(payment(4, quote="q")))
    assert audit(engine, KEY.public_key()).faults == ()


def test_a_signature_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def broken(_: bytes) -> bytes:
        raise OSError("no signer")

    tables = MemoryTables()
    path = str(tmp_path / "switch.db")
    unsigned: tuple[AnyEngine, ...] = (
        MemoryEngine(tables, clock=SteppingClock(), sign=broken),
        SqliteEngine(path, clock=SteppingClock(), sign=broken),
    )
    for engine in unsigned:
        with closing(engine), pytest.raises(OSError, match="no signer"):
            engine.execute([opened(payment())])
    places: tuple[Place, ...] = (MemoryPlace(tables), SqlitePlace(tmp_path / "switch.db"))
    for place in places:
        with closing(place.open()) as engine:
            assert (engine.payment(uetr(1)), list(engine.blocks())) == (None, [])


# Restart and replacement.


def test_everything_is_kept_and_the_chain_goes_on_after_a_restart(place: Place) -> None:
    with closing(place.open()) as engine:
        story(engine)
        before = dump(engine)
        blocks = len(list(engine.blocks()))
    with closing(place.open()) as engine:
        assert dump(engine) == before
        done(engine, opened(payment(6, quote="quote-6")))
        chain = [block for block, _ in engine.blocks()]

        assert [block.number for block in chain] == list(range(1, blocks + 2))
        assert [block.previous for block in chain] == [GENESIS, *(b.hash() for b in chain[:-1])]
        assert [block.epoch for block in chain] == [1] * blocks + [2]
        assert audit(engine, KEY.public_key()).faults == ()


def test_a_payment_goes_on_after_a_restart(place: Place) -> None:
    with closing(place.open()) as engine:
        held = done(engine, opened(payment()))
    with closing(place.open()) as engine:
        done(engine, concluded(held, Event.ACCEPTED))

        assert balances(engine)[MEMBER_KHR] == (4_125_000, 0, 0, 0)
        assert engine.execute([opened(payment(2))]) == [Declined(Reason.QUOTE_USED)]


def test_a_second_engine_fences_the_first(shared_place: Place) -> None:
    first = shared_place.open()
    held = done(first, opened(payment()))
    second = shared_place.open()
    before = dump(second)
    with pytest.raises(Fenced):
        first.execute([opened(payment(2, quote="quote-2"))])
    with pytest.raises(Fenced):
        first.execute([concluded(held, Event.ACCEPTED)])

    assert dump(second) == before
    done(second, concluded(held, Event.ACCEPTED))
    with pytest.raises(Fenced):
        first.execute([])
    assert audit(second, KEY.public_key()).faults == ()
    first.close()
    second.close()


def test_a_schema_of_a_later_version_is_refused(tmp_path: Path) -> None:
    place = SqlitePlace(tmp_path / "switch.db")
    with closing(place.open()) as engine:
        story(engine)
    with closing(apsw.Connection(str(place.path))) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaUnknown):
        place.open()


def test_the_database_syncs_every_commit(tmp_path: Path) -> None:
    engine = SqliteEngine(str(tmp_path / "switch.db"), clock=SteppingClock(), sign=KEY.sign)
    with closing(engine):
        settings = [
            engine._writer.execute(f"PRAGMA {name}").fetchone()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert settings == [("wal",), (2,), (1,)]


def test_a_story_leaves_what_it_tells(engine: AnyEngine) -> None:
    story(engine)
    states = {n: (engine.payment(uetr(n)) or payment()).state for n in (1, 2, 3, 4)}

    assert states == {
        1: State.ACCEPTED,
        2: State.UNKNOWN,
        3: State.SENDING,
        4: State.REFUSED,
    }
    assert balances(engine)[MEMBER_KHR] == (4_125_000, 0, 2 * 4_125_000, 0)
    assert audit(engine, KEY.public_key()).faults == ()


def test_an_engine_says_what_its_commits_outlive(engine: AnyEngine) -> None:
    expected = {
        MemoryEngine: "none: in memory",
        SqliteEngine: "journal wal, synchronous full, one node",
        Driven: "fsync on, synchronous_commit on, one node",
    }

    assert engine.durability == expected[type(engine)]
