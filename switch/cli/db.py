"""``db migrate``: bring the store of a data folder or of a server to the current schema.

Each step is one transaction, so an interrupted one is begun again. The switch itself refuses to
serve on another schema than its own, except in the development profile, where it does this first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from switch.cli.options import config_option, data_option, guarded, read_config, say, tell
from switch.cli.store_option import store_option, with_store
from switch.runtime.process import run

if TYPE_CHECKING:
    from pathlib import Path

    from switch.runtime.process import Stopped


@click.group("db")
def command() -> None:
    """The database."""


@command.command("migrate")
@config_option
@data_option
@store_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a sentence.")
def migrate(config_folder: Path | None, data: Path, store: str | None, *, as_json: bool) -> None:
    """Bring the database to the schema of this program; one that is current stays as it is."""
    config = with_store(read_config(config_folder), store)

    def work() -> int:
        if config.store.engine == "postgresql":
            from switch.data_folder import KEYS
            from switch.keys import KeyFolder
            from switch.store.postgresql_admin import migrated
            from switch.stores import store_url

            url = store_url(config, KeyFolder(data / KEYS))
            found: list[tuple[int, int]] = []

            async def program(stopped: Stopped) -> int:
                del stopped
                found.append(await migrated(url))
                return 0

            run(program)
            ((before, after),) = found
        else:
            from switch.data_folder import writable_database
            from switch.runtime.lock import owned_folder
            from switch.store.sqlite import migrate_file

            data.mkdir(parents=True, exist_ok=True)
            with owned_folder(data):
                before, after = migrate_file(str(writable_database(data)))
        if as_json:
            say({"store": config.store.engine, "before": before, "after": after})
        else:
            tell(f"schema version {before} -> {after}")
        return 0

    guarded(work)
