"""The schema of a PostgreSQL store: its versions, and what the server must promise.

A server that does not sync its commits, or may tear a page, is refused with one sentence that names
the setting. The surprise: only ``migrate`` changes a schema; a process that serves refuses one that
is older than itself, because other processes may still be working on it.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from switch.store.sqlite import SchemaUnknown

if TYPE_CHECKING:
    from switch.store.postgresql_link import Connection

MIGRATIONS: Final = (
    "0001_first.sql",
    "0002_ledger.sql",
    "0003_vault.sql",
    "0004_journal.sql",
    "0005_loss.sql",
    "0006_outbox.sql",
    "0007_indexes.sql",
    "0008_newest_rates.sql",
)
"""Each brings a database from the version before to its own number."""

SCHEMA_VERSION: Final = len(MIGRATIONS)

MIGRATING: Final = 7_203_941_558
"""Advisory lock of a migration: one at a time on a database."""

REFUSED: Final = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings without which a commit that was answered may be lost, or a page torn."""


class ServerUnsafe(Exception):  # noqa: N818  the name says what happened
    """The server is set up so that it may lose what it has confirmed."""


async def version(connection: Connection) -> int:
    """The version of a database's schema; zero for an empty one. Raises :class:`SchemaUnknown`."""
    if await connection.fetchval("SELECT to_regclass('schema_version')") is None:
        return 0
    found = await connection.fetchval("SELECT max(version) FROM schema_version")
    if found > SCHEMA_VERSION:
        raise SchemaUnknown(f"schema version {found}, this program knows {SCHEMA_VERSION}")
    return int(found)


async def migrate(connection: Connection, to: int = SCHEMA_VERSION) -> tuple[int, int]:
    """Bring a database to a version, each step whole or not at all; the versions before and after.

    Raises :class:`SchemaUnknown`.
    """
    await connection.execute(f"SELECT pg_advisory_lock({MIGRATING})")
    before = await version(connection)
    folder = files("switch.store") / "migrations" / "postgresql"
    for number in range(before + 1, to + 1):
        async with connection.transaction():
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"
            )
            await connection.execute((folder / MIGRATIONS[number - 1]).read_text("utf-8"))
            await connection.execute("INSERT INTO schema_version VALUES ($1)", number)
    await connection.execute(f"SELECT pg_advisory_unlock({MIGRATING})")
    return before, max(before, to)


async def current(connection: Connection) -> None:
    """Raise :class:`SchemaUnknown` unless the schema is the one that this program works on."""
    found = await version(connection)
    if found < SCHEMA_VERSION:
        raise SchemaUnknown(
            f"schema version {found}, this program works on {SCHEMA_VERSION}: "
            "run `bakong-switch db migrate`"
        )


async def durability(connection: Connection) -> str:
    """What a commit outlives, as the server says. Raises :class:`ServerUnsafe`."""
    for name in REFUSED:
        if await _show(connection, name) == "off":
            raise ServerUnsafe(f"PostgreSQL runs with {name} = off: switch it on")
    synced = await _show(connection, "synchronous_commit")
    nodes = "one node"
    if await _show(connection, "synchronous_standby_names") and synced in ("on", "remote_apply"):
        nodes = "synced on two nodes"
    return f"fsync on, synchronous_commit {synced}, {nodes}"


async def _show(connection: Connection, name: str) -> str:
    return str(await connection.fetchval(f"SHOW {name}"))
