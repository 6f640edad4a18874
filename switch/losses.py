"""What is known of a loss in two places: beside the data folder's keys, and in a shared database.

The folder's file outlives a copy that comes back without the row; the row reaches every process on
the database. The later account counts, and of the same loss the database's word. The surprise: a
row that is in the database says that all written before it was lost or kept by then, so heads of
before it that are missing are no new loss, whichever process published them.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switch.data_folder import KEYS
from switch.heads import published_at
from switch.keys import KeyFolder
from switch.loss_file import begun, read_loss, write_loss, written_off
from switch.lost_tail import lost_heads
from switch.model import from_micros, to_micros
from switch.restoring import Loss, later
from switch.runtime.clock import SystemClock
from switch.stores import store_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AsyncExitStack
    from datetime import datetime
    from pathlib import Path

    from switch.config import Config
    from switch.logs import Log
    from switch.runtime.clock import Clock
    from switch.store.contract import Reads
    from switch.store.postgresql_loss import LossRow


@dataclass(frozen=True, slots=True)
class Found:
    """What a start found of its store."""

    read: Reads
    published: Mapping[tuple[int, int], bytes]
    written_at: datetime | None
    said: bool
    """Whether the operator said that the store came back."""


class Losses:
    """The two accounts of one data folder; an embedded store has the file alone."""

    def __init__(self, data: Path, row: LossRow | None = None) -> None:
        self._data = data
        self._row = row

    @property
    def shared(self) -> bool:
        """Whether other processes may know of a loss before this one."""
        return self._row is not None

    def of_folder(self) -> Loss | None:
        """What the folder's file says. Raises :class:`~switch.loss_file.LossUnreadable`."""
        return read_loss(self._data)

    async def of_database(self) -> Loss | None:
        """What the database says. Raises :class:`~switch.store.contract.StoreBusy`."""
        held = None if self._row is None else await self._row.read()
        if held is None:
            return None
        restored_at, head_at, done = held
        at = None if head_at is None else from_micros(head_at)
        return Loss(from_micros(restored_at), at, done)

    async def known(self) -> Loss | None:
        """The account that counts, with the heads that the folder's file wrote off."""
        return self._whole(await self.of_database())

    async def end(self, loss: Loss) -> Loss:
        """Say that a loss is dealt with, everywhere."""
        ended = replace(loss, done=True)
        write_loss(self._data, ended)
        if self._row is not None:
            await self._row.end(*_micros(ended))
        return ended

    async def at_start(self, found: Found, heads_file: Path, clock: Clock, log: Log) -> None:
        """Mark a loss that nobody knows of yet, and what it took; make both places agree."""
        row = await self.of_database()
        filed, known = self.of_folder(), self._whole(row)
        lost = await lost_heads(found.read, found.published, written_off(filed))
        newest = published_at(heads_file) if lost or found.said else None
        holding = known is not None and not known.done
        # What a loss took is told by its time: by the row always, by our file until it is done.
        told = [each for each in (row, known if holding else None) if each is not None]
        taken = any(newest is None or newest <= each.restored_at for each in told)
        if (lost and not taken) or (found.said and not holding):
            known = begun(known, clock.now(), found.written_at, newest)
        if known is None:
            return
        if lost or found.said:
            log.warning("store_came_back", behind=bool(lost), known=known.done)
        if known.restored_at > clock.now():
            log.warning("clock_behind_the_journal")
        known = replace(known, written_off=written_off(known, lost))
        if known != filed:
            write_loss(self._data, known)
        if self._row is not None and not known.done:
            await self._row.mark(*_micros(known))

    def _whole(self, row: Loss | None) -> Loss | None:
        filed = self.of_folder()
        known = later(filed, row)
        return None if known is None else replace(known, written_off=written_off(filed))


@asynccontextmanager
async def losses_of(config: Config, data: Path) -> AsyncIterator[Losses]:
    """What is known of losses of the configured store, beside the processes that serve.

    Of a server raises :class:`~switch.store.contract.StoreUnreachable`, and ``SchemaUnknown``.
    """
    if config.store.engine != "postgresql":
        yield Losses(data)
        return
    from switch.store.postgresql_admin import opened
    from switch.store.postgresql_link import query_on
    from switch.store.postgresql_loss import LossRow
    from switch.store.postgresql_schema import current

    async with opened(store_url(config, KeyFolder(data / KEYS))) as connection:
        await current(connection)
        yield Losses(data, LossRow(query_on(connection)))


async def open_losses(config: Config, data: Path, opened: AsyncExitStack) -> Losses:
    """As :func:`losses_of`, for a process that serves; what is opened is closed by ``opened``."""
    if config.store.engine != "postgresql":
        return Losses(data)
    from switch.store.postgresql_link import Readers
    from switch.store.postgresql_loss import LossRow

    readers = Readers(store_url(config, KeyFolder(data / KEYS)), SystemClock(), 1)
    opened.push_async_callback(readers.close)
    return Losses(data, LossRow(readers.query))


def _micros(loss: Loss) -> tuple[int, int | None]:
    return to_micros(loss.restored_at), None if loss.head_at is None else to_micros(loss.head_at)
