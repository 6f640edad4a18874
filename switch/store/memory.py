"""The store on dicts: the model that other engines are compared with. Nothing here is durable.

It shares ``decide`` with every engine and loads only what the batch names, so it fails where an
engine would. :class:`MemoryTables` stands for the disk: engines of several slots share it, and a
second one of the same slot fences the first. For tests and simulations in one thread only, because
a reader in another thread could see part of a batch.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from switch.decide import decide
from switch.delta import accounts_wanted, across_slots, wanted
from switch.model import EPOCH, State, to_micros
from switch.outbox import receivers_wanted
from switch.store import memory_ledger, memory_record
from switch.store.contract import LEASE_S, Fenced, StoredExchange, Takeover, WrappedKey
from switch.store.journal import GENESIS, Block, canonical, leaf_hash, merkle_root
from switch.store.memory_outbox import MemoryOutbox
from switch.store.memory_tables import Leaves, MemoryTables, SlotRow
from switch.store.memory_write import let_go, load, refuse_clashes, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from switch.commands import Answer, Binding, Command, PlannedExchange, RateRow, Result
    from switch.ledger import Account
    from switch.model import Payment, RateKey
    from switch.port import Operation
    from switch.runtime.clock import Clock
    from switch.store.statements import BoundPayment, StatementPage
    from switch.store.tables import Row

__all__ = ("Leaves", "MemoryEngine", "MemoryReader", "MemoryTables", "SlotRow")


class MemoryReader:
    """Reads of the tables."""

    def __init__(self, tables: MemoryTables, slot: int, epoch: int = 0) -> None:
        self.tables = tables
        self._slot = slot
        self._epoch = epoch

    @property
    def durability(self) -> str:
        """What a commit outlives: nothing."""
        return "none: in memory"

    def payment(self, uetr: str) -> Payment | None:
        """The payment of a UETR."""
        return self.tables.payments.get(uetr)

    def binding(self, scope: str, key: str) -> Binding | None:
        """What an idempotency key is bound to."""
        return self.tables.bindings.get((scope, key))

    def answer(self, uetr: str) -> Answer | None:
        """The stored final answer of a payment."""
        return self.tables.answers.get(uetr)

    def exchange(self, exchange_id: int) -> StoredExchange | None:
        """A committed exchange."""
        planned = self.tables.exchanges.get(exchange_id)
        return None if planned is None else _stored(planned)

    def last_exchange(self, uetr: str, operation: Operation) -> StoredExchange | None:
        """The latest exchange of a payment for an operation."""
        of_payment = [
            planned
            for planned in self.tables.exchanges.of.get(uetr, {}).values()
            if planned.operation is operation
        ]
        last = max(of_payment, key=lambda planned: planned.exchange_id, default=None)
        return None if last is None else _stored(last)

    def wrapped_key(self, uetr: str) -> bytes | None:
        """The wrapped data key of a payment."""
        return self.tables.wrapped_keys.get(uetr)

    def wrapped_keys(self, after: int, before: int, limit: int) -> list[WrappedKey]:
        """Wrapped data keys of the payments numbered between two bounds, oldest first."""
        numbers = sorted((self.tables.payments[u].payment_id, u) for u in self.tables.wrapped_keys)
        return [
            WrappedKey(number, uetr, self.tables.wrapped_keys[uetr])
            for number, uetr in numbers
            if after < number < before
        ][:limit]

    def erasure_requests(self, limit: int, after: str = "") -> list[str]:
        """UETRs behind one whose names somebody asked to have erased, in their own order."""
        return sorted(uetr for uetr in self.tables.erasure_requests if uetr > after)[:limit]

    def sealed(self, uetr: str, kind: str, after: int = 0) -> tuple[int, bytes] | None:
        """Number and blob of the first sealed record of that kind behind a number."""
        found = [
            (record.record_id, record.blob)
            for record in self.tables.sealed.of.get(uetr, {}).values()
            if record.kind == kind and record.record_id > after
        ]
        return min(found, default=None)

    def _own(self) -> list[Payment]:
        """Payments of this slot that have a timer."""
        held = self.tables
        return [
            payment
            for uetr, payment in held.payments.waiting.items()
            if held.owners[uetr][0] == self._slot
        ]

    def by_reference(self, network: str, reference: str) -> Payment | None:
        """The payment that our reference names at a network."""
        uetr = self.tables.references.get((network, reference))
        return None if uetr is None else self.tables.payments[uetr]

    def has_item(self, item_hash: str) -> bool:
        """Whether an item (money that came, a file, a message) was put down."""
        return item_hash in self.tables.incoming

    def lowest_slot(self, at: datetime) -> int | None:
        """The lowest slot whose lease is alive."""
        living = [number for number, row in self.tables.slots.items() if row.lease_until > at]
        return min(living, default=None)

    def last_number(self) -> int:
        """The greatest number of a payment, a record or an exchange; zero in an empty store."""
        held = self.tables
        payments = (payment.payment_id for payment in held.payments.values())
        return max((0, *payments, *held.sealed, *held.exchanges))

    def fired(self, networks: Sequence[str], at: datetime) -> set[str]:
        """Those of these networks where a timer of a payment of this slot has fired."""
        return {network for network in networks if self.due(network, at, 1)}

    def due(
        self, network: str, at: datetime, limit: int, states: Sequence[State] | None = None
    ) -> list[Payment]:
        """Payments of this slot at a network (in these states) whose timer fired, oldest first."""
        fired = [
            (payment.next_at, payment.payment_id, payment)
            for payment in self._own()
            if payment.network == network
            and payment.next_at is not None
            and payment.next_at <= at
            and (states is None or payment.state in states)
        ]
        return [payment for _, _, payment in sorted(fired, key=lambda row: row[:2])[:limit]]

    def waiting_past(
        self, network: str, after: datetime, states: Sequence[State], limit: int
    ) -> list[Payment]:
        """Payments of this slot at a network, in these states, whose timer fires after a moment."""
        waiting = [
            (after - payment.next_at, payment.payment_id, payment)
            for payment in self._own()
            if payment.network == network
            and payment.state in states
            and payment.next_at is not None
        ]
        past = [row for row in waiting if row[0] < timedelta(0)]
        return [payment for _, _, payment in sorted(past, key=lambda row: row[:2])[:limit]]

    def open_corridors(self) -> list[str]:
        """Corridors of the payments that have a timer, by name."""
        return sorted({each.corridor for each in self.tables.payments.waiting.values()})

    def sent_states(self, limit: int) -> list[Payment]:
        """Payments of this slot whose first send an earlier life or another process began."""
        waiting = [
            payment
            for payment in self._own()
            if payment.state in (State.SENDING, State.CREDITING)
            and self.tables.owners[payment.uetr][1] < self._epoch
        ]
        return sorted(waiting, key=lambda payment: payment.payment_id)[:limit]

    def listed(self, after: int, limit: int) -> list[Payment]:
        """Payments in the order they were opened, from behind a payment number."""
        behind = [p for p in self.tables.payments.values() if p.payment_id > after]
        return sorted(behind, key=lambda payment: payment.payment_id)[:limit]

    def unended(self, after: int, limit: int) -> list[Payment]:
        """Payments behind a number that have a timer, or wait for people, as they were opened."""
        left = self.listed(after, len(self.tables.payments))
        manual = (State.MANUAL, State.CANCEL_MANUAL, State.BLOCKED)
        return [p for p in left if p.next_at or p.disputed or p.state in manual][:limit]

    def balance(self, key: str, before: datetime) -> Account | None:
        """An account's sums as all blocks before a moment left them, without caps."""
        return memory_ledger.balance(self.tables, key, before)

    def statement(
        self, key: str, since: datetime, until: datetime, after: int, limit: int
    ) -> StatementPage:
        """A page of an account's entries of blocks since a moment and before another."""
        return memory_ledger.statement(self.tables, key, since, until, after, limit)

    def bound(self, after: int, limit: int) -> list[BoundPayment]:
        """Payments whose key is bound, in the order they were opened, from behind a number."""
        return memory_ledger.bound(self.tables, after, limit)

    def graves(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Tombstones from before a moment, the oldest first: scope and UETR."""
        return memory_ledger.graves(self.tables, before, limit)

    def accounts(self) -> dict[str, Account]:
        """Every account by name."""
        return dict(sorted(self.tables.accounts.items()))

    def account(self, key: str) -> Account | None:
        """One account by name."""
        return self.tables.accounts.get(key)

    def rates(self, newest: int) -> list[RateRow]:
        """The newest versions of each provider and pair, at most so many, oldest first.

        One that was withdrawn before it took effect is passed over, as if never posted.
        """
        kept: dict[tuple[str, str], list[RateRow]] = {}
        rows = [
            row
            for row in self.tables.rates.values()
            if row.withdrawn_at is None or row.withdrawn_at >= row.effective_at
        ]
        for row in sorted(rows, key=lambda row: (row.effective_at, row.version)):
            kept.setdefault((row.provider, row.pair), []).append(row)
        return [row for name in sorted(kept) for row in kept[name][-newest:]]

    def rate(self, key: RateKey) -> RateRow | None:
        """One version by provider, pair and version; every one that was posted is kept."""
        return self.tables.rates.get(key)

    def claimed(self, first: str, last: str) -> dict[str, str]:
        """What claims each of these names and of those between: a payment, how a party stands."""
        claims = self.tables.claims
        names = sorted(n for n in claims if first <= n <= last) if first != last else [first]
        return {name: claims[name].uetr for name in names if name in claims}

    def record_page(self, table: str, after: Sequence[Any], limit: int) -> list[Row]:
        """Raw rows of a table of ``switch.store.tables`` behind a key, in the order of keys."""
        return memory_record.page(self.tables, table, after, limit)

    def payment_rows(self, uetrs: Sequence[str]) -> list[Row]:
        """Raw rows of the payments with these UETRs."""
        return memory_record.named(self.tables, uetrs)

    def blocks(self) -> Iterator[tuple[Block, Sequence[tuple[bytes, bytes]]]]:
        """The journal in order, each block with its leaves as (salt, content)."""
        yield from tuple(self.tables.blocks.get(self._slot, ()))


class MemoryEngine(MemoryReader):
    """One slot on a set of tables, owned by one engine at a time.

    ``sign`` makes the signature of a block header, as in the durable engines.
    """

    def __init__(
        self,
        tables: MemoryTables,
        *,
        clock: Clock,
        sign: Callable[[bytes], bytes],
        slot: int = 1,
        owner: str = "",
        lease_s: int = LEASE_S,
    ) -> None:
        taken = tables.slots.get(slot)
        epoch = 1 if taken is None else taken.epoch + 1
        super().__init__(tables, slot, epoch)
        self._clock = clock
        self._sign = sign
        self.lease = timedelta(seconds=lease_s)
        tables.slots[slot] = SlotRow(epoch, owner or f"slot {slot}", clock.now() + self.lease)
        self.outbox = MemoryOutbox(tables, (slot, epoch), clock)

    @property
    def slot(self) -> int:
        """The number that this process writes under."""
        return self._slot

    def renew(self) -> None:
        """Hold the slot for another lease from now. Raises :class:`Fenced`."""
        self._own_slot().lease_until = self._clock.now() + self.lease

    def adopt(self) -> list[Takeover]:
        """Take over every other slot whose lease ran out. Raises :class:`Fenced`."""
        self._own_slot()
        return [
            self._adopted(number)
            for number in sorted(self.tables.slots)
            if number != self._slot and self._left(number)
        ]

    def _left(self, number: int) -> bool:
        row = self.tables.slots[number]
        work = bool(MemoryReader(self.tables, number)._own())  # noqa: SLF001  of this module
        return row.lease_until <= self._clock.now() and (bool(row.owner) or work)

    def _adopted(self, number: int) -> Takeover:
        row = self.tables.slots[number]
        row.epoch, row.owner = row.epoch + 1, ""
        moved = MemoryReader(self.tables, number)._own()  # noqa: SLF001  of this module
        self.tables.owners.update((payment.uetr, (self._slot, 0)) for payment in moved)
        return Takeover(number, len(moved))

    def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, given to nobody else ever. Raises :class:`Fenced`."""
        self._own_slot()
        first = self.tables.sequences.get(name, 1)
        leased = range(first, max(first, min(first + count, last + 1)))
        self.tables.sequences[name] = leased.stop
        return leased

    def release(self) -> None:
        """Let the slot go at an orderly end."""
        row = self.tables.slots[self._slot]
        if row.epoch == self._epoch:
            row.owner, row.lease_until = "", EPOCH

    def _own_slot(self) -> SlotRow:
        row = self.tables.slots[self._slot]
        if row.epoch != self._epoch:
            raise Fenced
        return row

    def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch, all of it or nothing. Raises :class:`Fenced`."""
        self._own_slot()
        chain = self.tables.blocks.setdefault(self._slot, [])
        number = chain[-1][0].number + 1 if chain else 1
        snapshot = load(self.tables, wanted(commands))
        names = accounts_wanted(commands, snapshot)
        held = self.tables.accounts
        snapshot.accounts = {name: held[name] for name in names if name in held}
        if self.outbox.enrolled:
            snapshot.receivers = self.outbox.load(receivers_wanted(commands, snapshot))
        delta, results = decide(snapshot, commands, across_slots(self._slot, number))
        if delta.leaves:
            leaves = tuple((leaf.salt, canonical(leaf.content)) for leaf in delta.leaves)
            block = self._block(chain[-1][0] if chain else None, leaves)
            refuse_clashes(self.tables, delta)
            write(self.tables, delta, across_slots(self._slot, number))
            owned = dict.fromkeys(delta.payments, (self._slot, self._epoch))
            self.tables.owners.update(owned)
            chain.append((block, leaves))
        else:
            let_go(self.tables, delta)
        return results

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot."""
        chain = self.tables.blocks.get(self._slot)
        return chain[-1][0] if chain else None

    def scrub(self) -> bool:
        """Nothing of it is in a file."""
        return True

    def close(self) -> None:
        """Nothing is held open; the tables stay as they are."""

    def _block(self, last: Block | None, leaves: Leaves) -> Block:
        newest = max((c[-1][0].at for c in self.tables.blocks.values() if c), default=0)
        unsigned = Block(
            slot=self._slot,
            number=1 if last is None else last.number + 1,
            epoch=self._epoch,
            previous=GENESIS if last is None else last.hash(),
            root=merkle_root([leaf_hash(salt, content) for salt, content in leaves]),
            at=max(to_micros(self._clock.now()), newest + 1),
            leaves=len(leaves),
            signature=b"",
        )
        return replace(unsigned, signature=self._sign(unsigned.header()))


def _stored(planned: PlannedExchange) -> StoredExchange:
    return StoredExchange(
        exchange_id=planned.exchange_id,
        uetr=planned.uetr,
        network=planned.network,
        operation=planned.operation,
        reference=planned.reference,
        method=planned.method,
        path=planned.path,
        send_by=planned.send_by,
        answer_within_ms=planned.answer_within_ms,
        record_id=planned.sealed.record_id,
        blob=planned.sealed.blob,
    )
