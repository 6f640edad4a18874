"""The vault's commands on a PostgreSQL server, on a slot of their own beside whoever serves."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from switch.config import default_folder, load_config
from switch.own_keys import keys_of
from switch.runtime.entropy import SystemEntropy
from switch.stores import VARIABLE
from switch.wrapping_keys import open_vault
from tests.cli.test_vault_commands import ENDED, LATER, NAME, OPEN, fill
from tests.cli.typed_commands import typed
from tests.contract.postgres_place import PostgresPlace
from tests.servers.fixtures import POSTGRES_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.processes import PostgresServer

pytestmark = POSTGRES_GROUP


@pytest.fixture
def data(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A data folder with keys, and three payments on the server."""
    config = load_config(default_folder())
    vault = open_vault("files", keys_of(config, tmp_path), SystemEntropy())
    place = PostgresPlace(postgres_server)
    fill(place.open(), vault)
    monkeypatch.setenv(VARIABLE, place.url)
    yield tmp_path
    place.close()


def vault(data: Path, *arguments: str) -> tuple[int, str, str]:
    """A command of the vault on this server."""
    return typed("vault", *arguments, "--data", str(data), "--store", "postgresql")


def status(data: Path) -> Any:
    """How the vault stands."""
    return json.loads(vault(data, "status")[1])


def test_names_are_shown_and_erased(data: Path) -> None:
    before = vault(data, "show", ENDED)
    done = vault(data, "erase", ENDED)
    after = vault(data, "show", ENDED)

    assert json.loads(before[1])["particulars"]["debtor"]["name"] == NAME
    assert done == (0, f"{ENDED}: erased\n", "")
    assert json.loads(after[1])["erased"]["cause"] == "request"
    assert (status(data)["erased"], status(data)["waiting"]) == (1, 0)


def test_no_table_of_the_server_keeps_the_bytes_of_an_erased_key(
    data: Path, postgres_server: PostgresServer
) -> None:
    """The archived log may: there the wrapping key of the month is what protects them."""

    def found(wrapped: bytes) -> int:
        asyncio.run(_sent("CHECKPOINT"))
        tables = (postgres_server.folder / "data" / "base").rglob("*")
        return sum(path.read_bytes().count(wrapped) for path in tables if path.is_file())

    sql = "SELECT wrapped FROM data_key JOIN payment USING (payment_id) WHERE uetr = $1"
    wrapped = [asyncio.run(_asked(sql, uetr))[-60:] for uetr in (ENDED, OPEN)]
    before = [found(each) for each in wrapped]
    assert vault(data, "erase", ENDED)[0] == 0

    assert before == [1, 1]
    assert [found(each) for each in wrapped] == [0, 1]


async def _asked(sql: str, *values: object) -> Any:
    connection = await asyncpg.connect(os.environ[VARIABLE])
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


async def _sent(sql: str) -> None:
    connection = await asyncpg.connect(os.environ[VARIABLE])
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def test_an_open_payment_waits_to_be_erased(data: Path) -> None:
    assert vault(data, "erase", OPEN, "--wait", "0")[0] == 1
    assert status(data)["waiting"] == 1


def test_a_database_of_somebody_else_stays_as_it_is(
    data: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_sent("CREATE DATABASE somebody_elses"))
    with monkeypatch.context() as pointed:
        pointed.setenv(VARIABLE, postgres_server.url("somebody_elses"))
        status, said, errors = vault(data, "rotate", "--name", LATER, "--one-folder")
        tables = asyncio.run(_asked("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    asyncio.run(_sent("DROP DATABASE somebody_elses"))

    assert (status, said, tables) == (2, "", 0)
    assert list((data / "keys").rglob(f"*{LATER}*")) == []
    assert "schema version 0, this program works on" in errors


def test_keys_are_rotated_and_the_first_one_goes(data: Path) -> None:
    refused = vault(data, "rotate", "--name", LATER)
    assert list((data / "keys").rglob(f"*{LATER}*")) == []
    vault(data, "prepare", "--name", LATER)
    rotated = vault(data, "rotate", "--name", LATER)
    assert list((data / "keys").rglob(f"*{LATER}*")) != []
    destroyed = vault(data, "destroy", "vault")

    assert (refused[0], "run vault prepare" in refused[2]) == (1, True)
    assert rotated == (0, f"3 data keys under {LATER}\n", "")
    assert destroyed == (0, "vault destroyed\n", "")
    assert vault(data, "show", OPEN)[0] == 0
