"""Options that several commands share, and the one way they report a bad configuration.

What an operator can mend ends with status 2 and one sentence; everything else is a bug and shows
itself as one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import orjson

from switch.config import Config, ConfigError, default_folder, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EXIT_USAGE = 2

config_option = click.option(
    "--config",
    "config_folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder of the configuration (default: the one that comes with the program).",
)
data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var"),
    show_default=True,
    help="Folder of the database and the keys.",
)


def read_config(folder: Path | None) -> Config:
    """The configuration, or an exit with status 2 and what is wrong."""
    try:
        return load_config(folder or default_folder())
    except ConfigError as error:
        stop(str(error))


def stop(sentence: str) -> NoReturn:
    """End with status 2 and one sentence on standard error."""
    click.echo(f"bakong-switch: {sentence}", err=True)
    raise SystemExit(EXIT_USAGE)


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """``name=value`` options as a mapping."""
    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name or not value:
            stop(f"{what} is written name=value")
        found[name] = value
    return found


def say(value: object) -> None:
    """One JSON line on standard output, written at once: somebody may be waiting for it."""
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


def guarded(work: Callable[[], int]) -> NoReturn:
    """Run to an exit status; what the operator can mend is said in one sentence."""
    from switch.keys import KeyMissing
    from switch.registry import NotInstalled
    from switch.store.sqlite import SchemaUnknown

    try:
        status = work()
    except (ConfigError, KeyMissing, NotInstalled, SchemaUnknown, OSError) as error:
        stop(str(error))
    raise SystemExit(status)
