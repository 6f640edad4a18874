"""The loss that a PostgreSQL database knows of moves forward only, and one word ends it for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.runtime.clock import SystemClock
from switch.store.postgresql_link import Readers
from switch.store.postgresql_loss import LossRow
from tests.contract.postgres_place import PostgresPlace
from tests.servers.fixtures import POSTGRES_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.processes import PostgresServer

pytestmark = POSTGRES_GROUP


@pytest.fixture
def place(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    """An empty schema."""
    made = PostgresPlace(postgres_server, spare_schemas)
    yield made
    made.close()


def test_a_loss_moves_forward_and_is_ended_once(place: PostgresPlace) -> None:
    async def told() -> list[object]:
        one, other = (Readers(place.url, SystemClock(), 1) for _ in range(2))
        row, seen = LossRow(one.query), LossRow(other.query)
        found: list[object] = [await seen.read()]
        for change in (
            row.mark(100, None),
            row.mark(100, 90),
            row.end(99, None),
            row.end(100, 80),
            row.mark(100, None),
            row.mark(101, 70),
            row.end(101, 70),
            row.begin(50, 40),
        ):
            await change
            found.append(await seen.read())
        await one.close()
        await other.close()
        return found

    assert place._loop.run_until_complete(told()) == [
        None,
        (100, None, False),
        (100, None, False),
        (100, None, False),
        (100, 80, True),
        (100, 80, True),
        (101, 70, False),
        (101, 70, True),
        (102, 40, False),
    ]
