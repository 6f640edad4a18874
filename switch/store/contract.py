"""What the switch needs of a store, and nothing of how it is done.

:class:`Engine` is synchronous: it executes batches and answers reads on one database.
:class:`Store` is what use cases hold: ``commit`` returns when the command is durable. An engine
refuses to work for a process that another has replaced (:class:`Fenced`), and any error of the disk
escapes, because after a failed fsync nothing is known about what was kept: the process ends and
recovers from what is durable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding, Command, RateRow, Result
    from switch.ledger import Account
    from switch.model import Payment, RateKey
    from switch.port import Operation
    from switch.store.journal import Block


class Fenced(Exception):  # noqa: N818  the name says what happened
    """Another process owns this slot now; this one must end without writing anything."""


class StoreBusy(Exception):  # noqa: N818  the name says what happened
    """The queue of the committer is full; nothing was stored (503 with Retry-After)."""


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An exchange as it was committed; ``blob`` is its sealed headers and body."""

    exchange_id: int
    uetr: str
    network: str
    operation: Operation
    reference: str
    method: str
    path: str
    send_by: datetime
    answer_within_ms: int
    record_id: int
    blob: bytes = field(repr=False)


class Reader(Protocol):
    """Reads of committed rows of an engine in this process."""

    @property
    def durability(self) -> str:
        """What a commit outlives, as the database itself says."""

    def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""

    def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""

    def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""

    def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""

    def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""

    def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""

    def sealed(self, uetr: str, kind: str) -> tuple[int, bytes] | None:
        """Record number and blob of the first sealed record of that kind."""

    def due(self, network: str, at: datetime, limit: int) -> list[Payment]:
        """Payments at a network whose timer has fired, oldest first."""

    def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""

    def sent_states(self, limit: int) -> list[Payment]:
        """Payments that wait for the answer to a first send: what a restart must look at."""

    def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""

    def accounts(self) -> dict[str, Account]:
        """Every account by name."""

    def account(self, key: str) -> Account | None:
        """One account by name."""

    def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first.

        One that was withdrawn before it took effect is passed over, as if never posted.
        """

    def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""

    def blocks(self) -> Iterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""


class Reads(Protocol):
    """Reads of committed rows as use cases hold them; a server answers over a connection."""

    @property
    def durability(self) -> str:
        """What a commit outlives, as the database itself says."""

    async def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""

    async def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""

    async def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""

    async def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""

    async def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""

    async def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""

    async def sealed(self, uetr: str, kind: str) -> tuple[int, bytes] | None:
        """Record number and blob of the first sealed record of that kind."""

    async def due(self, network: str, at: datetime, limit: int) -> list[Payment]:
        """Payments at a network whose timer has fired, oldest first."""

    async def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""

    async def sent_states(self, limit: int) -> list[Payment]:
        """Payments that wait for the answer to a first send: what a restart must look at."""

    async def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""

    async def accounts(self) -> dict[str, Account]:
        """Every account by name."""

    async def account(self, key: str) -> Account | None:
        """One account by name."""

    async def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first.

        One that was withdrawn before it took effect is passed over, as if never posted.
        """

    async def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""

    def blocks(self) -> AsyncIterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""

    def account_now(self, key: str) -> Account | None:
        """One account without waiting: exact in this process, elsewhere as last seen.

        For judging whether to quote; what a payment may use is judged in its commit.
        """


class Engine(Reader, Protocol):
    """One database."""

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably and return each command's result."""

    def close(self) -> None:
        """Let go of the database."""


class Store(Protocol):
    """What use cases hold."""

    @property
    def read(self) -> Reads:
        """Reads of what is committed."""

    async def commit(self, command: Command) -> Result:
        """Return the result once it is durable. Raises :class:`StoreBusy`."""
