"""What the two commits of a payment cost: the pure decision, and a store at several batch sizes.

Commands are those of one real payment, made anew under fresh identities: new UETR, reference,
quote, key and records each, sealed bytes of true length. The database is a new one beside that of
the run, so it stands on the same disk and syncs in the same way.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from switch.answers import json_answer
from switch.bench.machine import MICROS, own_cpu_us
from switch.commands import Conclude, Configure, Done, Open
from switch.decide import decide
from switch.delta import Snapshot
from switch.keys import KeyFolder
from switch.lifecycle import Event
from switch.model import State
from switch.port import Planning
from switch.store.postgresql import PostgresEngine
from switch.store.postgresql_admin import migrated, opened
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from switch.commands import Command, Result
    from switch.config import Config
    from switch.model import Particulars, Payment
    from switch.port import Adapter, Exchange
    from switch.records import Records
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Ids
    from switch.store.vault import DataKey

    Execute = Callable[[list[Command]], Awaitable[Sequence[Result]]]

BATCHES: Final = (1, 2, 16, 64)

CONTENT: Final = ("quote", "debtor.name", "debtor.account", "end_to_end_id", "remittance")
"""Fields that a member's request is bound by."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Makes the two commands of a payment like ``payment``."""

    records: Records
    ids: Ids
    adapter: Adapter
    payment: Payment
    slot: int
    particulars: Particulars = field(repr=False)
    exchange: Exchange = field(repr=False)
    evidence: bytes = field(repr=False)

    def pair(self) -> tuple[Open, Conclude]:
        """Commit 1 and commit 2 of one new payment."""
        payment = self._payment()
        key, wrapped = self.records.new_key(payment.uetr)
        return self._opening(payment, key, wrapped), self._concluding(payment, key)

    def copied(self, pattern: tuple[Open, Conclude]) -> tuple[Open, Conclude]:
        """A payment like one that was made: identities of its own, the same sealed bytes.

        It costs a fifth of a new one. Nobody could open what is sealed in it, and nobody does.
        """
        opening, concluding = pattern
        assert opening.exchange is not None, "a payment that is sent has its exchange"
        payment, ids = self._payment(), self.ids
        uetr, evidence = payment.uetr, concluding.evidence
        sealed = replace(opening.exchange.sealed, record_id=ids.ordered(), uetr=uetr)
        if evidence is not None:
            evidence = replace(evidence, record_id=ids.ordered(), uetr=uetr)
        return (
            replace(
                opening,
                payment=payment,
                binding=replace(opening.binding, key=ids.salt().hex(), uetr=uetr),
                exchange=replace(
                    opening.exchange,
                    exchange_id=ids.ordered(),
                    uetr=uetr,
                    reference=payment.reference,
                    sealed=sealed,
                ),
                salt=ids.salt(),
            ),
            replace(
                concluding,
                uetr=uetr,
                far_reference=payment.reference,
                evidence=evidence,
                salt=ids.salt(),
            ),
        )

    def _payment(self) -> Payment:
        ids, uetr = self.ids, self.ids.uuid()
        planning = Planning(
            now=self.payment.opened_at,
            message_number=ids.ordered(),
            slot=self.slot,
            send_by=self.payment.send_by,
            uetr=uetr,
        )
        return replace(
            self.payment,
            payment_id=ids.ordered(),
            uetr=uetr,
            reference=self.adapter.reference(planning),
            terms=replace(self.payment.terms, quote_id=ids.uuid()),
            next_at=self.payment.deadline,
        )

    def _opening(self, payment: Payment, key: DataKey, wrapped: bytes) -> Open:
        uetr = payment.uetr
        exchange = replace(
            self.exchange,
            exchange_id=self.ids.ordered(),
            uetr=uetr,
            reference=payment.reference,
        )
        content = dict.fromkeys(CONTENT, uetr)
        return Open(
            payment=payment,
            binding=self.records.binding(key, payment.origin, uetr, content),
            exchange=self.records.opening(exchange, self.particulars, key),
            wrapped_key=wrapped,
            salt=self.ids.salt(),
        )

    def _concluding(self, payment: Payment, key: DataKey) -> Conclude:
        return Conclude(
            uetr=payment.uetr,
            version=1,
            event=Event.ACCEPTED,
            at=payment.opened_at,
            next_at=None,
            reason=None,
            far_reference=payment.reference,
            answer=json_answer(replace(payment, state=State.ACCEPTED, version=2)),
            evidence=self.records.evidence(key, self.evidence),
            salt=self.ids.salt(),
        )


