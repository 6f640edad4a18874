"""Items in suspense are kept by every engine, closed once by two operators, and proven after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switch.commands import Command, Declined, Done, Result
from switch.reasons import Reason
from switch.store.audit import audit
from switch.suspense import FIRST_CLAIM, Suspended, Way, item_claim, suspended_of
from tests.contract.contract_engines import KEY, AnyEngine
from tests.contract.postgres_place import PostgresPlace
from tests.contract.test_two_processes import kinds, race, sound, two
from tests.switch_core.core_items import ITEM, approved, claimed, ending, proposed
from tests.switch_core.core_values import SUSPENSE_KHR, received

if TYPE_CHECKING:
    from tests.contract.contract_engines import Place
    from tests.servers.processes import PostgresServer

SUSPENSE = "thailand/suspense/THB/deferred"


def item_in(engine: AnyEngine, item: str = ITEM) -> Suspended:
    name = item_claim(item)
    return suspended_of(engine.claimed(name, name)[name])


def left(engine: AnyEngine, key: str = SUSPENSE) -> int:
    """What stands on an account, credits less debits."""
    account = engine.account(key)
    assert account is not None
    return account.credits_posted - account.debits_posted


def test_it_is_closed_over_restarts_and_stays_closed(place: Place) -> None:
    with closing(place.open()) as engine:
        engine.execute([claimed(), claimed("line/thailand/2", -7_000), received("a" * 64)])
        engine.execute([proposed(ITEM, 0, ending(Way.BORNE))])
    with closing(place.open()) as engine:
        seen = item_in(engine)
        assert engine.execute([approved(ITEM, seen)]) == [Done(None)]
        assert (left(engine), left(engine, SUSPENSE_KHR)) == (-7_000, 100_000)
    with closing(place.open()) as engine:
        results = engine.execute(
            [claimed(), approved(ITEM, seen, turn=2), approved(ITEM, seen, by="three", turn=3)]
        )
        assert results == [Done(None), Done(None), Declined(Reason.ITEM_CLOSED)]
        assert (left(engine), item_in(engine).closed_by) == (-7_000, "two")
        assert audit(engine, KEY.public_key()).faults == ()


def test_a_batch_is_as_its_commands_one_by_one(place: Place) -> None:
    with closing(place.open()) as engine:
        first: list[Command] = [claimed(), proposed(ITEM, 0, ending(Way.SETTLED))]
        assert engine.execute(first) == [Done(None), Done(None)]
        seen = item_in(engine)
        both: list[Result] = engine.execute(
            [approved(ITEM, seen), approved(ITEM, seen, turn=1), claimed()]
        )
        assert both == [Done(None), Done(None), Done(None)]
        assert left(engine) == 0
        assert audit(engine, KEY.public_key()).faults == ()


def test_items_come_in_pages_by_name_apart_from_other_claims(place: Place) -> None:
    names = ["again/alipayplus/1", ITEM, "line/thailand/10", "line/thailand/2"]
    with closing(place.open()) as engine:
        engine.execute([claimed(name, 100 + turn) for turn, name in enumerate(reversed(names))])
        pages, after = [], FIRST_CLAIM
        while page := engine.record_page("claim", (after,), 2):
            pages.append([row[0] for row in page])
            after = pages[-1][-1]
        assert [name for page in pages for name in page] == [item_claim(name) for name in names]
        assert [len(page) for page in pages] == [2, 2]


@pytest.fixture
def pair(shared_place: Place) -> Iterator[tuple[AnyEngine, AnyEngine]]:
    """Two processes on one store, in slots 1 and 2; in the end its record is sound."""
    first, second = shared_place.open(1), shared_place.open(2)
    yield first, second
    assert audit(second, KEY.public_key()).faults == ()
    first.close()
    second.close()


def test_of_two_approvals_in_two_processes_one_closes_it(
    pair: tuple[AnyEngine, AnyEngine],
) -> None:
    first, second = pair
    first.execute([claimed()])
    second.execute([proposed(ITEM, 0, ending(Way.SETTLED))])
    seen = item_in(first)
    results = [
        first.execute([approved(ITEM, seen)])[0],
        second.execute([approved(ITEM, seen, by="three", turn=1)])[0],
    ]

    assert results == [Done(None), Declined(Reason.ITEM_CLOSED)]
    assert (left(first), item_in(second).closed_by) == (0, "two")


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


def test_approvals_that_race_close_each_item_once(pg: PostgresPlace) -> None:
    names = [f"line/thailand/{number}" for number in range(8)]

    async def run() -> None:
        async with two(pg) as stores:
            await race(stores, [claimed(name, 100 + n) for n, name in enumerate(names * 2)])
            await race(
                stores,
                [
                    proposed(name, 0, ending(way, by=by))
                    for name in names
                    for way, by in ((Way.SETTLED, "one"), (Way.BORNE, "four"))
                ],
            )
            held = await stores[0].read.claimed(item_claim(names[0]), item_claim(names[-1]))
            seen = {name: suspended_of(held[item_claim(name)]) for name in names}
            commands = [
                approved(name, seen[name], by=by, turn=turn)
                for turn, name in enumerate(names)
                for by in ("two", "three")
            ]
            results = await race(stores, commands)
            account = (await stores[0].read.accounts())[SUSPENSE]

            assert kinds(results) == {"Done": 8, "Declined": 8}
            assert account.credits_posted == account.debits_posted > 0

    asyncio.run(run())
    assert sound(pg)
