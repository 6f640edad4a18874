"""Two processes on one PostgreSQL tell two receivers: no deadlock, no gap, nothing told twice.

Ends and refusals of two members race in both processes while deliveries are marked and replayed, so
counts, marks and hot accounts are locked at once. A reader that goes on behind the greatest number
that it has seen, as a member does, misses nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from switch.lifecycle import Event
from switch.store.outbox_port import Settlement
from tests.contract.test_two_processes import deadlocks, kinds, pg, race, sound, two
from tests.switch_core.core_values import MEMBER, capped, concluded, opened, payment, refused

if TYPE_CHECKING:
    from switch.model import Payment
    from switch.store.loop_committer import LoopCommitter
    from tests.contract.postgres_place import PostgresPlace

__all__ = ("pg",)  # the fixture

OTHER: Final = "WIGCKHPPXXX"
COUNT: Final = 160


def outbound(number: int) -> Payment:
    """A payment of one member or the other."""
    held = payment(number, quote=f"quote-{number}")
    if number % 2:
        return held
    return replace(held, origin=OTHER, institutions=replace(held.institutions, payer_side=OTHER))


async def followed(store: LoopCommitter, receiver: str, whole: int) -> list[str]:
    """What a member sees that asks again and again behind what it has."""
    seen: list[str] = []
    after = 0
    while len(seen) < whole:
        for row in await store.outbox.events(receiver, after, 7):
            assert row.number == after + 1
            after = row.number
            seen.append(row.uetr)
        await asyncio.sleep(0)
    return seen


async def marked(store: LoopCommitter, whole: int) -> None:
    """Marks and replays until all is there."""
    while await store.outbox.last(MEMBER) < whole:
        for standing in await store.outbox.held([MEMBER, OTHER]):
            after = replace(standing, done=standing.last)
            await store.outbox.settle([Settlement(standing, after)])
        await store.outbox.replay(OTHER, 0)


def test_ends_and_refusals_race_with_marks_and_nobody_misses_any(pg: PostgresPlace) -> None:
    async def run() -> None:
        before = await deadlocks(pg)
        async with two(pg) as stores:
            await stores[0].commit(capped(10**14))
            for store in stores:
                await store.outbox.enrol([MEMBER, OTHER], [MEMBER, OTHER])
            held = [outbound(number) for number in range(1, COUNT + 1)]
            turned_down = [outbound(number) for number in range(1_001, 1_001 + COUNT // 2)]
            await race(stores, [opened(each) for each in held])
            ends = [concluded(each, Event.ACCEPTED) for each in held]
            no = [refused(each) for each in turned_down]
            whole = (COUNT + COUNT // 2) // 2
            marks = [asyncio.create_task(marked(store, whole)) for store in stores]
            results, mine, others = await asyncio.gather(
                race(stores[::-1], [*ends, *no]),
                followed(stores[0], MEMBER, whole),
                followed(stores[1], OTHER, whole),
            )
            await asyncio.gather(*marks)
            assert kinds(results) == {"Done": COUNT + COUNT // 2}
            told = {each.uetr for each in (*held, *turned_down)}
            assert len(mine) + len(others) == len(told)
            assert {*mine, *others} == told
        assert await deadlocks(pg) == before

    asyncio.run(run())
    assert sound(pg)
