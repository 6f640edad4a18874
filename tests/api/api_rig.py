"""A whole switch on TCP with the simulators of both networks, in the loop of one test.

Real store, real signatures, real HTTP; only the wall clock can be moved on, and keys are made once
for the whole run. What the ledger holds is read from the switch's own engine.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from adapters.sandbox_kit import SandboxContext
from fx.money import Money
from iso20022.jws import JwsSigner
from switch.app import SERVED_AS, Seams, Switch
from switch.client import ClientAnswer, SigningClient
from switch.config import default_folder, load_config
from switch.keys import KeyFolder
from switch.logs import SilentLog
from switch.qr import ThaiBillPayment, write_thai_bill_payment
from switch.registry import sandbox_factory
from switch.runtime.clock import SystemClock
from switch.runtime.entropy import Ids, SystemEntropy
from switch.runtime.ports import free_ports
from switch.runtime.tasks import Tasks
from switch.runtime.threads import WriterThread
from switch.sandboxes import sandbox_options
from switch.store.committer import Committer, Waiting
from switch.store.sqlite import SqliteEngine
from switch.wire.net import Served, TcpNet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from switch.config import Config

MEMBER: Final = "ABAAKHPPXXX"
OTHER_MEMBER: Final = "CADIKHPPXXX"
NETWORKS: Final = ("thailand", "bakong")
DEBTOR: Final = {"name": "Sok Dara", "account": "sokdara@abaa"}
SECRETS: Final = ("Sok Dara", "sokdara@abaa", "Traceback", 'File "')
"""What must never be seen in a log, nor in the answer to bad input."""


class MovedClock(SystemClock):
    """The system's clock; its wall can be moved on, or all of it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.passed = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead + self.passed

    def monotonic(self) -> float:
        return super().monotonic() + self.passed.total_seconds()


class KeptKeys(KeyFolder):
    """A key folder that parses each private key once for the whole run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._parsed: dict[str, object] = {}

    def _private(self, name: str) -> object:
        if name not in self._parsed:
            self._parsed[name] = super()._private(name)
        return self._parsed[name]


class KeptLog(SilentLog):
    """Remembers every event."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    def why(self) -> list[object]:
        """Why requests were not authenticated, in order."""
        return [fields["why"] for event, fields in self.events if "why" in fields]


def thai_code(amount: str | None = "345.00", biller: str = "010555900011101") -> str:
    """The code of a Thai shop, with a fixed amount of baht or without."""
    return write_thai_bill_payment(
        ThaiBillPayment(
            biller_id=biller,
            reference_1="TABLE7",
            merchant_name="DOI KHAO SOI",
            merchant_city="CHIANG MAI",
            category="5812",
            amount=None if amount is None else Money.parse(amount, "THB"),
        )
    )


@dataclass
class Rig:
    """One switch and its world."""

    config: Config
    keys: KeyFolder
    data: Path
    clock: MovedClock = field(default_factory=MovedClock)
    log: KeptLog = field(default_factory=KeptLog)
    crashes: list[str] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = NETWORKS
    peers: dict[str, str] = field(default_factory=dict)

    async def start(self) -> Rig:
        """Serve the switch and the simulators."""
        names = ("switch", *self.networks)
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        binds = {name: ("127.0.0.1", port) for name, port in ports.items()}
        self.net = TcpNet(self.clock, binds, self.urls | self.peers)
        self.tasks = Tasks(lambda name, error: self.crashes.append(f"{name}: {error!r}"))
        self.ids = Ids(self.clock, SystemEntropy())
        for name in self.networks:
            options = sandbox_options(self.config, name)
            context = SandboxContext(self.clock, self.ids, self.tasks, self.net, self.keys, options)
            self.served.append(await self.net.serve(sandbox_factory(name)(context), name))
        self.engine = SqliteEngine(
            str(self.data / "switch.db"),
            clock=self.clock,
            sign=self.keys.ed25519_private("journal").sign,
            slot=1,
        )
        self.store = Committer(self.engine, self._writer)
        seams = Seams(self.clock, SystemEntropy(), self.net, self.tasks, self.store, self.log)
        self.switch = Switch(self.config, self.keys, seams)
        await self.switch.start()
        self.served.append(await self.net.serve(self.switch.application, SERVED_AS))
        return self

    def _writer(self, execute: Callable[[list[Waiting]], None]) -> WriterThread[Waiting]:
        return WriterThread(
            "store-writer",
            execute,
            on_crash=lambda name, error: self.crashes.append(f"{name}: {error!r}"),
        )

    async def close(self) -> None:
        """Stop everything; a task or thread that crashed fails the test."""
        for served in reversed(self.served):
            await served.close()
        await self.tasks.close()
        await self.net.close()
        self.store.close()

        assert self.crashes == []

    def signer(self, bic: str = MEMBER) -> JwsSigner:
        """A member's signer."""
        return JwsSigner(self.keys.ec_private(f"member-{bic}"), bic)

    def client(self, bic: str = MEMBER, *, kid: str | None = None) -> SigningClient:
        """A member's client; ``kid`` is the name it gives, when not its own."""
        signer = JwsSigner(self.keys.ec_private(f"member-{bic}"), kid or bic)
        return SigningClient(
            self.net.session("switch"), self.urls["switch"], signer, self.clock, self.ids
        )

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> ClientAnswer:
        """Send a request that nobody signed."""
        return await self.client().send(method, path, body, headers or {})

    async def quote(self, amount: str = "345.00") -> str:
        """Scan a fixed code and return the token of its quote."""
        scanned = await self.client().scan(thai_code(amount))
        assert scanned.status == 200, scanned.body
        token: str = scanned.json()["quotes"][0]["quote"]
        return token

    async def sandbox(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        """Ask the Thai simulator's own endpoints."""
        data = None if body is None else orjson.dumps(dict(body))
        session, url = self.net.session("thailand"), self.urls["thailand"]
        async with session.request(method, url + path, data=data) as response:
            return orjson.loads(await response.read())

    async def fault(self, operation: str, kind: str, **more: object) -> None:
        """Make Thailand's next answer to an operation go wrong."""
        body = {"operation": operation, "kind": kind, **more}
        await self.sandbox("POST", "/control/faults", body)

    async def book(self) -> list[dict[str, object]]:
        """Thailand's own book."""
        lines: list[dict[str, object]] = (await self.sandbox("GET", "/state"))["book"]
        return lines

    async def arrived(self, count: int) -> None:
        """Wait until that many payments have reached Thailand."""
        while True:
            listed = (await self.sandbox("GET", "/control/requests"))["requests"]
            if sum(request["operation"] == "pay" for request in listed) >= count:
                return
            await asyncio.sleep(0.01)

    def sums(self) -> list[tuple[int, int, int, int]]:
        """The sums of every account that are not zero throughout."""
        found = [
            (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)
            for a in self.engine.accounts().values()
        ]
        return [sums for sums in found if any(sums)]

    def leaves(self) -> int:
        """How many facts the journal holds."""
        return sum(len(leaves) for _, leaves in self.engine.blocks())


def configured(answer_within_ms: int = 10_000) -> Config:
    """The default configuration with another longest wait."""
    config = load_config(default_folder())
    return replace(
        config,
        payments=config.payments.model_copy(update={"answer_within_ms": answer_within_ms}),
    )


def new_rig(keys: KeyFolder, data: Path, answer_within_ms: int = 10_000) -> Rig:
    """A rig that is not started."""
    return Rig(configured(answer_within_ms), keys, data)