def decisions(config: Config, commands: Commands, repeats: int) -> list[Callable[[], object]]:
    """Calls that each decide both commits of one payment, everything loaded."""

    def both(opening: Open, concluding: Conclude) -> None:
        snapshot = Snapshot(accounts={account.key: account for account in config.caps})
        decide(snapshot, [opening], 1)
        _, results = decide(snapshot, [concluding], 2)
        assert isinstance(results[0], Done), "a new payment concludes"

    pairs = [commands.pair() for _ in range(repeats)]
    return [partial(both, *pair) for pair in pairs]


@dataclass(frozen=True, slots=True)
class CommitCost:
    """Both commits of a payment when ``batch`` payments share each of them."""

    batch: int
    wall_us: int
    cpu_us: int
    payments: int


async def commit_costs(
    config: Config,
    data: Path,
    clock: Clock,
    commands: Commands,
    repeats: int,
    server: str | None = None,
) -> list[CommitCost]:
    """Both commits at each batch size, on a database of their own; ``server`` is PostgreSQL's."""
    folder = data / "bench"
    folder.mkdir(exist_ok=True)
    costs = []
    for size in BATCHES:
        opening = (
            embedded(config, data, folder / f"commits-{size}.db", clock)
            if server is None
            else served(config, data, server, f"commits_{size}", clock)
        )
        async with opening as execute:
            costs.append(await _commit_cost(config, execute, clock, commands, size, repeats))
    return costs


@asynccontextmanager
async def embedded(config: Config, data: Path, path: Path, clock: Clock) -> AsyncIterator[Execute]:
    """A SQLite engine on a file, opened as the switch opens its own."""
    sign = KeyFolder(data / "keys").ed25519_private("journal").sign
    engine = SqliteEngine(str(path), clock=clock, sign=sign, slot=config.switch.slot)

    async def execute(batch: list[Command]) -> Sequence[Result]:
        return engine.execute(batch)

    yield execute
    engine.close()


@asynccontextmanager
async def served(
    config: Config, data: Path, server: str, name: str, clock: Clock
) -> AsyncIterator[Execute]:
    """A PostgreSQL engine on a new database beside the one of the run."""
    async with opened(server) as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    url = f"{server.rpartition('/')[0]}/{name}"
    await migrated(url)
    sign = KeyFolder(data / "keys").ed25519_private("journal").sign
    engine = PostgresEngine(url, clock=clock, sign=sign, slot=config.switch.slot)
    await engine.start()
    yield engine.execute
    await engine.close()


async def _commit_cost(
    config: Config,
    execute: Execute,
    clock: Clock,
    commands: Commands,
    size: int,
    repeats: int,
) -> CommitCost:
    at, salt = commands.payment.opened_at, commands.ids.salt()
    await execute([Configure(config.switch.config_version, config.caps, at, salt)])
    rounds = max(2, repeats // size)
    work: list[tuple[list[Command], list[Command]]] = []
    for _ in range(rounds):
        pairs = [commands.pair() for _ in range(size)]
        work.append(([pair[0] for pair in pairs], [pair[1] for pair in pairs]))
    walls = []
    before = own_cpu_us()
    for openings, conclusions in work:
        started = clock.monotonic()
        await execute(openings)
        results = await execute(conclusions)
        walls.append(clock.monotonic() - started)
        assert all(isinstance(result, Done) for result in results), "new payments conclude"
    used = own_cpu_us() - before
    median = sorted(walls)[len(walls) // 2]
    done = rounds * size
    return CommitCost(size, round(median * MICROS / size), used // done, done)
