"""What the switch needs of a store, and nothing of how it is done.

:class:`Engine` is synchronous: it executes batches and answers reads on one database.
:class:`Store` is what use cases hold: ``commit`` returns when the command is durable. An engine
refuses to work for a process that another has replaced (:class:`Fenced`), and any error of the disk
escapes, because after a failed fsync nothing is known about what was kept: the process ends and
recovers from what is durable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding, Command, RateRow, Result
    from switch.ledger import Account
    from switch.model import Payment, RateKey, State
    from switch.port import Operation
    from switch.store.journal import Block
    from switch.store.outbox_port import Outbox, OutboxEngine
    from switch.store.statements import BoundPayment, StatementPage
    from switch.store.tables import Row

    In = Sequence[State] | None

LEASE_S: Final = 10
"""Default time that a slot is held without being renewed: a process that is silent for longer is
taken for dead, and its open payments go to another."""


class Fenced(Exception):  # noqa: N818  the name says what happened
    """Another process owns this slot now; this one must end without writing anything."""


class StoreBusy(Exception):  # noqa: N818  the name says what happened
    """The queue of the committer is full; nothing was stored (503 with Retry-After)."""


class StoreUnreachable(OSError):  # noqa: N818  the name says what happened
    """The server cannot be used: it is away, or it refuses us."""


class StoreAbsent(StoreUnreachable):
    """No server answers now; it is worth another try later."""


class RecordUnreadable(Exception):  # noqa: N818  the name says what happened
    """Rows that an audit asked for cannot be read; the message names the table, nothing of them."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """A slot whose lease ran out, and how many open payments of it are this process's now."""

    slot: int
    payments: int


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


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """The wrapped data key of a payment, or the mark that took its place."""

    payment_id: int
    uetr: str
    wrapped: bytes = field(repr=False)


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

    def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""

    def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""

    def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""

    def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""

    def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""

    def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive; a server judges that by its own clock."""

    def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""

    def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""

    def due(self, network: str, at: datetime, limit: int, states: In = None) -> list[Payment]:
        """Payments of this slot at a network (in these states) whose timer fired, oldest first."""

    def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""

    def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""

    def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began.

        Nobody lives any more who could tell whether a byte left: they become unknown.
        """

    def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""

    def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""

    def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""

    def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""

    def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""

    def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""

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

    def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""

    def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""

    def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""

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

    async def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""

    async def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""

    async def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""

    async def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""

    async def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""

    async def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive; a server judges that by its own clock."""

    async def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""

    async def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""

    async def due(self, network: str, at: datetime, limit: int, states: In = None) -> list[Payment]:
        """Payments of this slot at a network (in these states) whose timer fired, oldest first."""

    async def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""

    async def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""

    async def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began."""

    async def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""

    async def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""

    async def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""

    async def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""

    async def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""

    async def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""

    async def accounts(self) -> dict[str, Account]:
        """Every account by name."""

    async def account(self, key: str) -> Account | None:
        """One account by name."""

    async def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first."""

    async def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""

    async def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""

    async def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""

    async def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""

    def blocks(self) -> AsyncIterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""

    def account_now(self, key: str) -> Account | None:
        """One account as last seen, to judge whether to quote; its commit judges a payment."""


class Leaser(Protocol):
    """A writer slot as its process holds it: one number, one epoch, one lease.

    Every transaction checks the epoch, the ones below and every batch, and raises :class:`Fenced`
    where it is another's: nothing was written, and the process must end. The time is the
    database's, so that clocks of processes need not agree.
    """

    @property
    def slot(self) -> int:
        """The number that this process writes under."""

    def renew(self) -> None:
        """Hold the slot for another lease from now."""

    def adopt(self) -> list[Takeover]:
        """Take over every other slot whose lease ran out, each whole or not at all.

        Its epoch grows, and its payments that have a timer become this slot's with epoch 0, all in
        one transaction; :meth:`Reader.sent_states` finds those that were being sent.
        """

    def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence (network, kind, day), given to nobody else ever.

        From 1 up to and with ``last``; fewer than ``count``, or none, where that is near.
        """

    def release(self) -> None:
        """Let the slot go at an orderly end; what is open may be taken over at once."""


class Engine(Reader, Leaser, Protocol):
    """One database, driven by a writer thread."""

    @property
    def outbox(self) -> OutboxEngine:
        """Events, and how far each receiver is."""

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot, durable; safe to ask from any thread."""

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably and return each command's result."""

    def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key in a file; False: a reader is in the way."""

    def close(self) -> None:
        """Let go of the database."""


class Store(Protocol):
    """What use cases hold."""

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot, without waiting."""

    @property
    def slot(self) -> int:
        """The number that this process writes under."""

    @property
    def read(self) -> Reads:
        """Reads of what is committed."""

    @property
    def outbox(self) -> Outbox:
        """Events, and how far each receiver is."""

    async def commit(self, command: Command) -> Result:
        """Return the result once it is durable. Raises :class:`StoreBusy`."""

    async def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key in a file; False: a reader is in the way."""

    async def renew(self) -> None:
        """As :meth:`Leaser.renew`; one that was fenced ends the process."""

    async def adopt(self) -> list[Takeover]:
        """As :meth:`Leaser.adopt`."""

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """As :meth:`Leaser.lease_numbers`. Raises :class:`StoreBusy`."""
