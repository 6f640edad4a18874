"""``backup``: a verified copy of a data folder's database, while the switch serves.

What is printed is what the manifest beside the copy holds. Keys are not copied: keep them apart.
"""

from __future__ import annotations

from pathlib import Path

import click

from switch.cli.options import (
    config_option,
    data_option,
    guarded,
    read_config,
    say,
    shown,
    stop,
    utf8_path,
)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), callback=utf8_path)
@config_option
@data_option
def command(file: Path, config_folder: Path | None, data: Path) -> None:
    """Copy the database to FILE, verify the copy, and write FILE.json beside it.

    Status 0: FILE is a whole copy of one moment. Status 2: there is none, and why.
    """
    from switch.backup import back_up, embedded

    config = read_config(config_folder)

    def work() -> int:
        embedded(config)
        if not file.absolute().parent.is_dir():
            stop(f"{shown(file)}: there is no such folder")
        say(back_up(data, file, config.switch.slot))
        return 0

    guarded(work)
