"""The scale-out store: PostgreSQL through asyncpg, any number of processes on one database.

``execute`` is one transaction in five round trips: begin and fence, load, lock accounts, write, and
commit. One batch is in flight per process and its block's number is known before it begins, so a
COMMIT whose answer was lost is resolved: whoever reconnects looks whether the block (slot, number)
is there and is ours. The surprise: another process may be first with a key that was absent when it
was looked for; then the whole batch is rolled back and decided again, at last with all others held.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg

from switch.decide import decide
from switch.delta import across_slots
from switch.model import to_micros
from switch.store import postgresql_slots as slots
from switch.store.contract import LEASE_S, Fenced, Takeover
from switch.store.journal import GENESIS, Block, canonical, leaf_hash, merkle_root
from switch.store.postgresql_link import (
    AWAY,
    AWAY_S_MAX,
    CLASHES,
    Link,
    Readers,
    StoreAway,
    connect,
    query_on,
)
from switch.store.postgresql_load import QUIET, alone, load_all
from switch.store.postgresql_outbox import PostgresOutbox
from switch.store.postgresql_past import newest_at
from switch.store.postgresql_read import PostgresReader
from switch.store.postgresql_schema import current, durability
from switch.store.postgresql_tail import (
    BLOCK,
    CommitsLost,
    OnLoss,
    block_at,
    holds,
    mark_loss,
    unmarked,
)
from switch.store.postgresql_write import Loaded, keeps_all_balances, let_go, write
from switch.store.tables import NEWEST_BLOCK_AT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from switch.commands import Command, Result
    from switch.delta import Delta
    from switch.runtime.clock import Clock
    from switch.store.postgresql_link import Connection

Found = TypeVar("Found")

CLASHES_MAX: Final = 6
"""How often a batch is decided again because another process was first."""

CLASHES_TOGETHER: Final = 3
"""After so many it is decided with every other batch held, when nobody can be first again."""

ALIVE_PER_LEASE: Final = 4
"""A batch renews the lease when this part of it has passed since the last one that did."""

CUT_OFF_PER_LEASE: Final = 2
"""Whoever could not renew for this part of a lease takes over nobody for a whole one: others may
have been cut off with it, and live. In time a slot is renewed twice as often."""

SCRUB_WAITS_MS: Final = 1_000
SCRUB_WITHIN_S: Final = 600
WRITTEN_ANEW_MAX: Final = 64 << 20
"""Bytes of keys (about half a million payments) that are written anew within a second."""

_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A block whose COMMIT was sent, and what to answer if it is there."""

    commands: Sequence[Command]
    block: Block
    results: list[Result]


