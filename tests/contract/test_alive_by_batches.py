"""A process that commits is alive, also when its load keeps it from renewing its lease in time."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from switch.runtime.clock import SystemClock
from switch.store.contract import Takeover
from switch.store.postgresql import ALIVE_PER_LEASE, PostgresEngine
from tests.contract.contract_engines import KEY
from tests.contract.postgres_place import PostgresPlace
from tests.switch_core.core_values import received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.processes import PostgresServer

LEASE_S = 1


@pytest.fixture
def postgres(postgres_server: PostgresServer, spare_schemas: list[str]) -> Iterator[PostgresPlace]:
    with closing(PostgresPlace(postgres_server, spare_schemas)) as place:
        yield place


def test_a_batch_renews_the_lease_now_and_then(postgres: PostgresPlace) -> None:
    first, second = (
        postgres.opened_by(
            PostgresEngine(
                postgres.url, clock=SystemClock(), sign=KEY.sign, slot=slot, lease_s=LEASE_S
            )
        )
        for slot in (1, 2)
    )
    for number in range(6):
        time.sleep(LEASE_S / ALIVE_PER_LEASE)
        first.execute([received(f"item-{number}")])
        second.renew()

    # A lease and a half has passed since anybody renewed the first slot but its batches.
    assert second.adopt() == []
    for _ in range(ALIVE_PER_LEASE):
        time.sleep(LEASE_S / ALIVE_PER_LEASE)
        second.renew()
    assert second.adopt() == [Takeover(1, 0)]
