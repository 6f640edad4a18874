"""Writer slots of the PostgreSQL store: claimed, renewed, taken over; and numbers leased to them.

As on SQLite (see :mod:`switch.store.sqlite_slots`), but any number of processes share the database,
so a lease is judged by the server's clock, and a process may take the lowest number that is free.
Each function runs inside the caller's transaction. The surprise: :data:`TAKING` is taken before any
slot is locked, also before one's own, or a claim and a takeover could wait for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switch.store.contract import Takeover

if TYPE_CHECKING:
    from switch.store.postgresql_link import Connection

TAKING: Final = 7_203_941_560
"""Advisory lock of whoever looks for a free slot or takes over dead ones."""

SLOT_MAX: Final = 99
FENCED: Final = "BK001"
"""SQLSTATE of the function ``fence``: another process has the slot."""

_NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

_CLAIM: Final = (
    f"INSERT INTO slot VALUES ($1, 1, $2, {_NOW} + $3) ON CONFLICT (slot) DO UPDATE "  # noqa: S608
    "SET epoch = slot.epoch + 1, owner = excluded.owner, lease_until = excluded.lease_until "
    "RETURNING epoch"
)
_FREE: Final = (
    "SELECT number FROM generate_series(1, $1::integer) AS number WHERE NOT EXISTS "  # noqa: S608
    f"(SELECT FROM slot WHERE slot = number AND lease_until > {_NOW}) ORDER BY number LIMIT 1"
)
_RENEW: Final = f"UPDATE slot SET lease_until = {_NOW} + $2 WHERE slot = $1"  # noqa: S608
_LEFT: Final = (
    f"SELECT slot FROM slot AS s WHERE slot <> $1 AND lease_until <= {_NOW} AND "  # noqa: S608
    "(owner <> '' OR EXISTS (SELECT FROM payment AS p WHERE p.slot = s.slot "
    "AND p.next_at IS NOT NULL)) ORDER BY slot FOR UPDATE SKIP LOCKED"
)
"""Slots whose lease ran out and that somebody held to the end, or that have work left. One that is
locked has an owner after all, in the middle of a batch or of a renewal."""

LOWEST_SLOT: Final = f"SELECT min(slot) FROM slot WHERE lease_until > {_NOW}"  # noqa: S608
_RELEASE: Final = "UPDATE slot SET owner = '', lease_until = 0 WHERE slot = $1 AND epoch = $2"


async def claim(connection: Connection, slot: int, owner: str, lease_us: int) -> tuple[int, int]:
    """Take a slot and return its number and epoch; 0 asks for the lowest whose lease has ended.

    A number that was asked for is taken from whoever holds it; whoever is replaced may be in the
    middle of a batch and is waited for.
    """
    await connection.execute(f"SELECT pg_advisory_xact_lock({TAKING})")
    if slot == 0:
        slot = await connection.fetchval(_FREE, SLOT_MAX)
        assert slot is not None, "more processes than slots"
    return slot, await connection.fetchval(_CLAIM, slot, owner, lease_us)


async def renew(connection: Connection, slot: int, lease_us: int) -> None:
    """Hold the slot for another lease from now."""
    await connection.execute(_RENEW, slot, lease_us)


async def adopt(connection: Connection, slot: int) -> list[Takeover]:
    """Take over every other slot whose lease ran out; the caller holds :data:`TAKING`."""
    taken = []
    for (dead,) in await connection.fetch(_LEFT, slot):
        await connection.execute(
            "UPDATE slot SET epoch = epoch + 1, owner = '' WHERE slot = $1", dead
        )
        moved = await connection.execute(
            "UPDATE payment SET slot = $1, epoch = 0 WHERE slot = $2 AND next_at IS NOT NULL",
            slot,
            dead,
        )
        taken.append(Takeover(dead, int(moved.split()[-1])))
    return taken


async def lease_numbers(
    connection: Connection, name: tuple[str, str, str], count: int, last: int
) -> range:
    """The next numbers of a sequence, for this process alone; none when they are used up."""
    await connection.execute(
        "INSERT INTO sequence VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING", *name
    )
    first = await connection.fetchval(
        "SELECT next FROM sequence WHERE network = $1 AND kind = $2 AND day = $3 FOR UPDATE", *name
    )
    leased = range(first, max(first, min(first + count, last + 1)))
    await connection.execute(
        "UPDATE sequence SET next = $4 WHERE network = $1 AND kind = $2 AND day = $3",
        *name,
        leased.stop,
    )
    return leased


async def release(connection: Connection, slot: int, epoch: int) -> None:
    """Let the slot go, so that nobody has to wait for its lease; nothing when it was taken."""
    await connection.execute(_RELEASE, slot, epoch)