class PostgresEngine(PostgresReader):
    """One slot on one database; ``slot`` 0 takes the lowest free one. :meth:`start` comes first.

    ``sign`` makes the Ed25519 signature of a block header. ``on_loss`` is told when the server came
    back without what it had confirmed, before anything else is read there; it may end the process.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        sign: Callable[[bytes], bytes],
        slot: int = 0,
        owner: str = "",
        lease_s: int = LEASE_S,
        on_loss: OnLoss = unmarked,
    ) -> None:
        self._url = url
        self._head: Block | None = None
        self._on_loss = on_loss
        self._readers = Readers(url, clock, check=self._check)
        super().__init__(self._readers.query, slot)
        self._clock = clock
        self._sign = sign
        self._owner = owner or "switch"
        self._alive_at = self._adopts_from = clock.monotonic()
        self._lease_us = lease_s * _MICROS
        self._link = Link(url, clock, self._prepare)
        self.outbox = PostgresOutbox(
            self._readers.query, self._apart, lambda: (self._read_slot, self._read_epoch)
        )
        self._one = asyncio.Lock()
        self._durable = ""
        self._since = 0
        self._doubt: _Doubt | None = None
        self._together = False

    @property
    def slot(self) -> int:
        """The number that this process writes under."""
        return self._read_slot

    @property
    def durability(self) -> str:
        """What a commit outlives, as the server said when it was last connected to."""
        return self._durable

    @property
    def head(self) -> Block | None:
        """The newest block of this process's slot, without waiting."""
        return self._head

    @property
    def away(self) -> bool:
        """True while the server cannot be reached: intents are refused meanwhile."""
        return self._link.away

    async def start(self) -> None:
        """Take the slot and find the end of its chain.

        Raises :class:`~switch.store.postgresql_schema.ServerUnsafe`, ``SchemaUnknown``,
        :class:`StoreAway`, and an asyncpg error where the server refuses us.
        """
        self._read_slot, self._read_epoch = await self._insist(self._claim)
        self._alive_at = self._adopts_from = self._clock.monotonic()
        self._head = await self._insist(self._tail)
        self._since = await newest_at(self._readers.query)
        await self.accounts()

    async def execute(self, commands: Sequence[Command]) -> list[Result]:
        """Carry out a batch durably and return each command's result.

        Raises :class:`Fenced`; :class:`StoreAway` when the server stays away, and then it is
        unknown whether the batch was kept; an asyncpg error on a bug, with nothing kept.
        """
        async with self._one:
            return await self._insist(lambda connection: self._batch(connection, commands))

    async def renew(self) -> None:
        """Hold the slot for another lease from now. Raises :class:`Fenced`."""
        await self._apart(lambda link: slots.renew(link, self._read_slot, self._lease_us))
        self._renewed()
        with suppress(StoreAway):
            await self.accounts()

    async def adopt(self) -> list[Takeover]:
        """Take over every other slot whose lease ran out. Raises :class:`Fenced`.

        Nothing for a whole lease after an outage in which others could not renew either.
        """
        found: dict[int, Takeover] = {}

        async def adopted(connection: Connection) -> None:
            if self._cut_off() or self._clock.monotonic() < self._adopts_from:
                return
            await self._begin(connection, f"pg_advisory_xact_lock({slots.TAKING})")
            # Kept across a COMMIT without an answer: what it took is not found a second time.
            found.update({each.slot: each for each in await slots.adopt(connection, self.slot)})
            await _commit(connection)

        async with self._one:
            await self._insist(adopted)
        return list(found.values())

    async def lease_numbers(self, name: tuple[str, str, str], count: int, last: int) -> range:
        """The next numbers of a sequence, given to nobody else ever. Raises :class:`Fenced`."""
        return await self._apart(lambda link: slots.lease_numbers(link, name, count, last))

    async def _apart(self, work: Callable[[Connection], Awaitable[Found]]) -> Found:
        """Do something in a transaction of its own, fenced as a batch is."""

        async def done(connection: Connection) -> Found:
            await self._begin(connection, f"pg_advisory_xact_lock_shared({QUIET})")
            found = await work(connection)
            await _commit(connection)
            return found

        async with self._one:
            return await self._insist(done)

    async def newest_block_at(self) -> int | None:
        """When anything was last written, by any process, in microseconds since 1970."""
        (row,) = await self._readers.query(NEWEST_BLOCK_AT)
        return None if row[0] is None else int(row[0])

    async def scrub(self) -> bool:
        """Leave no bytes of an overwritten data key in the table; False when it is in use.

        A small table is written anew, which holds up batches for a moment. A large one is vacuumed:
        what it was may then stay in free space until that is written over.
        """
        try:
            connection = await connect(self._url)
        except AWAY:
            return False
        try:
            await connection.execute(f"SET lock_timeout = {SCRUB_WAITS_MS}")
            size = await connection.fetchval("SELECT pg_relation_size('data_key')")
            how = "VACUUM (FULL)" if size <= WRITTEN_ANEW_MAX else "VACUUM"
            await connection.execute(f"{how} data_key", timeout=SCRUB_WITHIN_S)
        except (*AWAY, asyncpg.LockNotAvailableError):
            return False
        finally:
            connection.terminate()
        return True

    async def release(self) -> None:
        """Let the slot go at an orderly end; an absent server is not waited for."""
        with suppress(*AWAY):
            connection = await self._link.connection()
            await slots.release(connection, self._read_slot, self._read_epoch)

    async def close(self) -> None:
        """Close the connections."""
        with suppress(*AWAY):
            await self._link.close()
        with suppress(*AWAY):
            await self._readers.close()

    async def _prepare(self, connection: Connection) -> None:
        """Ask a new connection whether its server keeps what it confirms, and for its schema."""
        self._durable = await durability(connection)
        await current(connection)
        await self._check(connection)

    async def _check(self, connection: Connection) -> None:
        """Mark a loss and raise :class:`CommitsLost` where what was confirmed is not there."""
        if self._head is not None and not await holds(connection, self._head):
            await mark_loss(connection, to_micros(self._clock.now()), self._on_loss)
            raise CommitsLost

    async def _insist(self, work: Callable[[Connection], Awaitable[Found]]) -> Found:
        """Do it, again after a clash, and again when the server is back; both are bounded."""
        clashes, ends = 0, self._clock.monotonic() + AWAY_S_MAX
        while True:
            self._together = clashes >= CLASHES_TOGETHER
            try:
                connection = await self._link.connection()
                found = await work(connection)
            except CLASHES:
                clashes += 1
                await self._link.roll_back()
                if clashes > CLASHES_MAX:
                    raise
            except AWAY as error:
                await self._link.lost(error, ends)
            except BaseException:
                # Whatever the transaction holds is let go with its connection.
                self._link.drop()
                raise
            else:
                self._link.away = False
                return found

    async def _claim(self, connection: Connection) -> tuple[int, int]:
        await connection.execute("BEGIN")
        claimed = await slots.claim(connection, self._read_slot, self._owner, self._lease_us)
        await _commit(connection)
        return claimed

    async def _tail(self, connection: Connection) -> Block | None:
        row = await connection.fetchrow(
            BLOCK + "WHERE slot = $1 ORDER BY number DESC LIMIT 1", self._read_slot
        )
        return None if row is None else Block(*row)

    def _next(self) -> int:
        """The number of the next block."""
        return 1 if self._head is None else self._head.number + 1

    async def _begin(self, connection: Connection, lock: str) -> None:
        """Begin, take a lock, and check that the slot is still ours, in one round trip."""
        fence = f"fence({self._read_slot}, {self._read_epoch})"
        try:
            await connection.execute(f"BEGIN; SELECT {lock}; SELECT {fence}")
        except asyncpg.PostgresError as error:
            if error.sqlstate == slots.FENCED:
                raise Fenced from None
            raise

    async def _shown_alive(self, connection: Connection) -> None:
        """Renew the lease with a batch now and then: who commits under load is not dead."""
        if self._silent_us() >= self._lease_us / ALIVE_PER_LEASE:
            await slots.renew(connection, self._read_slot, self._lease_us)
            self._renewed()

    def _silent_us(self) -> float:
        return (self._clock.monotonic() - self._alive_at) * _MICROS

    def _cut_off(self) -> bool:
        """Whether the lease has not been renewed for so long that others could not renew either."""
        return self._silent_us() >= self._lease_us / CUT_OFF_PER_LEASE

    def _renewed(self) -> None:
        now = self._clock.monotonic()
        if self._cut_off():
            self._adopts_from = now + self._lease_us / _MICROS
        self._alive_at = now

    async def _batch(self, connection: Connection, commands: Sequence[Command]) -> list[Result]:
        held = self._together or alone(commands) or keeps_all_balances(self._next())
        shared = "" if held else "_shared"
        await self._begin(connection, f"pg_advisory_xact_lock{shared}({QUIET})")
        kept = await self._resolved(connection)
        if kept is not None and kept.commands is commands:
            # Swallows the loss of the connection: what is known now must not be asked again.
            await self._link.roll_back()
            return kept.results
        number = self._next()
        snapshot = await load_all(connection, commands, self.outbox.enrolled)
        loaded = Loaded.of(snapshot)
        delta, results = decide(snapshot, commands, across_slots(self._read_slot, number))
        if not delta.leaves:
            await let_go(connection, delta)
            return results
        if keeps_all_balances(number):
            # No other batch is in flight: it is later than all that was written, on every clock.
            self._since = max(self._since, await newest_at(query_on(connection)))
        block = self._block(delta, number)
        await write(connection, delta, block, loaded, self._leaves.pack)
        await self._shown_alive(connection)
        self._doubt = _Doubt(commands, block, results)
        await _commit(connection)
        self._doubt = None
        self._head, self._since = block, block.at
        self._seen.update(snapshot.accounts)
        return results

    async def _resolved(self, connection: Connection) -> _Doubt | None:
        """A COMMIT whose answer was lost: the doubt when it was kept, None when it was not.

        The fence has waited for the transaction that was in doubt, so it has ended. Raises
        :class:`Fenced` when the number holds another block: somebody else writes in this slot.
        """
        doubt = self._doubt
        if doubt is None:
            return None
        found = await block_at(connection, doubt.block.slot, doubt.block.number)
        # Only now: a connection that is lost while this is asked leaves the doubt as it was.
        self._doubt = None
        if found is None:
            return None
        if found.hash() != doubt.block.hash():
            raise Fenced
        self._head, self._since = doubt.block, doubt.block.at
        return doubt

    def _block(self, delta: Delta, number: int) -> Block:
        hashes = [leaf_hash(leaf.salt, canonical(leaf.content)) for leaf in delta.leaves]
        unsigned = Block(
            slot=self._read_slot,
            number=number,
            epoch=self._read_epoch,
            previous=GENESIS if self._head is None else self._head.hash(),
            root=merkle_root(hashes),
            # A statement asks for moments: a clock that was set back does not go back here.
            at=max(to_micros(self._clock.now()), self._since + 1),
            leaves=len(hashes),
            signature=b"",
        )
        return replace(unsigned, signature=self._sign(unsigned.header()))


async def _commit(connection: Connection) -> None:
    said = await connection.execute("COMMIT")
    assert said == "COMMIT", "a transaction that failed was to be committed"
