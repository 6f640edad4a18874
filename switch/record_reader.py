"""One snapshot of the store that the configuration names, for whoever checks the record.

It is read beside the processes that write, changes nothing and needs no key: journal, rows and
balances are of the same moment, however long the check takes.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from switch.data_folder import KEYS, readable_database
from switch.keys import KeyFolder
from switch.store.awaited import Awaited
from switch.store.sqlite import open_reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switch.config import Config
    from switch.store.contract import Reads


@asynccontextmanager
async def open_record(config: Config, data: Path) -> AsyncIterator[Reads]:
    """Reads of one moment. Raises :class:`OSError` and what opening the store raises."""
    if config.store.engine == "postgresql":
        from switch.store.postgresql_admin import snapshot
        from switch.stores import store_url

        async with snapshot(store_url(config, KeyFolder(data / KEYS)), config.switch.slot) as reads:
            yield reads
        return
    reader = open_reader(str(readable_database(data)), config.switch.slot)
    try:
        yield Awaited(reader)
    finally:
        reader.connection.close()
