"""Server programs of other people: run in the foreground, as nobody special, ended by us alone.

A database server refuses to run as root, so there it gets the user ``nobody``, and with it a folder
that this user owns. Each runs in a process group of its own, because it has children; only groups
that were started here are ended. The surprise: what a server says of itself is its answer to a
connection, so a start waits for nothing here.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STOP_WITHIN_S: Final = 20.0
USER: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs."""

    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """The process id of the first of its processes."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    async def stop(self) -> None:
        """Ask it to end; after a bound end all its processes."""
        if not self.running:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(self.process.wait, STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            await asyncio.to_thread(self.process.wait)


def where(name: str) -> Path | None:
    """The real file of a program on the path: servers look for their files beside it."""
    from pathlib import Path

    found = shutil.which(name)
    return None if found is None else Path(found).resolve()


def hand_over(folder: Path) -> None:
    """Make a folder that the user of a server owns, and that others may pass through to."""
    folder.parent.chmod(0o755)
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        owner = pwd.getpwnam(USER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def begin_program(command: Sequence[str], folder: Path, log: Path) -> Program:
    """Start a program in a folder; what it says goes to a file."""
    user: dict[str, Any] = {}
    if os.getuid() == 0:
        owner = pwd.getpwnam(USER)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: S603  a program that was looked for by name
            command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            **user,
        )
    return Program(process)


async def run_program(command: Sequence[str], folder: Path, log: Path) -> int:
    """Run a program to its end and return its exit status."""
    return await asyncio.to_thread(begin_program(command, folder, log).process.wait)
