"""How the store of a run syncs, asked of a connection like the switch's own.

``PRAGMA synchronous`` is a setting of a connection and stands nowhere in the file, so it is asked
of one that the same engine made; a server is asked for the three settings without which a commit
may be lost. The surprise: a session may differ from its server, so the one that is asked is opened
as the switch opens its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switch.bench.gate import Durability, ServerDurability
from switch.keys import KeyFolder
from switch.store.postgresql_admin import opened
from switch.store.sqlite import SqliteEngine

if TYPE_CHECKING:
    from switch.bench.ground import Ground


async def durability(stage: Ground) -> Durability | ServerDurability:
    """How the store syncs."""
    if stage.server is None:
        return _embedded(stage)
    async with opened(stage.server.url) as connection:
        names = ("fsync", "full_page_writes", "synchronous_commit")
        return ServerDurability(*[str(await connection.fetchval(f"SHOW {name}")) for name in names])


def _embedded(stage: Ground) -> Durability:
    engine = SqliteEngine(
        str(stage.data / "durability.db"),
        clock=stage.clock,
        sign=KeyFolder(stage.data / "keys").ed25519_private("journal").sign,
        slot=stage.config.switch.slot,
    )
    rows: list[Any] = [
        engine.connection.execute(f"PRAGMA {name}").fetchall()[0][0]
        for name in ("synchronous", "journal_mode")
    ]
    engine.close()
    return Durability(*rows)
