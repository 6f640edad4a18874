"""Two processes on one PostgreSQL: no deadlock, no lost update, no cap passed, one quote used once.

Both engines run on one loop with a committer each, so their transactions overlap in the server as
those of two processes do. What they race for: five hot accounts, one quote, one key, one UETR, a
tombstone, a rate that is withdrawn, an account that nobody has made yet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switch.commands import Conflict, Declined, Done, Known
from switch.lifecycle import Event
from switch.reasons import Reason
from switch.runtime.clock import SystemClock
from switch.runtime.tasks import Tasks
from switch.store.audit import audit
from switch.store.loop_committer import LoopCommitter
from switch.store.postgresql import PostgresEngine
from tests.contract.contract_engines import KEY
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import (
    MEMBER_KHR,
    buried,
    capped,
    concluded,
    direct,
    opened,
    payment,
    posted,
    received,
    uetr,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from switch.commands import Command, Result
    from switch.model import Payment
    from tests.servers.processes import PostgresServer

EACH = 4_125_000
"""What one payment takes of its member's cap, in minor units."""


@pytest.fixture
def pg(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    place = PostgresPlace(postgres_server, spare_schemas)
    yield place
    place.close()


@asynccontextmanager
async def two(pg: PostgresPlace) -> AsyncIterator[tuple[LoopCommitter, LoopCommitter]]:
    """Two processes' stores."""
    stores = []
    for _ in (1, 2):
        engine = PostgresEngine(pg.url, clock=SystemClock(), sign=KEY.sign)
        await engine.start()
        stores.append(LoopCommitter(engine, engine, Tasks(), batch_max=16))
    first, second = stores
    assert (first.slot, second.slot) == (1, 2)
    yield first, second
    await first.close()
    await second.close()


async def race(stores: Sequence[LoopCommitter], commands: Sequence[Command]) -> list[Result]:
    """Commit all at once, by turns in one process and in the other."""
    return await asyncio.gather(
        *[stores[place % len(stores)].commit(command) for place, command in enumerate(commands)]
    )


def kinds(results: Sequence[Result]) -> dict[str, int]:
    """How many of each result there are."""
    return dict(Counter(type(result).__name__ for result in results))


def outbound(number: int, quote: str | None = None) -> Payment:
    """A payment over the five accounts of the worked example."""
    return payment(number, quote=quote or f"quote-{number}")


def sound(pg: PostgresPlace) -> bool:
    """Whether the whole record is: every chain, balance, reservation and row."""
    return audit(pg.open(9), KEY.public_key()).faults == ()


async def deadlocks(pg: PostgresPlace) -> int:
    """How many deadlocks the server has ever seen."""
    found = await asyncio.to_thread(
        pg.sql, "SELECT sum(deadlocks)::bigint FROM pg_stat_database WHERE datname IS NOT NULL"
    )
    return int(found[0][0])


def test_256_payments_over_five_hot_accounts(pg: PostgresPlace) -> None:
    async def run() -> None:
        before = await deadlocks(pg)
        async with two(pg) as stores:
            held = [outbound(number) for number in range(1, 257)]
            first = await race(stores, [opened(each) for each in held])
            ends = [concluded(each, Event.ACCEPTED) for each in held]
            second = await race(stores[::-1], ends)
            account = await stores[0].read.account(MEMBER_KHR)

            assert (kinds(first), kinds(second)) == ({"Done": 256}, {"Done": 256})
            assert account is not None
            assert (account.debits_posted, account.debits_pending) == (256 * EACH, 0)
        assert await deadlocks(pg) == before

    asyncio.run(run())
    assert sound(pg)


def test_a_cap_is_not_passed_by_one_unit(pg: PostgresPlace) -> None:
    """Room for 100 payments, less one unit: 99 are opened, whoever comes first."""

    async def run() -> None:
        async with two(pg) as stores:
            await stores[0].commit(capped(100 * EACH - 1))
            results = await race(stores, [opened(outbound(n)) for n in range(1, 257)])
            account = await stores[1].read.account(MEMBER_KHR)

            assert kinds(results) == {"Done": 99, "Declined": 157}
            reasons = {result.reason for result in results if isinstance(result, Declined)}
            assert reasons == {Reason.FUNDS_INSUFFICIENT}
            assert account is not None
            assert account.debits_pending == 99 * EACH

    asyncio.run(run())
    assert sound(pg)


def test_64_payments_use_one_quote_once(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            results = await race(stores, [opened(outbound(n, "one")) for n in range(1, 65)])

            assert kinds(results) == {"Done": 1, "Declined": 63}
            reasons = {result.reason for result in results if isinstance(result, Declined)}
            assert reasons == {Reason.QUOTE_USED}

    asyncio.run(run())
    assert sound(pg)


def test_of_64_payments_of_one_name_of_their_network_one_is_opened(pg: PostgresPlace) -> None:
    """And none of the others' commands that stood in the same batches is lost."""

    async def run() -> None:
        async with two(pg) as stores:
            one_name = [replace(outbound(n), reference="ORDER-1") for n in range(1, 65)]
            commands = [replace(opened(each), named=True) for each in one_name]
            others = [opened(outbound(n)) for n in range(65, 129)]
            mixed = [each for pair in zip(commands, others, strict=True) for each in pair]
            # By fours, so that each process has commands of both kinds.
            results = await race([stores[0], stores[0], stores[1], stores[1]], mixed)

            assert kinds(results[::2]) == {"Done": 1, "Declined": 63}
            reasons = {result.reason for result in results if isinstance(result, Declined)}
            assert reasons == {Reason.DUPLICATE}
            assert kinds(results[1::2]) == {"Done": 64}

    asyncio.run(run())
    assert sound(pg)


def test_of_orders_taken_back_and_paid_at_once_each_is_the_one_or_the_other(
    pg: PostgresPlace,
) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            held = [replace(outbound(n), reference=f"ORDER-{n}") for n in range(1, 65)]
            orders = [uetr(500 + n) for n in range(1, 65)]
            pays = [
                replace(opened(each), named=True, order=order)
                for each, order in zip(held, orders, strict=True)
            ]
            backs = [replace(buried(500 + n), named=f"ORDER-{n}") for n in range(1, 65)]
            mixed = [each for pair in zip(pays, backs, strict=True) for each in pair]
            # By threes, so that either comes first, in the same process and in the other one.
            results = await race([stores[0], stores[0], stores[1]], mixed)
            outcomes = Counter(zip(*(map(_word, results[n::2]) for n in (0, 1)), strict=True))

            assert outcomes.keys() <= {("Done", "CANCEL_TOO_LATE"), ("CANCELLED", "Done")}
            assert outcomes.total() == 64

    asyncio.run(run())
    assert sound(pg)


def _word(result: Result) -> str:
    return result.reason.name if isinstance(result, Declined) else type(result).__name__


def test_a_quote_given_back_is_used_by_one(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            first = outbound(1, "one")
            await stores[0].commit(opened(first))
            await stores[1].commit(concluded(first, Event.NOT_SENT))
            results = await race(stores, [opened(outbound(n, "one")) for n in range(2, 34)])

            assert kinds(results) == {"Done": 1, "Declined": 31}

    asyncio.run(run())
    assert sound(pg)


def test_one_key_binds_one_payment(pg: PostgresPlace) -> None:
    """The others are given the one that was first, or nothing of theirs is stored."""

    async def run() -> None:
        async with two(pg) as stores:
            commands = [opened(outbound(n), "same key") for n in range(1, 33)]
            results = await race(stores, commands)
            found = {
                result.payment.uetr
                for result in results
                if isinstance(result, Done | Known) and result.payment is not None
            }

            assert kinds(results) == {"Done": 1, "Known": 31}
            assert len(found) == 1
            assert len(await stores[0].read.listed(0, 99)) == 1

    asyncio.run(run())
    assert sound(pg)


def test_one_uetr_is_opened_once(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            held = outbound(1)
            commands = [
                opened(
                    replace(
                        held,
                        payment_id=held.payment_id + 100 * n,
                        reference=f"{n:017d}",
                        terms=replace(held.terms, quote_id=f"quote-{n}"),
                    ),
                    f"key {n}",
                )
                for n in range(1, 17)
            ]
            results = await race(stores, commands)

            assert kinds(results) == {"Done": 1, "Conflict": 15}
            fields = {result.field_name for result in results if isinstance(result, Conflict)}
            assert fields == {"uetr"}

    asyncio.run(run())
    assert sound(pg)


def test_a_payment_said_to_be_never_seen_is_never_opened(pg: PostgresPlace) -> None:
    """Of a tombstone and an opening of the same UETR exactly one is carried out."""

    async def run() -> None:
        async with two(pg) as stores:
            graves = [buried(n, outbound(n).origin) for n in range(1, 65)]
            openings = [opened(outbound(n)) for n in range(1, 65)]
            commands: list[Command] = []
            for grave, opening in zip(graves, openings, strict=True):
                commands += [grave, opening]
            results = await race(stores, commands)
            outcomes = Counter(
                (type(grave).__name__, type(opening).__name__)
                for grave, opening in zip(results[::2], results[1::2], strict=True)
            )

            assert set(outcomes) <= {("Done", "Declined"), ("Stale", "Done")}
            assert sum(outcomes.values()) == 64

    asyncio.run(run())
    assert sound(pg)


def test_after_a_withdrawal_was_answered_nothing_opens_at_the_rate(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            await stores[0].commit(posted("r-1"))

            def direct_one(number: int) -> Command:
                held = outbound(number)
                return opened(replace(held, terms=direct(quote=f"quote-{number}")))

            async def withdraw() -> list[Result]:
                await stores[1].commit(posted("r-1", withdrawn=True, second=1))
                return await race(stores[:1], [direct_one(n) for n in range(101, 109)])

            results, ended = await asyncio.gather(
                race(stores[:1], [direct_one(n) for n in range(1, 101)]), withdraw()
            )

            assert set(kinds(results)) <= {"Done", "Declined"}
            assert kinds(ended) == {"Declined": 8}

    asyncio.run(run())
    assert sound(pg)


def test_an_item_of_a_statement_is_booked_once(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            results = await race(
                stores, [received(f"item-{n % 8}", 100 + n % 8) for n in range(64)]
            )
            pool = [a for k, a in (await stores[0].read.accounts()).items() if "/pool/" in k]

            assert kinds(results) == {"Done": 64}
            assert [account.debits_posted for account in pool] == [sum(range(100, 108))]

    asyncio.run(run())
    assert sound(pg)


def test_what_one_process_opened_the_other_may_end_and_only_one_does(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            held = [outbound(n) for n in range(1, 33)]
            await race(stores, [opened(each) for each in held])
            ends = [
                concluded(each, event) for each in held for event in (Event.ACCEPTED, Event.LOST)
            ]
            results = await race(stores, ends)

            assert kinds(results) == {"Done": 32, "Stale": 32}

    asyncio.run(run())
    assert sound(pg)


def test_a_journal_of_its_own_for_each_process_and_uetrs_found_in_both(pg: PostgresPlace) -> None:
    async def run() -> None:
        async with two(pg) as stores:
            await race(stores, [opened(outbound(n)) for n in range(1, 9)])

            assert [store.head.slot for store in stores if store.head] == [1, 2]
            assert await stores[0].read.payment(uetr(2)) is not None

    asyncio.run(run())
    assert sound(pg)
