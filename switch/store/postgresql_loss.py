"""The loss that a PostgreSQL database knows of: one row, the same for every process on it.

A process that finds that the database came back from a copy marks it here, and the operator's word
that it is dealt with is written here too. The surprise: a copy may bring an earlier row back, so a
mark only ever moves forward in time, and a later mark ends an earlier "dealt with".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from switch.store.postgresql_link import Query

_READ: Final = "SELECT restored_at, head_at, done FROM loss"
_MARK: Final = (
    "INSERT INTO loss VALUES (1, $1, $2, false) ON CONFLICT (one) DO UPDATE "
    "SET restored_at = excluded.restored_at, head_at = excluded.head_at, done = false "
    "WHERE loss.restored_at < excluded.restored_at"
)
_BEGIN: Final = (
    "INSERT INTO loss VALUES (1, $1, $2, false) ON CONFLICT (one) DO UPDATE "
    "SET restored_at = greatest(excluded.restored_at, loss.restored_at + 1), "
    "head_at = excluded.head_at, done = false"
)
_END: Final = (
    "INSERT INTO loss VALUES (1, $1, $2, true) ON CONFLICT (one) DO UPDATE "
    "SET restored_at = excluded.restored_at, head_at = excluded.head_at, done = true "
    "WHERE loss.restored_at <= excluded.restored_at"
)


class LossRow:
    """The row, read and written by one statement each."""

    def __init__(self, query: Query) -> None:
        self._query = query

    async def read(self) -> tuple[int, int | None, bool] | None:
        """When the store came back, when its newest block was written, and whether it is done.

        Times are in microseconds since 1970. Raises
        :class:`~switch.store.postgresql_link.StoreAway`, as the others do.
        """
        rows = await self._query(_READ)
        return None if not rows else (rows[0][0], rows[0][1], rows[0][2])

    async def mark(self, restored_at: int, head_at: int | None) -> None:
        """Mark a loss, unless this one or a later one is known."""
        await self._query(_MARK, restored_at, head_at)

    async def begin(self, restored_at: int, head_at: int | None) -> None:
        """Mark a loss that was just found, whatever is known: it is dated after what is."""
        await self._query(_BEGIN, restored_at, head_at)

    async def end(self, restored_at: int, head_at: int | None) -> None:
        """Say that this loss is dealt with; a later one stays as it is."""
        await self._query(_END, restored_at, head_at)
