"""Every engine, so that each contract test runs on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.contract_engines import MemoryPlace, Place, SqlitePlace
from tests.contract.postgres_place import PostgresPlace
from tests.servers.fixtures import POSTGRES_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTGRESQL = pytest.param("postgresql", marks=POSTGRES_GROUP)


def new_place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """An empty place of the kind that the fixture's parameter names."""
    if request.param == "memory":
        yield MemoryPlace()
    elif request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        place = PostgresPlace(server, request.getfixturevalue("spare_schemas"))
        yield place
        place.close()
    else:
        yield SqlitePlace(folder / "switch.db", exclusive=request.param == "sqlite-exclusive")


@pytest.fixture(scope="session")
def spare_schemas() -> list[str]:
    """Schemas of the run's PostgreSQL that are empty and current."""
    return []


@pytest.fixture(params=["memory", "sqlite", POSTGRESQL])
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of each kind that a second engine can open while the first is open."""
    yield from new_place(request, tmp_path)


@pytest.fixture(params=["memory", "sqlite", "sqlite-exclusive", POSTGRESQL])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of each kind."""
    yield from new_place(request, tmp_path)
