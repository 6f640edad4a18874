"""Real servers for tests: one PostgreSQL and one Redis for each run, started when first asked for.

Tests that use the same server run in the same worker. Where no server can be had they fail, unless
``BAKONG_SWITCH_NO_SERVERS=1`` says that this is known: then they are skipped with the reason.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

from tests.servers import programs
from tests.servers.processes import PostgresServer, RedisServer, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.programs import Programs

Started = TypeVar("Started", bound=Server)
SERVERS: Final = ("postgres_server", "redis_server")
SETTING: Final = "BAKONG_SWITCH_NO_SERVERS"
POSTGRES_GROUP: Final = pytest.mark.xdist_group("postgres_server")
"""For a parameter of a fixture that asks for the server by itself."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of one server into one group, so that each worker needs one server at most."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for server in SERVERS:
            if server in names:
                item.add_marker(pytest.mark.xdist_group(server))
                break


def started(
    found: Programs | None, name: str, make: Callable[[Programs], Started]
) -> Iterator[Started]:
    """Start a server for the time of a fixture; without its programs fail, or skip where told."""
    if found is None:
        missing = f"{name} is neither on the path nor in .venv/servers (`make test` puts it there)"
        if os.environ.get(SETTING) == "1":
            pytest.skip(f"{missing}; {SETTING}=1")
        pytest.fail(f"{missing}; {SETTING}=1 skips what needs it")
    server = make(found)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL of this run; a test that kills it starts it again."""
    yield from started(programs.postgres(), "PostgreSQL", PostgresServer)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The Redis of this run; a test that kills it starts it again."""
    yield from started(programs.redis(), "Redis", RedisServer)
