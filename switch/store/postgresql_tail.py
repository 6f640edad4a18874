"""Whether the server that we reach is the one that has our newest block.

A cluster may fail over to a node that lacks the last commits, and processes live through that. What
such a node has forgotten was answered and sent, so nothing may be opened on it before the loss is
marked. Each connection is asked, before it is used, for the newest block of ours whose COMMIT was
answered. The surprise: a newer block than ours is no loss, because then another process has our
slot, which the fence says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from switch.store.journal import Block
from switch.store.postgresql_link import query_on
from switch.store.postgresql_loss import LossRow
from switch.store.tables import NEWEST_BLOCK_AT

if TYPE_CHECKING:
    from switch.store.postgresql_link import Connection

BLOCK: Final = "SELECT slot, number, epoch, previous, root, at, leaves, signature FROM block "
_OURS: Final = BLOCK + "WHERE slot = $1 AND number = $2"

OnLoss = Callable[[int, int | None], None]
"""Told when a loss was found, and when the newest block that is left was written; both in
microseconds since 1970."""


class CommitsLost(Exception):  # noqa: N818  the name says what happened
    """The server came back without what it had confirmed; this process must end."""


async def block_at(connection: Connection, slot: int, number: int) -> Block | None:
    """One block of a slot; None when there is none."""
    row = await connection.fetchrow(_OURS, slot, number)
    return None if row is None else Block(*row)


async def holds(connection: Connection, head: Block) -> bool:
    """Whether a block that was confirmed is stored."""
    found = await block_at(connection, head.slot, head.number)
    return found is not None and found.hash() == head.hash()


async def mark_loss(connection: Connection, now: int, on_loss: OnLoss) -> None:
    """Mark a loss for every process on the database, then tell ``on_loss``."""
    newest = await connection.fetchval(NEWEST_BLOCK_AT)
    found_at = max(now, newest or now)
    await LossRow(query_on(connection)).begin(found_at, newest)
    on_loss(found_at, newest)


def unmarked(_found_at: int, _newest: int | None) -> None:
    """Leave it to whoever catches :class:`CommitsLost`."""
