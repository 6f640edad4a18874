"""Slots: one owner each; who was silent for a lease is replaced whole and commits no more."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.commands import Done
from switch.lifecycle import Event
from switch.model import EPOCH, Direction, State
from switch.store.contract import Fenced, Takeover
from switch.store.journal import GENESIS
from tests.contract.contract_engines import AnyEngine, MemoryPlace, Place, SqlitePlace, dump
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import (
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
    from collections.abc import Callable, Iterator, Sequence

    from switch.commands import Command
    from switch.model import Payment

LATER = NOW + timedelta(days=1)
DAY = ("thailand", "pay", "2026-11-22")
LAST = 999_999


def silent(place: Place, slot: int) -> None:
    """Let a slot's lease have run out, as when its process was stopped for that long."""
    if isinstance(place, MemoryPlace):
        place.tables.slots[slot].lease_until = EPOCH
        return
    if isinstance(place, PostgresPlace):
        place.silent(slot)
        return
    assert isinstance(place, SqlitePlace)
    with closing(apsw.Connection(str(place.path))) as connection:
        connection.execute("UPDATE slot SET lease_until = 0 WHERE slot = ?", (slot,))


def done(engine: AnyEngine, command: Command) -> Payment:
    """Execute one command that must be carried out on a payment."""
    (result,) = engine.execute([command])
    assert isinstance(result, Done)
    assert result.payment is not None
    return result.payment


def outbound(number: int) -> Payment:
    """A payment with a quote of its own, sent and not yet answered."""
    return payment(number, quote=f"quote-{number}")


def due(engine: AnyEngine) -> list[str]:
    return [held.uetr for held in engine.due("thailand", LATER, 99)]


def sent(engine: AnyEngine) -> list[str]:
    return [held.uetr for held in engine.sent_states(99)]


@pytest.fixture
def pair(shared_place: Place) -> Iterator[tuple[AnyEngine, AnyEngine]]:
    """Two processes on one store, in slots 1 and 2."""
    first, second = shared_place.open(1), shared_place.open(2)
    yield first, second
    first.close()
    second.close()


def work(first: AnyEngine) -> None:
    """What a process leaves that dies: one sent, one unknown, one ended."""
    for number in (1, 2, 3):
        done(first, opened(replace(outbound(number), next_at=NOW)))
    done(first, concluded(outbound(2), Event.LOST))
    done(first, concluded(outbound(3), Event.ACCEPTED))


# Two processes beside each other.


def test_each_slot_has_a_journal_of_its_own(pair: tuple[AnyEngine, AnyEngine]) -> None:
    first, second = pair
    done(first, opened(outbound(1)))
    done(second, opened(outbound(2)))
    done(first, opened(outbound(3)))
    chains = [[block for block, _ in engine.blocks()] for engine in pair]
    own = [[b for b in chain if b.slot == n] for n, chain in enumerate(chains, 1)]

    assert [[(b.slot, b.number) for b in chain] for chain in own] == [[(1, 1), (1, 2)], [(2, 1)]]
    assert [chain[0].previous for chain in own] == [GENESIS] * 2


def test_nobody_is_given_the_work_of_a_slot_that_lives(pair: tuple[AnyEngine, AnyEngine]) -> None:
    first, second = pair
    work(first)

    assert (second.adopt(), due(second), sent(second)) == ([], [], [])
    assert due(first) == [uetr(1), uetr(2)]
    assert sent(first) == [], "this life knows what it sent"


def test_a_conclusion_takes_the_payment_to_the_slot_that_made_it(
    pair: tuple[AnyEngine, AnyEngine],
) -> None:
    first, second = pair
    held = done(first, opened(outbound(1)))
    done(second, concluded(held, Event.LOST))

    assert (due(first), due(second)) == ([], [uetr(1)])


def test_a_restart_of_a_slot_finds_what_its_last_life_sent(shared_place: Place) -> None:
    work(shared_place.open(1))
    again = shared_place.open(1)

    assert sent(again) == [uetr(1)]
    done(again, concluded(outbound(1), Event.LOST))
    assert sent(again) == []


# Takeover.


