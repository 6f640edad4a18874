"""Where a run takes place: one switch or several, their store, and what each network needs.

Each switch is a process of its own with its own data folder, as it is shipped; on PostgreSQL they
share one server, which is started here. What a run reads of the store it reads as anybody may:
blocks by the journal's page, rows in one snapshot beside the processes that write. The surprise:
members spread their requests over the switches, but a quote is paid where it was given.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iso20022.jws import JwsSigner
from switch.bench.machine import Cores, pinned, split_cores
from switch.bench.postgres import postgres
from switch.client import SigningClient
from switch.data_folder import KEYS
from switch.demo.stage import Stage
from switch.keys import KeyFolder
from switch.runtime.children import Child, start_child
from switch.runtime.entropy import SystemEntropy
from switch.runtime.ports import free_ports
from switch.runtime.private_files import write_private
from switch.store.awaited import Awaited
from switch.store.postgresql_admin import snapshot
from switch.store.sqlite import open_reader
from switch.stores import VARIABLE
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from switch.bench.postgres import PostgresServer
    from switch.config import Config
    from switch.store.contract import Reads

OWN_KEY: Final = "switch-thailand"
SERVER: Final = "postgresql"
SWITCH: Final = "switch"


class Ground(Stage):
    """A stage whose switches have cores of their own, and sign to the network by ES256.

    With PostgreSQL there are ``switches`` of them on one server; with SQLite one.
    """

    def __init__(
        self,
        config: Config,
        config_folder: Path | None,
        *,
        store: str = "sqlite",
        switches: int = 1,
        networks: Sequence[str] = ("thailand",),
    ) -> None:
        config = replace(config, store=config.store.model_copy(update={"engine": store}))
        super().__init__(config, config_folder, log_level="info", networks=networks)
        self.switches = switches
        self.cores: Cores = split_cores(switches)
        self.server: PostgresServer | None = None
        self._beside: list[tuple[str, TcpNet]] = []
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._opened.enter_context(pinned(self.cores.load))
        try:
            if self.config.store.engine == SERVER:
                self.server = await self._opened.enter_async_context(
                    postgres(self.clock, SystemEntropy())
                )
                self._opened.enter_context(_address(self.server.url))
            await super().__aenter__()
        except BaseException:
            await self._opened.aclose()
            raise
        try:
            for number in range(1, self.switches):
                await self._start_beside(number)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, net in self._beside:
            await net.close()
        await super().__aexit__(kind, error, trace)
        await self._opened.aclose()

    def prepare_keys(self, folder: Path) -> None:
        """Sign to the network by ES256, which costs a tenth of what RSA costs."""
        super().prepare_keys(folder)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_private(folder / f"{OWN_KEY}.pem", pem)
        # The public pair of that name would be another one.
        (folder / f"{OWN_KEY}.crt").unlink(missing_ok=True)

    async def start_switch(self, port: int) -> Child:
        """Start the first switch on its core."""
        with pinned(self.cores.switch[:1]):
            return await super().start_switch(port)

    async def _start_beside(self, number: int) -> None:
        """Start one more switch, with a data folder of its own that has the same keys."""
        name, (port,) = f"{SWITCH}-{number + 1}", free_ports(1)
        data, url = self.data / name, f"http://127.0.0.1:{port}"
        shutil.copytree(self.data / KEYS, data / KEYS)
        peers = [f"--peer={network}={at}" for network, at in self.urls.items() if network != SWITCH]
        command = [sys.executable, "-m", "switch", "serve", "--slot", "0", "--port", str(port)]
        command += ["--store", self.config.store.engine, "--log", self.log_level, *peers]
        command += ["--data", str(data)]
        if self.config_folder is not None:
            command += ["--config", str(self.config_folder)]
        cores = self.cores.switch
        own = cores[number : number + 1] or cores[:1]
        with pinned(own):
            child = await start_child(name, command, self.data / f"{name}.log")
        self.children.append(child)
        self._beside.append((url, TcpNet(self.clock, {}, {SWITCH: url})))

    def members(self, bic: str) -> list[SigningClient]:
        """A member's client of each switch."""
        signer = JwsSigner(KeyFolder(self.data / KEYS).ec_private(f"member-{bic}"), bic)
        further = [
            SigningClient(net.session(SWITCH), url, signer, self.clock, self.ids)
            for url, net in self._beside
        ]
        return [self.member(bic), *further]

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return next(child.pid for child in self.children if child.name == name)

    def switch_pids(self) -> list[int]:
        """The process ids of all switches."""
        return [child.pid for child in self.children if child.name.partition("-")[0] == SWITCH]

    async def blocks(self, bic: str) -> int:
        """Blocks in the journal so far, as each switch tells a member."""
        heads = [await member.call("GET", "/v1/journal/head") for member in self.members(bic)]
        return sum(int(head.json()["number"]) for head in heads)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reads]:
        """Reads of the store beside the processes that write; on a server of one moment."""
        slot = max(self.config.switch.slot, 1)
        if self.server is not None:
            async with snapshot(self.server.url, slot) as reads:
                yield reads
            return
        reader = open_reader(str(self.data / "switch.db"), slot)
        try:
            yield Awaited(reader)
        finally:
            reader.connection.close()


@contextmanager
def _address(url: str) -> Iterator[None]:
    """Tell processes that are started where the server is."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = url
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before
