"""Options that several commands share, and the one way they report a bad configuration.

What an operator can mend ends with status 2 and one sentence; everything else is a bug and shows
itself as one.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

import click
import orjson

from switch.config import Config, ConfigError, default_folder, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

EXIT_USAGE: Final = 2
EXIT_AGAIN: Final = 75
"""``EX_TEMPFAIL`` of sysexits.h: nothing is wrong here, a supervisor should start it again."""

PORT_MAX: Final = 65_535

URL: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
"""As in ``networks.<name>.url`` of ``switch.toml``: no path, no user, no slash at the end."""

UETR: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""As the switch writes it in answers; a path may hold nothing else of a payment."""


def utf8_path(context: click.Context, option: click.Parameter, path: Path) -> Path:
    """Check a path of a database: SQLite takes names in UTF-8 only."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise click.BadParameter("holds bytes that are no UTF-8", context, option) from None
    return path


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
    callback=utf8_path,
    help="Folder of the database and the keys.",
)


def read_config(folder: Path | None) -> Config:
    """The configuration, or an exit with status 2 and what is wrong."""
    if folder is not None and not folder.is_dir():
        stop(f"--config: there is no folder {folder.absolute()}")
    try:
        return load_config(folder or default_folder())
    except ConfigError as error:
        stop(str(error))


def stop(sentence: str, status: int = EXIT_USAGE) -> NoReturn:
    """End with a status and one sentence on standard error."""
    warn(f"bakong-switch: {sentence}")
    raise SystemExit(status)


def plain(text: str) -> str:
    r"""A line as a terminal may be given it, whoever wrote what stands in it.

    Controls, marks that turn the direction of writing and whatever else cannot be seen are written
    ``\uXXXX``, as JSON allows anywhere in a text.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def plain_json(value: object, option: int | None = None) -> bytes:
    """A value as JSON, of the same meaning to a program, and plain to a terminal."""
    lines = orjson.dumps(value, option=option).decode().split("\n")
    return "\n".join(map(plain, lines)).encode()


def warn(line: str) -> None:
    """One line on standard error."""
    click.echo(plain(line), err=True)


def shown(path: Path) -> str:
    """A path as text for people and for JSON; its bytes need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def read_bounded(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes of a file (``-``: standard input), and one more if there is more.

    A file that cannot be read is an exit.
    """
    if str(path) == "-" and sys.stdin is None:
        stop("standard input is closed")
    try:
        with click.open_file(str(path), "rb") as file:
            content: bytes = file.read(limit + 1)
    except OSError as error:
        stop(f"{shown(path)}: cannot be read: {error.strerror}")
    return content


def write_result(content: bytes, output: Path | None) -> None:
    """Write to the file of ``--output`` or standard output; a file that cannot be is an exit."""
    if output is None:
        put(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        stop(f"--output {shown(output)}: cannot be written: {error.strerror}")


def printable(context: click.Context, option: click.Parameter, text: str) -> str:
    """Check an option whose text goes into a message: no controls, and no bytes outside UTF-8."""
    if not text or not text.isprintable():
        raise click.BadParameter("is empty or not of printable characters", context, option)
    return text


def _uetr(context: click.Context, option: click.Parameter, text: str) -> str:
    if UETR.fullmatch(text) is None:
        raise click.BadParameter("is not a UUID in lower case", context, option)
    return text


uetr_argument = click.argument("uetr", callback=_uetr)


def network_pairs(texts: Iterable[str], option: str, networks: Collection[str]) -> dict[str, str]:
    """``NETWORK=value`` options as a mapping; another name than of ``networks`` is an exit."""
    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name or not value:
            stop(f"{option} {text}: is written NETWORK=…")
        if name not in networks:
            stop(f"{option} {text}: {name} is none of {', '.join(networks)}")
        found[name] = value
    return found


def checked_url(text: str, where: str) -> str:
    """The base URL of a server, without a slash at its end; another text is an exit."""
    url = text.rstrip("/")
    if not URL.fullmatch(url) or port_of(url, where) == 0:
        stop(f"{where}: {text} is not written http://HOST:PORT")
    return url


def port_of(url: str, where: str) -> int | None:
    """The port of a URL if it names one; one that cannot be is an exit."""
    try:
        return urlsplit(url).port
    except ValueError:
        stop(f"{where}: {url} has no port from 0 to {PORT_MAX}")


def say(value: object) -> None:
    """One JSON line on standard output, written at once: somebody may be waiting for it."""
    put(plain_json(value) + b"\n")


def tell(line: str = "") -> None:
    """One line of a result for people on standard output."""
    put(f"{plain(line)}\n".encode())


def put(content: bytes) -> None:
    """Write to standard output at once.

    Where nobody takes it (a full disk, a reader that is gone) the command ends with status 2 and
    one sentence.
    """
    if sys.stdout is None:
        stop("standard output is closed")
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        untaken(error)


def untaken(error: OSError) -> NoReturn:
    """End because nobody takes what is written."""
    # What is left in the buffer would be tried once more, and complained about, at the exit.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    stop(f"standard output: {error.strerror}")


def guarded(work: Callable[[], int]) -> NoReturn:
    """Run to an exit status; what the operator can mend is said in one sentence."""
    try:
        status = work()
    # Asked for only when something was raised: most commands need none of these stores.
    except _mended_by_people() as error:
        # A time-out, or a store that is away, says nothing but its name.
        stop(str(error) or type(error).__name__)
    raise SystemExit(status)


def _mended_by_people() -> tuple[type[Exception], ...]:
    """What is wrong with a configuration, a key, a disk or a server, and is no bug."""
    from switch.keys import KeyMissing
    from switch.registry import NotInstalled
    from switch.store.contract import RecordUnreadable, StoreBusy
    from switch.store.sqlite import DISK, SchemaUnknown, StoreUnreadable

    stores = (SchemaUnknown, StoreUnreadable, RecordUnreadable, StoreBusy, *DISK)
    return (ConfigError, KeyMissing, NotInstalled, *stores, OSError)
