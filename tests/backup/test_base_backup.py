"""A base backup of PostgreSQL with its WAL, taken while payments are committed, is a whole record.

It is made and checked with the programs that come with the server, and served by another server.
What was committed after it is missed, by the head that was published.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switch.commands import Done
from switch.lost_tail import lost_heads
from switch.store.audit import audit_reads
from switch.store.postgresql_admin import snapshot
from tests.contract.contract_engines import KEY
from tests.contract.postgres_place import PostgresPlace
from tests.servers.processes import PostgresServer
from tests.switch_core.core_values import opened, payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.postgres_place import Driven


def run(server: PostgresServer, *command: str) -> None:
    """Run a program that comes with the server, as its user; it must end well."""
    program = server.programs.program(command[0])
    if not program.is_file():
        found = shutil.which(command[0])
        if found is None:
            pytest.skip(f"{command[0]} is not beside the server, nor on the path")
        program = Path(found)
    with (server.folder / "log").open("ab") as log:
        assert server.run([str(program), *command[1:]], log).wait(60) == 0


def commit(engine: Driven, numbers: range) -> None:
    """Open payments, one block each."""
    for number in numbers:
        (result,) = engine.execute([opened(payment(number, quote=f"quote-{number}"))])
        assert isinstance(result, Done)


@pytest.fixture
def place(postgres_server: PostgresServer) -> Iterator[PostgresPlace]:
    """A schema of its own."""
    made = PostgresPlace(postgres_server)
    yield made
    made.close()


@pytest.fixture
def standby(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """Another server, which is not started."""
    server = PostgresServer(postgres_server.programs)
    yield server
    server.close()


def _take(base: Path, server: PostgresServer) -> None:
    """Put a base backup in the place of a server's data."""
    data = server.folder / "data"
    owner = data.stat()
    shutil.rmtree(data)
    shutil.copytree(base, data)
    data.chmod(0o700)
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def test_a_base_backup_with_its_wal_is_a_whole_record(
    place: PostgresPlace, standby: PostgresServer
) -> None:
    engine, server = place.open(), place.server
    commit(engine, range(1, 6))
    base = server.folder / "base"
    streamed = ("--wal-method", "stream", "--checkpoint", "fast")
    run(server, "pg_basebackup", "--dbname", server.url(), "--pgdata", str(base), *streamed)
    run(server, "pg_verifybackup", str(base))
    commit(engine, range(6, 9))
    head = engine.head
    _take(base, standby)
    standby.start()

    async def looked() -> tuple[int, bool, bool, bool]:
        url = standby.url(search_path=place.schema)
        async with snapshot(url, 1) as read:
            report = await audit_reads(read, [KEY.public_key()], {})
            rows = await read.record_page("block", (1, 4), 1)
            kept = {(rows[0][0], rows[0][1]): report.anchors[0].head}
            gone = {(head.slot, head.number): head.hash()}
            lost = await lost_heads(read, gone)
            return report.payments, report.sound, bool(await lost_heads(read, kept)), bool(lost)

    found = place._loop.run_until_complete(looked())

    assert found == (5, True, False, True)
    shutil.rmtree(base)
