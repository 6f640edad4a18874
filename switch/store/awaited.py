"""Reads of an engine in this process, in the form in which use cases hold them.

What a server answers over a connection has to be awaited, so every use case awaits its reads; here
nothing is waited for, and no other task runs in between. The surprise: that holds only for this
engine, so no use case may rely on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding, RateRow
    from switch.ledger import Account
    from switch.model import Payment, RateKey, State
    from switch.port import Operation
    from switch.store.contract import Reader, StoredExchange, WrappedKey
    from switch.store.journal import Block
    from switch.store.statements import BoundPayment, StatementPage
    from switch.store.tables import Row


class Awaited:
    """A :class:`~switch.store.contract.Reader` as :class:`~switch.store.contract.Reads`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def durability(self) -> str:
        """What a commit outlives, as the database itself says."""
        return self._reader.durability

    def account_now(self, key: str) -> Account | None:
        """One account without waiting."""
        return self._reader.account(key)

    async def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""
        return self._reader.payment(uetr)

    async def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""
        return self._reader.binding(scope, key)

    async def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""
        return self._reader.answer(uetr)

    async def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""
        return self._reader.exchange(exchange_id)

    async def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""
        return self._reader.last_exchange(uetr, operation)

    async def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""
        return self._reader.wrapped_key(uetr)

    async def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""
        return self._reader.wrapped_keys(after, before, limit)

    async def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""
        return self._reader.erasure_requests(limit, after)

    async def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""
        return self._reader.sealed(uetr, kind, after)

    async def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""
        return self._reader.by_reference(network, reference)

    async def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""
        return self._reader.has_item(item_hash)

    async def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive; a server judges that by its own clock."""
        return self._reader.lowest_slot(at)

    async def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""
        return self._reader.last_number()

    async def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""
        return self._reader.fired(networks, at)

    async def due(
        self, network: str, at: datetime, limit: int, states: Sequence[State] | None = None
    ) -> list[Payment]:
        """Payments of this slot at a network whose timer has fired, oldest first.

        Where ``states`` are named, only those in one of them.
        """
        return self._reader.due(network, at, limit, states)

    async def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""
        return self._reader.waiting_past(network, after, states, limit)

    async def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""
        return self._reader.open_corridors()

    async def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began."""
        return self._reader.sent_states(limit)

    async def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""
        return self._reader.listed(after, limit)

    async def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""
        return self._reader.unended(after, limit)

    async def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""
        return self._reader.balance(key, before)

    async def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""
        return self._reader.statement(key, since, until, after, limit)

    async def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""
        return self._reader.bound(after, limit)

    async def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""
        return self._reader.graves(before, limit)

    async def accounts(self) -> dict[str, Account]:
        """Every account by name."""
        return self._reader.accounts()

    async def account(self, key: str) -> Account | None:
        """One account by name."""
        return self._reader.account(key)

    async def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first."""
        return self._reader.rates(newest)

    async def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""
        return self._reader.rate(key)

    async def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""
        return self._reader.claimed(first, last)

    async def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""
        return self._reader.record_page(table, after, limit)

    async def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""
        return self._reader.payment_rows(uetrs)

    async def blocks(self) -> AsyncIterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""
        for block in self._reader.blocks():
            yield block
