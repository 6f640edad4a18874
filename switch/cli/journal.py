"""``journal verify``: the record of a data folder, checked from its bytes and the public key.

Reads one snapshot of the database beside the process that owns it, and changes nothing. The private
key is not asked for: who checks the record need not be able to write it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from switch.cli.options import config_option, data_option, guarded, read_config, say, tell
from switch.data_folder import KEYS, readable_database
from switch.keys import JOURNAL, KeyFolder
from switch.store.audit import audit
from switch.store.sqlite import open_reader

if TYPE_CHECKING:
    from pathlib import Path


@click.group("journal")
def command() -> None:
    """The journal."""


@command.command("verify")
@config_option
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def verify(config_folder: Path | None, data: Path, *, as_json: bool) -> None:
    """Check every block, entry and balance. Status 0: sound; 1: something was changed."""
    config = read_config(config_folder)

    def check() -> int:
        database = readable_database(data)
        key = KeyFolder(data / KEYS).ed25519_public(JOURNAL)
        report = audit(open_reader(str(database), config.switch.slot), key)
        if as_json:
            say(report.view())
        else:
            for fault in report.faults:
                tell(f"{fault.place}: {fault.what}")
            tell(f"{report.blocks} blocks, {len(report.faults)} faults")
        return 0 if report.sound else 1

    guarded(check)
