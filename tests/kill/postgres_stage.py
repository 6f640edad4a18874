"""A stage whose switches are processes on one PostgreSQL: one, or several beside each other.

The configuration is the shipped one with another store. Each process has a data
folder of its own with the same keys; the address of the server is in the environment, as in
production.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg

from iso20022.jws import JwsSigner
from switch.client import SigningClient
from switch.config import default_folder, load_config
from switch.data_folder import KEYS
from switch.demo.stage import Stage
from switch.runtime.children import Child, start_child
from switch.runtime.ports import free_ports
from switch.stores import VARIABLE
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.servers.processes import PostgresServer

LEASE_S: Final = 4
Changes = Sequence[tuple[str, str, str]]
"""Changes of configuration files: name, text, what to put in its place."""

SHORT_LEASE: Final[Changes] = [("switch.toml", "lease_s = 10", f"lease_s = {LEASE_S}")]


def configured(folder: Path, changes: Changes) -> Path:
    """A configuration folder for PostgreSQL."""
    made = folder / "config"
    shutil.copytree(default_folder(), made)
    engine = ("switch.toml", 'engine = "sqlite"', 'engine = "postgresql"')
    for name, before, after in (engine, *changes):
        text = (made / name).read_text("utf-8")
        assert before in text, f"{name} has changed"
        (made / name).write_text(text.replace(before, after), "utf-8")
    return made


async def new_database(server: PostgresServer, name: str) -> str:
    """Make an empty database and return its address."""
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.url(name)


def stage_maker(
    server: PostgresServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: Changes = SHORT_LEASE,
) -> Callable[[], Stage]:
    """What makes a stage on an empty database of the server."""
    url = asyncio.run(new_database(server, folder.name))
    monkeypatch.setenv(VARIABLE, url)
    config = configured(folder, changes)
    return lambda: Stage(load_config(config), config)


class Beside:
    """A further switch on the store of a stage, in the lowest slot that is free."""

    child: Child

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self.data = folder / "beside"
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._net = TcpNet(stage.clock, {}, {"switch": self.url})

    async def __aenter__(self) -> Self:
        """Start it."""
        stage = self._stage
        shutil.copytree(stage.data / KEYS, self.data / KEYS)
        peers = [f"--peer={name}={url}" for name, url in stage.urls.items() if name != "switch"]
        command = [
            *(sys.executable, "-m", "switch", "serve", "--slot", "0", "--log", "warning"),
            *("--port", str(self._port), "--data", str(self.data), *peers),
            *("--config", str(stage.config_folder)),
        ]
        self.child = await start_child("beside", command, self.data / "switch.log")
        return self

    def member(self, bic: str) -> SigningClient:
        """A member's client of this switch."""
        stage = self._stage
        assert stage._keys is not None
        signer = JwsSigner(stage._keys.ec_private(f"member-{bic}"), bic)
        session = self._net.session("switch")
        return SigningClient(session, self.url, signer, stage.clock, stage.ids)

    async def __aexit__(self, *_: object) -> None:
        """Stop it, and close the connections to it."""
        await self._net.close()
        await self.child.stop()


async def rows(url: str, sql: str) -> list[Any]:
    """The rows of a statement."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
