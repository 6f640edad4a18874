"""Opens the store that the configuration names: an embedded file, or a PostgreSQL server.

The address of a server holds no password: that is a secret of the key folder, or the whole address
stands in an environment variable; neither is ever shown. In the development profile a store is
brought to the current schema as it is opened; in production only ``bakong-switch db migrate`` does,
because other processes may be working on it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit, urlunsplit

from tenacity import AsyncRetrying, retry_if_exception_type

from switch.config import ConfigError
from switch.data_folder import KEYS, writable_database
from switch.keys import JOURNAL, KeyFolder, KeyMissing
from switch.loss_file import mark_restored
from switch.model import from_micros
from switch.pauses import FullJitter
from switch.rekeying import go_on
from switch.runtime.entropy import Ids
from switch.runtime.private_files import private_file
from switch.runtime.process import process_name
from switch.runtime.tasks import Tasks, end_process
from switch.runtime.threads import WokenThread, WriterThread
from switch.store.committer import GATHER_TURNS, Committer
from switch.store.contract import StoreAbsent, StoreUnreachable
from switch.store.copying import newest_block_at
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from datetime import datetime
    from pathlib import Path

    from switch.config import Config
    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.store.committer import Waiting
    from switch.store.contract import Store

VARIABLE: Final = "BAKONG_SWITCH_STORE_URL"
"""Environment variable with the whole address, password included; stronger than the file."""

SCHEMES: Final = ("postgresql", "postgres")

PASSWORD: Final = "postgresql-password"  # noqa: S105  the name of a file
"""Name of the secret with which the server is spoken to, where it asks for one."""

STORE_TASKS: Final = 2

START_WAIT_S: Final = 30
"""How long a start waits for the server; a supervisor then starts the process again."""

START_PAUSE_S: Final = 0.5
START_PAUSE_MAX_S: Final = 2
"""Longest pause before the second try, and before any: chance says how much of it, because all
processes of a switch begin to wait together when their server goes."""


def store_url(config: Config, keys: KeyFolder) -> str:
    """The address of the server.

    Raises :class:`KeyMissing` when none is given, and :class:`ConfigError` for what is none.
    """
    given = os.environ.get(VARIABLE) or config.store.url
    if given is None:
        raise KeyMissing(f"store.url of switch.toml, or {VARIABLE}, must name the database")
    if not _is_address(given):
        # Only of the environment; nothing of it is shown, since a password may be in it, and
        # where something was left out it is read as a host or a path.
        raise ConfigError(
            f"{VARIABLE}: is no address of a server, as postgresql://USER@HOST/DATABASE"
        )
    parts = urlsplit(given)
    if parts.password is not None:
        return given
    try:
        password = quote(keys.secret(PASSWORD), safe="")
    except KeyMissing:
        return given
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{password}{at}{host}"))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.hostname)


async def await_server(
    config: Config, keys: KeyFolder, clock: Clock, drawn: Callable[[], int]
) -> None:
    """Wait until the server of the store takes connections; an embedded store has none.

    Raises :class:`StoreAbsent` after :data:`START_WAIT_S`, and
    :class:`~switch.store.contract.StoreUnreachable` at once where it refuses us.
    """
    if config.store.engine != "postgresql":
        return
    from switch.store.postgresql_admin import opened as connected

    url = store_url(config, keys)
    ends = clock.monotonic() + START_WAIT_S

    async def try_it() -> None:
        async with connected(url):
            return

    waiting = AsyncRetrying(
        sleep=clock.sleep,
        stop=lambda _: clock.monotonic() >= ends,
        wait=FullJitter(drawn, first_s=START_PAUSE_S, most_s=START_PAUSE_MAX_S),
        retry=retry_if_exception_type(StoreAbsent),
        reraise=True,
    )
    await waiting(try_it)


async def never_written(config: Config, data: Path) -> bool:
    """Whether nothing was ever stored, so that new keys would make nothing unreadable.

    Raises :class:`OSError` when the server cannot be used, or the file is no database.
    """
    if config.store.engine == "sqlite":
        return not writable_database(data).exists()
    from switch.store.postgresql_admin import is_empty

    return await is_empty(store_url(config, KeyFolder(data / KEYS)))


async def open_store(
    config: Config,
    data: Path,
    keys: KeyFolder,
    clock: Clock,
    entropy: Entropy,
    opened: AsyncExitStack,
    *,
    may_migrate: bool = True,
) -> tuple[Store, datetime | None]:
    """Open the configured store; also when anything was last written there.

    What is opened is closed by ``opened``. Who does not serve has no say in the schema
    (``may_migrate``): it may be pointed at a database of somebody else.

    Raises :class:`~switch.config.ConfigError`, :class:`OSError`, and what the engine raises for a
    schema that is not its own.
    """
    migrates = may_migrate and config.switch.profile == "development"
    if config.store.engine == "postgresql":
        return await _open_server(config, data, keys, clock, opened, migrates=migrates)
    if config.switch.slot == 0:
        raise ConfigError("switch.toml: switch.slot: SQLite has one process, and its slot a number")
    database = writable_database(data)
    ids = Ids(clock, entropy)
    return _open_embedded(config, database, keys, clock, ids, opened, migrates=migrates)


def _open_embedded(
    config: Config,
    database: Path,
    keys: KeyFolder,
    clock: Clock,
    ids: Ids,
    opened: AsyncExitStack,
    *,
    migrates: bool,
) -> tuple[Store, datetime | None]:
    """Open the file, with its writer and its checkpoints."""
    private_file(database)
    engine = SqliteEngine(
        str(database),
        clock=clock,
        sign=keys.ed25519_private(JOURNAL).sign,
        slot=config.switch.slot,
        owner=process_name(),
        lease_s=config.switch.lease_s,
        migrates=migrates,
    )
    written_at = newest_block_at(engine)
    try:
        go_on(engine, keys, clock, ids)
    except BaseException:
        engine.close()
        raise

    def writer(execute: Callable[[list[Waiting]], None]) -> WriterThread[Waiting]:
        return WriterThread("store-writer", execute, on_crash=end_process)

    store = Committer(engine, writer, gather_turns=GATHER_TURNS, monotonic=clock.monotonic)
    opened.callback(store.close)
    checkpoints = engine.checkpoints()
    opened.callback(checkpoints.close)
    checkpointer = WokenThread("store-checkpoints", checkpoints.run, on_crash=end_process)
    opened.callback(checkpointer.close)
    checkpoints.begin(checkpointer.wake)
    return store, written_at


async def _open_server(
    config: Config,
    data: Path,
    keys: KeyFolder,
    clock: Clock,
    opened: AsyncExitStack,
    *,
    migrates: bool,
) -> tuple[Store, datetime | None]:
    """Take a slot on the PostgreSQL server."""
    from switch.store.loop_committer import LoopCommitter
    from switch.store.postgresql import PostgresEngine
    from switch.store.postgresql_admin import migrated
    from switch.store.postgresql_link import StoreAway, shown
    from switch.store.postgresql_schema import ServerUnsafe
    from switch.store.postgresql_tail import CommitsLost

    def lost(found_at: int, newest: int | None) -> None:
        head_at = None if newest is None else from_micros(newest)
        mark_restored(data, from_micros(found_at), head_at)
        end_process("store", CommitsLost())

    url = store_url(config, keys)
    if migrates:
        await migrated(url)
    engine = PostgresEngine(
        url,
        clock=clock,
        sign=keys.ed25519_private(JOURNAL).sign,
        slot=config.switch.slot,
        owner=process_name(),
        lease_s=config.switch.lease_s,
        on_loss=lost,
    )
    opened.push_async_callback(engine.close)
    try:
        await engine.start()
    except StoreAway:
        raise StoreAbsent(f"{shown(url)}: does not answer") from None
    except ServerUnsafe as unsafe:
        raise StoreUnreachable(f"{shown(url)}: {unsafe}") from None
    store = LoopCommitter(engine, engine, Tasks(end_process, tasks_max=STORE_TASKS))
    opened.push_async_callback(store.close)
    newest = await engine.newest_block_at()
    return store, None if newest is None else from_micros(newest)
