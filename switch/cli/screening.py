"""``screening``: entries for ``screening.toml``, made where the secret is and shown to nobody.

Names and accounts are read from standard input, one a line, and only their keyed hashes leave; what
was read is not repeated. The secret is ``keys/screening.txt`` of the data folder.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from switch.cli.options import data_option, guarded, stop, tell
from switch.data_folder import KEYS
from switch.keys import KeyFolder
from switch.screening import ACCOUNT, KEYED_BY, NAME, digest, normal

if TYPE_CHECKING:
    from pathlib import Path


@click.group("screening")
def command() -> None:
    """Lists of parties that are not paid."""


@command.command("digest")
@click.option("--account", is_flag=True, help="The lines are accounts, not names.")
@data_option
def digest_(data: Path, *, account: bool) -> None:
    """Write the entry of each line of standard input, ready for ``digests`` of a list.

    Status 2, at the first line that cannot be one: what is not UTF-8, or has no letter and no
    digit, would make an entry that nobody ever meets.
    """

    def program() -> int:
        key = KeyFolder(data / KEYS).secret(KEYED_BY).encode()
        for number, content in enumerate(sys.stdin.buffer, 1):
            try:
                line = content.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                stop(f"line {number}: is not UTF-8")
            if not line.strip():
                continue
            if not normal(line):
                stop(f"line {number}: has no letter and no digit")
            tell(digest(key, ACCOUNT if account else NAME, line))
        return 0

    guarded(program)
