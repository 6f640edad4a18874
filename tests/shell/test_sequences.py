"""Numbers counted per day: none is given twice, whatever crashes; refused at the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.payments import Standing
from switch.refusals import Busy
from switch.sequences import NAMES_KEPT_MAX, NumbersSpent, Sequences
from switch.store.memory import MemoryEngine, MemoryTables
from tests.shell.hand_parts import HandClock, HandStore
from tests.shell.shell_rig import Shell
from tests.shell.toy_network import THAILAND

if TYPE_CHECKING:
    from switch.port import Planning

AT = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
PAY = ("toy", "pay", "2026-11-21")
COUNTED = replace(THAILAND, reference_sequence_digits=3, reference_day_ahead_min=420)
"""A network with numbers of three digits, whose day begins seven hours before UTC's."""


class Process:
    """One process's numbers on shared tables."""

    def __init__(self, tables: MemoryTables, slot: int, leased_at_once: int = 5) -> None:
        engine = MemoryEngine(tables, clock=HandClock(), sign=lambda _: b"signed", slot=slot)
        self.store = HandStore(engine)
        self.numbers = Sequences(self.store, leased_at_once)


async def test_those_who_ask_at_once_share_a_lease_and_get_different_numbers() -> None:
    """Lesson 22: numbers are allocated where all can see them."""
    tables = MemoryTables()
    process = Process(tables, 1)
    numbers = await asyncio.gather(*[process.numbers.next(PAY, 999) for _ in range(12)])

    assert sorted(numbers) == list(range(1, 13))
    assert tables.sequences == {PAY: 16}


async def test_the_last_number_is_given_and_none_after_it() -> None:
    process = Process(MemoryTables(), 1)
    numbers = [await process.numbers.next(PAY, 7) for _ in range(7)]

    assert numbers == list(range(1, 8))
    for _ in range(3):
        with pytest.raises(NumbersSpent):
            await process.numbers.next(PAY, 7)
    assert await process.numbers.next(("toy", "pay", "2026-11-22"), 7) == 1


async def test_what_is_kept_in_memory_is_bounded_and_what_was_dropped_is_not_given_again() -> None:
    process = Process(MemoryTables(), 1)
    for day in range(NAMES_KEPT_MAX + 1):
        await process.numbers.next(("toy", "pay", str(day)), 999)

    assert len(process.numbers._left) == NAMES_KEPT_MAX
    assert await process.numbers.next(("toy", "pay", "0"), 999) == 6


async def test_the_day_is_the_networks() -> None:
    tables = MemoryTables()
    numbers = Process(tables, 1).numbers
    await numbers.for_reference(COUNTED, "pay", AT)
    await numbers.for_reference(COUNTED, "pay", AT - timedelta(hours=2))

    assert sorted(tables.sequences) == [
        ("thailand", "pay", "2026-11-21"),
        ("thailand", "pay", "2026-11-22"),
    ]


async def test_a_network_that_counts_nothing_costs_nothing() -> None:
    tables = MemoryTables()

    assert await Process(tables, 1).numbers.for_reference(THAILAND, "pay", AT) == 0
    assert tables.sequences == {}


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["1", "2", "3", "crash 1", "crash 2"]), max_size=60))
def test_no_number_is_given_twice_whoever_asks_and_crashes(story: list[str]) -> None:
    async def told() -> list[int]:
        tables, given_out = MemoryTables(), []
        processes = {slot: Process(tables, slot) for slot in (1, 2, 3)}
        for step in story:
            slot = int(step[-1])
            if step.startswith("crash"):
                processes[slot] = Process(tables, slot)
            else:
                given_out.append(await processes[slot].numbers.next(PAY, 100_000))
        return given_out

    numbers = asyncio.run(told())
    assert len(set(numbers)) == len(numbers)
    assert all(number > 0 for number in numbers)


# In a payment.


def counting(shell: Shell, digits: int) -> list[Planning]:
    """Let the Thai network count; returns the plannings its references are made with."""
    seen: list[Planning] = []
    adapter = shell.thailand
    adapter.facts = replace(adapter.facts, reference_sequence_digits=digits)
    made = adapter.reference

    def reference(planning: Planning) -> str:
        seen.append(planning)
        return made(planning)

    adapter.reference = reference  # type: ignore[method-assign]
    return seen


async def test_a_payment_is_planned_with_the_next_number(shell: Shell) -> None:
    seen = counting(shell, 3)
    for key in ("key-1", "key-2"):
        await shell.opened(key)

    assert [planning.sequence for planning in seen] == [1, 2]


async def test_when_the_numbers_are_spent_nothing_is_stored_and_the_caller_may_come_again(
    shell: Shell,
) -> None:
    counting(shell, 1)
    for number in range(1, 10):
        await shell.opened(f"key-{number}")
    before = dict(shell.tables.payments)
    with pytest.raises(Busy):
        await shell.payments.open(shell.instruction("key-10"))

    assert shell.tables.payments == before
    assert "numbers_spent" in shell.log.events


async def test_a_network_that_counts_nothing_is_planned_without_a_number(shell: Shell) -> None:
    standing = await shell.payments.open(shell.instruction("key-1"))

    assert isinstance(standing, Standing)
    assert shell.tables.sequences == {}
