"""Clocks are aware and never go back; identifiers are ordered, well formed, repeatable by seed."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SeededEntropy, SystemEntropy

UUID4 = re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


class StoppedClock:
    """A wall clock that stands at the time it was given."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_system_clock_is_aware_utc_and_sleeps() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    asyncio.run(clock.sleep(0.01))

    assert timedelta(0) == clock.now().utcoffset()
    assert clock.monotonic() - before >= 0.009


def test_uetr_is_a_lower_case_uuid_version_4() -> None:
    ids = Ids(SystemClock(), SystemEntropy())

    made = [ids.uetr() for _ in range(200)]

    assert all(UUID4.match(uetr) for uetr in made)
    assert len(set(made)) == 200


def test_ordered_keys_grow_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    clock = StoppedClock(NOON)
    ids = Ids(clock, SeededEntropy(1))

    made = [ids.ordered() for _ in range(2000)]
    clock.at -= timedelta(hours=1)
    made += [ids.ordered() for _ in range(2000)]

    assert sorted(set(made)) == made
    assert all(0 < key < 2**63 for key in made)


def test_ordered_key_holds_the_milliseconds() -> None:
    key = Ids(StoppedClock(NOON), SeededEntropy(1)).ordered()

    assert int(NOON.timestamp() * 1000) == key >> 20


def test_processes_of_different_slots_never_make_the_same_key() -> None:
    """Each makes ten times what fits a millisecond of its own, with the same entropy."""
    made = [
        [each.ordered() for _ in range(90_000)]
        for each in (Ids(StoppedClock(NOON), SeededEntropy(1), slot) for slot in (1, 2, 99))
    ]

    assert all(sorted(set(keys)) == keys for keys in made)
    assert len({key for keys in made for key in keys}) == 3 * 90_000
    assert {key >> 13 & 127 for key in made[2]} == {99}


def test_keys_go_on_after_what_an_earlier_life_made_though_the_clock_was_set_back() -> None:
    last = Ids(StoppedClock(NOON), SeededEntropy(1), 99).ordered()
    ids = Ids(StoppedClock(NOON - timedelta(hours=1)), SeededEntropy(1), 2)
    ids.go_on_after(last)
    made = [ids.ordered() for _ in range(20_000)]

    assert made[0] > last
    assert sorted(set(made)) == made
    assert {key >> 13 & 127 for key in made} == {2}


def test_what_an_earlier_life_made_long_ago_changes_nothing() -> None:
    ids = Ids(StoppedClock(NOON), SeededEntropy(1))
    ids.go_on_after(1)

    assert ids.ordered() >> 20 == int(NOON.timestamp() * 1000)


def test_seeded_entropy_repeats_and_forks_are_independent() -> None:
    first, second = SeededEntropy(7), SeededEntropy(7)
    fork = SeededEntropy(7).fork("disk")

    assert first.bytes(5) + first.bytes(60) == second.bytes(65)
    assert SeededEntropy(7).bytes(32) != SeededEntropy(8).bytes(32)
    assert fork.bytes(32) != SeededEntropy(7).bytes(32)
    assert SeededEntropy(7).fork("disk").bytes(9) == SeededEntropy(7).fork("disk").bytes(9)
    assert {0, 1, 2} == {first.below(3) for _ in range(100)}


def test_salt_is_sixteen_bytes() -> None:
    assert len(Ids(SystemClock(), SystemEntropy()).salt()) == 16