def test_a_silent_slot_is_taken_over_whole(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    first, second = pair
    work(first)
    inbound = payment(4, direction=Direction.INBOUND, quote="quote-4")
    done(first, opened(inbound))
    mine = done(second, opened(outbound(5)))
    silent(shared_place, 1)

    assert second.adopt() == [Takeover(1, 3)]
    assert sent(second) == [uetr(1), uetr(4)], "mine is alive, and the ended one is nobody's"
    assert [held.uetr for held in second.sent_states(1)] == [uetr(1)]
    assert due(second) == [uetr(1), uetr(2), uetr(5)]
    lost = done(second, concluded(outbound(1), Event.LOST))
    assert lost.state is State.UNKNOWN
    assert sent(second) == [uetr(4)]
    assert second.payment(mine.uetr) == mine


def test_a_slot_is_taken_over_once(shared_place: Place, pair: tuple[AnyEngine, AnyEngine]) -> None:
    first, second = pair
    third = shared_place.open(3)
    work(first)
    silent(shared_place, 1)

    assert second.adopt() == [Takeover(1, 2)]
    assert (third.adopt(), second.adopt()) == ([], [])
    third.close()


def test_what_was_taken_over_is_taken_over_again_when_its_taker_dies(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    first, second = pair
    work(first)
    silent(shared_place, 1)
    second.adopt()
    silent(shared_place, 2)
    third = shared_place.open(3)

    assert third.adopt() == [Takeover(2, 2)]
    assert sent(third) == [uetr(1)]
    third.close()


def test_a_taker_that_restarts_still_finds_what_was_sent(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    work(pair[0])
    silent(shared_place, 1)
    pair[1].adopt()

    assert sent(shared_place.open(2)) == [uetr(1)]


def test_a_slot_that_was_released_leaves_its_work_at_once(
    pair: tuple[AnyEngine, AnyEngine],
) -> None:
    first, second = pair
    work(first)
    first.release()

    assert second.adopt() == [Takeover(1, 2)]
    assert second.adopt() == []


def test_a_released_slot_without_work_is_left_alone(pair: tuple[AnyEngine, AnyEngine]) -> None:
    pair[0].release()

    assert pair[1].adopt() == []


def test_a_lease_that_ran_out_forbids_nothing_until_somebody_takes_over(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    first, second = pair
    silent(shared_place, 1)
    done(first, opened(outbound(1)))
    first.renew()

    assert second.adopt() == []


# The zombie.


def zombie_commands() -> Sequence[Command]:
    """One of every kind, each of which a living owner of the slot could carry out."""
    lost = replace(outbound(2), state=State.UNKNOWN, version=2)
    return [
        opened(outbound(7)),
        refused(outbound(8)),
        concluded(outbound(1), Event.ACCEPTED),
        enquired(lost),
        buried(9),
        received(),
        capped(7),
        posted(),
    ]


def calls(first: AnyEngine) -> list[Callable[[], object]]:
    """Everything that a process can ask of its engine."""
    each: list[Callable[[], object]] = [
        partial(first.execute, [command]) for command in zombie_commands()
    ]
    return [
        *each,
        lambda: first.execute(zombie_commands()),
        lambda: first.execute([]),
        first.renew,
        first.adopt,
        lambda: first.lease_numbers(DAY, 1, LAST),
    ]


@pytest.mark.parametrize("with_work", [True, False], ids=["with work", "idle"])
def test_a_zombie_commits_nothing(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine], *, with_work: bool
) -> None:
    first, second = pair
    if with_work:
        work(first)
    silent(shared_place, 1)
    second.adopt()
    third = shared_place.open(3)
    silent(shared_place, 3)  # so that the zombie, too, would find something to take over
    before = dump(second)
    for call in calls(first):
        with pytest.raises(Fenced):
            call()
    first.release()

    assert dump(second) == before
    assert second.lease_numbers(DAY, 1, LAST) == range(1, 2)
    assert second.adopt() == [Takeover(3, 0)]
    third.close()


def test_the_next_life_of_a_slot_that_was_taken_over_goes_on_with_its_journal(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    first, second = pair
    work(first)
    silent(shared_place, 1)
    second.adopt()
    with closing(shared_place.open(1)) as again:
        done(again, opened(outbound(6)))
        chain = [block for block, _ in again.blocks() if block.slot == 1]

    assert [block.number for block in chain] == list(range(1, len(chain) + 1))
    assert [block.epoch for block in chain][-2:] == [1, 3]
    with closing(shared_place.open(1)) as last:
        assert sent(last) == [uetr(6)], "what was taken over stays away"


# Numbers counted per day.


def test_numbers_are_counted_from_one_for_each_name(place: Place) -> None:
    with closing(place.open()) as engine:
        other = ("thailand", "pay", "2026-11-23")

        assert engine.lease_numbers(DAY, 100, LAST) == range(1, 101)
        assert engine.lease_numbers(other, 5, LAST) == range(1, 6)
        assert engine.lease_numbers(DAY, 1, LAST) == range(101, 102)


def test_numbers_end_at_the_last_and_never_begin_again(place: Place) -> None:
    with closing(place.open()) as engine:
        assert engine.lease_numbers(DAY, 6, 8) == range(1, 7)
        assert engine.lease_numbers(DAY, 6, 8) == range(7, 9)
        assert len(engine.lease_numbers(DAY, 6, 8)) == 0
        assert len(engine.lease_numbers(DAY, 6, 8)) == 0


def test_numbers_are_not_given_again_after_a_crash(place: Place) -> None:
    with closing(place.open()) as first:
        first.lease_numbers(DAY, 10, LAST)
    with closing(place.open()) as again:
        assert again.lease_numbers(DAY, 10, LAST) == range(11, 21)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40)), max_size=30))
def test_no_number_is_given_twice_whoever_asks(asked: list[tuple[int, int]]) -> None:
    place = MemoryPlace()
    engines = {slot: place.open(slot) for slot in (1, 2, 3)}
    given_out = [n for slot, count in asked for n in engines[slot].lease_numbers(DAY, count, 300)]

    assert given_out == list(range(1, min(300, sum(count for _, count in asked)) + 1))


# Reads that go with it.


def test_the_lowest_living_slot_is_known(
    shared_place: Place, pair: tuple[AnyEngine, AnyEngine]
) -> None:
    assert [engine.lowest_slot(NOW) for engine in pair] == [1, 1]
    silent(shared_place, 1)
    assert [engine.lowest_slot(NOW) for engine in pair] == [2, 2]
    pair[1].release()
    assert pair[0].lowest_slot(NOW) is None


def test_a_payment_is_found_by_our_reference(place: Place) -> None:
    with closing(place.open()) as engine:
        held = done(engine, opened(outbound(1)))

        assert engine.by_reference(held.network, held.reference) == held
        assert engine.by_reference("bakong", held.reference) is None
        assert engine.by_reference(held.network, "0") is None


def test_the_last_number_is_the_greatest_of_payments_records_and_exchanges(place: Place) -> None:
    with closing(place.open()) as engine:
        assert engine.last_number() == 0
        held = done(engine, opened(outbound(1)))
        planned = exchange(held)

        assert engine.last_number() == max(planned.exchange_id, planned.sealed.record_id)
        done(engine, refused(payment(9)))
        assert engine.last_number() == payment(9).payment_id
