"""``screening``: entries for ``screening.toml``, made where the secret is and shown to nobody.

Names and accounts are read from standard input, one a line, and only their keyed hashes leave; what
was read is not repeated. The secret is ``keys/screening.txt`` of the data folder.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from switch.cli.options import data_option, guarded, tell
from switch.data_folder import KEYS
from switch.keys import KeyFolder
from switch.screening import ACCOUNT, KEYED_BY, NAME, digest

if TYPE_CHECKING:
    from pathlib import Path


@click.group("screening")
def command() -> None:
    """Lists of parties that are not paid."""


@command.command("digest")
@click.option("--account", is_flag=True, help="The lines are accounts, not names.")
@data_option
def digest_(data: Path, *, account: bool) -> None:
    """Write the entry of each line of standard input, ready for ``digests`` of a list."""

    def program() -> int:
        key = KeyFolder(data / KEYS).secret(KEYED_BY).encode()
        for line in sys.stdin:
            if line.strip():
                tell(digest(key, ACCOUNT if account else NAME, line))
        return 0

    guarded(program)
