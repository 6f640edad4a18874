"""The stage of a demonstration: one switch and one simulator per network, each its own process.

Ports are free loopback ones, the data folder is a temporary one, and everything that was started
here is stopped here. What a scene sees of the processes is what anybody would see: HTTP.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from iso20022.jws import JwsSigner
from switch.client import SigningClient
from switch.config import HOME
from switch.data_folder import KEYS
from switch.keys import OVERSEER
from switch.own_keys import keys_of
from switch.registry import SANDBOXES, installed
from switch.runtime.children import Child, Starting, begin_child
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.folders import TemporaryFolder, temporary_folder
from switch.runtime.ports import free_ports
from switch.runtime.private_files import private_folder, write_private
from switch.runtime.tasks import Tasks
from switch.wire.net import TcpNet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from switch.config import Config
    from switch.keys import KeyFolder


PUBLIC: Final = Path(__file__).parent.parent / "simulation" / "keys"
"""Keys that everybody has, for simulations and demonstrations alone."""


@dataclass(slots=True)
class Stage:
    """Running processes and ways to talk to them. Use as an asynchronous context manager."""

    config: Config
    config_folder: Path | None
    log_level: str = "warning"
    networks: Sequence[str] = ("thailand",)
    """Networks that take part, beside Bakong."""
    clock: SystemClock = field(default_factory=SystemClock)
    tasks: Tasks = field(default_factory=Tasks)
    children: list[Child] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    _folder: TemporaryFolder | None = None
    _net: TcpNet | None = None
    _keys: KeyFolder | None = None

    @property
    def data(self) -> Path:
        """The data folder of the switch."""
        assert self._folder is not None, "the stage is set up"
        return Path(self._folder.name)

    @property
    def ids(self) -> Ids:
        """Fresh identifiers."""
        return Ids(self.clock, SystemEntropy())

    async def __aenter__(self) -> Self:
        self._folder = temporary_folder()
        self.prepare_keys(self.data / KEYS)
        self._keys = keys_of(self.config, self.data)
        configured = [name for name in installed(SANDBOXES) if name in self.config.networks]
        networks = [name for name in configured if name in (HOME, *self.networks)]
        ports = dict(zip(("switch", *networks), free_ports(len(networks) + 1), strict=True))
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self._net = TcpNet(self.clock, {}, self.urls)
        try:
            await self._start_together(networks, ports)
        except BaseException:
            await self._down()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._down()

    async def _down(self) -> None:
        await self.tasks.close()
        if self._net is not None:
            await self._net.close()
        for child in reversed(self.children):
            await child.stop()
        if self._folder is not None:
            self._folder.cleanup()

    async def _start_together(self, networks: Sequence[str], ports: Mapping[str, int]) -> None:
        """Start all processes side by side: the switch last, and it is waited for first."""
        begun: list[Starting] = []
        try:
            for name in networks:
                where = ["--port", f"{name}={ports[name]}", "--switch", self.urls["switch"]]
                begun.append(await self._begin(name, ["sandbox", name, *where]))
            await self.start_switch(ports["switch"])
            while begun:
                # Before the switch, which is the first to be stopped.
                self.children.insert(0, await begun[0].ready())
                begun.pop(0)
        finally:
            for each in begun:
                await each.end()

    async def start_switch(self, port: int) -> Child:
        """Start the switch on a port, again after it was ended."""
        child = await (await self._begin("switch", self._serving(port))).ready()
        self.children.append(child)
        return child

    def _serving(self, port: int) -> list[str]:
        peers = [f"--peer={name}={url}" for name, url in self.urls.items() if name != "switch"]
        where = ["--port", str(port), "--store", self.config.store.engine]
        return ["serve", *where, "--log", self.log_level, *peers]

    async def stop_switch(self) -> None:
        """Ask the switch to end, and wait for it."""
        (child,) = (each for each in self.children if each.name == "switch")
        self.children.remove(child)
        await child.stop()

    async def _begin(self, name: str, arguments: Sequence[str]) -> Starting:
        command = [sys.executable, "-m", "switch", *arguments, "--data", str(self.data)]
        if self.config_folder is not None:
            command += ["--config", str(self.config_folder)]
        return await begin_child(name, command, self.data / f"{name}.log")

    def prepare_keys(self, folder: Path) -> None:
        """Put keys into the folder, before those that are missing are made.

        Networks get the public pairs that travel with the program: making RSA keys for all of them
        takes longer than everything that is shown.
        """
        private_folder(folder)
        for certificate in sorted(PUBLIC.glob("*.crt")):
            for path in (certificate, certificate.with_suffix(".pem")):
                write_private(folder / path.name, path.read_bytes())

    def member(self, bic: str) -> SigningClient:
        """A member's client."""
        return self._client(bic, f"member-{bic}")

    def overseer(self) -> SigningClient:
        """The overseer's client, who reads every payment."""
        return self._client(OVERSEER, OVERSEER)

    def operator(self, name: str) -> SigningClient:
        """An operator's client."""
        return self._client(name, name)

    def _client(self, kid: str, key_name: str) -> SigningClient:
        assert self._keys is not None, "the stage is set up"
        assert self._net is not None, "the stage is set up"
        signer = JwsSigner(self._keys.ec_private(key_name), kid)
        session = self._net.session("switch")
        return SigningClient(session, self.urls["switch"], signer, self.clock, self.ids)

    async def sandbox(
        self, network: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Ask a simulator's own endpoints; returns the JSON it answers."""
        assert self._net is not None, "the stage is set up"
        data = None if body is None else orjson.dumps(dict(body))
        session = self._net.session(network)
        async with session.request(method, self.urls[network] + path, data=data) as response:
            return orjson.loads(await response.read())

    async def fault(self, network: str, operation: str, kind: str, **more: object) -> None:
        """Make the network's next answer to an operation go wrong."""
        body = {"operation": operation, "kind": kind, **more}
        await self.sandbox(network, "POST", "/control/faults", body)
